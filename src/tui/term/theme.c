#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "tui/term/theme_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>
#include "tui/term/canvas_priv.h"

/* The 256-colour values have a contrast of at least 3.3 both to black and to white (WCAG 2's
 * formula on xterm's palette), so they are readable on dark and light backgrounds. -1: the
 * terminal's default colour. */
struct colour {
	short of256, of8;
	unsigned style; /* flags to add, mainly for terminals without colour */
};

static const struct colour colours[ROLES] = {
	[ROLE_NORMAL] = {-1, -1, 0},
	[ROLE_DIM] = {244, -1, 0},
	[ROLE_BORDER] = {243, -1, 0},
	[ROLE_FOCUS] = {32, COLOR_CYAN, STYLE_BOLD},
	[ROLE_TITLE] = {-1, -1, STYLE_BOLD},
	[ROLE_SELECT] = {-1, -1, STYLE_REVERSE},
	[ROLE_MARKED] = {-1, -1, STYLE_BOLD},
	[ROLE_TAB] = {-1, -1, STYLE_REVERSE},
	[ROLE_KEY] = {32, COLOR_CYAN, STYLE_BOLD},
	[ROLE_GOOD] = {28, COLOR_GREEN, 0},
	[ROLE_WARN] = {166, COLOR_YELLOW, STYLE_BOLD},
	[ROLE_BAD] = {160, COLOR_RED, STYLE_BOLD},
	[ROLE_IN] = {30, COLOR_CYAN, 0},
	[ROLE_OUT] = {133, COLOR_MAGENTA, 0},
	[ROLE_MONEY] = {136, COLOR_YELLOW, 0},
	[ROLE_BAR] = {32, COLOR_CYAN, 0},
	[ROLE_HASH + 0] = {167, COLOR_RED, 0},
	[ROLE_HASH + 1] = {30, COLOR_CYAN, 0},
	[ROLE_HASH + 2] = {136, COLOR_YELLOW, 0},
	[ROLE_HASH + 3] = {63, COLOR_BLUE, 0},
	[ROLE_HASH + 4] = {64, COLOR_GREEN, 0},
	[ROLE_HASH + 5] = {169, COLOR_MAGENTA, 0},
	[ROLE_HASH + 6] = {166, COLOR_RED, 0},
	[ROLE_HASH + 7] = {32, COLOR_CYAN, 0},
	[ROLE_HASH + 8] = {100, COLOR_YELLOW, 0},
	[ROLE_HASH + 9] = {135, COLOR_BLUE, 0},
	[ROLE_HASH + 10] = {28, COLOR_GREEN, 0},
	[ROLE_HASH + 11] = {133, COLOR_MAGENTA, 0},
};

unsigned theme_hash(const struct hash256 *h)
{
	uint32_t mix = UINT32_C(
		2166136261); /* FNV-1a mixes all bytes: one end of a block's hash is always zero */

	if (hash256_is_zero(h))
		return ROLE_DIM;
	for (int i = 0; i < HASH_BYTES; i++)
		mix = (mix ^ h->b[i]) * UINT32_C(16777619);
	return (ROLE_HASH + (mix >> 8) % HASH_COLOURS) | STYLE_KEEP;
}

void theme_start(void)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	for (short i = 0; i < ROLES; i++) {
		short fg = COLORS >= 256 ? colours[i].of256 : colours[i].of8;

		if (fg >= 0 && i + 1 < COLOR_PAIRS)
			init_pair((short)(i + 1), fg, -1);
	}
}

void theme_attr(unsigned style, unsigned long *attr, short *pair)
{
	unsigned role = style & STYLE_ROLE;
	const char *no_color = getenv("NO_COLOR");
	bool coloured = has_colors() && COLORS >= 8 && !(no_color && *no_color);
	attr_t a = 0;

	role = role < ROLES ? role : ROLE_NORMAL;
	style |= colours[role].style;
	if (style & STYLE_BOLD)
		a |= A_BOLD;
	if (style & STYLE_REVERSE)
		a |= A_REVERSE;
	if (style & STYLE_UNDERLINE)
		a |= A_UNDERLINE;
	*pair = 0;
	if (coloured)
		*pair = (COLORS >= 256 ? colours[role].of256 : colours[role].of8) >= 0
				? (short)(role + 1)
				: 0;
	if (*pair >= COLOR_PAIRS)
		*pair = 0;
	if (!*pair && (role == ROLE_DIM || role == ROLE_BORDER))
		a |= A_DIM;
	*attr = a;
}
