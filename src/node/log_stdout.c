/* Log lines on standard output. A terminal, a pipe may stop taking them for as long as it likes
 * (^S, a pager, a line to another machine that is down): so a thread writes them, which nobody
 * waits for. (The descriptor is shared with whoever started us: to make it non-blocking would make
 * it so for them, and that there is room for some bytes is no promise while others write there,
 * too.) What doesn't fit into the queue meanwhile is left out, and how much that was is said in its
 * place. A file takes a line at once, or never. */
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

#include "node/log_file_priv.h"

#define QUEUE_BYTES ((size_t)1 << 20) /* a few times the lines that are kept for the console */
#define LINE_BYTES  1024
#define LAST_MS     500
#define PAUSE_NS    2000000

struct log_stdout {
	int fd;
	bool direct; /* there is no thread */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* there is something to write, or it is closed */
	char *queue;         /* whole lines */
	size_t length;
	uint64_t left_out; /* lines, since it was full */
	bool writing, closed;
	bool left; /* by the loop, while writing: the thread frees it */
	char *out; /* the thread's: what it writes */
};

static void printer_destroy(struct log_stdout *p)
{
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p->queue);
	free(p->out);
	free(p);
}

/* Waits as long as it must. What can't be written at all is lost here: nobody reads it. */
static void write_all(int fd, const char *at, size_t n)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	while (n > 0) {
		const ssize_t k = write(fd, at, n);

		if (k > 0) {
			at += k;
			n -= (size_t)k;
		} else if (k < 0 && errno == EAGAIN) { /* made so by somebody else */
			poll(&room, 1, -1);
		} else if (k == 0 || errno != EINTR) {
			return;
		}
	}
}

/* With its newline; how many bytes. */
static size_t make_line(char line[LINE_BYTES], int64_t unix_us, enum log_subsystem sub,
			enum log_level level, const char *text)
{
	size_t n;

	log_format(line, LINE_BYTES - 1, unix_us, sub, level, text);
	n = strlen(line);
	line[n] = '\n';
	return n + 1;
}

static void queue_add(struct log_stdout *p, const char *line, size_t n)
{
	memcpy(p->queue + p->length, line, n);
	p->length += n;
}

/* The place of what was left out, behind everything that was not, is where the queue begins
 * anew. */
static void tell_left_out(struct log_stdout *p)
{
	char text[128], line[LINE_BYTES];

	if (p->left_out == 0)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " line%s left out here, since nobody read: tally.log has %s",
		 p->left_out, p->left_out == 1 ? "" : "s", p->left_out == 1 ? "it" : "them");
	p->left_out = 0;
	queue_add(p, line,
		  make_line(line, clock_unix_us(clock_system()), LOG_NODE, LOG_WARN, text));
}

static void *printer_main(void *arg)
{
	struct log_stdout *p = arg;
	bool left;

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
		tell_left_out(p);
		p->writing = true;
		pthread_mutex_unlock(&p->lock);
		write_all(p->fd, taken, n);
		pthread_mutex_lock(&p->lock);
		p->writing = false;
	}
	left = p->left;
	pthread_mutex_unlock(&p->lock);
	if (left)
		printer_destroy(p);
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
	p->direct = thread_start(&p->thread, printer_main, p) != 0;
	return p;
}

void log_stdout_line(struct log_stdout *p, int64_t unix_us, enum log_subsystem sub,
		     enum log_level level, const char *text)
{
	char line[LINE_BYTES];
	const size_t n = make_line(line, unix_us, sub, level, text);

	if (p->direct) {
		write_all(p->fd, line, n);
		return;
	}
	pthread_mutex_lock(&p->lock);
	if (p->left_out > 0 || n > QUEUE_BYTES - p->length)
		p->left_out++;
	else
		queue_add(p, line, n);
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

/* What is left may yet be written, if that goes at once. */
static void wait_for_last(struct log_stdout *p)
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
	bool left;

	if (!p)
		return;
	if (p->direct) {
		printer_destroy(p);
		return;
	}
	pthread_mutex_lock(&p->lock);
	wait_for_last(p);
	thread = p->thread;
	left = p->left = p->writing;
	p->closed = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock); /* where it is left p may be gone now */
	if (left) {
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	printer_destroy(p);
}
