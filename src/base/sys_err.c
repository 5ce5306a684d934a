#include <tally/base/sys_err.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define MB         (1u << 20)
#define TEXT_CHARS 256

/* The class of an errno value. */
static enum err_class class_of(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return ERR_LIMIT;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPACE;
	default:
		return ERR_IO;
	}
}

/* The value of a limit of this process in units of `unit` bytes; false if it is unlimited. */
static bool limit_of(int resource, unsigned unit, unsigned long long *out)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return false;
	*out = (unsigned long long)limit.rlim_cur / unit;
	return true;
}

static void advise_memory(char *out, size_t size)
{
	unsigned long long mb;

	if (limit_of(RLIMIT_AS, MB, &mb))
		snprintf(
			out, size,
			"not enough memory: the limit of this process is %llu MB (ulimit -v): %d MB "
			"are enough",
			mb, SYS_MEMORY_ENOUGH_MB);
	else
		snprintf(out, size, "not enough memory: close other programs");
}

static void advise_files(char *out, size_t size)
{
	unsigned long long files = 0;

	limit_of(RLIMIT_NOFILE, 1, &files);
	snprintf(
		out, size,
		"too many open files: the limit of this process is %llu (ulimit -n): %d are enough",
		files, SYS_FILES_ENOUGH);
}

/* pthread_create fails with EAGAIN if the limit of processes is reached, but also if there is no memory
 * for the stack. */
static void advise_threads(char *out, size_t size)
{
	unsigned long long mb, processes;

	if (limit_of(RLIMIT_AS, MB, &mb))
		advise_memory(out, size);
	else if (limit_of(RLIMIT_NPROC, 1, &processes))
		snprintf(out, size,
			 "no more threads are allowed: the limit of this user is %llu (ulimit -u): "
			 "raise it",
			 processes);
	else
		snprintf(out, size, "no more threads are allowed: close other programs");
}

static void advise(int error, char *out, size_t size)
{
	const char *advice = "check the disk and start again";

	switch (error) {
	case EMFILE:
		advise_files(out, size);
		return;
	case ENOMEM:
		advise_memory(out, size);
		return;
	case EAGAIN:
		advise_threads(out, size);
		return;
	case ENFILE:
		advice = "close other programs";
		break;
	case EACCES:
	case EPERM:
		advice = "check that you own it";
		break;
	case EROFS:
		advice = "make the disk writable, or choose another --home";
		break;
	case ENOSPC:
	case EDQUOT:
		advice = "make room and start again";
		break;
	case EFBIG:
		advice = "raise the limit of file sizes (ulimit -f)";
		break;
	case EISDIR:
		advice = "move it away";
		break;
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		advice = "choose another --home";
		break;
	default:
		break;
	}
	snprintf(out, size, "%s: %s", strerror(error), advice);
}

bool sys_err(struct err *e, int error, const char *token, const char *fmt, ...)
{
	char what[TEXT_CHARS], reason[TEXT_CHARS];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	advise(error, reason, sizeof(reason));
	return err_set(e, class_of(error), token, "%s: %s", what, reason);
}
