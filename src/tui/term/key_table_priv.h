/* The table of keys: one row for each action. Dispatch, help page, key bar and manual use it. */
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
	ACT_QUIT_ASK, /* ^C: asks whether to stop the node; twice within 2 s stops it */
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

#define BAR_FIRST 0 /* not for rows: the key bar itself puts the key that ends a freeze there */
#define BAR_LAST  31

#define KEYS_PER_ROW 9

/* One key, or several with the same effect. */
struct key_row {
	enum action action;
	enum key_section section;
	int32_t keys[KEYS_PER_ROW]; /* 0: unused */
	const char *shown;          /* the names of the keys in help page and manual */
	const char *help;
	/* For a key that acts on the node: the command to run, or to put into the prompt for the
	 * person to complete. It is refused while a page is shown. */
	const char *run, *prompt;
	/* Key and label in the key bar; NULL: the key bar does not show it. */
	const char *bar_key, *bar;
	/* The label while the key does the opposite: "Resume" instead of "Freeze". */
	const char *bar_other;
	enum bar_if bar_if;
	/* More than BAR_FIRST, at most BAR_LAST; if there is no room, the greatest are left out. */
	int bar_order;
};
extern const struct key_row key_rows[];
extern const size_t n_key_rows;
extern const char *const key_section_names[KEYS_SECTIONS];

/* The row of a key; NULL: it has no effect. */
const struct key_row *key_find(int32_t key);

#endif
