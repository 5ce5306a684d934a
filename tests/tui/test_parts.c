/* The console's parts, each by itself: where things stand, what is drawn where, the line at the bottom, the keys, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>

#include "tui/model/actions_priv.h"
#include "tui/model/filter_priv.h"
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/model/search_priv.h"
#include "tui/model/state_priv.h"
#include "tui/mouse_priv.h"
#include "tui/term/key_table_priv.h"
#include "tui/term/paste_priv.h"
#include "tui/views/format_priv.h"
#include "tui/views/help_page_priv.h"
#include "tui/views/views_priv.h"

#include "tui_fixture.h"

/* --- layout ---------------------------------------------------------------------- */

#define RECTS (PANELS + 7)

static size_t parts(const struct layout *l, struct rect out[RECTS])
{
	const struct rect all[] = {
		l->header, l->tabs,  l->strip[PANEL_PEERS], l->strip[PANEL_CHAIN], l->explain,
		l->prompt, l->keybar};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!rect_empty(&all[i]))
			out[n++] = all[i];
	for (size_t i = 0; i < PANELS; i++)
		if (!rect_empty(&l->panel[i]))
			out[n++] = l->panel[i];
	return n;
}

static bool overlap(const struct rect *a, const struct rect *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static void nothing_overlaps_and_all_is_used_at_every_size(void **state)
{
	(void)state;
	for (int cols = 1; cols <= 300; cols++)
		for (int rows = 1; rows <= 100; rows++)
			for (int focus = 0; focus < PANELS; focus++)
				for (int bits = 0; bits < 8; bits++) {
					const struct layout_input in = {
						.screen =
							bits & 1 ? SCREEN_CHAIN : SCREEN_DASHBOARD,
						.focus = (enum panel)focus,
						.zoom = bits & 2,
						.prompt = bits & 4,
					};
					struct rect r[RECTS];
					struct layout l;
					size_t n;
					int area = 0;

					layout_make(&l, cols, rows, &in);
					n = parts(&l, r);
					for (size_t i = 0; i < n; i++) {
						assert_true(r[i].x >= 0 && r[i].y >= 0);
						assert_true(r[i].x + r[i].w <= cols);
						assert_true(r[i].y + r[i].h <= rows);
						area += r[i].w * r[i].h;
						for (size_t j = 0; j < i; j++)
							assert_false(overlap(&r[i], &r[j]));
					}
					if (!l.one_line)
						assert_int_equal(area, cols * rows);
				}
}

static struct layout dashboard_at(int cols, int rows)
{
	const struct layout_input in = {.screen = SCREEN_DASHBOARD, .focus = PANEL_MSGS};
	struct layout l;

	layout_make(&l, cols, rows, &in);
	return l;
}

/* Key bar, explaining line, boxes, strips; then header and focused view; then one line. */
static void what_matters_least_goes_first(void **state)
{
	struct layout l = dashboard_at(80, 22);

	(void)state;
	assert_false(rect_empty(&l.keybar));
	l = dashboard_at(80, 21);
	assert_true(rect_empty(&l.keybar) && !rect_empty(&l.explain));
	l = dashboard_at(80, 19);
	assert_true(rect_empty(&l.explain) && l.boxes);
	l = dashboard_at(80, 17);
	assert_true(!l.boxes && !rect_empty(&l.strip[PANEL_PEERS]) &&
		    !rect_empty(&l.strip[PANEL_CHAIN]));
	l = dashboard_at(60, 10);
	assert_true(rect_empty(&l.strip[PANEL_PEERS]) && !rect_empty(&l.prompt));
	l = dashboard_at(40, 7);
	assert_true(rect_empty(&l.prompt) && !rect_empty(&l.panel[PANEL_MSGS]));
	l = dashboard_at(20, 3);
	assert_false(l.one_line);
	l = dashboard_at(20, 2);
	assert_true(l.one_line && !rect_empty(&l.header));
	l = dashboard_at(19, 3);
	assert_true(l.one_line);
}

static void a_wide_dashboard_has_mempool_miner_and_wallet(void **state)
{
	struct layout l = dashboard_at(120, 40);

	(void)state;
	assert_false(rect_empty(&l.panel[PANEL_MEMPOOL]) || rect_empty(&l.panel[PANEL_MINER]) ||
		     rect_empty(&l.panel[PANEL_WALLET]));
	l = dashboard_at(109, 40);
	assert_true(rect_empty(&l.panel[PANEL_MEMPOOL]));
}

static void a_tall_and_narrow_dashboard_has_panels_above_one_another(void **state)
{
	static const int cols[] = {40, 60, 79};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cols); i++)
		for (int rows = 22; rows <= 100; rows++) {
			const struct layout l = dashboard_at(cols[i], rows);
			const struct rect *peers = &l.panel[PANEL_PEERS],
					  *chain = &l.panel[PANEL_CHAIN],
					  *msgs = &l.panel[PANEL_MSGS];

			assert_true(l.boxes && peers->w == cols[i] && chain->w == cols[i] &&
				    msgs->w == cols[i]);
			assert_int_equal(chain->y, peers->y + peers->h);
			assert_int_equal(msgs->y, chain->y + chain->h);
			/* Frames, column heads, and rows. */
			assert_true(peers->h >= 5 && chain->h >= 5 && msgs->h >= 5);
		}
	assert_false(dashboard_at(60, 21).boxes);
	assert_int_equal(dashboard_at(80, 22).panel[PANEL_PEERS].w, 40);
}

/* --- canvas ---------------------------------------------------------------------- */

static char *drawn_at(int x, int y, const char *text, const struct rect *clip, bool utf8)
{
	struct canvas c;
	char *out;

	canvas_init(&c, 6, 2, utf8);
	canvas_clip(&c, clip);
	canvas_text(&c, x, y, 0, text);
	out = canvas_to_text(&c);
	canvas_clear(&c);
	return out;
}

static void assert_drawn(int x, int y, const char *text, const struct rect *clip, bool utf8,
			 const char *want)
{
	char *got = drawn_at(x, y, text, clip, utf8);

	assert_string_equal(got, want);
	free(got);
}

static void nothing_is_drawn_outside_the_clip(void **state)
{
	const struct rect clip = {1, 0, 3, 1};

	(void)state;
	assert_drawn(0, 0, "abcdefgh", NULL, true, "abcdef\n");
	assert_drawn(-2, 1, "abcd", NULL, true, "\ncd");
	assert_drawn(0, 2, "abcd", NULL, true, "\n");
	assert_drawn(0, -1, "abcd", NULL, true, "\n");
	assert_drawn(0, 0, "abcdef", &clip, true, " bcd\n");
	assert_drawn(0, 1, "abcdef", &clip, true, "\n");
}

static void wide_characters_are_whole_or_not_there(void **state)
{
	const struct rect clip = {1, 0, 4, 1};

	(void)state;
	assert_drawn(0, 0, "日本語", NULL, true, "日本語\n");
	assert_drawn(1, 0, "日本語", NULL, true, " 日本\n");
	assert_drawn(-1, 0, "日本語", NULL, true, " 本語\n");
	assert_drawn(0, 0, "日本語", &clip, true, "  本\n");
	assert_drawn(0, 0, "é▁╭", NULL, false, "?_+\n");
}

static void cells_of_a_cut_text_end_in_an_ellipsis(void **state)
{
	struct canvas c;
	struct row r = {&c, 0, 0, 4, 0};
	char *text;

	(void)state;
	canvas_init(&c, 6, 1, true);
	row_text(&r, 0, "abcde");
	text = canvas_to_text(&c);
	assert_string_equal(text, "abc…");
	free(text);
	canvas_wipe(&c);
	r = (struct row){&c, 0, 0, 5, 0};
	row_field(&r, 0, -3, "7");
	row_column(&r, 0, 3, "no"); /* two columns are left */
	row_column(&r, 0, 1, "x");
	text = canvas_to_text(&c);
	assert_string_equal(text, "  7");
	free(text);
	canvas_clear(&c);
}

/* --- prompt ---------------------------------------------------------------------- */

static void type(struct prompt *p, const char *text)
{
	while (*text)
		assert_int_equal(prompt_key(p, (int32_t)utf8_next(&text)), PROMPT_GOES_ON);
}

static void a_line_is_edited_by_whole_characters(void **state)
{
	struct prompt p;

	(void)state;
	prompt_init(&p, NULL, NULL);
	prompt_open(&p, PROMPT_COMMAND, "send ");
	type(&p, "müß");
	prompt_key(&p, KEYS_BACKSPACE);
	assert_string_equal(p.text, "send mü");
	prompt_key(&p, KEYS_LEFT);
	prompt_key(&p, KEYS_DELETE);
	assert_string_equal(p.text, "send m");
	prompt_key(&p, KEYS_CTRL('W'));
	assert_string_equal(p.text, "send ");
	prompt_key(&p, KEYS_HOME);
	type(&p, ">");
	prompt_key(&p, KEYS_CTRL('K'));
	assert_string_equal(p.text, ">");
	for (int i = 0; i < PROMPT_BYTES; i++)
		prompt_key(&p, 0xfc);
	assert_true(strlen(p.text) < PROMPT_BYTES && utf8_valid(p.text, strlen(p.text)));
	assert_int_equal(prompt_key(&p, KEYS_ESC), PROMPT_CANCELLED);
	prompt_clear(&p);
}

static void commands_are_recalled_and_the_draft_is_kept(void **state)
{
	static const char *const said[] = {"mine", "mine", "peers"};
	struct prompt p;

	(void)state;
	prompt_init(&p, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		prompt_open(&p, PROMPT_COMMAND, said[i]);
		assert_int_equal(prompt_key(&p, KEYS_ENTER), PROMPT_DONE);
	}
	prompt_open(&p, PROMPT_SEARCH, "secret");
	prompt_key(&p, KEYS_ENTER);
	prompt_open(&p, PROMPT_COMMAND, "dra");
	prompt_key(&p, KEYS_UP);
	assert_string_equal(p.text, "peers");
	prompt_key(&p, KEYS_UP);
	assert_string_equal(p.text, "mine");
	prompt_key(&p, KEYS_UP); /* said twice, kept once; searches are not commands */
	assert_string_equal(p.text, "mine");
	prompt_key(&p, KEYS_DOWN);
	prompt_key(&p, KEYS_DOWN);
	assert_string_equal(p.text, "dra");
	prompt_clear(&p);
}

static void tab_takes_what_is_shared_then_one_after_the_other(void **state)
{
	struct model *m = NEW(struct model);
	struct prompt *p = &m->prompt;

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_completes(m);
	fixture_keys(m, ":s<Tab>");
	assert_string_equal(p->text, "se");
	fixture_keys(m, "tb<Tab>"); /* the only one: a blank behind it */
	assert_string_equal(p->text, "setban ");
	fixture_keys(m, "<Esc>:send 5 f<Tab><Tab>");
	assert_string_equal(p->text, "send 5 fee=");
	fixture_keys(m, "<Tab>");
	assert_string_equal(p->text, "send 5 from=");
	fixture_keys(m, "<Tab>");
	assert_string_equal(p->text, "send 5 fee=");
	fixture_keys(m, "<Esc>:send 5 x<Tab>");
	assert_string_equal(p->text, "send 5 x");
	fixture_close(m);
	free(m);
}

static void a_question_is_answered_by_y_or_n_and_stands_meanwhile(void **state)
{
	static const int32_t no[] = {'n', 'N', KEYS_ENTER, KEYS_ESC};
	static const int32_t nothing[] = {':', 'p', 'q', ' ', KEYS_UP, KEYS_TAB, KEYS_BACKSPACE};
	struct prompt p;

	(void)state;
	prompt_init(&p, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		prompt_ask(&p, "Stop node?");
		assert_int_equal(prompt_key(&p, no[i]), PROMPT_CANCELLED);
	}
	prompt_ask(&p, "Stop node?");
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
		assert_int_equal(prompt_key(&p, nothing[i]), PROMPT_GOES_ON);
	assert_int_equal(p.kind, PROMPT_ASK);
	assert_int_equal(prompt_key(&p, 'y'), PROMPT_DONE);
	prompt_clear(&p);
}

static void a_refused_command_is_mended_and_a_colon_begins_anew(void **state)
{
	struct prompt p;
	size_t more;

	(void)state;
	prompt_init(&p, NULL, NULL);
	prompt_refused(&p, "send bob 51");
	prompt_key(&p, KEYS_BACKSPACE);
	assert_string_equal(p.text, "send bob 5");
	prompt_key(&p, '0');
	assert_string_equal(p.text, "send bob 50");
	prompt_refused(&p, "send bob 51");
	type(&p, " hi");
	assert_string_equal(p.text, "send bob 51 hi");
	prompt_refused(&p, "send bob 51");
	assert_true(prompt_paste(&p, "0", &more));
	type(&p, ":");
	assert_string_equal(p.text, "send bob 510:");
	prompt_refused(&p, "send bob 51");
	type(&p, ":mine");
	assert_string_equal(p.text, "mine");
	assert_int_equal(prompt_key(&p, KEYS_ESC), PROMPT_CANCELLED);
	prompt_clear(&p);
}

/* What a payment costs and the answers are seen, however small the pane; at worst the end. */
static void a_question_takes_as_many_lines_as_it_needs(void **state)
{
	static const int sizes[][2] = {{120, 40}, {60, 15}, {40, 10}, {39, 6}, {20, 7}};
	static const char *const seen[] = {"send 3 ", "fee", "0.00000211,", "y/N"};
	struct model *m = NEW(struct model);
	char *frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		fixture_open(m, sizes[i][0], sizes[i][1], true);
		fixture_asked(m);
		frame = fixture_frame(m);
		for (size_t k = 0; k < ARRAY_LEN(seen); k++)
			assert_non_null(strstr(frame, seen[k]));
		free(frame);
		fixture_close(m);
	}
	for (int cols = 3; cols < 100; cols++)
		for (int rows = 1; rows < 12; rows++) {
			fixture_open(m, cols, rows, true);
			fixture_asked(m);
			frame = fixture_frame(m);
			assert_non_null(strstr(frame, "y/N"));
			assert_true(m->cursor_x >= 0 && m->cursor_x < cols);
			free(frame);
			fixture_close(m);
		}
	free(m);
}

/* --- what is pasted ---------------------------------------------------------------- */

static const char *pasted(struct paste *p, const char *text)
{
	paste_begin(p, 0);
	while (*text)
		assert_true(paste_takes(p, (int32_t)utf8_next(&text), 1));
	return paste_end(p);
}

static void what_is_pasted_is_one_text_of_bounded_length(void **state)
{
	struct paste *p = NEW(struct paste);
	char *much = mem_zalloc(PASTE_BYTES + 100);

	(void)state;
	assert_false(paste_takes(p, 'x', 1)); /* typed */
	assert_string_equal(pasted(p, "send m\xc3\xbcsli 5\r"), "send m\xc3\xbcsli 5\n");
	assert_false(paste_takes(p, 'x', 1));
	assert_string_equal(pasted(p, "a\tb\x03"
				      "c\033d"),
			    "a b c d");
	memset(much, 'x', PASTE_BYTES + 99);
	assert_int_equal(strlen(pasted(p, much)), PASTE_BYTES);
	/* The mark at its end never came. */
	paste_begin(p, 0);
	assert_true(paste_takes(p, 'a', 9000000));
	assert_true(paste_takes(p, 'b', 18000000));
	assert_false(paste_takes(p, 'q', 29000000));
	assert_false(paste_takes(p, 'q', 29000001));
	free(much);
	free(p);
}

static void the_first_line_that_is_pasted_goes_in_at_the_cursor(void **state)
{
	struct prompt p;
	char much[PROMPT_BYTES];
	size_t more;

	(void)state;
	prompt_init(&p, NULL, NULL);
	prompt_open(&p, PROMPT_COMMAND, "send  5");
	prompt_key(&p, KEYS_LEFT);
	prompt_key(&p, KEYS_LEFT);
	assert_true(prompt_paste(&p, "\n m\xc3\xbcsli\n\nsend bob 5\n x", &more));
	assert_string_equal(p.text, "send m\xc3\xbcsli 5");
	assert_int_equal(more, 2);
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	assert_false(prompt_paste(&p, much, &more));
	assert_string_equal(p.text, "send m\xc3\xbcsli 5");
	prompt_clear(&p);
}

/* --- keys -------------------------------------------------------------------------- */

static void no_key_does_two_things(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_key_rows; i++)
		for (size_t k = 0; k < KEYS_PER_ROW && key_rows[i].keys[k]; k++)
			assert_ptr_equal(key_find(key_rows[i].keys[k]), &key_rows[i]);
	assert_null(key_find('Q'));
}

#define MAN_BYTES (1 << 17)

static char *man_page(char **path)
{
	const char *src = getenv("TALLY_SRC");
	char *text = mem_zalloc(MAN_BYTES);
	FILE *f;

	*path = mem_printf("%s/man/tally.1", src ? src : ".");
	f = fopen(*path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, MAN_BYTES - 1, f) > 0);
	fclose(f);
	return text;
}

static void man_escaped(char *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\\')
			text_append(out, MAN_BYTES, "\\e");
		else
			text_append(out, MAN_BYTES, "%c", *text);
}

static char *man_keys(void)
{
	char *text = mem_zalloc(MAN_BYTES), shown[HELP_KEY_BYTES], help[HELP_KEY_BYTES];

	for (int s = 0; s < KEYS_SECTIONS; s++) {
		text_append(text, MAN_BYTES, ".Ss %s\n.Bl -tag -width \"Shift-Tab\" -compact\n",
			    key_section_names[s]);
		for (size_t i = 0; i < n_key_rows; i++) {
			if ((int)key_rows[i].section != s)
				continue;
			help_key(&key_rows[i], shown, help);
			text_append(text, MAN_BYTES, ".It Ic \"\\&");
			man_escaped(text, shown);
			text_append(text, MAN_BYTES, "\"\n");
			man_escaped(text, help);
			text_append(text, MAN_BYTES, "\n");
		}
		text_append(text, MAN_BYTES, ".El\n");
	}
	return text;
}

/* What stands in the man page between these lines is written by `make golden`. */
static void the_man_page_has_the_table_of_keys(void **state)
{
	static const char begin[] = ".\\\" keys: by make golden\n", end[] = ".\\\" end of keys\n";
	char *path, *page = man_page(&path), *keys = man_keys();
	char *from = strstr(page, begin), *to = strstr(page, end);

	(void)state;
	assert_true(from && to && from < to);
	from += strlen(begin);
	if (getenv("TALLY_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fprintf(f, "%.*s%s%s", (int)(from - page), page, keys, to);
		fclose(f);
	} else {
		*to = '\0';
		assert_string_equal(from, keys);
	}
	free(path);
	free(page);
	free(keys);
}

/* --- numbers ----------------------------------------------------------------------- */

static void numbers_are_short_and_round_where_they_should(void **state)
{
	char text[FORMAT_BYTES], bar[64];

	(void)state;
	format_age(text, 99);
	assert_string_equal(text, "99s");
	format_age(text, 100);
	assert_string_equal(text, "1m40");
	format_age(text, 599);
	assert_string_equal(text, "9m59");
	format_age(text, 600);
	assert_string_equal(text, "10m");
	format_age(text, 48 * 3600);
	assert_string_equal(text, "2d");
	format_age(text, -5);
	assert_string_equal(text, "0s");
	format_size(text, 999);
	assert_string_equal(text, "999B");
	format_size(text, 1000);
	assert_string_equal(text, "1.0K");
	format_size(text, 999600);
	assert_string_equal(text, "1.0M");
	format_rate(text, 2.1e6);
	assert_string_equal(text, "2.1MH/s");
	format_ping(text, -1);
	assert_string_equal(text, "-");
	format_ping(text, 999);
	assert_string_equal(text, "<1ms");
	format_coins(text, INT64_C(14850000000));
	assert_string_equal(text, "148.50");
	format_coins(text, 1);
	assert_string_equal(text, "0.00000001");
	format_bar(bar, sizeof(bar), 4, 0.99); /* full only at the end */
	assert_string_equal(bar, "███░");
	format_bar(bar, sizeof(bar), 4, 1);
	assert_string_equal(bar, "████");
}

/* What is written there is about the panel that had the focus when it was opened. */
static void a_click_does_not_move_a_filter_to_another_panel(void **state)
{
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "\\cmd=block");
	mouse_click(m, 50, 4);
	mouse_wheel(m, 50, 4, 3);
	assert_int_equal(m->focus, PANEL_MSGS);
	fixture_keys(m, "<Enter>");
	assert_string_equal(m->lists[PANEL_MSGS].filter, "cmd=block");
	mouse_click(m, 50, 4);
	assert_int_equal(m->focus, PANEL_CHAIN);
	fixture_close(m);
	free(m);
}

/* --- filters ----------------------------------------------------------------------- */

static void a_filter_is_words_and_fields_and_numbers_compared(void **state)
{
	static const char words[] = "height=104 hash=00ab tx=3 state=best 3tx <4 a->b";
	static const char *const pass[] = {"",      "best",        "3TX !stale",   "height=104",
					   "tx!=2", "height>50",   "height>103",   "height<104.5",
					   "tx>=3", "Height<=104", "tx>2 tx<4 <4", "!height=1045"};
	static const char *const stop[] = {
		"stale",       "!best",  "height=10", "tx!=3", "height>104", "height<104", "tx>=4",
		"height<=103", "hash>1", "tx>two",    "tx>",   "none<5",     "eight>50"};
	struct model *m = NEW(struct model);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pass); i++)
		if (!filter_passes(pass[i], words))
			fail_msg("%s", pass[i]);
	for (size_t i = 0; i < ARRAY_LEN(stop); i++)
		if (filter_passes(stop[i], words))
			fail_msg("%s", stop[i]);
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "3\\height>1040<Enter>");
	assert_int_equal(m->lists[PANEL_CHAIN].n, 3);
	fixture_keys(m, "<Esc>\\height>high<Enter>");
	assert_string_equal(m->flash, "> needs a number: height>5");
	fixture_keys(m, "<Esc>\\size>5<Enter>");
	assert_string_equal(m->flash, "unknown field 'size': the fields are height hash tx state");
	fixture_close(m);
	free(m);
}

static void assert_passes(struct model *m, const char *filter, size_t n)
{
	list_set_filter(m, filter);
	if (m->lists[m->focus].n != n)
		fail_msg("%s: %zu of %zu", filter, m->lists[m->focus].n, n);
}

/* Words of it, and hashes and addresses as it shows them. */
static void a_filter_passes_what_is_seen_in_a_row(void **state)
{
	struct model *m = NEW(struct model);
	char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1], filter[FILTER_BYTES];

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "3");
	assert_passes(m, "1041'", 1);
	assert_passes(m, "!1041'", 11);
	hash256_hex(hex, &m->data.chain[5].hash.h);
	hash256_short(brief, &m->data.chain[5].hash.h);
	snprintf(filter, sizeof(filter), "hash=%s", brief);
	assert_passes(m, filter, 1);
	snprintf(filter, sizeof(filter), "hash!=%s", brief);
	assert_passes(m, filter, 11);
	snprintf(filter, sizeof(filter), "HASH=%.6s", hex);
	assert_passes(m, filter, 1);
	snprintf(filter, sizeof(filter), "hash=%s", hex);
	assert_passes(m, filter, 1);
	snprintf(filter, sizeof(filter), "hash=%s", hex + 6); /* not within it */
	assert_passes(m, filter, 0);
	assert_passes(m, "hash=", 0);
	assert_passes(m, "hash=..", 0);
	assert_passes(m, "state=b", 0); /* that is shown in full */
	assert_passes(m, "height=10", 0);
	fixture_keys(m, "2");
	assert_passes(m, "addr=127", 2);
	assert_passes(m, "addr=192.168.17.201:90", 1);
	assert_passes(m, "9ms", 1);
	fixture_keys(m, "5");
	assert_passes(m, "22:12", 30);
	assert_passes(m, "612B", 6);
	assert_passes(m, "<1 !block", 2);
	assert_passes(m, "cmd=get", 0);
	fixture_keys(m, "7");
	assert_passes(m, "22:11:44", 1);
	m->data.history[1].abandoned = true;
	m->data.history[1].to = m->data.addresses[0].owner;
	fixture_keys(m, "6");
	assert_passes(m, "abandoned", 1);
	assert_passes(m, "to=miner", 1);
	assert_passes(m, "to!=miner", 2);
	assert_passes(m, "to=mine", 0);
	fixture_close(m);
	free(m);
}

/* --- searching --------------------------------------------------------------------- */

/* The height, and where a match stands; what is not seen in a row is not found. */
static void a_search_finds_what_is_seen_and_a_number_a_height(void **state)
{
	struct model *m = NEW(struct model);
	char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];

	(void)state;
	fixture_open(m, 80, 24, true);
	hash256_hex(hex, &m->data.chain[5].hash.h);
	hash256_short(brief, &m->data.chain[5].hash.h);
	fixture_keys(m, "3/");
	fixture_keys(m, brief);
	fixture_keys(m, "<Enter>");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 5);
	assert_string_equal(strstr(m->flash, "match"), "match 1 of 1");
	fixture_keys(m, "g/");
	fixture_keys(m, hex); /* a whole one is told by a whole one */
	fixture_keys(m, "<Enter>");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 5);
	hex[30] = '\0'; /* digits within that are not drawn */
	fixture_keys(m, "g/");
	fixture_keys(m, hex + 12);
	fixture_keys(m, "<Enter>");
	assert_string_equal(m->flash, "no match");
	fixture_keys(m, "g/1041<Enter>");
	assert_string_equal(strstr(m->flash, "match"), "match 1 of 2");
	fixture_keys(m, "n");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 2);
	m->data.chain[0].hash.h = m->data.chain[8].hash.h;
	m->data.chain[4].height = 51;
	fixture_keys(m, "g/51<Enter>");
	assert_string_equal(strstr(m->flash, "match"), "match 1 of 1");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 4);
	fixture_keys(m, "2/dir=in<Enter>"); /* what filters know */
	assert_string_equal(m->flash, "no match");
	fixture_keys(m, "2/9ms 123<Enter>");
	assert_int_equal(m->lists[PANEL_PEERS].at, 2);
	fixture_keys(m, "6/unconfirmed<Enter>");
	assert_string_equal(strstr(m->flash, "match"), "match 1 of 1");
	fixture_close(m);
	free(m);
}

static void a_block_further_down_is_searched_for_when_it_is_listed(void **state)
{
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 80, 24, true);
	m->data.n_chain = 10;
	lists_update(m);
	fixture_keys(m, "3/1032<Enter>");
	assert_true(m->data.chain_wanted >= 12 && !model_flashing(m));
	m->data.n_chain = 12;
	lists_update(m);
	model_search_continue(m);
	assert_int_equal(m->lists[PANEL_CHAIN].at, 11);
	fixture_keys(m, "/1000<Enter>"); /* it does not come */
	model_search_continue(m);
	assert_string_equal(m->flash, "block 1000 is not in the list: ':getblock 1000' shows it");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 11);
	fixture_keys(m, "k/1032<Enter>");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 11);
	fixture_close(m);
	free(m);
}

/* Such a number is a height, not digits of another block; one above the tip is digits. */
static void a_block_that_is_not_listed_is_not_taken_for_another(void **state)
{
	struct model *m = NEW(struct model);
	const struct list_state *l = &m->lists[PANEL_CHAIN];

	(void)state;
	fixture_open(m, 80, 24, true);
	for (uint32_t i = 0; i < m->data.n_chain; i++)
		m->data.chain[i].height = 90000 - i;
	memset(&m->data.chain[3].hash, 0x99, sizeof(m->data.chain[3].hash));
	fixture_keys(m, "3/99<Enter>");
	assert_string_equal(m->flash, "block 99 is not in the list: ':getblock 99' shows it");
	assert_int_equal(l->at, 0);
	fixture_keys(m, "n");
	assert_int_equal(l->at, 0);
	assert_int_equal(m->data.chain_wanted, CHAIN_WANTED_MIN);
	fixture_keys(m, "/89996<Enter>");
	assert_int_equal(l->at, 4);
	fixture_keys(m, "g\\height!=89996<Enter>/89996<Enter>");
	assert_string_equal(m->flash, "no match");
	fixture_keys(m, "<Esc>g/99999<Enter>");
	assert_int_equal(l->at, 3);
	fixture_keys(m, "g/099<Enter>"); /* no height is written so */
	assert_string_equal(m->flash, "no match");
	fixture_close(m);
	free(m);
}

/* As in a pager at its end: the nearest one is above. */
static void a_search_from_the_newest_row_goes_upwards(void **state)
{
	struct model *m = NEW(struct model);
	const struct list_state *l = &m->lists[PANEL_MSGS];

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "5/getdata<Enter>");
	assert_int_equal(l->at, 26);
	assert_string_equal(strstr(m->flash, "match"), "match 6 of 6");
	fixture_keys(m, "n");
	assert_int_equal(l->at, 21);
	fixture_keys(m, "N");
	assert_int_equal(l->at, 26);
	fixture_keys(m, "N");
	assert_int_equal(l->at, 1);
	assert_non_null(strstr(m->flash, "past the end"));
	fixture_keys(m, "n");
	assert_non_null(strstr(m->flash, "past the beginning"));
	fixture_keys(m, "g/getdata<Enter>n"); /* not from the newest */
	assert_int_equal(l->at, 6);
	fixture_keys(m, "Gn");
	assert_int_equal(l->at, 26);
	fixture_close(m);
	free(m);
}

/* --- pages ------------------------------------------------------------------------- */

static void a_page_is_searched_and_nothing_else_is_done_in_it(void **state)
{
	char *frame;
	static const char *const acting[] = {"m", "S", "c", "D", "s", "z", "\\", "<Tab>"};
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 80, 24, true);
	overlay_open(m, OVERLAY_TEXT, "Chain", "one\ntwo One\n\nthree\nONE more");
	for (size_t i = 0; i < ARRAY_LEN(acting); i++) {
		fixture_keys(m, acting[i]);
		assert_int_equal(m->over.kind, OVERLAY_TEXT);
		assert_int_equal(m->prompt.kind, PROMPT_CLOSED);
		assert_int_equal(m->screen, SCREEN_DASHBOARD);
		assert_true(acting[i][0] == '<' ||
			    model_act(m, key_find((unsigned char)acting[i][0]), acting[i][0]));
	}
	fixture_keys(m, "/one<Enter>");
	assert_int_equal(m->over.match, 0);
	assert_non_null(strstr(m->flash, "match 1 of 3"));
	fixture_keys(m, "n");
	assert_int_equal(m->over.match, 8);
	fixture_keys(m, "n");
	assert_int_equal(m->over.match, 19);
	fixture_keys(m, "n");
	assert_int_equal(m->over.match, 0);
	assert_non_null(strstr(m->flash, "match 1 of 3, past the end"));
	fixture_keys(m, "N");
	assert_int_equal(m->over.match, 19);
	fixture_keys(m, "/four<Enter>");
	assert_string_equal(m->flash, "no match");
	/* Help is there from a page, too; what is at its end is scrolled to. */
	fixture_keys(m, "?");
	assert_int_equal(m->over.kind, OVERLAY_HELP);
	fixture_keys(m, "/send! alice<Enter>");
	frame = fixture_frame(m); /* the first since the page was opened: only now it has lines */
	assert_non_null(strstr(frame, "send! alice"));
	free(frame);
	assert_true(m->over.top > 20);
	fixture_keys(m, "?");
	assert_int_equal(m->over.kind, OVERLAY_TEXT);
	assert_string_equal(m->over.title, "Chain");
	fixture_keys(m, "q");
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	fixture_close(m);
	free(m);
}

static void help_goes_back_to_the_page_it_was_opened_from(void **state)
{
	struct model *m = NEW(struct model);
	char text[128] = "";

	(void)state;
	fixture_open(m, 80, 24, true);
	for (int i = 0; i < 40; i++)
		text_append(text, sizeof(text), "%d\n", i);
	overlay_open(m, OVERLAY_TEXT, "Chain", text);
	fixture_keys(m, "jjj?jjjjj<Esc>");
	assert_string_equal(m->over.text, text);
	assert_int_equal(m->over.top, 3);
	fixture_keys(m, "?3"); /* away from both */
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	fixture_keys(m, "?q");
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	fixture_close(m);
	free(m);
}

static void a_page_goes_back_to_the_one_it_was_called_from(void **state)
{
	struct model *m = NEW(struct model);
	char title[16];

	(void)state;
	fixture_open(m, 80, 24, true);
	overlay_open(m, OVERLAY_TEXT, "Chain", "of a block");
	m->over.live = true;
	fixture_keys(m, "?");
	overlay_open(m, OVERLAY_TEXT, "getpeerinfo", "[]");
	fixture_keys(m, "q");
	assert_int_equal(m->over.kind, OVERLAY_HELP);
	overlay_open(m, OVERLAY_HELP, "Help", "once");
	fixture_keys(m, "q");
	assert_string_equal(m->over.title, "Chain");
	assert_true(m->over.live);
	/* Of many the last ones. */
	for (int i = 0; i < OVERLAYS_BELOW_MAX + 3; i++) {
		snprintf(title, sizeof(title), "%d", i);
		overlay_open(m, OVERLAY_TEXT, title, "");
	}
	for (int i = OVERLAYS_BELOW_MAX + 2; i >= 2; i--) {
		snprintf(title, sizeof(title), "%d", i);
		assert_string_equal(m->over.title, title);
		fixture_keys(m, "q");
	}
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	overlay_open(m, OVERLAY_TEXT, "Chain", "one");
	overlay_open(m, OVERLAY_TEXT, "Chain", "two");
	fixture_keys(m, "3"); /* away from all */
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	assert_int_equal(m->n_below, 0);
	fixture_close(m);
	free(m);
}

static void a_page_that_is_renewed_keeps_its_place_and_its_match(void **state)
{
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 40, 8, true);
	overlay_open(m, OVERLAY_TEXT, "Chain", "a tx\n9\n\n\n\n\n\n\na tx\n\nb tx\n\n\n\n\n\n\n");
	fixture_keys(m, "/tx<Enter>n");
	free(fixture_frame(m));
	assert_string_equal(m->over.text + m->over.match, "tx\n\nb tx\n\n\n\n\n\n\n");
	assert_int_equal(m->over.top, 6);
	overlay_renew(m, "a tx\n10\n\n\n\n\n\n\na tx\n\nc tx\n\n\n\n\n\n\n");
	free(fixture_frame(m));
	assert_string_equal(m->over.text + m->over.match, "tx\n\nc tx\n\n\n\n\n\n\n");
	assert_int_equal(m->over.top, 6);
	overlay_renew(m, "a tx\n");
	free(fixture_frame(m));
	assert_int_equal(m->over.match_bytes, 0);
	assert_int_equal(m->over.top, 0);
	fixture_close(m);
	free(m);
}

/* It keeps what was found in it, whatever is searched for elsewhere, and a search for nothing ends it. */
static void a_page_that_is_renewed_keeps_its_own_search(void **state)
{
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 80, 24, true);
	overlay_open(m, OVERLAY_TEXT, "Chain", "mine\na tx");
	fixture_keys(m, "/tx<Enter>?/mine<Enter>?");
	overlay_renew(m, "mine\nnone\na tx");
	assert_int_equal(m->over.match_bytes, 2);
	assert_string_equal(m->over.text + m->over.match, "tx");
	fixture_keys(m, "/<Enter>");
	assert_int_equal(m->over.match_bytes, 0);
	alarm(5); /* not for ever */
	overlay_renew(m, "a tx");
	fixture_keys(m, "/tx<Enter>?/<Enter>?");
	overlay_renew(m, "one\ntx");
	alarm(0);
	assert_string_equal(m->over.text + m->over.match, "tx");
	fixture_close(m);
	free(m);
}

static void a_message_holds_what_the_screen_has_room_for(void **state)
{
	struct model *m = NEW(struct model);
	char text[FLASH_BYTES + 1];

	(void)state;
	memset(text, 'a', FLASH_BYTES);
	text[FLASH_BYTES] = '\0';
	fixture_open(m, 80, 24, true);
	assert_true(model_flash_fits(m, text, FLASH_BYTES - 1));
	assert_false(model_flash_fits(m, text, FLASH_BYTES));
	model_resize(m, 41, 6);
	assert_true(model_flash_fits(m, text, 5 * 40));
	assert_false(model_flash_fits(m, text, 5 * 40 + 1));
	model_resize(m, 1, 1);
	assert_false(model_flash_fits(m, text, 1));
	assert_true(model_flash_fits(m, "", 0));
	fixture_close(m);
	free(m);
}

/* --- whatever is typed ------------------------------------------------------------- */

static const char any_key[] = "1234567jkgGnNsz?q: ";
static const char *const any_line[] = {
	"<Tab>",
	"<PgUp>",
	"<PgDn>",
	"<Up>",
	"<Down>",
	"<Esc>",
	"<Bs>",
	"/<Enter>",
	"/it<Enter>/<Enter>",
	"/it<Enter>",
	"/1030<Enter>",
	"/7<Enter>",
	"/\xe6\xbc\xa2<Enter>",
	"?/mine<Enter>",
	"\\<Enter>",
	"\\height>1030<Enter>",
	"\\cmd!=ping in<Enter>",
	"\\=<Enter>",
	"\\!<Enter>",
	":send bob",
	"\xe6\xbc",
};

static void type_any(struct model *m, const struct rng *r)
{
	const char key[] = {any_key[rng_below(r, sizeof(any_key) - 1)], '\0'};

	fixture_keys(m, rng_below(r, 2) ? key : any_line[rng_below(r, ARRAY_LEN(any_line))]);
}

/* A page is opened as by Enter, which needs a node, or made anew, or the data come, or the pane is another. */
static void happens(struct model *m, const struct rng *r)
{
	static const char *const texts[] = {"", "\n", "it is\nso it\n\n", "  key   it\n",
					    "1030 \xe6\xbc\xa2 it 7"};
	const char *text = texts[rng_below(r, ARRAY_LEN(texts))];

	switch (rng_below(r, 4)) {
	case 0:
		overlay_open(m, OVERLAY_TEXT, "Chain", text);
		break;
	case 1:
		if (m->over.kind == OVERLAY_TEXT)
			overlay_renew(m, text);
		break;
	case 2:
		lists_update(m);
		model_search_continue(m);
		break;
	default:
		model_resize(m, 1 + (int)rng_below(r, 300), 1 + (int)rng_below(r, 100));
	}
}

static void nothing_that_is_typed_hangs_it(void **state)
{
	struct model *m = NEW(struct model);
	struct rng_seeded r;

	(void)state;
	rng_seeded_init(&r, 1);
	alarm(60); /* not for ever */
	for (int round = 0; round < 30; round++) {
		fixture_open(m, 80, 24, round % 2 == 0);
		for (int i = 0; i < 150; i++) {
			type_any(m, &r.rng);
			if (rng_below(&r.rng, 2))
				happens(m, &r.rng);
		}
		fixture_close(m);
	}
	alarm(0);
	free(m);
}

/* --- without a chain ---------------------------------------------------------------- */

static void assert_shows(struct model *m, const char *text, bool shows)
{
	char *frame = fixture_frame(m);

	if ((strstr(frame, text) != NULL) != shows)
		fail_msg("'%s' is %s:\n%s", text, shows ? "missing" : "there", frame);
	free(frame);
}

static void open_without_chain(struct model *m, uint32_t offers)
{
	fixture_open(m, 200, 50, true);
	fixture_no_chain(m);
	m->data.snap.n_offers = m->live.n_offers = offers;
	m->data.snap.warning[0] = m->live.warning[0] = '\0';
	lists_update(m);
}

static void only_of_several_chains_one_is_chosen(void **state)
{
	struct model *m = NEW(struct model);

	(void)state;
	open_without_chain(m, 1);
	assert_shows(m, "one chain is offered: joining it", true);
	assert_shows(m, "physics-101, from 2 peers", true);
	assert_shows(m, "choose", false);
	fixture_close(m);
	open_without_chain(m, 2);
	assert_shows(m, "2 chains are offered: ':choose NAME' joins one", true);
	assert_shows(m, "no chain: choose one", true);
	fixture_close(m);
	free(m);
}

static void what_needs_a_chain_is_advised_where_there_is_one(void **state)
{
	static const char *const advice[] = {"off: m starts", "mempool empty: S sends coins",
					     "no payments yet: m starts mining; :getnewaddress"};
	struct model *m = NEW(struct model);

	(void)state;
	open_without_chain(m, 0);
	assert_shows(
		m,
		"no chain yet: c connects to a node that has one; tally createblockchain makes one",
		true);
	assert_shows(m, "this node   no chain yet", true);
	assert_shows(m, "mempool empty: there is no chain yet", true);
	assert_shows(m, "no payments: there is no chain yet; :getnewaddress makes an address",
		     true);
	for (size_t i = 0; i < ARRAY_LEN(advice); i++)
		assert_shows(m, advice[i], false);
	m->data.snap.has_chain = true;
	for (size_t i = 0; i < ARRAY_LEN(advice); i++)
		assert_shows(m, advice[i], true);
	fixture_close(m);
	free(m);
}

/* --- details ----------------------------------------------------------------------- */

static char *detail_of(const struct model *m, const struct view *v, size_t row)
{
	const struct detail_request rq = {.data = &m->data, .row = row};

	return v->detail(&rq);
}

static void what_is_not_known_of_a_peer_is_said(void **state)
{
	struct model *m = NEW(struct model);
	char *text;

	(void)state;
	fixture_open(m, 80, 24, true);
	m->data.snap.peers[2].in_flight = 16;
	text = detail_of(m, &view_peers, 2);
	assert_non_null(strstr(text, "listens at   192.168.17.201:9010\n"));
	assert_null(strstr(text, "unknown"));
	assert_non_null(strstr(text, "\nrequested    16 blocks, not received yet\n"));
	free(text);
	m->data.snap.peers[3].best = (struct block_hash){0};
	text = detail_of(m, &view_peers, 3);
	assert_non_null(strstr(text, "listens at   unknown\n"));
	assert_non_null(strstr(text, "best block   1042\n             unknown"));
	free(text);
	fixture_close(m);
	free(m);
}

static void a_log_line_is_told_with_its_time(void **state)
{
	struct model *m = NEW(struct model);
	char *text;

	(void)state;
	fixture_open(m, 80, 24, true);
	text = detail_of(m, &view_log, 4);
	assert_string_equal(text, "22:11:44.000  peer  warn\npeer 4 127.0.0.1:9002 came in\n");
	free(text);
	fixture_close(m);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_overlaps_and_all_is_used_at_every_size),
		cmocka_unit_test(what_matters_least_goes_first),
		cmocka_unit_test(a_wide_dashboard_has_mempool_miner_and_wallet),
		cmocka_unit_test(a_tall_and_narrow_dashboard_has_panels_above_one_another),
		cmocka_unit_test(nothing_is_drawn_outside_the_clip),
		cmocka_unit_test(wide_characters_are_whole_or_not_there),
		cmocka_unit_test(cells_of_a_cut_text_end_in_an_ellipsis),
		cmocka_unit_test(a_line_is_edited_by_whole_characters),
		cmocka_unit_test(commands_are_recalled_and_the_draft_is_kept),
		cmocka_unit_test(tab_takes_what_is_shared_then_one_after_the_other),
		cmocka_unit_test(a_question_is_answered_by_y_or_n_and_stands_meanwhile),
		cmocka_unit_test(a_refused_command_is_mended_and_a_colon_begins_anew),
		cmocka_unit_test(a_question_takes_as_many_lines_as_it_needs),
		cmocka_unit_test(what_is_pasted_is_one_text_of_bounded_length),
		cmocka_unit_test(the_first_line_that_is_pasted_goes_in_at_the_cursor),
		cmocka_unit_test(no_key_does_two_things),
		cmocka_unit_test(the_man_page_has_the_table_of_keys),
		cmocka_unit_test(numbers_are_short_and_round_where_they_should),
		cmocka_unit_test(a_click_does_not_move_a_filter_to_another_panel),
		cmocka_unit_test(a_filter_is_words_and_fields_and_numbers_compared),
		cmocka_unit_test(a_filter_passes_what_is_seen_in_a_row),
		cmocka_unit_test(a_search_finds_what_is_seen_and_a_number_a_height),
		cmocka_unit_test(a_block_further_down_is_searched_for_when_it_is_listed),
		cmocka_unit_test(a_block_that_is_not_listed_is_not_taken_for_another),
		cmocka_unit_test(a_search_from_the_newest_row_goes_upwards),
		cmocka_unit_test(a_page_is_searched_and_nothing_else_is_done_in_it),
		cmocka_unit_test(help_goes_back_to_the_page_it_was_opened_from),
		cmocka_unit_test(a_page_goes_back_to_the_one_it_was_called_from),
		cmocka_unit_test(a_page_that_is_renewed_keeps_its_place_and_its_match),
		cmocka_unit_test(a_page_that_is_renewed_keeps_its_own_search),
		cmocka_unit_test(nothing_that_is_typed_hangs_it),
		cmocka_unit_test(a_message_holds_what_the_screen_has_room_for),
		cmocka_unit_test(only_of_several_chains_one_is_chosen),
		cmocka_unit_test(what_needs_a_chain_is_advised_where_there_is_one),
		cmocka_unit_test(what_is_not_known_of_a_peer_is_said),
		cmocka_unit_test(a_log_line_is_told_with_its_time),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
