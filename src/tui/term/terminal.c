/* Opens and closes the terminal; reads keys, mouse and size; shows frames. */
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
#undef lines /* term.h defines these as macros */
#undef columns

#include "tui/term/terminal_priv.h"

#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include <event2/event.h>

#include <tally/base/clock.h>
#include <tally/base/mem.h>
#include "tui/term/paste_priv.h"
#include "tui/term/rescue_priv.h"
#include "tui/term/terminal_capture_priv.h"
#include "tui/term/terminal_keys_priv.h"
#include "tui/term/terminal_output_priv.h"
#include "tui/term/theme_priv.h"

#define ESCAPE_DELAY_MS 25 /* how long curses waits after Esc for the rest of an escape sequence */
#define KEYS_A_TURN     64 /* keys that are read in one turn of the loop */
#define WHEEL_LINES     3

struct terminal {
	struct terminal_events ev;
	struct event_base *base;
	/* Non-blocking; opened separately, so that the shell's descriptors stay blocking. */
	int tty;
	FILE *in;
	SCREEN *screen;
	struct termios before; /* its modes when it was opened */
	struct terminal_output out;
	struct terminal_capture capture;
	struct event *readable, *winch, *cont;
	bool utf8, gone;
	bool paste_marks; /* PASTE_ON was sent */
	struct paste paste;
};

/* --- output --------------------------------------------------------------------- */

static void on_drained(void *arg)
{
	struct terminal *t = arg;

	t->ev.drained(t->ev.arg);
}

static void on_lost(void *arg)
{
	struct terminal *t = arg;

	if (t->gone)
		return;
	t->gone = true;
	event_del(t->readable);
	terminal_output_abandon(&t->out);
	t->ev.gone(t->ev.arg);
}

static void put_cell(int x, int y, const struct cell *cell)
{
	wchar_t text[2] = {(wchar_t)(cell->ch ? cell->ch : ' '), 0};
	unsigned long attr;
	short pair;
	cchar_t cc;

	theme_attr(cell->style, &attr, &pair);
	if (setcchar(&cc, text, (attr_t)attr, pair, NULL) == OK)
		mvadd_wch(y, x, &cc);
}

bool terminal_show(struct terminal *t, const struct canvas *c, int cursor_x, int cursor_y)
{
	if (t->gone)
		return true;
	if (terminal_output_busy(&t->out))
		return false;
	for (int y = 0; y < c->rows && y < LINES; y++)
		for (int x = 0; x < c->cols && x < COLS; x++) {
			const struct cell *cell = canvas_at(c, x, y);

			if (cell->ch) /* not the right half of a wide character */
				put_cell(x, y, cell);
		}
	if (cursor_x >= 0 && cursor_y >= 0) {
		curs_set(1);
		wmove(stdscr, cursor_y, cursor_x);
	} else {
		curs_set(0);
	}
	wnoutrefresh(stdscr);
	doupdate();
	terminal_output_collect(&t->out);
	terminal_output_flush(&t->out);
	return true;
}

void terminal_redraw(struct terminal *t)
{
	(void)t;
	clearok(curscr, TRUE);
}

static void read_mouse(struct terminal *t)
{
	MEVENT me;

	if (getmouse(&me) != OK)
		return;
	if (me.bstate & BUTTON4_PRESSED)
		t->ev.wheel(t->ev.arg, me.x, me.y, -WHEEL_LINES);
	else if (me.bstate & BUTTON5_PRESSED)
		t->ev.wheel(t->ev.arg, me.x, me.y, WHEEL_LINES);
	else if (me.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
		t->ev.click(t->ev.arg, me.x, me.y);
}

static bool is_hung_up(const struct terminal *t)
{
	struct pollfd p = {.fd = t->tty, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void deliver_key(struct terminal *t, int32_t key)
{
	if (key && !paste_add_key(&t->paste, key, clock_mono_us(clock_system())))
		t->ev.key(t->ev.arg, key);
}

static void handle_code(struct terminal *t, wint_t code)
{
	if (code == KEY_MOUSE)
		read_mouse(t);
	else if (code == TERMINAL_KEY_PASTE_BEGIN)
		paste_begin(&t->paste, clock_mono_us(clock_system()));
	else if (code != TERMINAL_KEY_PASTE_END)
		deliver_key(t, terminal_key(code)); /* 0 for KEY_RESIZE, which resizeterm pushes */
	else if (t->paste.on)
		t->ev.pasted(t->ev.arg, paste_end(&t->paste));
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct terminal *t = arg;
	wint_t code;

	(void)fd, (void)what;
	for (int i = 0; i < KEYS_A_TURN; i++) {
		const int kind = wget_wch(stdscr, &code);

		if (kind == ERR) {
			if (is_hung_up(t))
				on_lost(t);
			return;
		}
		if (kind == KEY_CODE_YES)
			handle_code(t, code);
		else
			deliver_key(t, (int32_t)code);
	}
}

static void apply_size(struct terminal *t)
{
	struct winsize ws;

	if (ioctl(t->tty, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0)
		resizeterm(ws.ws_row, ws.ws_col);
}

static void on_winch(evutil_socket_t sig, short what, void *arg)
{
	struct terminal *t = arg;

	(void)sig, (void)what;
	apply_size(t);
	terminal_redraw(t);
	t->ev.resized(t->ev.arg, COLS, LINES);
}

/* --- opening and closing -------------------------------------------------------------- */

static bool no_terminal(struct terminal *t, struct err *e, const char *why)
{
	terminal_close(t);
	return err_set(e, ERR_IO, "no-terminal", "%s: the node runs without a console", why);
}

static void make_raw(const struct terminal *t)
{
	struct termios raw = t->before;

	cfmakeraw(&raw);
	tcsetattr(t->tty, TCSANOW, &raw);
}

static bool start_curses(struct terminal *t, struct err *e)
{
	const char *cup;

	t->in = fdopen(dup(t->tty), "r");
	if (!terminal_output_open(&t->out, t->tty) || !t->in)
		return no_terminal(t, e, "out of memory for the screen");
	t->screen = newterm(NULL, t->out.file, t->in);
	cup = t->screen ? tigetstr("cup") : NULL;
	if (!cup || cup == (char *)-1)
		return no_terminal(t, e, "this terminal (TERM) can't place a cursor");
	set_escdelay(ESCAPE_DELAY_MS);
	typeahead(-1);
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	terminal_keys_define();
	mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	theme_start();
	apply_size(t);
	return true;
}

static struct event *watch(struct terminal *t, int fd, short what, event_callback_fn fn,
			   int priority)
{
	struct event *ev = event_new(t->base, fd, what | EV_PERSIST, fn, t);

	event_priority_set(ev, priority);
	event_add(ev, NULL);
	return ev;
}

static void on_cont(evutil_socket_t sig, short what, void *arg)
{
	struct terminal *t = arg;

	(void)sig, (void)what;
	make_raw(t);
	terminal_output_add(&t->out, PASTE_ON);
	terminal_output_flush(&t->out);
	on_winch(SIGWINCH, 0, t);
}

static void on_printed(void *arg, const char *text)
{
	struct terminal *t = arg;

	t->ev.line(t->ev.arg, text);
}

bool terminal_open(struct terminal **out, struct event_base *base, int priority,
		   const struct terminal_events *ev, struct err *e)
{
	struct terminal *t = NEW(struct terminal);

	t->ev = *ev;
	t->base = base;
	t->tty = -1;
	t->out = (struct terminal_output){
		.tty = -1, .memory = -1, .drained = on_drained, .lost = on_lost, .arg = t};
	t->capture = (struct terminal_capture)CAPTURE_INITIAL;
	t->capture.on_line = on_printed;
	t->capture.arg = t;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return no_terminal(t, e, "standard input or output is not a terminal");
	t->tty = open("/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (t->tty < 0 || tcgetattr(t->tty, &t->before) != 0)
		return no_terminal(t, e, "can't open /dev/tty");
	if (!start_curses(t, e))
		return false;
	make_raw(t);
	rescue_arm(t->tty, &t->before);
	if (!terminal_capture_start(&t->capture, base, priority))
		return no_terminal(t, e, "no file descriptors left");
	t->readable = watch(t, t->tty, EV_READ, on_readable, priority);
	t->winch = watch(t, SIGWINCH, EV_SIGNAL, on_winch, priority);
	t->cont = watch(t, SIGCONT, EV_SIGNAL, on_cont, priority);
	terminal_output_watch(&t->out, base, priority);
	terminal_output_add(&t->out, PASTE_ON);
	t->paste_marks = true;
	terminal_output_flush(&t->out);
	*out = t;
	return true;
}

static void free_event(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	free_event(&t->readable);
	free_event(&t->winch);
	free_event(&t->cont);
	if (t->screen) {
		terminal_output_flush_wait(&t->out);
		mousemask(0, NULL);
		endwin();
		terminal_output_collect(&t->out);
		if (t->paste_marks)
			terminal_output_add(&t->out, PASTE_OFF);
		terminal_output_flush_wait(&t->out);
		tcsetattr(t->tty, TCSADRAIN, &t->before);
		rescue_disarm();
		delscreen(t->screen);
	}
	terminal_capture_end(&t->capture);
	terminal_output_clear(&t->out);
	if (t->in)
		fclose(t->in);
	if (t->tty >= 0)
		close(t->tty);
	free(t);
}

void terminal_size(const struct terminal *t, int *cols, int *rows)
{
	(void)t;
	*cols = COLS;
	*rows = LINES;
}

bool terminal_utf8(const struct terminal *t)
{
	return t->utf8;
}

void terminal_suspend(struct terminal *t)
{
	terminal_output_flush_wait(&t->out);
	endwin();
	terminal_output_collect(&t->out);
	terminal_output_add(&t->out, PASTE_OFF);
	terminal_output_flush_wait(&t->out);
	tcsetattr(t->tty, TCSADRAIN, &t->before);
	kill(getpid(), SIGSTOP);
	/* on_cont takes the terminal again. */
}
