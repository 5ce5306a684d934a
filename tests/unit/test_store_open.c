/* Opening refuses a damaged, foreign or newer database or a full disk with the reason, and never
 * treats it as empty. */
#include "store_dir.h"

#include "store/store_priv.h"

static void make_database(const struct fixture *f)
{
	struct store *s = must_open(f);
	uint8_t *block = mem_zalloc(20000);
	struct err e = {0};

	for (uint32_t i = 0; i < 200; i++) {
		struct outpoint o = {.index = i};
		struct coin c = {.value = i, .height = i};
		uint8_t header[HEADER_BYTES] = {0};

		for (size_t k = 0; k < HASH_BYTES; k++)
			o.txid.h.b[k] = (uint8_t)(i * 37);
		assert_ok(store_put_header(s, i, 0, header, 1, &e), e);
		assert_ok(store_put_block(s, i, 0, (struct span){block, 20000}, &e), e);
		assert_ok(store_put_coin(s, &o, &c, &e), e);
	}
	assert_ok(store_put_meta(s, "tip", "x", 1, &e), e);
	assert_ok(store_commit(s, true, &e), e);
	free(block);
	store_close(s);
}

static void path_of(char out[400], const struct fixture *f, const char *name)
{
	snprintf(out, 400, "%s/%s", f->chain, name);
}

/* Overwrites `n` bytes at `at` with garbage. */
static void spoil(const struct fixture *f, const char *name, off_t at, size_t n)
{
	uint8_t *junk = mem_alloc(n);
	char path[400];
	int fd;

	memset(junk, 0x5a, n);
	path_of(path, f, name);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, n, at), (ssize_t)n);
	close(fd);
	free(junk);
}

static void assert_damaged(const struct fixture *f, const char *table)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_err(store_open(&s, &f->o, &e), e, ERR_CORRUPT, "db-damaged");
	assert_non_null(strstr(e.detail, "reindex"));
	assert_non_null(strstr(e.detail, f->chain));
	if (strstr(e.detail, table) == NULL)
		fail_msg("%s is not named in: %s", table, e.detail);
}

static const char *const files[] = {"headers.db", "blocks.db", "undo.db",  "coins.db",
				    "meta.db",    "addrs.db",  "schema.db"};

static void a_missing_table_is_damage_and_not_an_empty_table(void **state)
{
	struct fixture *f = *state;
	char path[400], aside[420];
	struct store *s;

	make_database(f);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path_of(path, f, files[i]);
		snprintf(aside, sizeof aside, "%s-", path);
		assert_int_equal(rename(path, aside), 0);
		assert_damaged(f, files[i]);
		assert_damaged(f, files[i]); /* no new file was made */
		assert_int_equal(rename(aside, path), 0);
	}
	s = must_open(f);
	store_close(s);
}

static void all_tables_missing_is_damage_too(void **state)
{
	struct fixture *f = *state;
	char path[400];

	make_database(f);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path_of(path, f, files[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_damaged(f, "headers.db"); /* the first missing one */
}

static void a_truncated_table_is_damage(void **state)
{
	static const off_t left[] = {0, 20, 4096, ENV_PAGE_BYTES, ENV_PAGE_BYTES + 1};
	struct fixture *f = *state;
	char path[400];

	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		make_database(f);
		path_of(path, f, "blocks.db");
		assert_int_equal(truncate(path, left[i]), 0);
		assert_damaged(f, ""); /* a failed recovery can't name the table */
		fixture_empty(f);
	}
}

static void a_table_that_lost_one_byte_is_damage(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char path[400];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		make_database(f);
		path_of(path, f, files[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(truncate(path, st.st_size - 1), 0);
		assert_damaged(f, files[i]);
		fixture_empty(f);
	}
}

static void a_table_overwritten_from_its_start_is_damage(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		make_database(f);
		spoil(f, files[i], 0, 3 * 4096);
		assert_damaged(f, files[i]);
		fixture_empty(f);
	}
}

static bool skip_header(void *arg, uint32_t height, uint32_t seq,
			const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e)
{
	(void)arg, (void)height, (void)seq, (void)header, (void)status, (void)e;
	return true;
}

static void count_failure(void *arg)
{
	++*(int *)arg;
}

static void a_flipped_byte_is_found_when_it_is_read(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	struct err e = {0};
	int told = 0;

	make_database(f);
	spoil(f, "headers.db", 2 * ENV_PAGE_BYTES + 5000,
	      1); /* a leaf, which opening does not read */
	f->o.write_failed = count_failure;
	f->o.arg = &told;
	s = must_open(f);
	assert_err(store_each_header(s, skip_header, NULL, &e), e, ERR_CORRUPT, "db-damaged");
	assert_non_null(strstr(e.detail, "headers.db"));
	/* After that nothing is acknowledged. */
	assert_true(store_failed(s, NULL));
	assert_int_equal(told, 1);
	assert_err(store_put_meta(s, "tip", "y", 1, &e), e, ERR_CORRUPT, "db-damaged");
	assert_err(store_commit(s, true, &e), e, ERR_CORRUPT, "db-damaged");
	assert_int_equal(told, 1);
	store_close(s);
}

/* A system call that was refused before, for another database, is not the reason of the damage. */
static void damage_is_not_blamed_on_an_earlier_refused_call(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	struct err e = {0};
	DB *other;

	make_database(f);
	spoil(f, "headers.db", 2 * ENV_PAGE_BYTES + 5000, 1);
	s = must_open(f);
	assert_int_equal(db_create(&other, NULL, 0), 0);
	assert_int_not_equal(other->open(other, NULL, f->dir, NULL, DB_BTREE, 0, 0600), 0);
	other->close(other, 0);
	assert_err(store_each_header(s, skip_header, NULL, &e), e, ERR_CORRUPT, "db-damaged");
	store_close(s);
}

static void a_record_of_the_wrong_size_is_damage(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	struct store_coin coins[4];
	struct coin c;
	uint8_t key[OUTPOINT_BYTES] = {0}, header[HEADER_BYTES];
	struct outpoint o = {0};
	uint32_t status;
	struct err e = {0};
	size_t n;

	s = must_open(f);
	assert_ok(env_put(&s->env, STORE_COINS, (struct span){key, sizeof key},
			  (struct span){key, 31}, &e),
		  e);
	assert_ok(env_put(&s->env, STORE_HEADERS, (struct span){key, STORE_KEY_BYTES},
			  (struct span){key, 20}, &e),
		  e);
	assert_err(store_get_coin(s, &o, &c, &e), e, ERR_CORRUPT, "db-damaged");
	assert_err(store_scan_coins(s, NULL, true, coins, 4, &n, &e), e, ERR_CORRUPT, "db-damaged");
	assert_err(store_get_header(s, 0, 0, header, &status, &e), e, ERR_CORRUPT, "db-damaged");
	assert_err(store_each_header(s, skip_header, NULL, &e), e, ERR_CORRUPT, "db-damaged");
	store_close(s);
}

/* --- schema ------------------------------------------------------------------------- */

static bool rename_tip(struct env *env, struct err *e)
{
	return env_put(env, 0, text_span("tip2"), text_span("moved"), e) &&
	       env_del(env, 0, text_span("tip"), e);
}

static bool rename_and_fail(struct env *env, struct err *e)
{
	return rename_tip(env, e) && err_set(e, ERR_INTERNAL, "no-luck", "no luck");
}

static const struct env_migration no_migrations[] = {{.run = NULL}};
static const struct env_migration one_migration[] = {{.from = 1, .run = rename_tip}, {.run = NULL}};
static const struct env_migration failing[] = {
	{.from = 1, .run = rename_tip}, {.from = 2, .run = rename_and_fail}, {.run = NULL}};

static struct env_kind kind_of(uint32_t schema, const struct env_migration *migrations)
{
	return (struct env_kind){.name = "test",
				 .remedy = "run 'tally reindex'",
				 .schema = schema,
				 .n_tables = 1,
				 .tables = {"meta"},
				 .migrations = migrations};
}

static void make_kind(const struct fixture *f, const struct env_kind *kind)
{
	struct env env;
	struct err e = {0};

	assert_ok(env_open(&env, kind, &f->o, &e), e);
	assert_ok(env_put(&env, 0, text_span("tip"), text_span("x"), &e), e);
	assert_ok(env_commit(&env, true, &e), e);
	env_close(&env);
}

static bool has(struct env *env, const char *key)
{
	uint8_t room[16];
	size_t n = sizeof room;

	return env_get(env, 0, text_span(key), room, &n, NULL);
}

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct env_kind newer = kind_of(STORE_SCHEMA + 1, no_migrations);
	struct env env;
	struct err e = {0};

	make_kind(f, &newer);
	newer.schema--;
	assert_err(env_open(&env, &newer, &f->o, &e), e, ERR_CORRUPT, "db-newer");
	newer.schema++;
	assert_ok(env_open(&env, &newer, &f->o, &e), e); /* and unchanged */
	assert_true(has(&env, "tip"));
	env_close(&env);
}

static void the_store_refuses_a_newer_schema(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct env_kind newer = *s->env.kind;
	struct env env;
	struct err e = {0};

	store_close(s);
	fixture_empty(f);
	newer.schema = STORE_SCHEMA + 1;
	assert_ok(env_open(&env, &newer, &f->o, &e), e);
	env_close(&env);
	assert_err(store_open(&s, &f->o, &e), e, ERR_CORRUPT, "db-newer");
	assert_non_null(strstr(e.detail, "newer"));
}

static void an_older_schema_is_migrated_once(void **state)
{
	struct fixture *f = *state;
	struct env_kind v1 = kind_of(1, no_migrations), v2 = kind_of(2, one_migration);
	struct env env;
	struct err e = {0};
	uint32_t version = 0;

	make_kind(f, &v1);
	for (int i = 0; i < 2; i++) {
		assert_ok(env_open(&env, &v2, &f->o, &e), e);
		assert_true(has(&env, "tip2"));
		assert_false(has(&env, "tip"));
		assert_ok(env_schema(&env, &version, &e), e);
		assert_int_equal(version, 2);
		env_close(&env);
	}
	assert_err(env_open(&env, &v1, &f->o, &e), e, ERR_CORRUPT, "db-newer");
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct env_kind v1 = kind_of(1, no_migrations), v3 = kind_of(3, failing);
	struct env env;
	struct err e = {0};

	make_kind(f, &v1);
	assert_err(env_open(&env, &v3, &f->o, &e), e, ERR_INTERNAL, "no-luck");
	assert_ok(env_open(&env, &v1, &f->o, &e), e);
	assert_true(has(&env, "tip"));
	assert_false(has(&env, "tip2"));
	env_close(&env);
}

/* What a full disk leaves: an incomplete page at the end of the file. */
static void an_incomplete_last_page_is_not_damage(void **state)
{
	const struct fixture *f = *state;
	struct store *s = NULL;
	struct err e = {0};
	uint8_t part[1000] = {1};
	char path[400];
	struct stat st;
	int fd;

	make_database(f);
	path_of(path, f, "coins.db");
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, part, sizeof part), (ssize_t)sizeof part);
	close(fd);
	assert_ok(store_open(&s, &f->o, &e), e);
	store_close(s);
	assert_int_equal(st.st_size % ENV_PAGE_BYTES, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size % ENV_PAGE_BYTES, 0);
}

static void a_schema_without_a_migration_names_reindex(void **state)
{
	struct fixture *f = *state;
	struct env_kind v1 = kind_of(1, no_migrations), v2 = kind_of(2, no_migrations);
	struct env env;
	struct err e = {0};

	make_kind(f, &v1);
	assert_err(env_open(&env, &v2, &f->o, &e), e, ERR_CORRUPT, "db-older");
	assert_non_null(strstr(e.detail, "reindex"));
}

/* --- the directory and the disk ----------------------------------------------------- */

static void assert_io(const struct fixture *f, const char *advice)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_err(store_open(&s, &f->o, &e), e, ERR_IO, e.token);
	assert_non_null(strstr(e.detail, advice));
	assert_non_null(strstr(e.detail, f->dir));
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "not a database\n", 15), 15);
	close(fd);
}

static void a_directory_below_a_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char below[320];

	make_file(f->chain);
	snprintf(below, sizeof below, "%s/chain", f->chain);
	f->o.dir = below;
	assert_io(f, "is not a directory: choose another --home");
}

static void a_file_instead_of_the_directory_is_refused_and_unchanged(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	make_file(f->chain);
	assert_io(f, "is not a directory: choose another --home");
	assert_int_equal(stat(f->chain, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, 15);
}

static void a_directory_instead_of_a_table_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[400];

	make_database(f);
	path_of(path, f, "coins.db");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_io(f, "move it away");
}

/* Root can write everywhere except in /proc; another user removes the permission. */
static void a_read_only_directory_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct stat st;
	struct err e = {0};

	make_database(f);
	assert_int_equal(chmod(f->chain, 0500), 0);
	if (geteuid() == 0)
		f->o.dir = "/proc/self/tally";
	assert_false(store_open(&s, &f->o, &e));
	if (geteuid() == 0) {
		assert_int_equal(e.cls, ERR_IO);
		assert_non_null(strstr(e.detail, "choose another --home"));
	} else {
		assert_int_equal(e.cls, ERR_PERMISSION);
		assert_non_null(strstr(e.detail, "check that you own it"));
	}
	assert_int_equal(stat(f->chain, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0500); /* the mode is not changed */
	assert_int_equal(chmod(f->chain, 0700), 0);
}

static void a_new_directory_and_its_files_are_private(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0);
	struct stat st;
	char path[400];

	make_database(f);
	umask(before);
	assert_int_equal(stat(f->chain, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path_of(path, f, files[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void nothing_is_written_with_too_little_free_space(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	struct err e = {0};
	uint64_t before;
	char got[8];
	size_t n = sizeof got;

	make_database(f);
	before = dir_bytes(f->chain, "log.");
	f->o.min_free = UINT64_MAX;
	s = must_open(f);
	assert_err(store_put_meta(s, "tip", "y", 1, &e), e, ERR_NOSPACE, "disk-full");
	assert_err(store_commit(s, true, &e), e, ERR_NOSPACE, "disk-full");
	assert_ok(store_get_meta(s, "tip", got, &n, &e), e);
	assert_int_equal(got[0], 'x');
	/* Opening and closing add a few bytes to the log, but no record. */
	store_close(s);
	assert_true(dir_bytes(f->chain, "log.") < before + 4096);
	f->o.min_free = 0;
	s = must_open(f);
	assert_ok(store_get_meta(s, "tip", got, &n, &e), e);
	assert_int_equal(got[0], 'x');
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_missing_table_is_damage_and_not_an_empty_table),
		TEST(all_tables_missing_is_damage_too),
		TEST(a_truncated_table_is_damage),
		TEST(a_table_that_lost_one_byte_is_damage),
		TEST(a_table_overwritten_from_its_start_is_damage),
		TEST(a_flipped_byte_is_found_when_it_is_read),
		TEST(damage_is_not_blamed_on_an_earlier_refused_call),
		TEST(a_record_of_the_wrong_size_is_damage),
		TEST(a_newer_schema_is_refused),
		TEST(the_store_refuses_a_newer_schema),
		TEST(an_older_schema_is_migrated_once),
		TEST(a_migration_that_fails_changes_nothing),
		TEST(an_incomplete_last_page_is_not_damage),
		TEST(a_schema_without_a_migration_names_reindex),
		TEST(a_directory_below_a_file_is_refused),
		TEST(a_file_instead_of_the_directory_is_refused_and_unchanged),
		TEST(a_directory_instead_of_a_table_is_refused),
		TEST(a_read_only_directory_is_refused),
		TEST(a_new_directory_and_its_files_are_private),
		TEST(nothing_is_written_with_too_little_free_space),
	};

	return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
