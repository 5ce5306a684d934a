#include "tui/term/terminal_output_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#define WAIT_STEPS   100
#define WAIT_STEP_US 10000

bool terminal_output_open(struct terminal_output *o, int tty)
{
	o->tty = tty;
	o->memory = memfd_create("tally-screen", MFD_CLOEXEC);
	o->file = o->memory >= 0 ? fdopen(dup(o->memory), "w") : NULL;
	o->pending = evbuffer_new();
	return o->file && o->pending;
}

bool terminal_output_busy(const struct terminal_output *o)
{
	return evbuffer_get_length(o->pending) > 0;
}

void terminal_output_collect(struct terminal_output *o)
{
	char buf[16384];
	ssize_t n;

	fflush(o->file);
	if (lseek(o->memory, 0, SEEK_CUR) == 0)
		return;
	lseek(o->memory, 0, SEEK_SET);
	while ((n = read(o->memory, buf, sizeof(buf))) > 0)
		evbuffer_add(o->pending, buf, (size_t)n);
	if (ftruncate(o->memory, 0) == 0)
		lseek(o->memory, 0, SEEK_SET);
}

void terminal_output_add(struct terminal_output *o, const char *sequence)
{
	evbuffer_add(o->pending, sequence, strlen(sequence));
}

static bool is_temporary(int error)
{
	return error == EAGAIN || error == EINTR;
}

void terminal_output_flush(struct terminal_output *o)
{
	while (terminal_output_busy(o))
		if (evbuffer_write(o->pending, o->tty) <= 0) {
			if (!is_temporary(errno)) {
				o->lost(o->arg);
				return;
			}
			break;
		}
	if (terminal_output_busy(o))
		event_add(o->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct terminal_output *o = arg;

	(void)fd, (void)what;
	terminal_output_flush(o);
	if (!terminal_output_busy(o))
		o->drained(o->arg);
}

void terminal_output_watch(struct terminal_output *o, struct event_base *base, int priority)
{
	o->writable = event_new(base, o->tty, EV_WRITE, on_writable, o);
	event_priority_set(o->writable, priority);
}

void terminal_output_abandon(struct terminal_output *o)
{
	event_del(o->writable);
	evbuffer_drain(o->pending, evbuffer_get_length(o->pending));
}

void terminal_output_flush_wait(struct terminal_output *o)
{
	for (int i = 0; i < WAIT_STEPS && terminal_output_busy(o); i++) {
		if (evbuffer_write(o->pending, o->tty) <= 0 && !is_temporary(errno))
			break;
		if (terminal_output_busy(o))
			usleep(WAIT_STEP_US);
	}
	evbuffer_drain(o->pending, evbuffer_get_length(o->pending));
}

void terminal_output_clear(struct terminal_output *o)
{
	if (o->writable)
		event_free(o->writable);
	if (o->file)
		fclose(o->file);
	if (o->memory >= 0)
		close(o->memory);
	if (o->pending)
		evbuffer_free(o->pending);
	*o = (struct terminal_output){.tty = -1, .memory = -1};
}
