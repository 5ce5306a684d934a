/* Colours by meaning. Every colour is readable on dark and on light backgrounds, and none says
 * anything that a character doesn't say too. */
#ifndef TALLY_TUI_TERM_THEME_PRIV_H
#define TALLY_TUI_TERM_THEME_PRIV_H

#include <stdbool.h>

#include <tally/crypto/hash.h>

#define HASH_COLOURS 12

enum role {
	ROLE_NORMAL,
	ROLE_DIM,    /* what matters least: units, column heads */
	ROLE_BORDER, /* frames */
	ROLE_FOCUS,  /* the frame and title of the focused panel */
	ROLE_TITLE,
	ROLE_SELECT, /* the selected row of the focused panel */
	ROLE_MARKED, /* the selected row of another */
	ROLE_TAB,    /* the screen that is shown */
	ROLE_KEY,    /* a key's name in bar and help */
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_IN,  /* towards us */
	ROLE_OUT, /* from us */
	ROLE_MONEY,
	ROLE_BAR,  /* progress and rates */
	ROLE_HASH, /* the first of HASH_COLOURS */
	ROLES = ROLE_HASH + HASH_COLOURS
};

/* The same hash has the same colour in every pane of every terminal. All zeros: dim. */
unsigned theme_hash(const struct hash256 *h);

/* After curses started: sets up its colours (mono with NO_COLOR, see no-color.org). */
void theme_start(void);
/* Curses attributes of a style, as cchar_t wants them. */
void theme_attr(unsigned style, unsigned long *attr, short *pair);

#endif
