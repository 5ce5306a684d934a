/* The terminal. newterm writes into a file in memory; after doupdate the loop reads that into a buffer
 * which drains to the terminal without ever blocking. */
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
#undef lines /* term.h takes common words */
#undef columns

#include "tui/term/terminal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <tally/base/clock.h>
#include <tally/base/mem.h>
#include "tui/term/keys_priv.h"
#include "tui/term/paste_priv.h"
#include "tui/term/rescue_priv.h"
#include "tui/term/theme_priv.h"

#define ESCAPE_DELAY_MS 25
#define KEYS_A_TURN     64
#define WHEEL_LINES     3

/* Keys of our own, for curses: the marks around what is pasted. Far from those that ncurses numbers itself, from
 * KEY_MAX on, for what a terminal has besides. */
#define KEY_PASTE_BEGIN 0x7001
#define KEY_PASTE_END   0x7002

struct terminal {
	struct terminal_events ev;
	struct event_base *base;
	int tty;    /* non-blocking, of its own */
	int memory; /* where curses writes */
	FILE *out, *in;
	SCREEN *screen;
	struct termios before;
	struct evbuffer *pending;
	struct event *readable, *writable, *winch, *cont, *captured;
	int saved_out, saved_err, pipe[2];
	char line[1024];
	size_t line_len;
	bool utf8, gone;
	bool paste_marks; /* the terminal was asked for them */
	struct paste paste;
};

/* --- output --------------------------------------------------------------------- */

static void collect(struct terminal *t)
{
	char buf[16384];
	ssize_t n;

	fflush(t->out);
	if (lseek(t->memory, 0, SEEK_CUR) == 0)
		return;
	lseek(t->memory, 0, SEEK_SET);
	while ((n = read(t->memory, buf, sizeof(buf))) > 0)
		evbuffer_add(t->pending, buf, (size_t)n);
	if (ftruncate(t->memory, 0) == 0)
		lseek(t->memory, 0, SEEK_SET);
}

/* The other end was closed. Such a terminal is for ever readable and writable: it must not be watched any
 * more, or nothing of lower priority has its turn. */
static void lost(struct terminal *t)
{
	if (t->gone)
		return;
	t->gone = true;
	event_del(t->readable);
	event_del(t->writable);
	evbuffer_drain(t->pending, evbuffer_get_length(t->pending));
	t->ev.gone(t->ev.arg);
}

static bool for_a_moment(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void drain(struct terminal *t)
{
	while (evbuffer_get_length(t->pending) > 0)
		if (evbuffer_write(t->pending, t->tty) <= 0) {
			if (!for_a_moment(errno)) {
				lost(t);
				return;
			}
			break;
		}
	if (evbuffer_get_length(t->pending) > 0)
		event_add(t->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct terminal *t = arg;

	(void)fd, (void)what;
	drain(t);
	if (evbuffer_get_length(t->pending) == 0)
		t->ev.drained(t->ev.arg);
}

/* At the end, and before a stop, for a second at most. */
static void drain_now(struct terminal *t)
{
	for (int i = 0; i < 100 && evbuffer_get_length(t->pending) > 0; i++) {
		if (evbuffer_write(t->pending, t->tty) <= 0 && !for_a_moment(errno))
			break;
		if (evbuffer_get_length(t->pending) > 0)
			usleep(10000);
	}
	evbuffer_drain(t->pending, evbuffer_get_length(t->pending));
}

static void say(struct terminal *t, const char *sequence)
{
	evbuffer_add(t->pending, sequence, strlen(sequence));
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
	if (evbuffer_get_length(t->pending) > 0)
		return false;
	for (int y = 0; y < c->rows && y < LINES; y++)
		for (int x = 0; x < c->cols && x < COLS; x++) {
			const struct cell *cell = canvas_at(c, x, y);

			if (cell->ch) /* not the right half of a wide one */
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
	collect(t);
	drain(t);
	return true;
}

void terminal_redraw(struct terminal *t)
{
	(void)t;
	clearok(curscr, TRUE);
}

/* --- input ------------------------------------------------------------------------ */

static int32_t named_key(wint_t code)
{
	static const struct {
		int code;
		int32_t key;
	} names[] = {
		{KEY_UP, KEYS_UP},        {KEY_DOWN, KEYS_DOWN},
		{KEY_LEFT, KEYS_LEFT},    {KEY_RIGHT, KEYS_RIGHT},
		{KEY_HOME, KEYS_HOME},    {KEY_END, KEYS_END},
		{KEY_PPAGE, KEYS_PGUP},   {KEY_NPAGE, KEYS_PGDN},
		{KEY_BTAB, KEYS_BACKTAB}, {KEY_BACKSPACE, KEYS_BACKSPACE},
		{KEY_DC, KEYS_DELETE},    {KEY_ENTER, KEYS_ENTER},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if ((wint_t)names[i].code == code)
			return names[i].key;
	if (code >= (wint_t)KEY_F(1) && code <= (wint_t)KEY_F(12))
		return KEYS_F1 + (int32_t)(code - (wint_t)KEY_F(1));
	return 0;
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

static bool hung_up(const struct terminal *t)
{
	struct pollfd p = {.fd = t->tty, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void take_key(struct terminal *t, int32_t key)
{
	if (key && !paste_takes(&t->paste, key, clock_mono_us(clock_system())))
		t->ev.key(t->ev.arg, key);
}

static void take_code(struct terminal *t, wint_t code)
{
	if (code == KEY_MOUSE)
		read_mouse(t);
	else if (code == KEY_PASTE_BEGIN)
		paste_begin(&t->paste, clock_mono_us(clock_system()));
	else if (code != KEY_PASTE_END)
		take_key(t, named_key(code)); /* KEY_RESIZE, which resizeterm pushes, is none */
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
			if (hung_up(t))
				lost(t);
			return;
		}
		if (kind == KEY_CODE_YES)
			take_code(t, code);
		else
			take_key(t, (int32_t)code);
	}
}

static void take_size(struct terminal *t)
{
	struct winsize ws;

	if (ioctl(t->tty, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0)
		resizeterm(ws.ws_row, ws.ws_col);
}

static void on_winch(evutil_socket_t sig, short what, void *arg)
{
	struct terminal *t = arg;

	(void)sig, (void)what;
	take_size(t);
	terminal_redraw(t);
	t->ev.resized(t->ev.arg, COLS, LINES);
}

/* --- what libraries print ------------------------------------------------------------ */

static void on_captured(evutil_socket_t fd, short what, void *arg)
{
	struct terminal *t = arg;
	char buf[1024];
	const ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n' && t->line_len < sizeof(t->line) - 1) {
			t->line[t->line_len++] = buf[i];
			continue;
		}
		t->line[t->line_len] = '\0';
		if (t->line_len)
			t->ev.line(t->ev.arg, t->line);
		t->line_len = 0;
	}
}

static bool capture(struct terminal *t)
{
	if (pipe2(t->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	t->saved_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	t->saved_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(t->pipe[1], STDOUT_FILENO);
	dup2(t->pipe[1], STDERR_FILENO);
	return true;
}

static void release(struct terminal *t)
{
	if (t->saved_out >= 0) {
		fflush(stdout);
		dup2(t->saved_out, STDOUT_FILENO);
		close(t->saved_out);
	}
	if (t->saved_err >= 0) {
		dup2(t->saved_err, STDERR_FILENO);
		close(t->saved_err);
	}
	for (int i = 0; i < 2; i++)
		if (t->pipe[i] >= 0)
			close(t->pipe[i]);
	t->saved_out = t->saved_err = t->pipe[0] = t->pipe[1] = -1;
}

/* --- taking and giving back -------------------------------------------------------------- */

static bool no_terminal(struct terminal *t, struct err *e, const char *why)
{
	terminal_close(t);
	return err_set(e, ERR_IO, "no-terminal", "%s: the node runs without its console", why);
}

static void make_raw(const struct terminal *t)
{
	struct termios raw = t->before;

	cfmakeraw(&raw);
	tcsetattr(t->tty, TCSANOW, &raw);
}

static void define_keys(void)
{
	static const struct {
		const char *text;
		int code;
	} more[] = {
		{"\033[A", KEY_UP},           {"\033[B", KEY_DOWN},
		{"\033[C", KEY_RIGHT},        {"\033[D", KEY_LEFT},
		{"\033OA", KEY_UP},           {"\033OB", KEY_DOWN},
		{"\033OC", KEY_RIGHT},        {"\033OD", KEY_LEFT},
		{"\033[H", KEY_HOME},         {"\033[F", KEY_END},
		{"\033[Z", KEY_BTAB},         {"\033[11~", KEY_F(1)},
		{"\033[12~", KEY_F(2)},       {"\033[13~", KEY_F(3)},
		{"\033[14~", KEY_F(4)},       {"\033OP", KEY_F(1)},
		{"\033OQ", KEY_F(2)},         {"\033OR", KEY_F(3)},
		{"\033OS", KEY_F(4)},         {"\033[200~", KEY_PASTE_BEGIN},
		{"\033[201~", KEY_PASTE_END},
	};

	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		define_key(more[i].text, more[i].code);
}

static bool start_curses(struct terminal *t, struct err *e)
{
	const char *cup;

	t->memory = memfd_create("tally-screen", MFD_CLOEXEC);
	t->out = t->memory >= 0 ? fdopen(dup(t->memory), "w") : NULL;
	t->in = fdopen(dup(t->tty), "r");
	if (!t->out || !t->in)
		return no_terminal(t, e, "there is no memory for a screen");
	t->screen = newterm(NULL, t->out, t->in);
	cup = t->screen ? tigetstr("cup") : NULL;
	if (!cup || cup == (char *)-1)
		return no_terminal(t, e, "this terminal (TERM) can't place a cursor");
	set_escdelay(ESCAPE_DELAY_MS);
	typeahead(-1);
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	define_keys();
	mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	theme_start();
	take_size(t);
	return true;
}

static struct event *watch(struct terminal *t, int fd, short what, event_callback_fn fn,
			   int priority)
{
	struct event *ev = event_new(t->base, fd, what, fn, t);

	event_priority_set(ev, priority);
	if (what != EV_WRITE)
		event_add(ev, NULL);
	return ev;
}

static void on_cont(evutil_socket_t sig, short what, void *arg)
{
	struct terminal *t = arg;

	(void)sig, (void)what;
	make_raw(t);
	say(t, PASTE_ON);
	drain(t);
	on_winch(SIGWINCH, 0, t);
}

bool terminal_open(struct terminal **out, struct event_base *base, int priority,
		   const struct terminal_events *ev, struct err *e)
{
	struct terminal *t = NEW(struct terminal);

	t->ev = *ev;
	t->base = base;
	t->tty = t->memory = t->saved_out = t->saved_err = t->pipe[0] = t->pipe[1] = -1;
	t->pending = evbuffer_new();
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return no_terminal(t, e, "this is no terminal");
	t->tty = open("/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (t->tty < 0 || tcgetattr(t->tty, &t->before) != 0)
		return no_terminal(t, e, "the terminal can't be opened");
	if (!start_curses(t, e))
		return false;
	make_raw(t);
	rescue_arm(t->tty, &t->before);
	if (!capture(t))
		return no_terminal(t, e, "there are no more files to open");
	t->readable = watch(t, t->tty, EV_READ | EV_PERSIST, on_readable, priority);
	t->writable = watch(t, t->tty, EV_WRITE, on_writable, priority);
	t->captured = watch(t, t->pipe[0], EV_READ | EV_PERSIST, on_captured, priority);
	t->winch = watch(t, SIGWINCH, EV_SIGNAL | EV_PERSIST, on_winch, priority);
	t->cont = watch(t, SIGCONT, EV_SIGNAL | EV_PERSIST, on_cont, priority);
	say(t, PASTE_ON);
	t->paste_marks = true;
	drain(t);
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
	free_event(&t->writable);
	free_event(&t->captured);
	free_event(&t->winch);
	free_event(&t->cont);
	if (t->screen) {
		drain_now(t);
		mousemask(0, NULL);
		endwin();
		collect(t);
		if (t->paste_marks)
			say(t, PASTE_OFF);
		drain_now(t);
		tcsetattr(t->tty, TCSADRAIN, &t->before);
		rescue_disarm();
		delscreen(t->screen);
	}
	release(t);
	if (t->out)
		fclose(t->out);
	if (t->in)
		fclose(t->in);
	if (t->memory >= 0)
		close(t->memory);
	if (t->tty >= 0)
		close(t->tty);
	evbuffer_free(t->pending);
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
	drain_now(t);
	endwin();
	collect(t);
	say(t, PASTE_OFF);
	drain_now(t);
	tcsetattr(t->tty, TCSADRAIN, &t->before);
	kill(getpid(), SIGSTOP);
	/* SIGCONT takes the terminal again. */
}
