/* The first lines: who this node is and how it is doing; the screens; the key bar. */
#include "tui/model/lists_priv.h"
#include "tui/views/view_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#define SEGMENTS_MAX  24
#define SEGMENT_BYTES 128

/* A piece of the header. What has no room goes, highest rank first. */
struct segment {
	int rank;
	unsigned style;
	char text[SEGMENT_BYTES];
};

struct segments {
	struct segment s[SEGMENTS_MAX];
	size_t n;
};

static void add(struct segments *all, int rank, unsigned style, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct segments *all, int rank, unsigned style, const char *fmt, ...)
{
	struct segment *s;
	va_list ap;

	if (all->n == SEGMENTS_MAX)
		return;
	s = &all->s[all->n++];
	s->rank = rank;
	s->style = style;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
}

static int total(const struct canvas *c, const struct segments *all)
{
	int w = 0;

	for (size_t i = 0; i < all->n; i++)
		w += canvas_width(c, all->s[i].text) + (i ? 1 : 0);
	return w;
}

static bool drop_least(struct segments *all)
{
	size_t least = 0;

	for (size_t i = 1; i < all->n; i++)
		if (all->s[i].rank >= all->s[least].rank)
			least = i;
	if (!all->s[least].rank)
		return false;
	memmove(&all->s[least], &all->s[least + 1], (all->n - least - 1) * sizeof(all->s[0]));
	all->n--;
	return true;
}

static void sync_segments(struct segments *all, const struct snapshot *s, int width)
{
	uint32_t target = s->sync.target > s->tip.height ? s->sync.target : s->tip.height;
	double part = target ? (double)s->tip.height / target : 1;
	/* One block on its way is no lag. */
	bool behind = s->sync.active && target > s->tip.height + 1;
	char bar[SEGMENT_BYTES], rate[FORMAT_BYTES], age[FORMAT_BYTES];

	if (!behind)
		part = 1;
	format_bar(bar, sizeof(bar), width >= 110 ? 20 : width >= 76 ? 10 : 4, part);
	if (!behind && !s->n_handshaken)
		return; /* nobody to compare with */
	add(all, behind ? 2 : 9, behind ? ROLE_BAR : ROLE_GOOD, "[%s]%.0f%%", bar,
	    behind && part > 0.99 ? 99.0 : part * 100);
	if (!behind)
		return;
	add(all, 3, ROLE_BAR, "%" PRIu32 "/%" PRIu32, s->tip.height, target);
	if (s->sync.blocks_per_s > 0) {
		format_count(rate, s->sync.blocks_per_s);
		add(all, 8, ROLE_DIM, "%s/s", rate);
	}
	if (s->sync.eta_s >= 0) {
		format_age(age, s->sync.eta_s);
		add(all, 7, ROLE_DIM, "eta %s", age);
	}
}

static void chain_segments(struct segments *all, const struct snapshot *s, int width)
{
	char hash[HASH_SHORT_CHARS + 1], age[FORMAT_BYTES];

	if (!s->has_chain) {
		add(all, 2, ROLE_WARN, s->n_offers > 1 ? "no chain: choose one" : "no chain yet");
		return;
	}
	add(all, 9, ROLE_TITLE, "%s", s->params.name);
	add(all, 1, STYLE_BOLD, "h%" PRIu32, s->tip.height);
	hash256_short(hash, &s->tip.hash.h);
	if (width < 76)
		hash[6] = '\0';
	add(all, 5, theme_hash(&s->tip.hash.h) | STYLE_BOLD, "%s", hash);
	format_age(age, s->now_us / 1000000 - s->tip.time);
	add(all, 4, ROLE_DIM, "%s", age);
	sync_segments(all, s, width);
}

static void node_segments(struct segments *all, const struct snapshot *s, int width)
{
	char text[FORMAT_BYTES], coming[FORMAT_BYTES] = "";

	add(all, 3, s->n_peers ? ROLE_NORMAL : ROLE_WARN, "%" PRIu32 "%s", s->n_peers,
	    width >= 110 ? (s->n_peers == 1 ? " peer" : " peers") : "p");
	if (s->has_chain) {
		add(all, 7, ROLE_NORMAL, "%" PRIu32 "%s", s->mempool_count,
		    width >= 110 ? " waiting" : "tx");
		format_coins(text, s->balance.spendable);
		if (s->balance.pending > 0)
			format_coins(coming, s->balance.pending);
		add(all, 6, ROLE_MONEY, "%s%s%s%s", text, coming[0] ? "+" : "", coming,
		    width >= 110 ? " coins" : "");
	}
	if (s->mining || s->mining_want) {
		format_rate(text, s->hash_rate);
		add(all, 9, ROLE_GOOD, "%s", text);
	}
}

/* In the small layouts, which have no tabs: what is looked at. */
static void view_segments(struct segments *all, const struct model *m)
{
	size_t newer;
	uint64_t waits = m->live.msgs_next - m->frozen_msgs;

	if (m->over.kind == OVERLAY_NONE)
		add(all, 6, ROLE_TAB, " %d:%s ", m->focus + SCREEN_PEERS,
		    view_of(m->focus)->short_name);
	if (m->frozen)
		add(all, 4, ROLE_WARN, "FROZEN +%" PRIu64, waits);
	else if (m->over.kind == OVERLAY_NONE && list_left(m, m->focus, &newer) && newer)
		add(all, 6, ROLE_DIM, "+%zu", newer);
}

void header_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	const struct snapshot *s = &m->live;
	struct segments all = {.n = 0};
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	struct layout l;

	add(&all, 0, ROLE_FOCUS | STYLE_BOLD, "%sn%" PRIu32, r->w >= 76 ? " " : "", s->node_id);
	add(&all, 8, ROLE_NORMAL, "%s", s->mining ? "MINER" : s->role ? s->role : "");
	chain_segments(&all, s, r->w);
	node_segments(&all, s, r->w);
	model_layout(m, &l);
	if (rect_empty(&l.tabs) && !l.one_line)
		view_segments(&all, m);
	while (total(c, &all) > r->w && drop_least(&all))
		;
	for (size_t i = 0; i < all.n; i++) {
		row_gap(&row, i ? 1 : 0);
		row_text(&row, all.s[i].style, all.s[i].text);
	}
}

static const char *const tab_names[] = {
	[SCREEN_DASHBOARD] = "1 Dash",  [SCREEN_PEERS] = "2 Peers", [SCREEN_CHAIN] = "3 Chain",
	[SCREEN_MEMPOOL] = "4 Mempool", [SCREEN_MSGS] = "5 Msgs",   [SCREEN_WALLET] = "6 Wallet",
	[SCREEN_LOG] = "7 Log",
};

enum screen tab_at(struct canvas *c, const struct rect *r, int x)
{
	int at = r->x;

	for (int s = SCREEN_DASHBOARD; s < SCREEN_END; s++) {
		at += canvas_width(c, tab_names[s]) + 2;
		if (x < at)
			return (enum screen)s;
	}
	return 0;
}

void tabs_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	char spark[NODE_RATE_SAMPLES * 4 + 1], right[FORMAT_BYTES] = "";
	const struct snapshot *s = &m->live;
	int width;

	for (int i = SCREEN_DASHBOARD; i < SCREEN_END; i++) {
		bool on = (int)m->screen == i;

		row_printf(&row, on ? ROLE_TAB | STYLE_BOLD : ROLE_NORMAL, on ? "[%s]" : " %s ",
			   tab_names[i]);
	}
	if (m->frozen)
		snprintf(right, sizeof(right), "FROZEN +%" PRIu64, s->msgs_next - m->frozen_msgs);
	width = row_left(&row) - 9 - (int)strlen(right) - (right[0] ? 2 : 0);
	if (width > 30)
		width = 30;
	if (width >= 4) {
		format_spark(spark, sizeof(spark), s->msg_rate, NODE_RATE_SAMPLES, width);
		row_gap(&row, row_left(&row) - width - 8 - (int)strlen(right) - (right[0] ? 2 : 0));
		row_text(&row, ROLE_DIM, "msg/s ");
		row_text(&row, ROLE_BAR, spark);
		row_gap(&row, right[0] ? 2 : 1);
	}
	row_gap(&row, row_left(&row) - (int)strlen(right) - 1);
	row_text(&row, ROLE_WARN, right);
}

static bool bar_shows(const struct model *m, const struct key_row *k)
{
	if (!k->bar)
		return false;
	switch ((int)k->action) {
	case ACT_SORT:
		return view_of(m->focus)->sorts != NULL;
	case ACT_DROP:
		return m->focus == PANEL_PEERS;
	case ACT_ZOOM:
	case ACT_FOCUS_NEXT:
		return m->screen == SCREEN_DASHBOARD;
	}
	return true;
}

static const char *bar_label(const struct model *m, const struct key_row *k)
{
	if (k->action == ACT_FREEZE && m->frozen)
		return "Resume";
	if (k->action == ACT_BACK && (m->screen != SCREEN_DASHBOARD || m->zoom))
		return "Back";
	if (k->action == ACT_MINE && (m->live.mining || m->live.mining_want))
		return "Mine off";
	return k->bar;
}

/* False: it has no room any more. */
static bool bar_item(struct row *r, const struct model *m, const struct key_row *k)
{
	const char *label = bar_label(m, k);

	if (row_left(r) < canvas_width(r->c, k->bar_key) + 1 + canvas_width(r->c, label))
		return false;
	row_text(r, ROLE_KEY, k->bar_key);
	row_gap(r, 1);
	row_text(r, ROLE_NORMAL, label);
	row_gap(r, 2);
	return true;
}

struct key_hint {
	const char *key, *label;
	bool of_command; /* not of a search or filter */
};
static const struct key_hint reading[] = {{"q", "Back"},   {"j k", "Scroll"}, {"PgDn", "Page"},
					  {"g G", "Ends"}, {"/", "Find"},     {0}};
static const struct key_hint writing[] = {{"Enter", "Do it"},
					  {"Tab", "Complete", true},
					  {"Up", "Recall", true},
					  {"Esc", "Leave"},
					  {0}};

static void draw_hints(struct row *row, const struct key_hint *k, bool command)
{
	for (; k->key; k++) {
		if (k->of_command && !command)
			continue;
		row_text(row, ROLE_KEY, k->key);
		row_gap(row, 1);
		row_text(row, ROLE_NORMAL, k->label);
		row_gap(row, 2);
	}
}

void keybar_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x + 1, r->y, r->x + r->w, 0};

	if (m->prompt.kind != PROMPT_CLOSED) {
		if (m->prompt.kind != PROMPT_ASK)
			draw_hints(&row, writing, m->prompt.kind == PROMPT_COMMAND);
		return;
	}
	if (m->over.kind != OVERLAY_NONE) {
		draw_hints(&row, reading, true);
		return;
	}
	/* What is frozen is to be found unfrozen again. */
	for (size_t i = 0; m->frozen && i < n_key_rows; i++)
		if (key_rows[i].action == ACT_FREEZE)
			bar_item(&row, m, &key_rows[i]);
	for (int order = 1; order < 32; order++)
		for (size_t i = 0; i < n_key_rows; i++) {
			const struct key_row *k = &key_rows[i];

			if (k->bar_order != order || !bar_shows(m, k) ||
			    (m->frozen && k->action == ACT_FREEZE))
				continue;
			if (!bar_item(&row, m, k))
				return;
		}
}
