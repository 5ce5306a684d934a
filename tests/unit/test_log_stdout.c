/* Log lines on a descriptor that may stop taking them. */
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

#define MANY  40000 /* lines, of 140 bytes: more than any queue */
#define FEW   3000  /* more than a pipe takes, less than the queue */
#define LATER 5

#define QUIET_MS 300 /* after that nothing more comes */

static void say(struct log_stdout *p, unsigned first, unsigned count)
{
	char text[128];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(text, sizeof(text), "line %u %090u", i, i);
		log_stdout_line(p, 0, LOG_NODE, LOG_INFO, text);
	}
}

/* A printer into a pipe, and what was read at the pipe's other end. */
struct fixture {
	struct log_stdout *p;
	FILE *in;
	int fd;
	unsigned next;            /* the number of the line that should come next */
	unsigned notes, left_out; /* lines that tell of lines left out, and how many they tell of */
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

static void take_line(struct fixture *f, const char *line)
{
	unsigned n;

	if (sscanf(line, "%*s warn node %u line", &n) == 1) {
		assert_non_null(strstr(line, " left out here"));
		f->notes++;
		f->left_out += n;
		f->next += n;
		return;
	}
	assert_int_equal(sscanf(line, "%*s info node line %u", &n), 1);
	assert_int_equal(n, f->next);
	assert_int_equal(line[strlen(line) - 1], '\n');
	f->next++;
}

/* Waits for them; those that are said to be left out count as read. */
static void read_lines(struct fixture *f, unsigned until)
{
	char line[1024];

	while (f->next < until && fgets(line, sizeof(line), f->in))
		take_line(f, line);
	assert_int_equal(f->next, until);
}

/* What comes without having to be waited for: bytes. */
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
		say(f.p, f.next, FEW);
		read_lines(&f, f.next + FEW);
	}
	say(f.p, f.next, LATER);
	log_stdout_free(f.p);
	read_lines(&f, 5 * FEW + LATER);
	assert_int_equal(f.left_out, 0);
	close_pipe(&f);
}

static void who_reads_gets_every_line_in_order(void **state)
{
	(void)state;
	read_all(0);
}

static void so_does_who_has_made_the_descriptor_non_blocking(void **state)
{
	(void)state;
	read_all(O_NONBLOCK);
}

static void who_does_not_read_is_not_waited_for(void **state)
{
	const int64_t begin = now_ms();
	struct fixture f;

	(void)state;
	open_pipe(&f, 0);
	say(f.p, 0, MANY);
	assert_in_range(now_ms() - begin, 0, 5000);
	/* What was left out is told as soon as it flows again, in its place. */
	read_lines(&f, MANY);
	assert_true(f.notes >= 1 && f.left_out > 0 && f.left_out < MANY);
	say(f.p, MANY, LATER);
	read_lines(&f, MANY + LATER);
	log_stdout_free(f.p);
	close_pipe(&f);
}

static void the_end_waits_a_moment_alone_for_who_does_not_read(void **state)
{
	struct fixture f;
	int64_t begin;

	(void)state;
	open_pipe(&f, 0);
	say(f.p, 0, FEW);
	begin = now_ms();
	log_stdout_free(f.p);
	assert_in_range(now_ms() - begin, 250, 10000);
	/* The thread ends when it can; until then the descriptor is its. */
	assert_true(read_rest(&f) > 0);
	fclose(f.in);
}

static void nobody_at_the_other_end_is_harmless(void **state)
{
	const int64_t begin = now_ms();
	struct fixture f;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	open_pipe(&f, 0);
	fclose(f.in);
	say(f.p, 0, MANY);
	log_stdout_free(f.p);
	assert_in_range(now_ms() - begin, 0, 5000);
	close(f.fd);
}

static void a_file_has_each_line_at_once(void **state)
{
	struct fixture f = {.in = tmpfile()};

	(void)state;
	f.p = log_stdout_new(fileno(f.in));
	say(f.p, 0, FEW);
	rewind(f.in);
	read_lines(&f, FEW);
	log_stdout_free(f.p);
	fclose(f.in);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_gets_every_line_in_order),
		cmocka_unit_test(so_does_who_has_made_the_descriptor_non_blocking),
		cmocka_unit_test(who_does_not_read_is_not_waited_for),
		cmocka_unit_test(the_end_waits_a_moment_alone_for_who_does_not_read),
		cmocka_unit_test(nobody_at_the_other_end_is_harmless),
		cmocka_unit_test(a_file_has_each_line_at_once),
	};

	return cmocka_run_group_tests_name("printer", tests, NULL, NULL);
}
