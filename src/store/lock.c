/* One process a data directory. An flock, because it belongs to the open file and not to the
 * process: looking at the file from elsewhere in the program (dir_lock_held) doesn't drop it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/store/lock.h>

#include "store/env_priv.h"

#define LOCK_NAME ".lock"
/* dir_lock_held looks by taking a shared lock for a moment, which isn't the other process that runs here. */
#define LOCK_TRIES    5
#define LOCK_PAUSE_NS 2000000

static bool err_lock(struct err *e, const char *path)
{
	return err_set(e, ERR_IO, "dir-lock", "cannot open %s: %s: check that you own it", path,
		       strerror(errno));
}

/* 0 where nobody wrote one (yet). */
static unsigned long read_pid(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	uint64_t pid;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, 1, INT32_MAX, &pid) ? (unsigned long)pid : 0;
}

static bool err_in_use(struct err *e, const char *dir, unsigned long pid)
{
	char who[40] = "another process";

	if (pid != 0)
		snprintf(who, sizeof who, "process %lu", pid);
	return err_set(e, ERR_BUSY, "dir-in-use",
		       "%s is in use by %s: stop it first, or take another NODE_ID", dir, who);
}

static bool try_lock(int fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

static bool write_pid(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

bool dir_lock_take(struct dir_lock *l, const char *dir, struct err *e)
{
	char *path = mem_printf("%s/%s", dir, LOCK_NAME);
	int fd = -1;

	l->fd = -1;
	if (!dir_make(dir, e))
		goto out;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err_lock(e, path);
		goto out;
	}
	if (!try_lock(fd)) {
		if (errno == EWOULDBLOCK)
			err_in_use(e, dir, read_pid(fd));
		else
			err_lock(e, path);
		goto out;
	}
	if (!write_pid(fd)) {
		if (errno == ENOSPC)
			err_set(e, ERR_NOSPACE, "disk-full",
				"the disk of %s is full: make room and start again", dir);
		else
			err_lock(e, path);
		goto out;
	}
	l->fd = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return l->fd >= 0;
}

bool dir_lock_held(const char *dir)
{
	char *path = mem_printf("%s/%s", dir, LOCK_NAME);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	free(path);
	return held;
}

/* The file stays: removing it would let a third process lock a file that a second one has open.
 * Emptied, so that nobody is told of a process that is gone. */
void dir_lock_drop(struct dir_lock *l)
{
	if (l->fd < 0)
		return;
	if (ftruncate(l->fd, 0) != 0)
		errno = 0; /* a stale number in a file nobody holds is harmless */
	close(l->fd);
	l->fd = -1;
}
