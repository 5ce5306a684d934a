/* After a kill or a failed write the database holds every acknowledged commit, and a later commit
 * completely or not at all. */
#include "store_dir.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <tally/base/rng.h>

#define KILLS         20
#define KILLS_WRITING 60
#define BATCH_COINS   200
#define SLACK         1000 /* batches that the child may have acknowledged before the parent reads it */

static struct outpoint batch_outpoint(uint32_t batch, uint32_t i)
{
	struct outpoint o = {.index = i};
	uint32_t mixed = (batch * BATCH_COINS + i) * 2654435761u; /* spread over the whole table */

	memcpy(o.txid.h.b, &mixed, sizeof mixed);
	memcpy(o.txid.h.b + 8, &batch, sizeof batch);
	return o;
}

/* A batch: coins, one coin of an older batch gone, a block, and its number as the tip. */
static bool write_batch(struct store *s, uint32_t batch, const uint8_t *block, struct err *e)
{
	for (uint32_t i = 0; i < BATCH_COINS; i++) {
		struct outpoint o = batch_outpoint(batch, i);
		struct coin c = {.value = batch, .height = i};

		if (!store_put_coin(s, &o, &c, e))
			return false;
	}
	if (batch > 1) {
		struct outpoint o = batch_outpoint(batch - 1, 0);

		if (!store_del_coin(s, &o, e))
			return false;
	}
	return store_put_block(s, batch, 0, (struct span){block, 30000}, e) &&
	       store_put_meta(s, "tip", &batch, sizeof batch, e);
}

/* Writes the number of each durable batch to the pipe; runs until it is killed. Before every third batch
 * there is a commit that is not durable. */
static void child(const struct fixture *f, uint32_t batch, int told)
{
	uint8_t *block = mem_zalloc(30000);
	struct store *s;
	struct err e = {0};

	if (!store_open(&s, &f->o, &e))
		_exit(1);
	for (;; batch++) {
		if (!write_batch(s, batch, block, &e) || !store_commit(s, batch % 3 != 0, &e))
			_exit(1);
		if (batch % 3 != 0 && write(told, &batch, sizeof batch) != sizeof batch)
			_exit(1);
	}
}

static uint32_t read_tip(struct store *s)
{
	struct err e = {0};
	uint32_t tip = 0;
	size_t n = sizeof tip;

	if (!store_get_meta(s, "tip", &tip, &n, &e))
		assert_int_equal(e.cls, ERR_NONE);
	return tip;
}

/* All batches up to the tip are complete, and nothing of a later one is present. */
static void assert_whole(struct store *s, uint32_t from, uint32_t tip)
{
	struct err e = {0};
	struct coin c;

	for (uint32_t batch = from; batch <= tip + 2; batch++) {
		uint8_t *bytes = NULL;
		size_t n = 0;
		bool block = store_get_block(s, batch, 0, &bytes, &n, &e);

		free(bytes);
		assert_int_equal(block, batch <= tip);
		for (uint32_t i = 0; i < BATCH_COINS; i++) {
			struct outpoint o = batch_outpoint(batch, i);
			bool spent = i == 0 && batch < tip;
			bool there = store_get_coin(s, &o, &c, &e);

			assert_int_equal(e.cls, ERR_NONE);
			assert_int_equal(there, batch <= tip && !spent);
			if (there)
				assert_int_equal(c.value, batch);
		}
	}
}

/* Runs a child until it acknowledged `acks` batches and kills it. Returns the last one. */
static uint32_t run_and_kill(const struct fixture *f, uint32_t batch, uint64_t acks)
{
	uint32_t last = 0;
	int told[2], status;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(told[0]);
		child(f, batch, told[1]);
	}
	close(told[1]);
	for (uint64_t i = 0; i < acks; i++)
		assert_int_equal(read(told[0], &last, sizeof last), sizeof last);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* Batches that it acknowledged just before its death count, too. */
	while (read(told[0], &batch, sizeof batch) == sizeof batch)
		last = batch;
	close(told[0]);
	return last;
}

static void kills_lose_nothing_that_was_acknowledged(void **state)
{
	struct fixture *f = *state;
	struct rng_seeded rng;
	uint32_t before = 0;

	rng_seeded_init(&rng, 2);
	for (int i = 0; i < KILLS; i++) {
		uint32_t told = run_and_kill(f, before + 1, 1 + rng_below(&rng.rng, 12));
		struct store *s = must_open(f);
		uint32_t tip = read_tip(s);

		assert_true(tip >= told);
		assert_whole(s, before > 2 ? before - 1 : 1, tip);
		store_close(s);
		before = tip;
	}
}

/* A table larger than its cache with changes everywhere: pages are written all the time. If a page were
 * larger than the kernel's, a kill could leave one half written. */
static void change_all_over(const struct fixture *f, unsigned seed)
{
	struct rng_seeded rng;
	struct store *s;
	struct err e = {0};

	rng_seeded_init(&rng, seed);
	if (!store_open(&s, &f->o, &e))
		_exit(1);
	for (;;) {
		for (int i = 0; i < 20; i++) {
			struct outpoint o = batch_outpoint((uint32_t)rng_below(&rng.rng, 300),
							   (uint32_t)rng_below(&rng.rng, 200));
			struct coin c = {.value = (int64_t)rng_below(&rng.rng, 1000000),
					 .height = 1};

			if (!store_put_coin(s, &o, &c, &e))
				_exit(1);
		}
		if (!store_commit(s, false, &e))
			_exit(1);
	}
}

static void kills_while_pages_are_written_damage_no_page(void **state)
{
	struct fixture *f = *state;
	struct rng_seeded rng;

	rng_seeded_init(&rng, 4);
	for (unsigned i = 0; i < KILLS_WRITING; i++) {
		const pid_t pid = fork();
		struct store *s;
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			change_all_over(f, i);
		usleep((useconds_t)(20000 + rng_below(&rng.rng, 60000)));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		s = must_open(f);
		store_close(s);
	}
}

/* Does not depend on chance: a page must not be larger than the kernel's. Source: Linux mm/filemap.c,
 * generic_perform_write, which stops at a fatal signal between two pages. */
static void a_page_is_no_larger_than_the_kernel_s(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct dirent *at;
	unsigned tables = 0;
	DIR *d;

	store_close(s);
	d = opendir(f->chain);
	assert_non_null(d);
	while ((at = readdir(d)) != NULL) {
		const size_t n = strlen(at->d_name);
		uint32_t page;
		int fd;

		if (n < 3 || strcmp(at->d_name + n - 3, ".db") != 0)
			continue;
		fd = openat(dirfd(d), at->d_name, O_RDONLY);
		assert_int_equal(pread(fd, &page, sizeof page, 20), sizeof page);
		assert_in_range(page, 512, sysconf(_SC_PAGESIZE));
		close(fd);
		tables++;
	}
	closedir(d);
	assert_true(tables > 5);
}

static void kills_while_the_database_is_made_are_harmless(void **state)
{
	struct fixture *f = *state;
	struct rng_seeded rng;

	rng_seeded_init(&rng, 3);
	for (int i = 0; i < KILLS; i++) {
		pid_t pid = fork();
		struct store *s;

		assert_true(pid >= 0);
		if (pid == 0) {
			store_open(&s, &f->o, NULL);
			_exit(0);
		}
		usleep((useconds_t)rng_below(&rng.rng, 20000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		s = must_open(f);
		assert_int_equal(read_tip(s), 0);
		store_close(s);
		fixture_empty(f);
	}
}

/* --- a disk that fails -------------------------------------------------------------- */

static void count_failure(void *arg)
{
	++*(int *)arg;
}

/* No file may grow beyond `bytes`: each write over it fails with EFBIG, as it would with EIO. */
static void limit_files(uint64_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(10);
}

/* Runs in a child, because the environment is unusable afterwards. Exits with 0 on success. */
static void fail_writes(const struct fixture *f, int told)
{
	struct store_options o = f->o;
	uint8_t *block = mem_zalloc(30000);
	int failures = 0;
	struct store *s;
	struct err e = {0};
	uint32_t batch = 1;

	o.write_failed = count_failure;
	o.arg = &failures;
	if (!store_open(&s, &o, &e))
		_exit(11);
	limit_files(1 << 20);
	while (write_batch(s, batch, block, &e) && store_commit(s, true, &e)) {
		if (store_failed(s, NULL) || batch > SLACK)
			_exit(12); /* a commit was acknowledged after the failure, or no write failed */
		if (write(told, &batch, sizeof batch) != sizeof batch)
			_exit(13);
		batch++;
	}
	if (!store_failed(s, NULL) || failures != 1)
		_exit(14);
	if (e.cls != ERR_IO && e.cls != ERR_NOSPACE)
		_exit(15);
	if (store_put_meta(s, "tip", "x", 1, &e) || store_commit(s, true, &e))
		_exit(16);
	store_close(s);
	_exit(0);
}

static void after_a_failed_write_nothing_is_acknowledged_and_nothing_lost(void **state)
{
	struct fixture *f = *state;
	uint32_t last = 0, batch, tip;
	struct store *s;
	int told[2], status;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		fail_writes(f, told[1]);
	close(told[1]);
	while (read(told[0], &batch, sizeof batch) == sizeof batch)
		last = batch;
	close(told[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(last > 0);
	s = must_open(f);
	tip = read_tip(s);
	assert_true(tip >= last);
	assert_whole(s, 1, tip);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kills_lose_nothing_that_was_acknowledged),
		TEST(kills_while_pages_are_written_damage_no_page),
		TEST(a_page_is_no_larger_than_the_kernel_s),
		TEST(kills_while_the_database_is_made_are_harmless),
		TEST(after_a_failed_write_nothing_is_acknowledged_and_nothing_lost),
	};

	return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
