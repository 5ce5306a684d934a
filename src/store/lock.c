/* The lock of a data directory. It is an flock because that belongs to the open file and not to the
 * process: when dir_lock_holder opens and closes the same file, the lock is not lost. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/clock.h>
#include <tally/base/mem.h>
#include <tally/base/sys_err.h>
#include <tally/base/text.h>
#include <tally/store/lock.h>

#include "store/env_priv.h"

#define LOCK_NAME    ".lock"
#define NODE_WORD    "node"
#define COMMAND_WORD "command"
#define PAUSE_NS     10000000

static bool err_lock(struct err *e, const char *path)
{
	return sys_err(e, errno, "dir-lock", "cannot open %s", path);
}

struct holder {
	unsigned long pid; /* 0 if none is written (yet) */
	enum lock_holder kind;
};

/* Reads "123 node\n". Without text the holder has not written it yet or is in dir_lock_holder, which
 * takes a shared lock for a moment: both are brief, like a command. */
static struct holder read_holder(int fd)
{
	struct holder h = {.kind = LOCK_COMMAND};
	char text[40] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	uint64_t pid;
	char *word;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	word = strchr(text, ' ');
	if (word == NULL)
		return h;
	*word++ = '\0';
	if (parse_u64(text, 1, INT32_MAX, &pid))
		h.pid = (unsigned long)pid;
	if (strcmp(word, NODE_WORD) == 0)
		h.kind = LOCK_NODE;
	return h;
}

static bool write_holder(int fd, enum lock_holder holder)
{
	char text[40];
	int n = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(),
			 holder == LOCK_NODE ? NODE_WORD : COMMAND_WORD);

	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

static bool err_in_use(struct err *e, const char *dir, const struct holder *h)
{
	char process[40] = "another process";

	if (h->pid != 0)
		snprintf(process, sizeof process, "process %lu", h->pid);
	return err_set(e, ERR_BUSY, "dir-in-use",
		       h->kind == LOCK_NODE
			       ? "%s is in use by %s: stop it first, or choose another NODE_ID"
			       : "%s is in use by a command, %s: wait until it has finished",
		       dir, process);
}

static bool try_lock(int fd)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const int64_t until = clock_mono_us(clock_system()) + LOCK_WAIT_MS * INT64_C(1000);

	for (;;) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (read_holder(fd).kind == LOCK_NODE || clock_mono_us(clock_system()) >= until)
			break;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

bool dir_lock_take(struct dir_lock *l, const char *dir, enum lock_holder holder, struct err *e)
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
		if (errno == EWOULDBLOCK) {
			struct holder h = read_holder(fd);
			err_in_use(e, dir, &h);
		} else {
			err_lock(e, path);
		}
		goto out;
	}
	if (!write_holder(fd, holder)) {
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

static struct holder holder_of(const char *dir)
{
	char *path = mem_printf("%s/%s", dir, LOCK_NAME);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct holder h = {.kind = LOCK_NOBODY};

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		h = read_holder(fd);
	if (fd >= 0)
		close(fd);
	free(path);
	return h;
}

enum lock_holder dir_lock_holder(const char *dir)
{
	return holder_of(dir).kind;
}

/* Reads /proc/PID/stat: the state follows the program's name, which is in parentheses and may itself
 * contain a parenthesis. Source: proc(5). */
bool dir_lock_suspended(const char *dir, unsigned long *pid)
{
	const struct holder h = holder_of(dir);
	char path[40], text[512], *state;
	ssize_t n;
	int fd;

	if (h.kind != LOCK_NODE || h.pid == 0)
		return false;
	snprintf(path, sizeof path, "/proc/%lu/stat", h.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	*pid = h.pid;
	return state && state[1] == ' ' && state[2] == 'T';
}

/* The file is not removed: otherwise a second process could hold a lock on the removed file while a
 * third one locks a new file. It is emptied, so that later messages don't name this process. */
void dir_lock_drop(struct dir_lock *l)
{
	if (l->fd < 0)
		return;
	if (ftruncate(l->fd, 0) != 0)
		errno = 0; /* a stale process id in an unlocked file is harmless */
	close(l->fd);
	l->fd = -1;
}
