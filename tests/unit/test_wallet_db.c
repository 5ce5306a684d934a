/* The wallet's database: durable, private, and separate from the chain's. */
#include "store_dir.h"

#include <signal.h>
#include <sys/wait.h>

#include <tally/store/wallet_db.h>

static struct wallet_db *must_open_wallet(const struct fixture *f)
{
	struct wallet_db *w = NULL;
	struct err e = {0};

	assert_ok(wallet_db_open(&w, &f->o, &e), e);
	return w;
}

static void put(struct wallet_db *w, enum wallet_table t, const char *key, const char *value)
{
	struct err e = {0};

	assert_ok(wallet_db_put(w, t, text_span(key), text_span(value), &e), e);
}

struct listing {
	unsigned n, max;
	char text[200];
};

static bool list_one(void *arg, struct span key, struct span value)
{
	struct listing *l = arg;

	snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%.*s=%.*s ",
		 (int)key.len, (const char *)key.p, (int)value.len, (const char *)value.p);
	return ++l->n < l->max;
}

static void assert_listing(struct wallet_db *w, enum wallet_table t, const char *want)
{
	struct listing l = {.max = 100};
	struct err e = {0};

	assert_ok(wallet_db_each(w, t, list_one, &l, &e), e);
	assert_string_equal(l.text, want);
}

static void tables_keep_their_records_apart_and_in_order(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w = must_open_wallet(f);
	struct listing l = {.max = 1};
	struct err e = {0};

	put(w, WALLET_KEYS, "b", "1");
	put(w, WALLET_KEYS, "a", "2");
	put(w, WALLET_LABELS, "a", "label");
	put(w, WALLET_META, "tip", "x");
	put(w, WALLET_TXS, "t", "x");
	put(w, WALLET_META, "gone", "x");
	assert_ok(wallet_db_del(w, WALLET_META, text_span("gone"), &e), e);
	assert_ok(wallet_db_del(w, WALLET_META, text_span("gone"), &e), e);
	assert_listing(w, WALLET_KEYS, "a=2 b=1 ");
	assert_ok(wallet_db_commit(w, true, &e), e);
	wallet_db_close(w);
	w = must_open_wallet(f);
	assert_listing(w, WALLET_KEYS, "a=2 b=1 ");
	assert_listing(w, WALLET_LABELS, "a=label ");
	assert_listing(w, WALLET_TXS, "t=x ");
	assert_listing(w, WALLET_META, "tip=x ");
	assert_ok(wallet_db_each(w, WALLET_KEYS, list_one, &l, &e), e);
	assert_string_equal(l.text, "a=2 ");
	wallet_db_close(w);
}

static void assert_modes(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	struct stat st;
	int seen = 0;

	assert_non_null(d);
	assert_int_equal(fstat(dirfd(d), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	while ((at = readdir(d)) != NULL) {
		assert_int_equal(fstatat(dirfd(d), at->d_name, &st, 0), 0);
		if (!S_ISREG(st.st_mode))
			continue;
		assert_int_equal(st.st_mode & 07777, 0600);
		seen++;
	}
	closedir(d);
	assert_true(seen >= 7); /* four tables, the schema, the marker, at least one log */
}

static void files_are_private_with_any_umask(void **state)
{
	static const mode_t masks[] = {0, 022, 077};
	struct fixture *f = *state;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		mode_t before = umask(masks[i]);
		struct wallet_db *w = must_open_wallet(f);

		put(w, WALLET_KEYS, "a", "secret");
		assert_ok(wallet_db_commit(w, true, &e), e);
		assert_modes(f->chain);
		wallet_db_close(w);
		umask(before);
		fixture_empty(f);
	}
}

static void permissions_of_others_are_removed(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w = must_open_wallet(f);
	char path[400];

	wallet_db_close(w);
	snprintf(path, sizeof path, "%s/keys.db", f->chain);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(f->chain, 0755), 0);
	w = must_open_wallet(f);
	assert_modes(f->chain);
	wallet_db_close(w);
}

static void a_damaged_wallet_advises_a_restore(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w = must_open_wallet(f);
	struct err e = {0};
	char path[400];

	wallet_db_close(w);
	snprintf(path, sizeof path, "%s/keys.db", f->chain);
	assert_int_equal(unlink(path), 0);
	assert_err(wallet_db_open(&w, &f->o, &e), e, ERR_CORRUPT, "db-damaged");
	assert_non_null(strstr(e.detail, "keys.db"));
	assert_non_null(strstr(e.detail, "copy"));
}

/* Removes each file of the wallet whose name has this prefix. */
static void remove_files(const struct fixture *f, const char *prefix)
{
	DIR *d = opendir(f->chain);
	struct dirent *at;

	assert_non_null(d);
	while ((at = readdir(d)))
		if (strncmp(at->d_name, prefix, strlen(prefix)) == 0)
			assert_int_equal(unlinkat(dirfd(d), at->d_name, 0), 0);
	closedir(d);
}

static void make_wallet(const struct fixture *f)
{
	struct wallet_db *w = must_open_wallet(f);
	struct err e = {0};

	put(w, WALLET_KEYS, "a", "2");
	put(w, WALLET_LABELS, "a", "label");
	assert_ok(wallet_db_commit(w, true, &e), e);
	wallet_db_close(w);
}

static void a_copy_without_log_files_keeps_its_records(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w;
	struct err e = {0};

	for (int i = 0; i < 2; i++) { /* also a copy of an adopted copy */
		if (i == 0)
			make_wallet(f);
		remove_files(f, "log.");
		w = must_open_wallet(f);
		assert_listing(w, WALLET_KEYS, "a=2 ");
		assert_listing(w, WALLET_LABELS, "a=label ");
		put(w, WALLET_META, "tip", "x");
		assert_ok(wallet_db_commit(w, true, &e), e);
		wallet_db_close(w);
	}
}

static void a_copy_of_the_keys_alone_keeps_the_keys(void **state)
{
	static const char *const lost[] = {"log.", "labels", "txs", "meta", "schema", "tables"};
	struct fixture *f = *state;
	struct wallet_db *w;

	make_wallet(f);
	for (size_t i = 0; i < ARRAY_LEN(lost); i++)
		remove_files(f, lost[i]);
	w = must_open_wallet(f);
	assert_listing(w, WALLET_KEYS, "a=2 ");
	assert_listing(w, WALLET_LABELS, "");
	wallet_db_close(w);
	w = must_open_wallet(f);
	assert_listing(w, WALLET_KEYS, "a=2 ");
	wallet_db_close(w);
}

/* A flipped byte in a copy is damage, not something to adopt. */
static void a_damaged_copy_without_log_files_is_refused(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w = NULL;
	struct err e = {0};
	char path[400];
	uint8_t byte;
	int fd;

	make_wallet(f);
	remove_files(f, "log.");
	snprintf(path, sizeof path, "%s/keys.db", f->chain);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, 4096 + 100), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 4096 + 100), 1);
	close(fd);
	assert_err(wallet_db_open(&w, &f->o, &e), e, ERR_CORRUPT, "db-damaged");
}

static void a_chain_is_not_opened_as_a_wallet(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w = NULL;
	struct err e = {0};

	store_close(must_open(f));
	assert_err(wallet_db_open(&w, &f->o, &e), e, ERR_CORRUPT, "db-damaged");
	store_close(must_open(f));
}

/* Makes keys and reports each when it is durable, until it is killed. */
static void make_keys(const struct fixture *f, int told)
{
	struct wallet_db *w;

	if (!wallet_db_open(&w, &f->o, NULL))
		_exit(1);
	for (uint32_t i = 0;; i++) {
		struct span key = {(const uint8_t *)&i, sizeof i};

		if (!wallet_db_put(w, WALLET_KEYS, key, key, NULL) ||
		    !wallet_db_commit(w, true, NULL) || write(told, &i, sizeof i) != sizeof i)
			_exit(1);
	}
}

static bool mark_key(void *arg, struct span key, struct span value)
{
	uint32_t i;

	(void)value;
	memcpy(&i, key.p, sizeof i);
	if (i < 64)
		((bool *)arg)[i] = true;
	return true;
}

static void a_reported_key_survives_a_kill(void **state)
{
	struct fixture *f = *state;
	struct wallet_db *w;
	struct err e = {0};
	bool there[64] = {false};
	uint32_t last = 0;
	int told[2];
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		make_keys(f, told[1]);
	close(told[1]);
	while (last < 30)
		assert_int_equal(read(told[0], &last, sizeof last), sizeof last);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(told[0]);
	w = must_open_wallet(f);
	assert_ok(wallet_db_each(w, WALLET_KEYS, mark_key, there, &e), e);
	for (uint32_t i = 0; i <= last; i++)
		assert_true(there[i]);
	wallet_db_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tables_keep_their_records_apart_and_in_order),
		TEST(files_are_private_with_any_umask),
		TEST(permissions_of_others_are_removed),
		TEST(a_damaged_wallet_advises_a_restore),
		TEST(a_copy_without_log_files_keeps_its_records),
		TEST(a_copy_of_the_keys_alone_keeps_the_keys),
		TEST(a_damaged_copy_without_log_files_is_refused),
		TEST(a_chain_is_not_opened_as_a_wallet),
		TEST(a_reported_key_survives_a_kill),
	};

	return cmocka_run_group_tests_name("wallet_db", tests, NULL, NULL);
}
