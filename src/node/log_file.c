#include "node/log_file_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/mem.h>

#define LOG_FILE_MAX (INT64_C(5) << 20) /* bytes */

struct log_file {
	int fd;
	int64_t size;
	char *path, *old_path;
};

static bool log_file_start(struct log_file *l, struct err *e)
{
	struct stat st;

	/* A user may have replaced it by a link, or by a pipe, which must not block. */
	l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
	if (l->fd < 0)
		return err_set(e, ERR_IO, "log-open", "cannot write %s: %s: check that you own it",
			       l->path, strerror(errno));
	l->size = fstat(l->fd, &st) == 0 ? st.st_size : 0;
	return true;
}

struct log_file *log_file_open(const char *dir, struct err *e)
{
	struct log_file *l = NEW(struct log_file);

	l->path = mem_printf("%s/tally.log", dir);
	l->old_path = mem_printf("%s/tally.log.1", dir);
	if (!log_file_start(l, e)) {
		l->fd = -1;
		log_file_close(l);
		return NULL;
	}
	return l;
}

void log_file_close(struct log_file *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l->old_path);
	free(l);
}

void log_file_write(struct log_file *l, const struct log_entry *line)
{
	char text[1024];
	size_t n;

	if (l->fd < 0)
		return;
	n = log_format(text, sizeof(text), line);
	/* On a full disk the line is lost, and the node continues. */
	if (write(l->fd, text, n) == (ssize_t)n)
		l->size += (int64_t)n;
	if (l->size >= LOG_FILE_MAX) {
		close(l->fd);
		rename(l->path, l->old_path);
		if (!log_file_start(l, NULL))
			l->fd = -1;
	}
}
