#include "tui/term/terminal_capture_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <event2/event.h>

static void on_captured(evutil_socket_t fd, short what, void *arg)
{
	struct terminal_capture *c = arg;
	char buf[1024];
	const ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n' && c->line_len < CAPTURE_CHARS) {
			c->line[c->line_len++] = buf[i];
			continue;
		}
		c->line[c->line_len] = '\0';
		if (c->line_len)
			c->on_line(c->arg, c->line);
		c->line_len = 0;
	}
}

bool terminal_capture_start(struct terminal_capture *c, struct event_base *base, int priority)
{
	if (pipe2(c->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	c->saved_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	c->saved_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(c->pipe[1], STDOUT_FILENO);
	dup2(c->pipe[1], STDERR_FILENO);
	c->readable = event_new(base, c->pipe[0], EV_READ | EV_PERSIST, on_captured, c);
	event_priority_set(c->readable, priority);
	event_add(c->readable, NULL);
	return true;
}

void terminal_capture_end(struct terminal_capture *c)
{
	if (c->readable)
		event_free(c->readable);
	c->readable = NULL;
	if (c->saved_out >= 0) {
		fflush(stdout);
		dup2(c->saved_out, STDOUT_FILENO);
		close(c->saved_out);
	}
	if (c->saved_err >= 0) {
		dup2(c->saved_err, STDERR_FILENO);
		close(c->saved_err);
	}
	for (int i = 0; i < 2; i++)
		if (c->pipe[i] >= 0)
			close(c->pipe[i]);
	c->saved_out = c->saved_err = c->pipe[0] = c->pipe[1] = -1;
}
