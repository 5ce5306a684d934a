/* Values of settings: which source wins, and which values are rejected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <tally/base/mem.h>
#include <tally/config/config.h>

/* A home in a fresh directory, with node 4000's data directory. */
struct home {
	char dir[128], node[160], conf[192], node_conf[224];
};

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_home(void **state)
{
	struct home *h = NEW(struct home);
	const char *tmp = getenv("TMPDIR");

	snprintf(h->dir, sizeof(h->dir), "%s/tally-config-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(h->dir));
	snprintf(h->node, sizeof(h->node), "%s/4000", h->dir);
	mkdir(h->node, 0700);
	snprintf(h->conf, sizeof(h->conf), "%s/tally.conf", h->dir);
	snprintf(h->node_conf, sizeof(h->node_conf), "%s/tally.conf", h->node);
	setenv("TALLY_HOME", h->dir, 1);
	setenv("NODE_ID", "4000", 1);
	*state = h;
	return 0;
}

static int remove_home(void **state)
{
	struct home *h = *state;

	unlink(h->conf);
	unlink(h->node_conf);
	rmdir(h->node);
	rmdir(h->dir);
	free(h);
	return 0;
}

/* line: settings of the command line, as pairs of name and value that end with NULL. */
static bool finish(struct config *c, const char *const *line, struct err *e)
{
	uint64_t given = 0;

	config_init(c);
	for (; line && line[0]; line += 2) {
		const struct setting *s = config_find(line[0]);

		assert_non_null(s);
		if (!config_set(c, s, line[1], e))
			return false;
		given |= config_bit(s);
	}
	return config_finish(c, given, e);
}

static void must_finish(struct config *c, const char *const *line)
{
	struct err e = {0};

	if (!finish(c, line, &e))
		fail_msg("%s: %s", e.token, e.detail);
}

static void the_command_line_overrides_the_environment_and_the_files(void **state)
{
	const struct home *h = *state;
	struct config c;

	must_finish(&c, NULL);
	assert_int_equal(c.node_id, 4000);
	assert_string_equal(c.dir, h->node);
	assert_int_equal(c.threads, 1);
	assert_int_equal(c.port, 4000);
	assert_int_equal(c.control_port, 14000);

	write_text(h->conf, "threads = 2\ndbcache=20\nmaxmempool=7\n");
	write_text(h->node_conf, "# of this node\n\n  threads=3\ndbcache=30\n");
	must_finish(&c, NULL);
	assert_int_equal(c.threads,
			 3); /* the file of the data directory overrides that of the home */
	assert_int_equal(c.dbcache_mb, 30);
	assert_int_equal(c.maxmempool_mb, 7);

	must_finish(&c, (const char *const[]){"threads", "4", "node-id", "4001", NULL});
	assert_int_equal(c.node_id, 4001); /* overrides the environment */
	assert_int_equal(c.threads, 4);
	assert_int_equal(c.dbcache_mb, 20); /* node 4001 has no file of its own */

	must_finish(&c, (const char *const[]){"home", "/nonexistent", NULL});
	assert_string_equal(c.dir, "/nonexistent/4000");
	assert_int_equal(c.threads, 1);
}

static void a_list_comes_from_one_source(void **state)
{
	const struct home *h = *state;
	struct config c;

	write_text(h->conf, "connect=10.0.0.1:1\n");
	write_text(h->node_conf, "connect=10.0.0.2:1\nconnect=10.0.0.3:1\n");
	must_finish(&c, NULL);
	assert_int_equal(c.n_connect, 2);
	assert_string_equal(c.connect[0], "10.0.0.2:1");
	assert_string_equal(c.connect[1], "10.0.0.3:1");
	must_finish(&c, (const char *const[]){"connect", "10.0.0.4:1", NULL});
	assert_int_equal(c.n_connect, 1);
	assert_string_equal(c.connect[0], "10.0.0.4:1");
}

static void an_error_in_a_file_has_its_path_and_line(void **state)
{
	static const struct {
		const char *text, *token;
		unsigned line;
	} bad[] = {
		{"threads=2\nnonsense=1\n", "bad-conf", 2},
		{"threads\n", "bad-conf", 1},
		{"mocktime=5\n", "bad-conf", 1}, /* only an option */
		{"\n\nthreads=many\n", "bad-setting", 3},
		{"threads=65\n", "bad-setting", 1},
		{"threads=0\n", "bad-setting", 1},
		{"listen=maybe\n", "bad-setting", 1},
		{"chain=abc\n", "bad-setting", 1},
		{"sync=quickly\n", "bad-setting", 1},
		{"miner=\n", "bad-setting", 1},
	};
	const struct home *h = *state;
	struct config c;
	char where[256];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};

		write_text(h->node_conf, bad[i].text);
		assert_false(finish(&c, NULL, &e));
		assert_string_equal(e.token, bad[i].token);
		snprintf(where, sizeof(where), "%s line %u: ", h->node_conf, bad[i].line);
		assert_int_equal(strncmp(e.detail, where, strlen(where)), 0);
	}
}

static void an_error_in_the_environment_has_the_name_of_the_variable(void **state)
{
	struct config c;
	struct err e = {0};

	(void)state;
	setenv("NODE_ID", "0", 1);
	assert_false(finish(&c, NULL, &e));
	assert_int_equal(strncmp(e.detail, "environment variable NODE_ID: ", 30), 0);
	setenv("NODE_ID", "55536", 1);
	assert_false(finish(&c, NULL, &e));
	setenv("NODE_ID", "55535", 1);
	must_finish(&c, NULL);
	assert_int_equal(c.control_port, 65535);
}

static void equal_ports_are_rejected(void **state)
{
	struct config c;
	struct err e = {0};

	(void)state;
	assert_false(finish(&c, (const char *const[]){"port", "14000", NULL}, &e));
	assert_string_equal(e.token, "bad-port");
	must_finish(&c, (const char *const[]){"port", "14000", "control-port", "14001", NULL});
	assert_int_equal(c.port, 14000);
}

static void a_flag_has_eight_spellings(void **state)
{
	static const char *const words[] = {"1", "0", "true", "false", "yes", "no", "on", "off"};
	struct config c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		must_finish(&c, (const char *const[]){"listen", words[i], NULL});
		assert_int_equal(c.listen, i % 2 == 0);
	}
}

static void text_that_is_too_long_and_lists_that_are_too_long_are_rejected(void **state)
{
	const struct setting *home = config_find("home"), *connect = config_find("connect");
	char text[CONFIG_PATH_MAX + 1];
	struct config c;
	struct err e = {0};

	(void)state;
	config_init(&c);
	memset(text, 'a', sizeof(text));
	text[CONFIG_PATH_MAX] = '\0';
	assert_false(config_set(&c, home, text, &e));
	text[CONFIG_PATH_MAX - 1] = '\0';
	assert_true(config_set(&c, home, text, &e));
	for (unsigned i = 0; i < CONFIG_PEERS_MAX; i++)
		assert_true(config_set(&c, connect, "a:1", &e));
	assert_false(config_set(&c, connect, "a:1", &e));
	assert_int_equal(c.n_connect, CONFIG_PEERS_MAX);
}

struct value {
	const char *setting, *text;
};

static void text_settings_are_checked(void **state)
{
	static const char hash[] =
		"00000000000000000000000000000000000000000000000000000000000000aA";
	const struct value good[] = {
		{"bind", "127.0.0.1"},
		{"bind", "::1"},
		{"connect", "0"},
		{"connect", "localhost"},
		{"connect", "1.2.3.4"},
		{"connect", "[2001:db8::7]:3000"},
		{"connect", "::1"},
		{"addnode", "no-such.host.invalid:65535"}, /* names are not looked up */
		{"chain", hash},
		{"sync", "classic"},
		{"miner", "two words"},
		{"miner", "@two words"},
		{"miner", "é"},
		{"dump-screen", "1x1"},
		{"dump-screen", "1000x1000"}};
	const struct value bad[] = {{"bind", "localhost:1"},   {"bind", "name"},
				    {"connect", "a b"},        {"connect", "1.2.3"},
				    {"connect", "[::1"},       {"connect", "a:0"},
				    {"addnode", "a:65536"},    {"addnode", ":1"},
				    {"chain", hash + 1},       {"chain", "g"},
				    {"sync", "Classic"},       {"miner", "@"},
				    {"miner", " a"},           {"miner", "tly1"},
				    {"miner", "\xff"},         {"join", "tally1"},
				    {"dump-screen", "0x1"},    {"dump-screen", "1001x1"},
				    {"dump-screen", "80x24x"}, {"dump-screen", "80"}};
	char prefix[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct config c;
		struct err e = {0};

		config_init(&c);
		if (!config_set(&c, config_find(good[i].setting), good[i].text, &e))
			fail_msg("%s: %s", good[i].setting, e.detail);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct config c;
		struct err e = {0};

		config_init(&c);
		if (config_set(&c, config_find(bad[i].setting), bad[i].text, &e))
			fail_msg("%s: '%s' was accepted", bad[i].setting, bad[i].text);
		assert_int_equal(e.cls, ERR_USAGE);
		snprintf(prefix, sizeof(prefix), "%s: ", bad[i].setting);
		assert_int_equal(strncmp(e.detail, prefix, strlen(prefix)), 0);
	}
}

static void a_conf_that_is_a_directory_is_rejected(void **state)
{
	struct home *h = *state;
	struct config c;
	struct err e = {0};

	assert_int_equal(mkdir(h->node_conf, 0700), 0);
	assert_false(finish(&c, NULL, &e));
	assert_string_equal(e.token, "conf-read");
	assert_int_equal(rmdir(h->node_conf), 0);
}

int main(void)
{
#define IN_HOME(f) cmocka_unit_test_setup_teardown(f, make_home, remove_home)
	const struct CMUnitTest tests[] = {
		IN_HOME(the_command_line_overrides_the_environment_and_the_files),
		IN_HOME(a_list_comes_from_one_source),
		IN_HOME(an_error_in_a_file_has_its_path_and_line),
		IN_HOME(an_error_in_the_environment_has_the_name_of_the_variable),
		IN_HOME(equal_ports_are_rejected),
		IN_HOME(a_flag_has_eight_spellings),
		IN_HOME(text_that_is_too_long_and_lists_that_are_too_long_are_rejected),
		IN_HOME(text_settings_are_checked),
		IN_HOME(a_conf_that_is_a_directory_is_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
