/* Remembers why the system refused a call of Berkeley DB. Its own return codes hide that: a recovery that
 * finds no file descriptor or no memory ends with the same code as one that finds a damaged file. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <db.h>

#include "store/db_refusal_priv.h"

static _Thread_local int refusal;

static void note(bool failed)
{
	/* ENOENT and EEXIST are regular answers to an open. */
	if (failed && errno != ENOENT && errno != EEXIST && errno != EINTR)
		refusal = errno;
}

static int noted_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;
	int fd;

	va_start(ap, flags);
	mode = flags & O_CREAT ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	fd = open(path, flags | O_CLOEXEC, mode);
	note(fd < 0);
	return fd;
}

static void *noted_malloc(size_t n)
{
	void *p = malloc(n);

	note(!p);
	return p;
}

static void *noted_realloc(void *old, size_t n)
{
	void *p = realloc(old, n);

	note(!p);
	return p;
}

static ssize_t noted_pread(int fd, void *buf, size_t n, off_t at)
{
	ssize_t got = pread(fd, buf, n, at);

	note(got < 0);
	return got;
}

static ssize_t noted_pwrite(int fd, const void *buf, size_t n, off_t at)
{
	ssize_t put = pwrite(fd, buf, n, at);

	note(put < 0);
	return put;
}

static int noted_fsync(int fd)
{
	int rc = fsync(fd);

	note(rc < 0);
	return rc;
}

/* read and write are not replaced: Berkeley DB then takes a slower path, on which a short read is an
 * error. */
static void install(void)
{
	db_env_set_func_open(noted_open);
	db_env_set_func_malloc(noted_malloc);
	db_env_set_func_realloc(noted_realloc);
	db_env_set_func_pread(noted_pread);
	db_env_set_func_pwrite(noted_pwrite);
	db_env_set_func_fsync(noted_fsync);
}

void db_refusal_install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}

void db_refusal_clear(void)
{
	refusal = 0;
}

int db_refusal_take(void)
{
	int error = refusal;

	refusal = 0;
	return error;
}
