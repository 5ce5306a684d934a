/* The keys. One table, a row for each action, feeds dispatch, help page, key bar and manual. */
#ifndef TALLY_TUI_TERM_KEY_TABLE_PRIV_H
#define TALLY_TUI_TERM_KEY_TABLE_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* A key is a Unicode character (control characters included), or one of these. */
enum {
	KEYS_FIRST = 0x200000,
	KEYS_UP,
	KEYS_DOWN,
	KEYS_LEFT,
	KEYS_RIGHT,
	KEYS_HOME,
	KEYS_END,
	KEYS_PGUP,
	KEYS_PGDN,
	KEYS_BACKTAB,
	KEYS_BACKSPACE,
	KEYS_DELETE,
	KEYS_F1,
	KEYS_F12 = KEYS_F1 + 11, /* F2 .. F11 lie between */
};
#define KEYS_CTRL(c) ((c) - '@') /* c: a capital letter */
#define KEYS_ESC     27
#define KEYS_ENTER   13
#define KEYS_TAB     9

enum action {
	ACT_NONE,
	ACT_SCREEN, /* the key is the digit of the screen */
	ACT_FOCUS_NEXT,
	ACT_FOCUS_PREV,
	ACT_ZOOM,
	ACT_UP,
	ACT_DOWN,
	ACT_FIRST,
	ACT_LAST,
	ACT_PAGE_UP,
	ACT_PAGE_DOWN,
	ACT_HALF_UP,
	ACT_HALF_DOWN,
	ACT_OPEN,
	ACT_BACK,
	ACT_QUIT_ASK, /* ^C: asks on every screen; the second time it stops the node */
	ACT_SEARCH,
	ACT_SEARCH_NEXT,
	ACT_SEARCH_PREV,
	ACT_FILTER,
	ACT_SORT,
	ACT_FREEZE,
	ACT_MINE,
	ACT_SEND,
	ACT_CONNECT,
	ACT_DROP,
	ACT_PROMPT,
	ACT_HELP,
	ACT_REDRAW,
	ACT_SUSPEND,
	ACT_QUIT,
};

enum key_section { KEYS_LOOK, KEYS_MOVE, KEYS_DO, KEYS_SECTIONS };

/* When the key bar shows a key. */
enum bar_if {
	BAR_ALWAYS,
	BAR_DASHBOARD,   /* on the dashboard */
	BAR_SORTED_VIEW, /* if the focused view can be sorted */
	BAR_VIEW_KEY,    /* if the focused view lists it as its own (view_key) */
};

#define BAR_FIRST 0 /* not used by a row: the key bar itself moves a key there */
#define BAR_LAST  31

#define KEYS_PER_ROW 9

/* One key or a few with the same effect. */
struct key_row {
	enum action action;
	enum key_section section;
	int32_t keys[KEYS_PER_ROW]; /* 0: unused */
	const char *shown;          /* the keys as help page and manual name them */
	const char *help;
	/* It acts on the node: this command is run, or is put into the prompt to be completed. Not from a page. */
	const char *run, *prompt;
	/* In the key bar; bar_key NULL: not there. */
	const char *bar_key, *bar;
	const char *bar_other; /* the label that replaces `bar` if the key now does the opposite */
	enum bar_if bar_if;
	int bar_order; /* BAR_FIRST < order <= BAR_LAST; the last ones are left out if there is no room */
};
extern const struct key_row key_rows[];
extern const size_t n_key_rows;
extern const char *const key_section_names[KEYS_SECTIONS];

/* The row of a key; NULL: it has no effect. */
const struct key_row *key_find(int32_t key);

#endif
