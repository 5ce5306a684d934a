/* The table of settings, and the parts of the manual pages that are made from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/config/config.h>

#define PAGE_BYTES (1 << 17)

static void every_row_is_complete(void **state)
{
	(void)state;
	for (const struct setting *s = config_settings; s->name; s++) {
		if (!s->value_name || !s->help || !s->places || s->size == 0)
			fail_msg("%s: the row is not complete", s->name);
		if (s->kind == SETTING_NUMBER && s->min >= s->max)
			fail_msg("%s: a number needs bounds", s->name);
		if (s->kind == SETTING_LIST && s->count_offset == 0)
			fail_msg("%s: a list needs a count", s->name);
		assert_ptr_equal(config_find(s->name), s);
	}
	assert_null(config_find("nonsense"));
}

static void defaults_are_valid_values(void **state)
{
	struct config c;

	(void)state;
	config_init(&c);
	assert_int_equal(c.node_id, NODE_ID_DEFAULT);
	assert_int_equal(c.threads, 1);
	assert_int_equal(c.inbound_max, 125);
	assert_true(c.listen);
	assert_string_equal(c.sync, "headers");
	for (const struct setting *s = config_settings; s->name; s++) {
		struct err e = {0};

		if (s->default_value && !config_set(&c, s, s->default_value, &e))
			fail_msg("%s: %s", s->name, e.detail);
	}
}

static void a_setting_has_a_bit_of_its_own(void **state)
{
	uint64_t bits = 0;

	(void)state;
	for (const struct setting *s = config_settings; s->name; s++) {
		assert_int_equal(bits & config_bit(s), 0);
		bits |= config_bit(s);
	}
}

/* --- manual pages --------------------------------------------------------------------- */

static char *read_page(const char *name, char **path)
{
	const char *src = getenv("TALLY_SRC");
	char *text = mem_zalloc(PAGE_BYTES);
	FILE *f;

	*path = mem_printf("%s/man/%s", src ? src : ".", name);
	f = fopen(*path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, PAGE_BYTES - 1, f) > 0);
	fclose(f);
	return text;
}

/* The description of a setting: a sentence with bounds and default, then its further sentences. */
static void append_description(char *page, const struct setting *s)
{
	const char *shown = s->default_help ? s->default_help : s->default_value;
	const bool number = s->kind == SETTING_NUMBER;

	text_append(page, PAGE_BYTES, "%c%s", toupper((unsigned char)s->help[0]), s->help + 1);
	if (number || shown)
		text_append(page, PAGE_BYTES, " (");
	if (number)
		text_append(page, PAGE_BYTES, "%llu to %llu%s", (unsigned long long)s->min,
			    (unsigned long long)s->max, shown ? "; " : "");
	if (shown)
		text_append(page, PAGE_BYTES, "default: %s", shown);
	text_append(page, PAGE_BYTES, "%s.\n", number || shown ? ")" : "");
	if (s->more)
		text_append(page, PAGE_BYTES, "%s\n", s->more);
}

static char *settings_of_the_file(void)
{
	char *text = mem_zalloc(PAGE_BYTES);

	text_append(text, PAGE_BYTES, ".Bl -tag -width Ds\n");
	for (const struct setting *s = config_settings; s->name; s++) {
		if (!(s->places & SETTING_FILE))
			continue;
		text_append(text, PAGE_BYTES, ".It Cm %s Ns = Ns Ar %s\n", s->name, s->value_name);
		append_description(text, s);
	}
	text_append(text, PAGE_BYTES, ".El\n");
	return text;
}

static char *options_in(unsigned place)
{
	char *text = mem_zalloc(PAGE_BYTES);

	text_append(text, PAGE_BYTES, ".Bl -tag -width Ds -compact\n");
	for (const struct setting *s = config_settings; s->name; s++) {
		if (!(s->places & place))
			continue;
		text_append(text, PAGE_BYTES, ".It Fl %s Ar %s\n", s->name, s->value_name);
		append_description(text, s);
	}
	text_append(text, PAGE_BYTES, ".El\n");
	return text;
}

/* Compares the part of a page between its two marks with the text, or replaces it if TALLY_GOLDEN is
 * set. */
static void check_part(const char *name, const char *part, char *take_text)
{
	char *begin = mem_printf(".\\\" %s: by make golden\n", part);
	char *end = mem_printf(".\\\" end of %s\n", part), *path;
	char *page = read_page(name, &path), *from = strstr(page, begin), *to;

	if (!from)
		fail_msg("%s: there is no line '%s'", name, begin);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	if (getenv("TALLY_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fprintf(f, "%.*s%s%s", (int)(from - page), page, take_text, to);
		fclose(f);
	} else if ((size_t)(to - from) != strlen(take_text) ||
		   strncmp(from, take_text, strlen(take_text)) != 0) {
		fail_msg("%s differs from the table of settings: run make golden", path);
	}
	free(begin);
	free(end);
	free(path);
	free(page);
	free(take_text);
}

static void the_manual_lists_the_settings(void **state)
{
	(void)state;
	check_part("tally.conf.5", "settings", settings_of_the_file());
}

static void the_manual_lists_the_options(void **state)
{
	(void)state;
	check_part("tally.1", "options of startnode", options_in(SETTING_STARTNODE));
	check_part("tally.1", "options of every command", options_in(SETTING_ANY_COMMAND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(defaults_are_valid_values),
		cmocka_unit_test(a_setting_has_a_bit_of_its_own),
		cmocka_unit_test(the_manual_lists_the_settings),
		cmocka_unit_test(the_manual_lists_the_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
