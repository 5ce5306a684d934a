/* Where the parts of the screen stand, the canvas, and numbers as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "tui/model/layout_priv.h"
#include "tui/term/canvas_priv.h"
#include "tui/views/format_priv.h"

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

static void parts_fill_every_size_without_overlap(void **state)
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

/* Left out in this order: key bar, explaining line, boxes, strips. Then only header and focused
 * panel remain, at last only one line. */
static void small_screens_drop_the_least_important_parts_first(void **state)
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

static void a_tall_narrow_dashboard_stacks_its_panels(void **state)
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
			/* Each has room for its frame, column heads and rows. */
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

static void half_of_a_wide_character_is_never_drawn(void **state)
{
	const struct rect clip = {1, 0, 4, 1};

	(void)state;
	assert_drawn(0, 0, "日本語", NULL, true, "日本語\n");
	assert_drawn(1, 0, "日本語", NULL, true, " 日本\n");
	assert_drawn(-1, 0, "日本語", NULL, true, " 本語\n");
	assert_drawn(0, 0, "日本語", &clip, true, "  本\n");
	assert_drawn(0, 0, "é▁╭", NULL, false, "?_+\n");
}

static void a_cut_text_ends_in_an_ellipsis(void **state)
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
	row_column(&r, 0, 3, "no"); /* only two columns are left */
	row_column(&r, 0, 1, "x");
	text = canvas_to_text(&c);
	assert_string_equal(text, "  7");
	free(text);
	canvas_clear(&c);
}

/* --- numbers ----------------------------------------------------------------------- */

static void numbers_are_short_and_rounded(void **state)
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
	format_bar(bar, sizeof(bar), 4, 0.99); /* the bar is full only at 100 % */
	assert_string_equal(bar, "███░");
	format_bar(bar, sizeof(bar), 4, 1);
	assert_string_equal(bar, "████");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_fill_every_size_without_overlap),
		cmocka_unit_test(small_screens_drop_the_least_important_parts_first),
		cmocka_unit_test(a_wide_dashboard_has_mempool_miner_and_wallet),
		cmocka_unit_test(a_tall_narrow_dashboard_stacks_its_panels),
		cmocka_unit_test(nothing_is_drawn_outside_the_clip),
		cmocka_unit_test(half_of_a_wide_character_is_never_drawn),
		cmocka_unit_test(a_cut_text_ends_in_an_ellipsis),
		cmocka_unit_test(numbers_are_short_and_rounded),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("drawing", tests, NULL, NULL);
}
