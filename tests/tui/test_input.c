/* The prompt, pasted text, and the table of keys. */
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
#include <tally/base/text.h>

#include "tui/term/key_table_priv.h"
#include "tui/term/paste_priv.h"
#include "tui/views/help_page_priv.h"

#include "tui_fixture.h"

/* --- prompt ---------------------------------------------------------------------- */

static void type(struct prompt *p, const char *text)
{
	while (*text)
		assert_int_equal(prompt_key(p, (int32_t)utf8_next(&text)), PROMPT_GOES_ON);
}

static void editing_never_splits_a_character(void **state)
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

static void history_recalls_commands_and_keeps_the_new_line(void **state)
{
	static const char *const commands[] = {"mine", "mine", "peers"};
	struct prompt p;

	(void)state;
	prompt_init(&p, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		prompt_open(&p, PROMPT_COMMAND, commands[i]);
		assert_int_equal(prompt_key(&p, KEYS_ENTER), PROMPT_DONE);
	}
	prompt_open(&p, PROMPT_SEARCH, "secret");
	prompt_key(&p, KEYS_ENTER);
	prompt_open(&p, PROMPT_COMMAND, "dra");
	prompt_key(&p, KEYS_UP);
	assert_string_equal(p.text, "peers");
	prompt_key(&p, KEYS_UP);
	assert_string_equal(p.text, "mine");
	/* "mine" was given twice but is kept once; the search is not kept. */
	prompt_key(&p, KEYS_UP);
	assert_string_equal(p.text, "mine");
	prompt_key(&p, KEYS_DOWN);
	prompt_key(&p, KEYS_DOWN);
	assert_string_equal(p.text, "dra");
	prompt_clear(&p);
}

static void tab_inserts_the_common_part_then_each_completion(void **state)
{
	struct model *m = NEW(struct model);
	struct prompt *p = &m->prompt;

	(void)state;
	fixture_open(m, 80, 24, true);
	fixture_completes(m);
	fixture_keys(m, ":s<Tab>");
	assert_string_equal(p->text, "se");
	fixture_keys(m, "tb<Tab>"); /* the only completion, followed by a blank */
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

static void a_question_accepts_only_yes_or_no(void **state)
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

static void a_failed_command_can_be_corrected_or_replaced(void **state)
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

/* The cost of the payment and the answers are visible on small screens. On the smallest, at least
 * the answers are. */
static void a_question_takes_as_many_lines_as_it_needs(void **state)
{
	static const int sizes[][2] = {{120, 40}, {60, 15}, {40, 10}, {39, 6}, {20, 7}};
	static const char *const seen[] = {"send 3 ", "fee", "0.00000211,", "y/N"};
	struct model *m = NEW(struct model);
	char *frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		fixture_open(m, sizes[i][0], sizes[i][1], true);
		fixture_question(m);
		frame = fixture_frame(m);
		for (size_t k = 0; k < ARRAY_LEN(seen); k++)
			assert_non_null(strstr(frame, seen[k]));
		free(frame);
		fixture_close(m);
	}
	for (int cols = 3; cols < 100; cols++)
		for (int rows = 1; rows < 12; rows++) {
			fixture_open(m, cols, rows, true);
			fixture_question(m);
			frame = fixture_frame(m);
			assert_non_null(strstr(frame, "y/N"));
			assert_true(m->cursor_x >= 0 && m->cursor_x < cols);
			free(frame);
			fixture_close(m);
		}
	free(m);
}

/* --- pasted text ---------------------------------------------------------------- */

static const char *pasted(struct paste *p, const char *text)
{
	paste_begin(p, 0);
	while (*text)
		assert_true(paste_add_key(p, (int32_t)utf8_next(&text), 1));
	return paste_end(p);
}

static void pasted_text_is_sanitised_and_bounded(void **state)
{
	struct paste *p = NEW(struct paste);
	char *much = mem_zalloc(PASTE_BYTES + 100);

	(void)state;
	assert_false(paste_add_key(p, 'x', 1)); /* a typed key */
	assert_string_equal(pasted(p, "send m\xc3\xbcsli 5\r"), "send m\xc3\xbcsli 5\n");
	assert_false(paste_add_key(p, 'x', 1));
	assert_string_equal(pasted(p, "a\tb\x03"
				      "c\033d"),
			    "a b c d");
	memset(much, 'x', PASTE_BYTES + 99);
	assert_int_equal(strlen(pasted(p, much)), PASTE_BYTES);
	/* The end mark is lost. */
	paste_begin(p, 0);
	assert_true(paste_add_key(p, 'a', 9000000));
	assert_true(paste_add_key(p, 'b', 18000000));
	assert_false(paste_add_key(p, 'q', 29000000));
	assert_false(paste_add_key(p, 'q', 29000001));
	free(much);
	free(p);
}

static void the_first_pasted_line_is_inserted_at_the_cursor(void **state)
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

static void each_key_has_one_row(void **state)
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

/* `make golden` writes the lines of the manual between these two. */
static void the_manual_lists_the_table_of_keys(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(editing_never_splits_a_character),
		cmocka_unit_test(history_recalls_commands_and_keeps_the_new_line),
		cmocka_unit_test(tab_inserts_the_common_part_then_each_completion),
		cmocka_unit_test(a_question_accepts_only_yes_or_no),
		cmocka_unit_test(a_failed_command_can_be_corrected_or_replaced),
		cmocka_unit_test(a_question_takes_as_many_lines_as_it_needs),
		cmocka_unit_test(pasted_text_is_sanitised_and_bounded),
		cmocka_unit_test(the_first_pasted_line_is_inserted_at_the_cursor),
		cmocka_unit_test(each_key_has_one_row),
		cmocka_unit_test(the_manual_lists_the_table_of_keys),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
