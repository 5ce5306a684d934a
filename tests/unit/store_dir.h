/* A fresh directory for a test, and helpers for the tests of the store. */
#ifndef TALLY_TESTS_STORE_DIR_H
#define TALLY_TESTS_STORE_DIR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw */
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/store/store.h>

#define TEST_CACHE (UINT64_C(1) << 20)

/* Berkeley DB leaks the memory of an environment that panicked. Weak: several sources of one program
 * may include this header. */
__attribute__((weak)) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdb-5.3\n";
}

static void no_log(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		   const char *text)
{
	(void)arg, (void)unix_us, (void)sub, (void)level, (void)text;
}

struct fixture {
	char dir[256];   /* removed at the end with its contents */
	char chain[300]; /* DIR/chain, not made yet */
	struct store_options o;
};

static inline int fixture_setup(void **state)
{
	struct fixture *f = NEW(struct fixture);
	const char *tmp = getenv("TMPDIR");

	log_set_sink(no_log, NULL);
	snprintf(f->dir, sizeof f->dir, "%s/tally-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->chain, sizeof f->chain, "%s/chain", f->dir);
	f->o = (struct store_options){.dir = f->chain, .cache_bytes = TEST_CACHE};
	*state = f;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Removes the database, so that the test can make a new one. */
static inline void fixture_empty(const struct fixture *f)
{
	assert_int_equal(nftw(f->chain, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	int rc = nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(f);
	return rc;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Asserts success; prints the error otherwise. */
#define assert_ok(call, e)                                                    \
	do {                                                                  \
		if (!(call))                                                  \
			fail_msg("%s: %s: %s", #call, (e).token, (e).detail); \
	} while (0)
#define assert_err(call, e, want_cls, want_token)                                         \
	do {                                                                              \
		err_clear(&(e));                                                          \
		assert_false(call);                                                       \
		if ((e).cls != (want_cls) || strcmp((e).token, want_token) != 0)          \
			fail_msg("%s: %d %s: %s", #call, (e).cls, (e).token, (e).detail); \
	} while (0)

static inline struct store *must_open(const struct fixture *f)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_ok(store_open(&s, &f->o, &e), e);
	return s;
}

static inline struct span text_span(const char *s)
{
	return (struct span){(const uint8_t *)s, strlen(s)};
}

/* The total size of the files whose names have this prefix. */
static inline uint64_t dir_bytes(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	uint64_t sum = 0;

	assert_non_null(d);
	while ((at = readdir(d)) != NULL) {
		struct stat st;

		if (strncmp(at->d_name, prefix, strlen(prefix)) == 0 &&
		    fstatat(dirfd(d), at->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
	}
	closedir(d);
	return sum;
}

#endif
