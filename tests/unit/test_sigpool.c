/* The pool of threads that verify signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/crypto/sigpool.h>

#define N 400

static struct sigcheck checks[N]; /* all valid */

static int make_checks(void **state)
{
	struct key_seed seed = {{1}};
	struct pubkey pub;

	(void)state;
	if (!crypto_start(NULL))
		return -1;
	key_pubkey(&pub, &seed);
	for (size_t i = 0; i < N; i++) {
		checks[i].digest.b[0] = (uint8_t)i;
		checks[i].digest.b[1] = (uint8_t)(i >> 8);
		checks[i].pub = pub;
		key_sign(&checks[i].sig, &seed, &checks[i].digest);
	}
	return 0;
}

/* A copy of the first n checks with some signatures invalidated. */
static struct sigcheck *with_bad(size_t n, const size_t *bad, size_t n_bad)
{
	struct sigcheck *c = mem_array(n, sizeof(*c));

	memcpy(c, checks, n * sizeof(*c));
	for (size_t i = 0; i < n_bad; i++)
		c[bad[i]].sig.b[3] ^= 1;
	return c;
}

static void count_call(void *arg, struct sigjob *job)
{
	assert_true(sigjob_finished(job));
	++*(unsigned *)arg;
}

static bool readable(const struct sigpool *p)
{
	struct pollfd f = {.fd = sigpool_fd(p), .events = POLLIN};

	return poll(&f, 1, 0) == 1;
}

/* Blocks until the descriptor that wakes the loop is readable. */
static void await(const struct sigpool *p)
{
	struct pollfd f = {.fd = sigpool_fd(p), .events = POLLIN};

	assert_int_equal(poll(&f, 1, 10000), 1);
}

/* Adds n checks in random portions, closes the job and returns the verdict. */
static size_t verdict(struct sigpool *p, const struct sigcheck *c, size_t n, struct rng_seeded *rng)
{
	unsigned calls = 0;
	struct sigjob *j = sigjob_new(p, count_call, &calls);
	size_t bad;

	for (size_t at = 0; at < n;) {
		size_t some = 1 + (size_t)rng_below(&rng->rng, 70);

		some = some < n - at ? some : n - at;
		sigjob_add(j, c + at, some);
		at += some;
	}
	assert_false(sigjob_finished(j)); /* open */
	assert_int_equal(sigjob_count(j), n);
	sigjob_close(j);
	sigpool_wait(p, j);
	assert_int_equal(calls, 1);
	sigpool_poll(p);
	assert_int_equal(calls, 1);
	bad = sigjob_first_bad(j);
	sigjob_free(j);
	return bad;
}

static const unsigned thread_counts[] = {0, 1, 2, 5};

static void valid_signatures_pass(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 1);
	for (size_t t = 0; t < ARRAY_LEN(thread_counts); t++) {
		struct sigpool *p = sigpool_new(thread_counts[t]);

		assert_int_equal(sigpool_threads(p), thread_counts[t]);
		assert_int_equal(sigpool_fd(p) >= 0, thread_counts[t] > 0);
		for (size_t n = 0; n < 70; n += n < 4 ? 1 : 15)
			assert_true(verdict(p, checks, n, &rng) == SIZE_MAX);
		assert_true(verdict(p, checks, N, &rng) == SIZE_MAX);
		sigpool_free(p);
	}
}

static void the_smallest_bad_index_is_always_reported(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 2);
	for (size_t t = 0; t < ARRAY_LEN(thread_counts); t++) {
		struct sigpool *p = sigpool_new(thread_counts[t]);

		for (int round = 0; round < 40; round++) {
			size_t n = 1 + (size_t)rng_below(&rng.rng, 200), n_bad = 0, bad[200];
			size_t least = SIZE_MAX, got;
			struct sigcheck *c;

			do {
				bad[n_bad] = (size_t)rng_below(&rng.rng, n);
				least = bad[n_bad] < least ? bad[n_bad] : least;
				n_bad++;
			} while (n_bad < 5);
			/* An index that occurs twice would be flipped back to valid. */
			for (size_t i = 0; i < n_bad; i++)
				for (size_t k = i + 1; k < n_bad; k++)
					if (bad[i] == bad[k])
						bad[k--] = bad[--n_bad];
			c = with_bad(n, bad, n_bad);
			got = verdict(p, c, n, &rng);
			assert_int_equal(got, least);
			free(c);
		}
		sigpool_free(p);
	}
}

static void a_bad_one_at_either_end_is_found(void **state)
{
	static const size_t at[] = {0, 31, 32, 63, 64, N - 1};
	struct rng_seeded rng;
	struct sigpool *p = sigpool_new(3);

	(void)state;
	rng_seeded_init(&rng, 3);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		struct sigcheck *c = with_bad(N, &at[i], 1);

		assert_int_equal(verdict(p, c, N, &rng), at[i]);
		free(c);
	}
	sigpool_free(p);
}

static void of_two_found_at_once_the_smaller_index_counts(void **state)
{
	static const size_t both[] = {0, 1};
	struct sigcheck *c = with_bad(2, both, 2);
	struct sigpool *p = sigpool_new(2);

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct sigjob *j = sigjob_new(p, NULL, NULL);

		sigjob_add(j, c, 2);
		sigjob_close(j); /* one for each worker */
		sigpool_wait(p, j);
		assert_int_equal(sigjob_first_bad(j), 0);
		sigjob_free(j);
	}
	sigpool_free(p);
	free(c);
}

static void a_verdict_wakes_the_loop(void **state)
{
	struct sigpool *p = sigpool_new(2);
	unsigned calls = 0;
	struct sigjob *j = sigjob_new(p, count_call, &calls);

	(void)state;
	sigjob_add(j, checks, 100);
	sigpool_poll(p);
	assert_false(readable(p));
	assert_int_equal(calls, 0);
	sigjob_close(j);
	await(p);
	assert_true(readable(p)); /* stays readable until polled */
	assert_int_equal(calls, 0);
	sigpool_poll(p);
	assert_int_equal(calls, 1);
	assert_false(readable(p));
	assert_true(sigjob_first_bad(j) == SIZE_MAX);
	sigjob_free(j);
	sigpool_free(p);
}

static void a_job_without_callback_does_not_wake_the_loop(void **state)
{
	struct sigpool *p = sigpool_new(2);
	struct sigjob *j = sigjob_new(p, NULL, NULL);

	(void)state;
	sigjob_add(j, checks, 50);
	sigjob_close(j);
	sigpool_wait(p, j);
	assert_true(sigjob_finished(j));
	assert_false(readable(p));
	assert_true(sigjob_first_bad(j) == SIZE_MAX);
	sigjob_free(j);
	sigpool_free(p);
}

static void workers_begin_while_a_job_is_open(void **state)
{
	struct sigpool *p = sigpool_new(1);
	struct sigjob *open = sigjob_new(p, NULL, NULL), *later = sigjob_new(p, NULL, NULL);

	(void)state;
	/* One worker takes jobs in order: when the later job is finished, so are the open
	 * one's checks, and closing it finishes it at once. */
	sigjob_add(open, checks, 64);
	sigjob_add(later, checks, 1);
	sigjob_close(later);
	sigpool_wait(p, later);
	assert_false(sigjob_finished(open));
	sigjob_close(open);
	assert_true(sigjob_finished(open));
	assert_true(sigjob_first_bad(open) == SIZE_MAX);
	sigjob_free(open);
	sigjob_free(later);
	sigpool_free(p);
}

static void a_freed_job_gets_no_callback(void **state)
{
	struct sigpool *p = sigpool_new(2);
	struct rng_seeded rng;
	unsigned calls = 0;

	(void)state;
	rng_seeded_init(&rng, 4);
	for (int round = 0; round < 60; round++) {
		struct sigjob *j = sigjob_new(p, count_call, &calls);

		sigjob_add(j, checks, 1 + (size_t)rng_below(&rng.rng, N));
		if (round % 3)
			sigjob_close(j);
		if (round % 4 == 0)
			usleep((useconds_t)rng_below(&rng.rng, 3000));
		sigjob_free(j); /* not begun, in flight, or finished */
		sigpool_poll(p);
	}
	assert_int_equal(calls, 0);
	assert_false(readable(p));
	sigpool_free(p);
}

static void a_finished_job_freed_unpolled_leaves_the_loop_asleep(void **state)
{
	struct sigpool *p = sigpool_new(1);
	unsigned calls = 0;
	struct sigjob *a = sigjob_new(p, count_call, &calls),
		      *b = sigjob_new(p, count_call, &calls);

	(void)state;
	sigjob_add(a, checks, 1);
	sigjob_close(a);
	sigjob_close(b); /* nothing to check: finished at once */
	await(p);
	while (!sigjob_finished(a))
		usleep(100);
	sigjob_free(a);
	assert_true(readable(p));
	sigjob_free(b);
	assert_false(readable(p));
	assert_int_equal(calls, 0);
	sigpool_free(p);
}

/* Frees its job, and makes and closes another, up to ten times. */
struct relay {
	struct sigpool *pool;
	struct sigjob *job;
	unsigned left, calls;
};

static void pass_on(void *arg, struct sigjob *job)
{
	struct relay *r = arg;

	assert_ptr_equal(job, r->job);
	assert_true(sigjob_first_bad(job) == SIZE_MAX);
	sigjob_free(job);
	r->job = NULL;
	r->calls++;
	if (!r->left--)
		return;
	r->job = sigjob_new(r->pool, pass_on, r);
	sigjob_add(r->job, checks, 3);
	sigjob_close(r->job);
}

static void callbacks_may_free_and_submit(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(thread_counts); t++) {
		struct relay r = {.pool = sigpool_new(thread_counts[t]), .left = 9};

		r.job = sigjob_new(r.pool, pass_on, &r);
		sigjob_close(r.job);
		while (r.job) {
			unsigned before = r.calls;

			if (thread_counts[t])
				await(r.pool);
			sigpool_poll(r.pool);
			assert_in_range(r.calls - before, 0, 1);
		}
		assert_int_equal(r.calls, 10);
		sigpool_free(r.pool);
	}
}

static void a_callback_may_free_another_finished_job(void **state)
{
	struct sigpool *p = sigpool_new(0);
	struct relay r = {.pool = p};
	struct sigjob *other;
	unsigned calls = 0;

	(void)state;
	r.job = sigjob_new(p, pass_on, &r);
	other = sigjob_new(p, count_call, &calls);
	sigjob_close(other);
	sigjob_close(r.job);
	sigjob_free(other); /* its callback would have been the first */
	sigpool_poll(p);
	assert_int_equal(r.calls, 1);
	assert_int_equal(calls, 0);
	sigpool_free(p);
}

static void verdicts_come_in_order_of_finishing(void **state)
{
	struct sigpool *p = sigpool_new(1);
	unsigned calls = 0;
	struct sigjob *jobs[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		jobs[i] = sigjob_new(p, count_call, &calls);
		sigjob_add(jobs[i], checks, (size_t)(20 - i));
		sigjob_close(jobs[i]);
	}
	sigpool_wait(p, jobs[19]); /* one worker takes jobs in order */
	for (int i = 0; i < 20; i++)
		assert_true(sigjob_finished(jobs[i]));
	assert_int_equal(calls, 20);
	for (int i = 0; i < 20; i++)
		sigjob_free(jobs[i]);
	sigpool_free(p);
}

static void a_pool_of_no_threads_checks_at_once(void **state)
{
	static const size_t bad[] = {7, 9};
	struct sigcheck *c = with_bad(12, bad, 2);
	struct sigpool *p = sigpool_new(0);
	unsigned calls = 0;
	struct sigjob *j = sigjob_new(p, count_call, &calls);

	(void)state;
	sigjob_add(j, c, 6);
	sigjob_add(j, c + 6, 6);
	assert_false(sigjob_finished(j));
	sigjob_close(j);
	assert_true(sigjob_finished(j));
	assert_int_equal(sigjob_first_bad(j), 7);
	assert_int_equal(calls, 0); /* callbacks run only in sigpool_poll */
	sigpool_poll(p);
	assert_int_equal(calls, 1);
	sigjob_free(j);
	sigpool_free(p);
	free(c);
}

static volatile sig_atomic_t handler_runs;
static pthread_t handler_thread;

static void on_signal(int signal)
{
	(void)signal;
	handler_thread = pthread_self();
	handler_runs++;
}

static void signals_are_left_to_the_loops_thread(void **state)
{
	struct sigaction sa = {.sa_handler = on_signal}, before;
	struct sigpool *p;
	sigset_t usr1;

	(void)state;
	sigaction(SIGUSR1, &sa, &before);
	p = sigpool_new(4);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (int i = 0; i < 5; i++) {
		sig_atomic_t runs = handler_runs;

		/* This thread blocks the signal, so it stays pending if the workers do, too. */
		pthread_sigmask(SIG_BLOCK, &usr1, NULL);
		kill(getpid(), SIGUSR1);
		usleep(3000);
		assert_int_equal(handler_runs, runs);
		pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
		assert_int_equal(handler_runs, runs + 1);
		assert_true(pthread_equal(handler_thread, pthread_self()));
	}
	sigpool_free(p);
	sigaction(SIGUSR1, &before, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_signatures_pass),
		cmocka_unit_test(the_smallest_bad_index_is_always_reported),
		cmocka_unit_test(a_bad_one_at_either_end_is_found),
		cmocka_unit_test(of_two_found_at_once_the_smaller_index_counts),
		cmocka_unit_test(a_verdict_wakes_the_loop),
		cmocka_unit_test(a_job_without_callback_does_not_wake_the_loop),
		cmocka_unit_test(workers_begin_while_a_job_is_open),
		cmocka_unit_test(a_freed_job_gets_no_callback),
		cmocka_unit_test(a_finished_job_freed_unpolled_leaves_the_loop_asleep),
		cmocka_unit_test(callbacks_may_free_and_submit),
		cmocka_unit_test(a_callback_may_free_another_finished_job),
		cmocka_unit_test(verdicts_come_in_order_of_finishing),
		cmocka_unit_test(a_pool_of_no_threads_checks_at_once),
		cmocka_unit_test(signals_are_left_to_the_loops_thread),
	};

	return cmocka_run_group_tests_name("sigpool", tests, make_checks, NULL);
}
