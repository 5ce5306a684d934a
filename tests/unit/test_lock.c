/* The lock of a data directory. */
#include "store_dir.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include <tally/store/lock.h>

static void a_second_locker_learns_the_holder(void **state)
{
	struct fixture *f = *state;
	struct dir_lock l, second;
	struct err e = {0};
	char pid[32];

	assert_int_equal(dir_lock_holder(f->chain), LOCK_NOBODY);
	assert_ok(dir_lock_take(&l, f->chain, LOCK_NODE, &e), e);
	assert_int_equal(dir_lock_holder(f->chain), LOCK_NODE);
	assert_err(dir_lock_take(&second, f->chain, LOCK_NODE, &e), e, ERR_BUSY, "dir-in-use");
	assert_int_equal(second.fd, -1);
	snprintf(pid, sizeof pid, "process %ld", (long)getpid());
	assert_non_null(strstr(e.detail, pid));
	assert_int_equal(dir_lock_holder(f->chain),
			 LOCK_NODE); /* dir_lock_holder did not release it */
	dir_lock_drop(&l);
	dir_lock_drop(&l);
	assert_int_equal(dir_lock_holder(f->chain), LOCK_NOBODY);
	assert_ok(dir_lock_take(&second, f->chain, LOCK_NODE, &e), e);
	dir_lock_drop(&second);
}

/* The child takes the lock, reports it, and sleeps until it is killed. */
static void hold_until_killed(const char *dir, int told)
{
	struct dir_lock l;

	if (!dir_lock_take(&l, dir, LOCK_NODE, NULL) || write(told, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void a_killed_process_holds_nothing(void **state)
{
	struct fixture *f = *state;
	struct dir_lock l;
	struct err e = {0};
	char got, who[32];
	int told[2];
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		hold_until_killed(f->chain, told[1]);
	close(told[1]);
	assert_int_equal(read(told[0], &got, 1), 1);
	close(told[0]);
	assert_err(dir_lock_take(&l, f->chain, LOCK_NODE, &e), e, ERR_BUSY, "dir-in-use");
	snprintf(who, sizeof who, "process %ld", (long)pid);
	assert_non_null(strstr(e.detail, who));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(dir_lock_holder(f->chain), LOCK_NOBODY);
	assert_ok(dir_lock_take(&l, f->chain, LOCK_NODE, &e), e);
	dir_lock_drop(&l);
}

/* While a child holds the lock as a command, another process waits instead of failing. */
static void a_command_is_waited_for(void **state)
{
	const struct timespec moment = {.tv_nsec = 300000000};
	struct fixture *f = *state;
	struct dir_lock l;
	struct err e = {0};
	int told[2];
	char got;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!dir_lock_take(&l, f->chain, LOCK_COMMAND, NULL) || write(told[1], "x", 1) != 1)
			_exit(1);
		nanosleep(&moment, NULL);
		_exit(0);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &got, 1), 1);
	close(told[0]);
	assert_int_equal(dir_lock_holder(f->chain), LOCK_COMMAND);
	assert_ok(dir_lock_take(&l, f->chain, LOCK_NODE, &e), e);
	assert_int_equal(dir_lock_holder(f->chain), LOCK_NODE);
	dir_lock_drop(&l);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void missing_directories_are_made_private(void **state)
{
	struct fixture *f = *state;
	char deep[340];
	struct dir_lock l;
	struct stat st;
	struct err e = {0};
	mode_t before = umask(0);

	snprintf(deep, sizeof deep, "%s/a/b/", f->chain);
	assert_ok(dir_lock_take(&l, deep, LOCK_NODE, &e), e);
	umask(before);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(f->chain, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	dir_lock_drop(&l);
}

static void a_directory_that_cannot_be_made_is_refused(void **state)
{
	struct fixture *f = *state;
	char below[340];
	struct dir_lock l;
	struct err e = {0};
	int fd = open(f->chain, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_err(dir_lock_take(&l, f->chain, LOCK_NODE, &e), e, ERR_IO, "dir-make");
	snprintf(below, sizeof below, "%s/node", f->chain);
	assert_err(dir_lock_take(&l, below, LOCK_NODE, &e), e, ERR_IO, "dir-make");
	assert_non_null(strstr(e.detail, "is not a directory: choose another"));
	assert_int_equal(l.fd, -1);
	assert_int_equal(dir_lock_holder(below), LOCK_NOBODY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_locker_learns_the_holder),
		TEST(a_killed_process_holds_nothing),
		TEST(a_command_is_waited_for),
		TEST(missing_directories_are_made_private),
		TEST(a_directory_that_cannot_be_made_is_refused),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
