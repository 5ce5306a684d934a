/* Pages over the panels, random input, advice without a chain, pages about rows. */
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
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/model/search_priv.h"
#include "tui/model/state_priv.h"
#include "tui/views/views_priv.h"

#include "tui_fixture.h"

/* --- pages ------------------------------------------------------------------------- */

static void a_page_can_be_searched_but_refuses_commands(void **state)
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
	/* Help can be opened from a page. A match at its end is scrolled to. */
	fixture_keys(m, "?");
	assert_int_equal(m->over.kind, OVERLAY_HELP);
	fixture_keys(m, "/send! alice<Enter>");
	frame = fixture_frame(m); /* the first frame with this page breaks its text into lines */
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

static void leaving_help_shows_the_page_below(void **state)
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
	fixture_keys(m, "?3"); /* closes both pages */
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	fixture_keys(m, "?q");
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	fixture_close(m);
	free(m);
}

static void leaving_a_page_shows_the_one_below(void **state)
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
	/* Of too many pages, the newest ones are kept. */
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
	fixture_keys(m, "3"); /* closes all pages */
	assert_int_equal(m->over.kind, OVERLAY_NONE);
	assert_int_equal(m->n_below, 0);
	fixture_close(m);
	free(m);
}

static void a_renewed_page_keeps_its_position_and_match(void **state)
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

/* A search elsewhere does not change the match on the page. A search for nothing removes it. */
static void a_renewed_page_keeps_its_own_search(void **state)
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
	alarm(5); /* ends the test if it loops */
	overlay_renew(m, "a tx");
	fixture_keys(m, "/tx<Enter>?/<Enter>?");
	overlay_renew(m, "one\ntx");
	alarm(0);
	assert_string_equal(m->over.text + m->over.match, "tx");
	fixture_close(m);
	free(m);
}

static void a_notice_must_fit_the_screen(void **state)
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

/* --- random input ------------------------------------------------------------- */

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

static void random_input(struct model *m, const struct rng *r)
{
	const char key[] = {any_key[rng_below(r, sizeof(any_key) - 1)], '\0'};

	fixture_keys(m, rng_below(r, 2) ? key : any_line[rng_below(r, ARRAY_LEN(any_line))]);
}

/* One of the things that keys can't cause without a node: a page is opened or renewed, the data
 * change, or the terminal is resized. */
static void random_event(struct model *m, const struct rng *r)
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

static void random_keys_never_hang_it(void **state)
{
	struct model *m = NEW(struct model);
	struct rng_seeded r;

	(void)state;
	rng_seeded_init(&r, 1);
	alarm(60); /* ends the test if it loops */
	for (int round = 0; round < 30; round++) {
		fixture_open(m, 80, 24, round % 2 == 0);
		for (int i = 0; i < 150; i++) {
			random_input(m, &r.rng);
			if (rng_below(&r.rng, 2))
				random_event(m, &r.rng);
		}
		fixture_close(m);
	}
	alarm(0);
	free(m);
}

/* --- a view with few members ---------------------------------------------------------- */

static void assert_shows(struct model *m, const char *text, bool shows)
{
	char *frame = fixture_frame(m);

	if ((strstr(frame, text) != NULL) != shows)
		fail_msg("'%s' is %s:\n%s", text, shows ? "missing" : "there", frame);
	free(frame);
}

static void bare_draw(const struct model *m, struct canvas *c, const struct rect *r)
{
	(void)m;
	canvas_text(c, r->x, r->y, 0, "a panel without rows");
}

/* As CONTRIBUTING.md says, such a view needs no other members. */
static void a_panel_without_rows_accepts_all_keys(void **state)
{
	static const struct view bare = {.name = "Bare", .help_word = "bare", .draw = bare_draw};
	struct model *m = NEW(struct model);
	const struct view *views[PANELS];

	(void)state;
	memcpy(views, views_all, sizeof(views));
	views[PANEL_LOG] = &bare;
	fixture_open(m, 80, 24, true);
	m->views = views;
	m->lists[PANEL_LOG].n = 0;
	lists_update(m);
	fixture_keys(m, "7jkgGnN/x<Enter><PgDn>s");
	assert_shows(m, "a panel without rows", true);
	assert_string_equal(m->flash, "cannot sort: the order of this panel is fixed");
	fixture_keys(m, "\\");
	assert_int_equal(m->prompt.kind, PROMPT_CLOSED);
	model_resize(m, 60, 15);
	assert_shows(m, "a panel without rows", true);
	fixture_close(m);
	free(m);
}

/* --- without a chain ---------------------------------------------------------------- */

static void open_without_chain(struct model *m, uint32_t offers)
{
	fixture_open(m, 200, 50, true);
	fixture_no_chain(m);
	m->data.snap.n_offers = m->live.n_offers = offers;
	m->data.snap.warning[0] = m->live.warning[0] = '\0';
	lists_update(m);
}

static void a_choice_is_offered_only_between_several_chains(void **state)
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

static void without_a_chain_no_advice_needs_one(void **state)
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

static void the_page_of_a_peer_says_what_is_unknown(void **state)
{
	struct model *m = NEW(struct model);
	char *text;

	(void)state;
	fixture_open(m, 80, 24, true);
	m->data.snap.peers[2].in_flight = 16;
	text = detail_of(m, &view_peers, 2);
	assert_non_null(strstr(text, "listens at   192.168.17.201:9010\n"));
	assert_null(strstr(text, "unknown"));
	assert_non_null(strstr(text, "\nin flight    16 blocks\n"));
	free(text);
	m->data.snap.peers[3].best = (struct block_hash){0};
	text = detail_of(m, &view_peers, 3);
	assert_non_null(strstr(text, "listens at   unknown\n"));
	assert_non_null(strstr(text, "best block   1042\n             unknown"));
	free(text);
	fixture_close(m);
	free(m);
}

static void the_page_of_a_log_line_shows_time_and_level(void **state)
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
		cmocka_unit_test(a_page_can_be_searched_but_refuses_commands),
		cmocka_unit_test(leaving_help_shows_the_page_below),
		cmocka_unit_test(leaving_a_page_shows_the_one_below),
		cmocka_unit_test(a_renewed_page_keeps_its_position_and_match),
		cmocka_unit_test(a_renewed_page_keeps_its_own_search),
		cmocka_unit_test(a_notice_must_fit_the_screen),
		cmocka_unit_test(random_keys_never_hang_it),
		cmocka_unit_test(a_panel_without_rows_accepts_all_keys),
		cmocka_unit_test(a_choice_is_offered_only_between_several_chains),
		cmocka_unit_test(without_a_chain_no_advice_needs_one),
		cmocka_unit_test(the_page_of_a_peer_says_what_is_unknown),
		cmocka_unit_test(the_page_of_a_log_line_shows_time_and_level),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
