/* A terminal or a pipe may stop reading for any time (^S, a pager, a slow ssh), so a thread of its
 * own writes to it. Two simpler ways don't work: O_NONBLOCK would apply to every process that
 * shares the descriptor, and poll() does not guarantee that a write does not block while others
 * write to it too. A regular file never stops, so lines are written to it directly. */
#include "node/log_stdout_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/clock.h>
#include <tally/base/mem.h>
#include <tally/base/thread.h>

#define QUEUE_BYTES ((size_t)1 << 20) /* more than the lines that the journal keeps */
#define LINE_BYTES  1024
#define LAST_MS     500     /* the wait for the queue at the end */
#define PAUSE_NS    2000000 /* between two looks at the queue */

struct log_stdout {
	int fd;
	bool direct; /* no thread: log_stdout_write writes */
	pthread_t thread;
	pthread_mutex_t lock; /* of everything below, except what is noted */
	pthread_cond_t wake;  /* the queue has lines, or `closed` is set */
	char *queue;          /* QUEUE_BYTES; whole lines */
	size_t length;        /* of the queue, in bytes */
	uint64_t dropped;     /* lines, since the queue was full */
	bool writing;         /* the thread is in write() */
	bool closed;          /* the thread must end */
	bool orphaned;        /* closed while writing: the thread frees this */
	char *out;            /* QUEUE_BYTES; only used by the thread: what it is writing */
};

static void log_stdout_destroy(struct log_stdout *p)
{
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p->queue);
	free(p->out);
	free(p);
}

/* Blocks until everything is written. After an error, such as EPIPE, the rest is dropped. */
static void write_all(int fd, const char *at, size_t n)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	while (n > 0) {
		const ssize_t k = write(fd, at, n);

		if (k > 0) {
			at += k;
			n -= (size_t)k;
		} else if (k < 0 && errno == EAGAIN) { /* another process has set O_NONBLOCK */
			poll(&room, 1, -1);
		} else if (k == 0 || errno != EINTR) {
			return;
		}
	}
}

static void queue_add(struct log_stdout *p, const char *line, size_t n)
{
	memcpy(p->queue + p->length, line, n);
	p->length += n;
}

/* Adds a line about the dropped lines. Called when the queue is empty, so the line is in their
 * place. */
static void report_dropped(struct log_stdout *p)
{
	char text[128], line[LINE_BYTES];
	size_t n;

	if (p->dropped == 0)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " line%s dropped here, because the output was not read: see tally.log",
		 p->dropped, p->dropped == 1 ? "" : "s");
	p->dropped = 0;
	n = log_format(line, sizeof(line),
		       &(struct log_entry){.unix_us = clock_unix_us(clock_system()),
					   .sub = LOG_NODE,
					   .level = LOG_WARN,
					   .text = text});
	queue_add(p, line, n);
}

static void *writer_main(void *arg)
{
	struct log_stdout *p = arg;
	bool orphaned;

	pthread_mutex_lock(&p->lock);
	while (!p->closed) {
		char *taken = p->queue;
		const size_t n = p->length;

		if (n == 0) {
			pthread_cond_wait(&p->wake, &p->lock);
			continue;
		}
		p->queue = p->out;
		p->out = taken;
		p->length = 0;
		report_dropped(p);
		p->writing = true;
		pthread_mutex_unlock(&p->lock);
		write_all(p->fd, taken, n);
		pthread_mutex_lock(&p->lock);
		p->writing = false;
	}
	orphaned = p->orphaned;
	pthread_mutex_unlock(&p->lock);
	if (orphaned)
		log_stdout_destroy(p);
	return NULL;
}

struct log_stdout *log_stdout_new(int fd)
{
	struct log_stdout *p = NEW(struct log_stdout);
	struct stat st;

	p->fd = fd;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->direct = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (p->direct)
		return p;
	p->queue = mem_alloc(QUEUE_BYTES);
	p->out = mem_alloc(QUEUE_BYTES);
	p->direct = thread_start(&p->thread, writer_main, p) != 0;
	return p;
}

void log_stdout_write(struct log_stdout *p, const struct log_entry *line)
{
	char text[LINE_BYTES];
	const size_t n = log_format(text, sizeof(text), line);

	if (p->direct) {
		write_all(p->fd, text, n);
		return;
	}
	pthread_mutex_lock(&p->lock);
	if (p->dropped > 0 || n > QUEUE_BYTES - p->length)
		p->dropped++;
	else
		queue_add(p, text, n);
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

/* Gives the thread LAST_MS to write the queue. */
static void wait_for_queue(struct log_stdout *p)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const int64_t until = clock_mono_ms(clock_system()) + LAST_MS;

	while ((p->length > 0 || p->writing) && clock_mono_ms(clock_system()) < until) {
		pthread_mutex_unlock(&p->lock);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&p->lock);
	}
}

void log_stdout_free(struct log_stdout *p)
{
	pthread_t thread;
	bool orphaned;

	if (!p)
		return;
	if (p->direct) {
		log_stdout_destroy(p);
		return;
	}
	pthread_mutex_lock(&p->lock);
	wait_for_queue(p);
	thread = p->thread;
	orphaned = p->orphaned = p->writing;
	p->closed = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock); /* if orphaned, p may be freed from here on */
	if (orphaned) {
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	log_stdout_destroy(p);
}
