/* Lists: mouse, filters and searches. */
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

#include "tui/model/filter_priv.h"
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/search_priv.h"
#include "tui/mouse_priv.h"

#include "tui_fixture.h"

/* --- the mouse ----------------------------------------------------------------------- */

/* The filter is for the panel that was focused when the prompt was opened. */
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

static void a_filter_matches_words_fields_and_numbers(void **state)
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

/* Words of the row match, and hashes and addresses as it shows them. */
static void a_filter_matches_the_text_shown_in_a_row(void **state)
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
	snprintf(filter, sizeof(filter), "hash=%s", hex + 6); /* digits from the middle of a hash */
	assert_passes(m, filter, 0);
	assert_passes(m, "hash=", 0);
	assert_passes(m, "hash=..", 0);
	/* The state is not shortened in rows, so its beginning does not match. */
	assert_passes(m, "state=b", 0);
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

/* A number finds a height. Text that a row does not show is not found. */
static void a_search_finds_shown_text_and_blocks_by_height(void **state)
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
	fixture_keys(m, hex); /* the full hash, although rows show it shortened */
	fixture_keys(m, "<Enter>");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 5);
	hex[30] = '\0'; /* digits from the middle, which rows don't show */
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
	fixture_keys(m, "2/dir=in<Enter>"); /* a field for filters, which rows don't show */
	assert_string_equal(m->flash, "no match");
	fixture_keys(m, "2/9ms 123<Enter>");
	assert_int_equal(m->lists[PANEL_PEERS].at, 2);
	fixture_keys(m, "6/unconfirmed<Enter>");
	assert_string_equal(strstr(m->flash, "match"), "match 1 of 1");
	fixture_close(m);
	free(m);
}

static void a_search_continues_when_more_blocks_are_read(void **state)
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
	fixture_keys(m, "/1000<Enter>"); /* the read does not bring it */
	model_search_continue(m);
	assert_string_equal(m->flash, "block 1000 is not in the list: ':getblock 1000' shows it");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 11);
	fixture_keys(m, "k/1032<Enter>");
	assert_int_equal(m->lists[PANEL_CHAIN].at, 11);
	fixture_close(m);
	free(m);
}

/* A number up to the tip is a height and does not match digits of a hash. A greater number does. */
static void a_height_outside_the_list_matches_no_other_block(void **state)
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
	fixture_keys(m, "g/099<Enter>"); /* a height has no leading zero */
	assert_string_equal(m->flash, "no match");
	fixture_close(m);
	free(m);
}

/* While the newest row is selected, all matches are above it. */
static void a_search_from_the_newest_row_goes_upward(void **state)
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
	fixture_keys(m, "g/getdata<Enter>n"); /* does not begin at the newest row */
	assert_int_equal(l->at, 6);
	fixture_keys(m, "Gn");
	assert_int_equal(l->at, 26);
	fixture_close(m);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_click_does_not_move_a_filter_to_another_panel),
		cmocka_unit_test(a_filter_matches_words_fields_and_numbers),
		cmocka_unit_test(a_filter_matches_the_text_shown_in_a_row),
		cmocka_unit_test(a_search_finds_shown_text_and_blocks_by_height),
		cmocka_unit_test(a_search_continues_when_more_blocks_are_read),
		cmocka_unit_test(a_height_outside_the_list_matches_no_other_block),
		cmocka_unit_test(a_search_from_the_newest_row_goes_upward),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
