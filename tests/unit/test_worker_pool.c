/* Mining threads: a solution is right and belongs to the running job, and a new job starts within
 * 100 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include <tally/base/clock.h>
#include <tally/base/mem.h>
#include <tally/consensus/target.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/pow.h>

#include <tally/mining/worker_pool.h>

#define HARD 0x03000001 /* target 1: no hash meets it */
#define EASY 0x1f0fffff /* one hash in 4,096 */

struct fixture {
	struct event_base *base;
	struct worker_pool *m;
	struct event *end, *results;
	uint64_t job;
	uint32_t nonce;
	unsigned found;
};

static void on_found(void *arg, uint64_t job, uint32_t nonce)
{
	struct fixture *f = arg;

	f->job = job;
	f->nonce = nonce;
	f->found++;
	event_base_loopbreak(f->base);
}

static void on_exhausted(void *arg, uint64_t job)
{
	(void)arg, (void)job;
	fail_msg("the job has more nonces");
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static void on_results(evutil_socket_t fd, short what, void *arg)
{
	struct fixture *f = arg;

	(void)fd, (void)what;
	worker_pool_poll(f->m);
}

static int setup(void **state)
{
	struct fixture *f = NEW(struct fixture);

	f->base = event_base_new();
	event_base_priority_init(f->base, 4);
	f->end = event_new(f->base, -1, 0, on_end, f->base);
	f->m = worker_pool_new(on_found, on_exhausted, f);
	if (!f->m)
		return -1;
	f->results = event_new(f->base, worker_pool_fd(f->m), EV_READ | EV_PERSIST, on_results, f);
	event_add(f->results, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	event_free(f->results);
	worker_pool_free(f->m);
	event_free(f->end);
	event_base_free(f->base);
	free(f);
	return 0;
}

/* A header that differs from those of other jobs. */
static void header_of(uint8_t header[HEADER_BYTES], unsigned n)
{
	memset(header, 0, HEADER_BYTES);
	header[0] = 1;
	memcpy(header + 4, &n, sizeof(n));
}

/* Runs the loop until a solution comes, for at most `us` microseconds. Returns the microseconds
 * taken; -1: no solution. */
static int64_t wait_found(struct fixture *f, int64_t us)
{
	const struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
	const int64_t begin = clock_mono_us(clock_system());
	const unsigned before = f->found;

	event_add(f->end, &tv);
	event_base_dispatch(f->base);
	event_del(f->end);
	return f->found > before ? clock_mono_us(clock_system()) - begin : -1;
}

static bool meets(const uint8_t header[HEADER_BYTES], uint32_t nonce, uint32_t bits)
{
	uint8_t bytes[HEADER_BYTES];
	struct block_hash hash;

	memcpy(bytes, header, HEADER_BYTES);
	for (int i = 0; i < 4; i++)
		bytes[76 + i] = (uint8_t)(nonce >> 8 * i);
	sha256d(&hash.h, bytes, HEADER_BYTES);
	return pow_ok(&hash, bits);
}

static void a_solution_meets_the_target_of_its_job(void **state)
{
	struct fixture *f = *state;
	uint8_t header[HEADER_BYTES];

	for (unsigned threads = 1; threads <= 4; threads++) {
		assert_true(worker_pool_set_threads(f->m, threads));
		for (unsigned n = 0; n < 20; n++) {
			uint64_t job;

			header_of(header, threads * 100 + n);
			job = worker_pool_start(f->m, header, EASY);
			assert_true(wait_found(f, 5000000) >= 0);
			assert_true(f->job == job);
			assert_true(meets(header, f->nonce, EASY));
			/* Only one solution is reported per job. */
			assert_int_equal(wait_found(f, 2000), -1);
		}
	}
}

/* CPU time of this thread: other processes may use the processor, too. */
static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void a_slice_takes_less_than_100_ms(void **state)
{
	const uint8_t never[32] = {0};
	uint8_t header[HEADER_BYTES];
	uint64_t tried;
	uint32_t nonce;
	int64_t begin;

	(void)state;
	header_of(header, 1);
	begin = cpu_us();
	assert_false(pow_scan(header, never, 0, WORKER_SLICE, &nonce, &tried));
	assert_true(cpu_us() - begin < 100000);
	assert_int_equal(tried, WORKER_SLICE);
}

static void each_thread_does_at_most_one_more_slice_of_an_old_job(void **state)
{
	struct fixture *f = *state;
	uint8_t header[HEADER_BYTES];

	assert_true(worker_pool_set_threads(f->m, 2));
	for (unsigned n = 0; n < 20; n++) {
		uint64_t hashes, job;

		header_of(header, n);
		worker_pool_start(f->m, header, HARD);
		assert_int_equal(wait_found(f, 20000), -1);
		hashes = worker_pool_hashes(f->m);
		if (n % 2) {
			worker_pool_pause(f->m);
			assert_int_equal(wait_found(f, 50000), -1);
			assert_true(worker_pool_hashes(f->m) <= hashes + 2 * WORKER_SLICE);
			continue;
		}
		header_of(header, 1000 + n);
		job = worker_pool_start(f->m, header, EASY);
		assert_true(wait_found(f, 60000000) >= 0 && f->job == job);
		assert_true(meets(header, f->nonce, EASY));
		/* One nonce in 4,096 solves the job, so a slice without a solution
				 * practically never happens. */
		assert_true(worker_pool_hashes(f->m) <= hashes + 4 * WORKER_SLICE);
	}
}

static void a_late_solution_has_the_number_of_its_own_job(void **state)
{
	struct fixture *f = *state;
	uint8_t header[HEADER_BYTES];
	uint64_t job;

	assert_true(worker_pool_set_threads(f->m, 2));
	header_of(header, 2);
	worker_pool_start(f->m, header, EASY);
	worker_pool_pause(f->m);
	header_of(header, 3);
	job = worker_pool_start(f->m, header, HARD);
	assert_true(wait_found(f, 50000) == -1 || f->job != job);
}

static void a_job_continues_when_the_number_of_threads_changes(void **state)
{
	static const unsigned threads[] = {1, 3, 0, 2, 100, 1};
	struct fixture *f = *state;
	uint8_t header[HEADER_BYTES];

	header_of(header, 1);
	worker_pool_start(f->m, header, HARD);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		uint64_t before;

		assert_true(worker_pool_set_threads(f->m, threads[i]));
		before = worker_pool_hashes(f->m);
		for (int tries = 0; tries < 100 && worker_pool_hashes(f->m) == before; tries++)
			assert_int_equal(wait_found(f, 50000), -1);
		assert_true(worker_pool_hashes(f->m) > before); /* the job continues */
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_solution_meets_the_target_of_its_job),
		cmocka_unit_test(a_slice_takes_less_than_100_ms),
		TEST(each_thread_does_at_most_one_more_slice_of_an_old_job),
		TEST(a_late_solution_has_the_number_of_its_own_job),
		TEST(a_job_continues_when_the_number_of_threads_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
