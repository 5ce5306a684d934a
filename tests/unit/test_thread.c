/* Worker threads leave signals to the loop's thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include <tally/base/thread.h>

static void *note_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
	return arg;
}

static void a_thread_blocks_the_signals_that_its_starter_still_gets(void **state)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGWINCH, SIGTSTP};
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	sigset_t before, of_thread, after;
	pthread_t thread;
	void *result;

	(void)state;
	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(thread_start(&thread, note_mask, &of_thread), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &of_thread);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&after, SIGUSR2), 1);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		assert_int_equal(sigismember(&of_thread, signals[i]), 1);
		assert_int_equal(sigismember(&after, signals[i]), 0);
	}
	/* A fault in the thread still reaches the handler that restores the terminal. */
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_int_equal(sigismember(&of_thread, faults[i]), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_blocks_the_signals_that_its_starter_still_gets),
	};

	return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
