/* Colours by meaning. Every colour is readable on dark and light backgrounds. No information is
 * shown by colour only. */
#ifndef TALLY_TUI_TERM_THEME_PRIV_H
#define TALLY_TUI_TERM_THEME_PRIV_H

#include <stdbool.h>

#include <tally/crypto/hash.h>

#define HASH_COLOURS 12

enum role {
	ROLE_NORMAL,
	ROLE_DIM,    /* less important text: units, column heads */
	ROLE_BORDER, /* frames */
	ROLE_FOCUS,  /* the frame and title of the focused panel */
	ROLE_TITLE,
	ROLE_SELECT, /* the selected row of the focused panel */
	ROLE_MARKED, /* the selected row of a panel without focus */
	ROLE_TAB,    /* the screen that is shown */
	ROLE_KEY,    /* a key's name in bar and help */
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_IN,  /* inbound */
	ROLE_OUT, /* outbound */
	ROLE_MONEY,
	ROLE_BAR,  /* progress and rates */
	ROLE_HASH, /* the first of HASH_COLOURS */
	ROLES = ROLE_HASH + HASH_COLOURS
};

/* The colour of a hash: the same on every terminal. All zeros: ROLE_DIM. */
unsigned theme_hash(const struct hash256 *h);

/* Sets up the colours of curses; none if NO_COLOR is set (no-color.org). Call it after newterm. */
void theme_start(void);
/* The curses attributes and colour pair of a style, for setcchar. */
void theme_attr(unsigned style, unsigned long *attr, short *pair);

#endif
