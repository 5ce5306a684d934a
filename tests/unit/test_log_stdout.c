/* Log lines on a descriptor whose reader may stop reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/clock.h>

#include "node/log_stdout_priv.h"

#define MANY  40000 /* lines of 140 bytes: more than pipe and queue hold */
#define FEW   3000  /* more than the pipe holds, less than the queue */
#define LATER 5

#define QUIET_MS 300 /* without output: the thread has written everything */

static void write_lines(struct log_stdout *p, unsigned first, unsigned count)
{
	char text[128];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(text, sizeof(text), "line %u %090u", i, i);
		log_stdout_write(
			p, &(struct log_entry){.sub = LOG_NODE, .level = LOG_INFO, .text = text});
	}
}

/* A log_stdout that writes to a pipe, and what was read from the pipe. */
struct fixture {
	struct log_stdout *p;
	FILE *in;
	int fd;
	unsigned next;    /* the number of the line that should come next */
	unsigned reports; /* lines about dropped lines */
	unsigned dropped; /* lines, according to these reports */
};

static void open_pipe(struct fixture *f, int flags)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0);
	*f = (struct fixture){
		.p = log_stdout_new(ends[1]), .in = fdopen(ends[0], "r"), .fd = ends[1]};
}

static void close_pipe(struct fixture *f)
{
	fclose(f->in);
	close(f->fd);
}

static void check_line(struct fixture *f, const char *line)
{
	unsigned n;

	if (sscanf(line, "%*s warn node %u line", &n) == 1) {
		assert_non_null(strstr(line, " dropped here"));
		f->reports++;
		f->dropped += n;
		f->next += n;
		return;
	}
	assert_int_equal(sscanf(line, "%*s info node line %u", &n), 1);
	assert_int_equal(n, f->next);
	assert_int_equal(line[strlen(line) - 1], '\n');
	f->next++;
}

/* Reads up to this line number. Lines that are reported as dropped count as read. */
static void read_lines(struct fixture *f, unsigned until)
{
	char line[1024];

	while (f->next < until && fgets(line, sizeof(line), f->in))
		check_line(f, line);
	assert_int_equal(f->next, until);
}

/* Reads until nothing comes for QUIET_MS. Returns the bytes. */
static size_t read_rest(struct fixture *f)
{
	struct pollfd ready = {.fd = fileno(f->in), .events = POLLIN};
	char bytes[65536];
	size_t n = 0;

	while (poll(&ready, 1, QUIET_MS) == 1)
		n += (size_t)read(ready.fd, bytes, sizeof(bytes));
	return n;
}

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

static void read_all(int flags)
{
	struct fixture f;

	open_pipe(&f, flags);
	for (unsigned i = 0; i < 5; i++) {
		write_lines(f.p, f.next, FEW);
		read_lines(&f, f.next + FEW);
	}
	write_lines(f.p, f.next, LATER);
	log_stdout_free(f.p);
	read_lines(&f, 5 * FEW + LATER);
	assert_int_equal(f.dropped, 0);
	close_pipe(&f);
}

static void a_reader_gets_every_line_in_order(void **state)
{
	(void)state;
	read_all(0);
}

static void a_reader_of_a_non_blocking_descriptor_gets_every_line(void **state)
{
	(void)state;
	read_all(O_NONBLOCK);
}

static void lines_are_dropped_when_nobody_reads(void **state)
{
	const int64_t begin = now_ms();
	struct fixture f;

	(void)state;
	open_pipe(&f, 0);
	write_lines(f.p, 0, MANY);
	assert_in_range(now_ms() - begin, 0, 5000);
	/* The report is at the place of the dropped lines. */
	read_lines(&f, MANY);
	assert_true(f.reports >= 1 && f.dropped > 0 && f.dropped < MANY);
	write_lines(f.p, MANY, LATER);
	read_lines(&f, MANY + LATER);
	log_stdout_free(f.p);
	close_pipe(&f);
}

static void closing_waits_only_briefly_when_nobody_reads(void **state)
{
	struct fixture f;
	int64_t begin;

	(void)state;
	open_pipe(&f, 0);
	write_lines(f.p, 0, FEW);
	begin = now_ms();
	log_stdout_free(f.p);
	assert_in_range(now_ms() - begin, 250, 10000);
	/* The thread still owns the descriptor and writes the rest. */
	assert_true(read_rest(&f) > 0);
	fclose(f.in);
}

static void a_closed_reader_is_harmless(void **state)
{
	const int64_t begin = now_ms();
	struct fixture f;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	open_pipe(&f, 0);
	fclose(f.in);
	write_lines(f.p, 0, MANY);
	log_stdout_free(f.p);
	assert_in_range(now_ms() - begin, 0, 5000);
	close(f.fd);
}

static void a_file_gets_each_line_at_once(void **state)
{
	struct fixture f = {.in = tmpfile()};

	(void)state;
	f.p = log_stdout_new(fileno(f.in));
	write_lines(f.p, 0, FEW);
	rewind(f.in);
	read_lines(&f, FEW);
	log_stdout_free(f.p);
	fclose(f.in);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_gets_every_line_in_order),
		cmocka_unit_test(a_reader_of_a_non_blocking_descriptor_gets_every_line),
		cmocka_unit_test(lines_are_dropped_when_nobody_reads),
		cmocka_unit_test(closing_waits_only_briefly_when_nobody_reads),
		cmocka_unit_test(a_closed_reader_is_harmless),
		cmocka_unit_test(a_file_gets_each_line_at_once),
	};

	return cmocka_run_group_tests_name("log_stdout", tests, NULL, NULL);
}
