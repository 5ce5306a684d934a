/* Golden screens: the frame after these keys, at this size, must equal the file in
 * tests/tui/golden. After an intended change, run `make golden` and look at the difference. */
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
#include <tally/crypto/key.h>
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/state_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/help_page_priv.h"
#include "tui/views/screen_priv.h"
#include "tui/views/view_chain_priv.h"
#include "tui/views/views_priv.h"

#include "tui_fixture.h"

enum scene { NORMAL, NO_CHAIN, SYNCING, FROZEN, QUESTION, COMPLETING };

static const struct screen_case {
	const char *name;
	int cols, rows;
	const char *keys;
	enum scene scene;
	bool ascii;
} cases[] = {
	{.name = "dash-120x40", .cols = 120, .rows = 40},
	{.name = "dash-80x24", .cols = 80, .rows = 24},
	{.name = "dash-80x24-ascii", .cols = 80, .rows = 24, .ascii = true},
	{.name = "dash-60x38", .cols = 60, .rows = 38},
	{.name = "dash-60x22", .cols = 60, .rows = 22},
	{.name = "dash-60x15", .cols = 60, .rows = 15},
	{.name = "dash-39x7", .cols = 39, .rows = 7},
	{.name = "dash-19x2", .cols = 19, .rows = 2},
	{.name = "peers-80x24", .cols = 80, .rows = 24, .keys = "2j"},
	{.name = "peers-sorted-120x40", .cols = 120, .rows = 40, .keys = "2sss"},
	{.name = "peers-60x15", .cols = 60, .rows = 15, .keys = "2"},
	{.name = "chain-80x24", .cols = 80, .rows = 24, .keys = "3jj"},
	{.name = "chain-60x15", .cols = 60, .rows = 15, .keys = "3"},
	{.name = "mempool-80x24", .cols = 80, .rows = 24, .keys = "4"},
	{.name = "chain-60x38", .cols = 60, .rows = 38, .keys = "3"},
	{.name = "msgs-80x24", .cols = 80, .rows = 24, .keys = "5kkk"},
	{.name = "msgs-filtered-80x24",
	 .cols = 80,
	 .rows = 24,
	 .keys = "5\\cmd!=ping cmd!=pong<Enter>"},
	{.name = "msgs-filtered-60x15", .cols = 60, .rows = 15, .keys = "5\\cmd!=ping<Enter>"},
	{.name = "peers-filtered-out-80x24",
	 .cols = 80,
	 .rows = 24,
	 .keys = "2\\addr=nobody<Enter>"},
	{.name = "dash-filtered-80x24",
	 .cols = 80,
	 .rows = 24,
	 .keys = "2\\dir=out<Enter>3\\none<Enter>1"},
	{.name = "mempool-filtered-out-60x15", .cols = 60, .rows = 15, .keys = "4\\none<Enter>"},
	{.name = "msgs-searched-60x15", .cols = 60, .rows = 15, .keys = "5g/getdata<Enter>n"},
	{.name = "wallet-80x24", .cols = 80, .rows = 24, .keys = "6"},
	{.name = "wallet-60x15", .cols = 60, .rows = 15, .keys = "6"},
	{.name = "log-80x24", .cols = 80, .rows = 24, .keys = "7"},
	{.name = "help-120x40", .cols = 120, .rows = 40, .keys = "?"},
	{.name = "help-80x24", .cols = 80, .rows = 24, .keys = "?<PgDn>"},
	{.name = "help-60x15", .cols = 60, .rows = 15, .keys = "?"},
	{.name = "help-searched-80x24", .cols = 80, .rows = 24, .keys = "?/mining<Enter>n"},
	{.name = "prompt-80x24", .cols = 80, .rows = 24, .keys = ":send "},
	{.name = "prompt-60x15", .cols = 60, .rows = 15, .keys = ":send m\xc3\xbcsli 5"},
	{.name = "prompt-19x2", .cols = 19, .rows = 2, .keys = ":send"},
	{.name = "options-80x24",
	 .cols = 80,
	 .rows = 24,
	 .keys = ":se<Tab><Tab>",
	 .scene = COMPLETING},
	{.name = "options-60x15",
	 .cols = 60,
	 .rows = 15,
	 .keys = ":send 5 @bob <Tab><Tab><Tab>",
	 .scene = COMPLETING},
	{.name = "question-80x24", .cols = 80, .rows = 24, .scene = QUESTION},
	{.name = "question-60x15", .cols = 60, .rows = 15, .scene = QUESTION},
	{.name = "question-40x10", .cols = 40, .rows = 10, .scene = QUESTION},
	{.name = "question-19x2", .cols = 19, .rows = 2, .scene = QUESTION},
	{.name = "zoom-80x24", .cols = 80, .rows = 24, .keys = "z"},
	{.name = "no-chain-80x24", .cols = 80, .rows = 24, .scene = NO_CHAIN},
	{.name = "no-chain-60x15", .cols = 60, .rows = 15, .keys = "3", .scene = NO_CHAIN},
	{.name = "syncing-80x24", .cols = 80, .rows = 24, .scene = SYNCING},
	{.name = "syncing-60x15", .cols = 60, .rows = 15, .keys = "2", .scene = SYNCING},
	{.name = "syncing-120x40", .cols = 120, .rows = 40, .scene = SYNCING},
	{.name = "frozen-80x24", .cols = 80, .rows = 24, .scene = FROZEN},
	{.name = "frozen-60x15", .cols = 60, .rows = 15, .keys = "5", .scene = FROZEN},
};

static char *draw(const struct screen_case *c)
{
	struct model *m = NEW(struct model);
	char *text;

	fixture_open(m, c->cols, c->rows, !c->ascii);
	if (c->scene == NO_CHAIN)
		fixture_no_chain(m);
	else if (c->scene == SYNCING)
		fixture_syncing(m);
	else if (c->scene == QUESTION)
		fixture_question(m);
	else if (c->scene == COMPLETING)
		fixture_completes(m);
	else if (c->scene == FROZEN)
		fixture_keys(m, " ");
	for (int i = 0; c->scene == FROZEN && i < 7; i++)
		fixture_new_message(m);
	if (c->keys)
		fixture_keys(m, c->keys);
	text = fixture_frame(m);
	fixture_close(m);
	free(m);
	return text;
}

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text;
	size_t n;

	if (f == NULL)
		return NULL;
	text = mem_alloc(1 << 20);
	n = fread(text, 1, (1 << 20) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Prints the lines that differ. False: none. */
static bool differs(const char *name, const char *want, const char *got)
{
	int line = 1;

	if (strcmp(want, got) == 0)
		return false;
	while (*want || *got) {
		const int w = (int)strcspn(want, "\n"), g = (int)strcspn(got, "\n");

		if (w != g || strncmp(want, got, (size_t)w) != 0)
			print_message("# %s, line %d\n# want |%.*s|\n# got  |%.*s|\n", name, line,
				      w, want, g, got);
		want += w + (want[w] == '\n');
		got += g + (got[g] == '\n');
		line++;
	}
	return true;
}

static void screens_match_their_golden_files(void **state)
{
	const char *src = getenv("TALLY_SRC");
	unsigned different = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *path =
			mem_printf("%s/tests/tui/golden/%s.txt", src ? src : ".", cases[i].name);
		char *frame = draw(&cases[i]), *got = mem_printf("%s\n", frame);
		char *want;

		if (getenv("TALLY_GOLDEN")) {
			FILE *f = fopen(path, "w");

			assert_non_null(f);
			fputs(got, f);
			fclose(f);
		}
		want = read_whole(path);
		if (want == NULL)
			fail_msg("%s is missing: make golden", path);
		different += differs(cases[i].name, want, got);
		free(path);
		free(frame);
		free(got);
		free(want);
	}
	assert_int_equal(different, 0);
}

/* At any size there are at most as many lines as rows, and no line is wider than the screen. */
static void every_size_is_drawn_within_its_bounds(void **state)
{
	static const char *const keys[] = {"", "2", "3", "5", "6", "?", ":send ", "z"};
	struct model *m = NEW(struct model);

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		for (int cols = 1; cols <= 200; cols += cols < 90 ? 3 : 17)
			for (int rows = 1; rows <= 60; rows += rows < 30 ? 1 : 7) {
				struct canvas c;
				char *text;
				int lines = 1;

				fixture_open(m, cols, rows, true);
				fixture_keys(m, keys[k]);
				text = fixture_frame(m);
				canvas_init(&c, 1000, 1, true);
				for (char *at = text, *end; *at; at = end + 1) {
					end = at + strcspn(at, "\n");
					lines += *end == '\n';
					if (*end == '\0')
						end--;
					else
						*end = '\0';
					assert_true(canvas_width(&c, at) <= cols);
					if (end[1] == '\0')
						break;
				}
				assert_true(lines <= rows);
				canvas_clear(&c);
				free(text);
				fixture_close(m);
			}
	free(m);
}

static void assert_frame_has(struct model *m, const char *text)
{
	char *frame = fixture_frame(m);

	if (!strstr(frame, text))
		fail_msg("no '%s' in\n%s", text, frame);
	free(frame);
}

static void assert_frame_lacks(struct model *m, const char *text)
{
	char *frame = fixture_frame(m);

	if (strstr(frame, text))
		fail_msg("'%s' in\n%s", text, frame);
	free(frame);
}

static void a_selection_stays_with_its_row(void **state)
{
	struct model *m = NEW(struct model);
	struct row_id before, after;
	size_t i;

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "5kkkk");
	assert_true(list_selected(m, &i));
	view_msgs.id(&m->data, i, &before);
	for (int k = 0; k < 9; k++)
		fixture_new_message(m);
	assert_true(list_selected(m, &i));
	view_msgs.id(&m->data, i, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	fixture_keys(m, "G"); /* the selection follows from now on */
	fixture_new_message(m);
	assert_true(list_selected(m, &i));
	assert_int_equal(m->data.msgs[i].seq, m->data.n_msgs);
	fixture_close(m);
	free(m);
}

/* Only newer rows that are not on the screen are counted. */
static void newer_rows_that_are_not_visible_are_counted(void **state)
{
	struct model *m = NEW(struct model);
	char *frame;

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "3jj");
	assert_frame_has(m, "work 2^31.4  g follows");
	fixture_keys(m, "5kkk");
	assert_frame_has(m, "30  G follows");
	for (int i = 0; i < 3; i++)
		fixture_new_message(m);
	assert_frame_has(m, "33  3 newer, G follows");
	fixture_keys(m, "1");
	model_resize(m, 60, 15);
	assert_frame_has(m, "5:Msgs  +6");
	fixture_keys(m, "3");
	for (int i = 0; i < 12; i++)
		fixture_keys(m, "j");
	assert_frame_has(m, "3:Chain  +1"); /* one newer row: the tip */
	fixture_keys(m, "g");
	frame = fixture_frame(m);
	assert_null(strstr(frame, "3:Chain  +"));
	free(frame);
	fixture_close(m);
	free(m);
}

/* In the wallet and the mempool, new payments are inserted above the visible rows. */
static void newer_payments_are_counted_too(void **state)
{
	struct model *m = NEW(struct model);
	struct tui_data *d = &m->data;

	(void)state;
	fixture_open(m, 120, 40, true);
	mem_reserve(&d->history, &d->history_cap, 40, sizeof(*d->history));
	mem_reserve(&d->mempool, &d->mempool_cap, 40, sizeof(*d->mempool));
	for (uint8_t i = 0; i < 40; i++) {
		d->history[i] = (struct payment_row){.id.h.b[0] = i, .height = 1};
		d->mempool[i] = (struct mempool_row){.id.h.b[0] = i, .seq = 40 - i};
	}
	d->n_history = d->n_mempool = 40;
	lists_update(m);
	fixture_keys(m, "1");
	assert_frame_lacks(m, "follows");
	m->focus = PANEL_WALLET;
	for (int i = 0; i < 38; i++)
		fixture_keys(m, "j");
	assert_frame_has(m, " newer, g follows");
	fixture_keys(m, "g");
	assert_frame_lacks(m, "follows");
	m->focus = PANEL_MEMPOOL;
	for (int i = 0; i < 38; i++)
		fixture_keys(m, "j");
	assert_frame_has(m, " newer, g follows");
	fixture_keys(m, "s"); /* sorted otherwise, the newest row can stand anywhere */
	assert_frame_lacks(m, "follows");
	fixture_close(m);
	free(m);
}

static void a_stale_block_says_what_its_payments_depend_on(void **state)
{
	static const char *const texts[] = {"block 1041 is stale: it is not on the best chain\n",
					    "it has no payments",
					    "its payment counts only if the best chain has it",
					    "its 2 payments count only if the best chain has them"};
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "3jj");
	for (uint32_t n_tx = 0; n_tx < ARRAY_LEN(texts); n_tx++) {
		m->data.chain[2].n_tx = n_tx;
		assert_frame_has(m, texts[n_tx]);
	}
	fixture_close(m);
	free(m);
}

static void a_balance_is_shortened_before_it_is_cut(void **state)
{
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 120, 40, true);
	m->data.snap.balance.immature = INT64_C(20000006541);
	assert_frame_has(m, "148.50 spendable  200.00006541 immature ");
	m->data.snap.balance.spendable = INT64_C(14900006541);
	assert_frame_has(m, "149.00006541 +200.00006541 immature ");
	m->data.snap.balance.pending = INT64_C(500000000);
	assert_frame_has(m, "149.00006541 +200.00006541 imm. +5.00 unc.");
	m->data.n_history = 0;
	lists_update(m);
	assert_frame_has(m, "no payments yet: m starts mining;");
	assert_frame_has(m, "\u2502 :getnewaddress makes an address ");
	fixture_close(m);
	free(m);
}

static void the_networks_hash_rate_is_at_least_this_nodes(void **state)
{
	struct model *m = NEW(struct model);
	struct snapshot *s = &m->data.snap;

	(void)state;
	fixture_open(m, 120, 40, true);
	assert_frame_has(m, "network     ~6.3MH/s estimated");
	s->hash_rate = 27e6;
	assert_frame_has(m, "network     at least 27MH/s");
	s->mining = false; /* the hash rate is that of the past */
	assert_frame_has(m, "network     ~6.3MH/s estimated");
	s->mining = true;
	s->expected_hash_rate = 0;
	assert_frame_has(m, "network     unknown");
	fixture_close(m);
	free(m);
}

static void a_title_shows_the_sort_order(void **state)
{
	static const char *const peers[] = {"number ^", "number v", "height ^",  "height v",
					    "ping ^",   "ping v",   "traffic v", "traffic ^"};
	static const char *const mempool[] = {"age ^",      "age v",     "fee rate v",
					      "fee rate ^", "outputs v", "outputs ^"};
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "2");
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		assert_frame_has(m, peers[i]);
		fixture_keys(m, "s");
	}
	fixture_keys(m, "4");
	for (size_t i = 0; i < ARRAY_LEN(mempool); i++) {
		assert_frame_has(m, mempool[i]);
		fixture_keys(m, "s");
	}
	fixture_close(m);
	free(m);
}

static void news_take_one_line_of_a_small_screen(void **state)
{
	static const char text[] = "joined chain physics-101, offered by 127.0.0.1:9002";
	struct model *m = NEW(struct model);

	(void)state;
	fixture_open(m, 39, 6, true);
	model_flash_news(m, FLASH_GOOD, text);
	assert_frame_has(m, "\n joined chain physics-101, offered by \u2026");
	assert_frame_has(m, "12:51");
	model_flash(m, FLASH_BAD, text); /* the answer to a command is shown whole */
	assert_frame_has(m, "\n 127.0.0.1:9002");
	model_resize(m, 39, 10);
	model_flash_news(m, FLASH_GOOD, text);
	assert_frame_has(m, "\n 127.0.0.1:9002");
	fixture_close(m);
	free(m);
}

/* A notice covers it for a while; then it is visible again. */
static void what_is_running_is_told_until_it_is_answered(void **state)
{
	static const int sizes[][2] = {{80, 24}, {60, 15}, {39, 6}, {19, 2}};
	struct model *m = NEW(struct model);
	char *frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		fixture_open(m, sizes[i][0], sizes[i][1], true);
		snprintf(m->running, sizeof(m->running), "running: mine");
		assert_frame_has(m, "running: mine");
		model_flash(m, FLASH_BAD, "no match");
		frame = fixture_frame(m);
		assert_non_null(strstr(frame, "no match"));
		assert_null(strstr(frame, "running"));
		free(frame);
		m->live.now_us += FLASH_US;
		assert_frame_has(m, "running: mine");
		fixture_close(m);
	}
	free(m);
}

static void a_frozen_view_counts_new_messages(void **state)
{
	struct model *m = NEW(struct model);
	char *before, *after;

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "5 ");
	before = fixture_frame(m);
	assert_non_null(strstr(before, "FROZEN +0"));
	for (int k = 0; k < 12; k++)
		fixture_new_message(m);
	after = fixture_frame(m);
	assert_non_null(strstr(after, "FROZEN +12"));
	assert_string_equal(strchr(strchr(before, '\n') + 1, '\n'),
			    strchr(strchr(after, '\n') + 1, '\n'));
	free(before);
	free(after);
	fixture_close(m);
	free(m);
}

/* A block can be recognised by its colour, also in the selected row. */
static void a_selected_row_keeps_the_colour_of_its_hash(void **state)
{
	struct model *m = NEW(struct model);
	struct canvas c;
	unsigned kept = 0;

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_keys(m, "3");
	canvas_init(&c, 80, 24, true);
	screen_draw(&c, m);
	for (int x = 0; x < 80; x++)
		if (canvas_at(&c, x, 3)->ch != ' ' &&
		    (canvas_at(&c, x, 3)->style & STYLE_ROLE) >= ROLE_HASH) {
			assert_int_equal(canvas_at(&c, x, 3)->style & STYLE_ROLE,
					 theme_hash(&m->data.chain[0].hash.h) & STYLE_ROLE);
			assert_true(canvas_at(&c, x, 3)->style & STYLE_REVERSE);
			kept++;
		}
	assert_int_equal(kept, HASH_SHORT_CHARS);
	canvas_clear(&c);
	fixture_close(m);
	free(m);
}

static void the_list_begins_at_the_tip_while_headers_run_ahead(void **state)
{
	struct snapshot s = {.tip.height = 100, .headers_height = 100};

	(void)state;
	assert_int_equal(chain_view_top(&s), 100);
	s.headers_height = 106; /* a branch, or blocks that are being downloaded */
	assert_int_equal(chain_view_top(&s), 106);
	s.headers_height = 107;
	assert_int_equal(chain_view_top(&s), 100);
	s.headers_height = 99;
	assert_int_equal(chain_view_top(&s), 100);
}

static void help_names_every_key(void **state)
{
	char *help = help_text(), keys[HELP_KEY_BYTES], does[HELP_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < n_key_rows; i++) {
		help_key(&key_rows[i], keys, does);
		assert_non_null(strstr(help, keys));
		assert_non_null(strstr(help, does));
		for (size_t k = 0; k < KEYS_PER_ROW && key_rows[i].keys[k]; k++)
			assert_ptr_equal(key_find(key_rows[i].keys[k]), &key_rows[i]);
	}
	free(help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens_match_their_golden_files),
		cmocka_unit_test(every_size_is_drawn_within_its_bounds),
		cmocka_unit_test(a_selection_stays_with_its_row),
		cmocka_unit_test(newer_rows_that_are_not_visible_are_counted),
		cmocka_unit_test(newer_payments_are_counted_too),
		cmocka_unit_test(a_stale_block_says_what_its_payments_depend_on),
		cmocka_unit_test(a_balance_is_shortened_before_it_is_cut),
		cmocka_unit_test(the_networks_hash_rate_is_at_least_this_nodes),
		cmocka_unit_test(a_title_shows_the_sort_order),
		cmocka_unit_test(news_take_one_line_of_a_small_screen),
		cmocka_unit_test(what_is_running_is_told_until_it_is_answered),
		cmocka_unit_test(a_frozen_view_counts_new_messages),
		cmocka_unit_test(a_selected_row_keeps_the_colour_of_its_hash),
		cmocka_unit_test(the_list_begins_at_the_tip_while_headers_run_ahead),
		cmocka_unit_test(help_names_every_key),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return crypto_start(NULL) ? cmocka_run_group_tests_name("screens", tests, NULL, NULL) : 1;
}
