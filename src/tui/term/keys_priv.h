/* The keys: one table feeds dispatch, help, key bar and man page. */
#ifndef TALLY_TUI_TERM_KEYS_PRIV_H
#define TALLY_TUI_TERM_KEYS_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* Key presses: a character as it is (control characters too), or one of these. */
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
	KEYS_F1, /* F1 .. F12 follow one another */
	KEYS_F12 = KEYS_F1 + 11,
};
#define KEYS_CTRL(c) ((c) - '@') /* of a capital letter */
#define KEYS_ESC     27
#define KEYS_ENTER   13
#define KEYS_TAB     9

enum action {
	ACT_NONE,
	ACT_SCREEN, /* the digit says which */
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
	ACT_QUIT_ASK, /* ^C: asks even where q would go back */
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
	ACT_QUIT, /* F10 */
};

enum key_section { KEYS_LOOK, KEYS_MOVE, KEYS_DO, KEYS_SECTIONS };

#define KEYS_A_ROW 8
struct key_row {
	enum action action;
	enum key_section section;
	int32_t keys[KEYS_A_ROW]; /* 0: none */
	const char *shown;        /* as help and man page name them */
	const char *help;
	const char *bar_key, *bar; /* in the key bar; NULL: not there */
	int bar_order;             /* least first; what has no room is left out from the last */
};
extern const struct key_row key_rows[];
extern const size_t n_key_rows;
extern const char *const key_section_names[KEYS_SECTIONS];

enum action key_action(int32_t key);

#endif
