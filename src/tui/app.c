/* The console over the loop: keys in, frames out. Events of the node mark it dirty; at most every 50 ms one
 * frame is drawn. Nothing happens while nothing changes. */
#include <tally/tui/tui.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event.h>
#include <langinfo.h>

#include <tally/base/list.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/node/node.h>
#include "tui/app_priv.h"
#include "tui/model/data_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/term/terminal_priv.h"
#include "tui/views/view_priv.h"

#define FRAME_MS       50 /* between frames, of what the node does */
#define ANSWER_MS      10 /* between frames, of what a person does */
#define DETAIL_BYTES   131072
#define QUIT_AGAIN_US  INT64_C(2000000)
#define RENDER_MAX     1000
#define RENEW_LEAST_US INT64_C(500000)

/* --- pages about rows --------------------------------------------------------------- */

/* A row by what it is. */
static bool find_row(const struct tui_data *d, enum panel p, const struct row_id *id, size_t *i)
{
	struct row_id at;

	for (*i = 0; *i < view_of(p)->count(d); ++*i) {
		view_of(p)->id(d, *i, &at);
		if (memcmp(&at, id, sizeof(at)) == 0)
			return true;
	}
	return false;
}

/* What is known of a row, as lines; to be freed. NULL: it is not here any more. `s` is of payments. */
static char *describe(struct tui *t, enum panel p, const struct row_id *id, struct tx_sought *s)
{
	const struct tui_data *d = &t->model.data;
	struct hash256 h;
	char *text = NULL;
	bool known = false;
	size_t i;

	memcpy(h.b, id->b + 1, HASH_BYTES);
	switch (p) {
	case PANEL_PEERS:
		return find_row(d, p, id, &i) ? peer_detail(d, i) : NULL;
	case PANEL_MSGS:
		return find_row(d, p, id, &i) ? msg_detail(d, i) : NULL;
	case PANEL_LOG:
		return find_row(d, p, id, &i) ? log_detail(d, i) : NULL;
	case PANEL_CHAIN:
		text = mem_alloc(DETAIL_BYTES);
		known = node_describe_block(t->node, &(struct block_hash){h}, text, DETAIL_BYTES);
		break;
	case PANEL_MEMPOOL:
	case PANEL_WALLET:
		text = mem_alloc(DETAIL_BYTES);
		known = node_describe_tx(t->node, &(struct txid){h}, s, text, DETAIL_BYTES);
		break;
	case PANEL_MINER:
	case PANELS:
		break;
	}
	if (known)
		return text;
	free(text);
	return NULL;
}

static void page_made(struct overlay_state *o, const struct snapshot *s)
{
	o->tip = s->tip.hash;
	o->waiting = s->mempool_count;
	o->made_us = s->now_us;
}

static bool page_is_current(const struct overlay_state *o, const struct snapshot *s)
{
	return o->waiting == s->mempool_count && memcmp(&o->tip, &s->tip.hash, sizeof(o->tip)) == 0;
}

/* A page about a row tells what is so now, not what was when it was opened. */
static void renew_page(struct tui *t)
{
	const struct snapshot *s = &t->model.live;
	struct overlay_state *o = &t->model.over;
	char *text;

	if (!o->lives || t->model.frozen)
		return;
	/* Blocks are read for it: where they come fast, the frame of the next second has it. */
	if (o->of != PANEL_PEERS &&
	    (page_is_current(o, s) || llabs(s->now_us - o->made_us) < RENEW_LEAST_US))
		return;
	page_made(o, s);
	text = describe(t, o->of, &o->about, &o->sought_tx);
	o->gone = !text;
	if (text)
		overlay_renew(&t->model, text);
	free(text);
}

/* --- drawing ----------------------------------------------------------------------- */

/* A frame, so long after the last one; at once where that is past. */
static void frame_after(struct tui *t, int64_t ms)
{
	const int64_t left = t->drawn_us + ms * 1000 - clock_mono_us(clock_system());
	const struct timeval tv = {.tv_usec = left > 0 ? left : 0};

	t->frame_due = true;
	event_add(t->frame, &tv);
}

void app_want_frame(struct tui *t)
{
	if (!t->frame_due)
		frame_after(t, FRAME_MS);
}

/* A person waits for it. Where the terminal is not through with the last frame, `drained` comes first. */
static void want_answer(struct tui *t)
{
	if (!t->frame_due || event_pending(t->frame, EV_TIMEOUT, NULL))
		frame_after(t, ANSWER_MS);
}

/* A node without a chain takes the only one that is offered: it says which, and by whom. */
static void tell_joined(struct tui *t)
{
	const struct snapshot *s = &t->model.live;
	char addr[NET_ADDR_CHARS + 1], hash[HASH_SHORT_CHARS + 1], text[FLASH_BYTES];

	net_addr_format(addr, &s->joined_from);
	hash256_short(hash, &s->params.genesis_hash.h);
	snprintf(text, sizeof(text), "joined chain %s (genesis %s), offered by %s", s->params.name,
		 hash, addr);
	model_flash_news(&t->model, FLASH_GOOD, text);
}

static void tell_reorg(struct tui *t)
{
	const struct snapshot *s = &t->model.live;
	char text[FLASH_BYTES];

	snprintf(text, sizeof(text),
		 "reorganisation: %u block%s undone, another branch has more work: its tip is %u",
		 s->reorg_depth, s->reorg_depth == 1 ? "" : "s", s->tip.height);
	model_flash_news(&t->model, FLASH_BAD, text);
}

static void draw(struct tui *t)
{
	const bool had_chain = t->model.live.has_chain;
	const uint32_t reorgs = t->model.live.reorgs;

	if (t->read_due)
		data_read(&t->model, t->node);
	if (!had_chain && t->model.live.has_chain && t->model.live.joined_from.port)
		tell_joined(t);
	if (t->model.live.reorgs != reorgs)
		tell_reorg(t);
	renew_page(t);
	t->read_due = false;
	t->drawn_us = clock_mono_us(clock_system());
	screen_draw(&t->canvas, &t->model);
	if (terminal_show(t->terminal, &t->canvas, t->model.cursor_x, t->model.cursor_y))
		t->frame_due = false;
	/* else `drained` comes back here */
	if (data_goes_on(&t->model)) {
		t->read_due = true;
		app_want_frame(t);
	}
}

static void on_frame(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	draw(arg);
}

static void on_drained(void *arg)
{
	struct tui *t = arg;

	if (t->frame_due && !event_pending(t->frame, EV_TIMEOUT, NULL))
		draw(t);
}

static void on_node(void *arg, unsigned bits)
{
	struct tui *t = arg;

	(void)bits;
	t->read_due = true;
	app_want_frame(t);
}

static void on_resized(void *arg, int cols, int rows)
{
	struct tui *t = arg;

	canvas_clear(&t->canvas);
	canvas_init(&t->canvas, cols, rows, terminal_utf8(t->terminal));
	model_resize(&t->model, cols, rows);
	app_want_frame(t);
}

static void on_line(void *arg, const char *text)
{
	(void)arg;
	log_info(LOG_TUI, "%s", text);
}

static void on_gone(void *arg)
{
	struct tui *t = arg;

	node_stop(t->node, "the terminal hung up");
}

/* --- the prompt ------------------------------------------------------------------------ */

static void prompt_done(struct tui *t, enum prompt_kind kind)
{
	struct model *m = &t->model;
	char text[PROMPT_BYTES];

	snprintf(text, sizeof(text), "%s", m->prompt.text);
	prompt_close(&m->prompt);
	switch (kind) {
	case PROMPT_COMMAND:
		if (strcmp(text, "help") == 0)
			model_act(m, ACT_HELP, '?');
		else if (text[strspn(text, " ")])
			app_command(t, text + strspn(text, " "), true);
		break;
	case PROMPT_SEARCH:
		snprintf(m->search, sizeof(m->search), "%.*s", (int)sizeof(m->search) - 1, text);
		model_search(m, false, true);
		break;
	case PROMPT_FILTER:
		model_set_filter(m, text);
		break;
	case PROMPT_ASK:
		app_answered(t);
		break;
	case PROMPT_CLOSED:
		break;
	}
}

static size_t complete(void *arg, const char *line, char (*out)[COMPLETION_CHARS + 1], size_t max)
{
	const struct tui *t = arg;

	return command_line_complete(t->node, line, out, max);
}

/* --- keys ------------------------------------------------------------------------------- */

static void open_selected(struct tui *t)
{
	struct model *m = &t->model;
	struct overlay_state *o = &m->over;
	const enum panel p = m->focus;
	struct tx_sought sought = {0};
	struct row_id id;
	char *text;
	size_t i;

	if (!model_selected(m, &i))
		return;
	view_of(p)->id(&m->data, i, &id);
	text = describe(t, p, &id, &sought);
	if (text) {
		model_show(m, OVERLAY_TEXT, view_of(p)->name, text);
		o->of = p;
		o->about = id;
		o->sought_tx = sought;
		o->lives = !view_of(p)->stream;
		page_made(o, &m->live);
	} else {
		model_flash(m, FLASH_BAD, "that is not here any more");
	}
	free(text);
}

static void drop_selected(struct tui *t)
{
	struct model *m = &t->model;
	char line[32] = "drop ";
	size_t i;

	if (m->focus == PANEL_PEERS && model_selected(m, &i))
		snprintf(line, sizeof(line), "drop %u", m->data.snap.peers[i].id);
	prompt_open(&m->prompt, PROMPT_COMMAND, line);
}

static void interrupted(struct tui *t)
{
	const int64_t now = clock_mono_us(clock_system());

	if (t->interrupted_us && now - t->interrupted_us < QUIT_AGAIN_US) {
		node_stop(t->node, "interrupted at the console");
		return;
	}
	t->interrupted_us = now;
	app_ask(t, ASK_QUIT, "Stop node?");
}

static void act(struct tui *t, enum action a, int32_t key)
{
	struct model *m = &t->model;

	if (model_act(m, a, key))
		return;
	switch ((int)a) {
	case ACT_BACK:
	case ACT_QUIT:
		app_ask(t, ASK_QUIT, "Stop node?");
		break;
	case ACT_QUIT_ASK:
		interrupted(t);
		break;
	case ACT_OPEN:
		open_selected(t);
		break;
	case ACT_MINE:
		app_command(t, "mine", false);
		break;
	case ACT_SEND:
		prompt_open(&m->prompt, PROMPT_COMMAND, "send ");
		break;
	case ACT_CONNECT:
		prompt_open(&m->prompt, PROMPT_COMMAND, "connect ");
		break;
	case ACT_DROP:
		drop_selected(t);
		break;
	case ACT_PROMPT:
		prompt_open(&m->prompt, PROMPT_COMMAND, "");
		break;
	case ACT_REDRAW:
		terminal_redraw(t->terminal);
		break;
	case ACT_SUSPEND:
		terminal_suspend(t->terminal);
		break;
	}
}

/* What can be written now, for the line above. */
static void tell_usage(struct model *m)
{
	m->usage[0] = '\0';
	if (m->prompt.kind == PROMPT_COMMAND)
		command_line_usage(m->prompt.text, m->usage, sizeof(m->usage));
	else if (m->prompt.kind == PROMPT_FILTER)
		snprintf(m->usage, sizeof(m->usage),
			 "words, !word, field=value, != < >; fields: %s",
			 view_of(m->focus)->fields);
	else if (m->prompt.kind == PROMPT_SEARCH)
		snprintf(m->usage, sizeof(m->usage),
			 model_search_up(m) ? "text in a row; n goes on upwards, N downwards"
					    : "text in a row; then n the next, N the one before");
}

static void on_key(void *arg, int32_t key)
{
	struct tui *t = arg;
	struct model *m = &t->model;
	const enum prompt_kind kind = m->prompt.kind;

	want_answer(t);
	m->flash_until_us = 0; /* it was read */
	if (kind == PROMPT_CLOSED) {
		act(t, key_action(key), key);
	} else if (kind == PROMPT_ASK && key == KEYS_CTRL('C')) {
		app_cancelled(t);
		interrupted(t);
	} else {
		switch (prompt_key(&m->prompt, key)) {
		case PROMPT_DONE:
			prompt_done(t, kind);
			break;
		case PROMPT_CANCELLED:
			app_cancelled(t);
			break;
		case PROMPT_GOES_ON:
			break;
		}
	}
	t->read_due |= !m->frozen && m->prompt.kind == PROMPT_CLOSED;
	tell_usage(m);
}

static void on_pasted(void *arg, const char *text)
{
	struct tui *t = arg;
	struct model *m = &t->model;
	size_t more;
	bool fits;

	want_answer(t);
	if (m->prompt.kind == PROMPT_ASK)
		return;
	if (m->prompt.kind == PROMPT_CLOSED) {
		model_flash(m, FLASH_NOTE,
			    "what is pasted is no command here: first : and then paste");
		return;
	}
	fits = prompt_paste(&m->prompt, text, &more);
	tell_usage(m);
	if (!fits)
		snprintf(m->usage, sizeof(m->usage), "there is no room for what was pasted");
	else if (more)
		snprintf(m->usage, sizeof(m->usage),
			 "one line at a time: %zu more were pasted and are left out", more);
}

static void on_click(void *arg, int x, int y)
{
	struct tui *t = arg;

	model_click(&t->model, x, y);
	want_answer(t);
}

static void on_wheel(void *arg, int x, int y, int lines)
{
	struct tui *t = arg;

	model_wheel(&t->model, x, y, lines);
	want_answer(t);
}

/* --- opening and closing ------------------------------------------------------------------- */

bool tui_open(struct tui **out, struct node *n, struct err *e)
{
	struct tui *t = NEW(struct tui);
	const struct terminal_events ev = {.key = on_key,
					   .pasted = on_pasted,
					   .click = on_click,
					   .wheel = on_wheel,
					   .resized = on_resized,
					   .drained = on_drained,
					   .line = on_line,
					   .gone = on_gone,
					   .arg = t};
	int cols, rows;

	t->node = n;
	list_init(&t->asked);
	if (!terminal_open(&t->terminal, node_base(n), NODE_PRIO_INPUT, &ev, e)) {
		free(t);
		return false;
	}
	terminal_size(t->terminal, &cols, &rows);
	model_init(&t->model, cols, rows, terminal_utf8(t->terminal));
	prompt_init(&t->model.prompt, complete, t);
	canvas_init(&t->canvas, cols, rows, terminal_utf8(t->terminal));
	t->frame = event_new(node_base(n), -1, 0, on_frame, t);
	event_priority_set(t->frame, NODE_PRIO_INPUT);
	node_subscribe(n, on_node, t);
	t->read_due = true;
	draw(t);
	*out = t;
	return true;
}

void tui_close(struct tui *t)
{
	if (!t)
		return;
	node_unsubscribe(t->node, on_node, t);
	app_leave_asked(t);
	event_free(t->frame);
	terminal_close(t->terminal);
	canvas_clear(&t->canvas);
	model_clear(&t->model);
	free(t);
}

char *tui_render(struct node *n, unsigned cols, unsigned rows, bool *more)
{
	struct model *m;
	struct canvas c;
	char *text;
	const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

	if (cols < 1 || rows < 1 || cols > RENDER_MAX || rows > RENDER_MAX)
		return NULL;
	m = NEW(struct model);
	model_init(m, (int)cols, (int)rows, utf8);
	prompt_init(&m->prompt, NULL, NULL);
	canvas_init(&c, (int)cols, (int)rows, utf8);
	data_read(m, n);
	screen_draw(&c, m);
	text = canvas_to_text(&c);
	*more = data_goes_on(m);
	canvas_clear(&c);
	model_clear(m);
	free(m);
	return text;
}
