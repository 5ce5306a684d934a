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
	[ROLE_NORMAL] = {.of256 = -1, .of8 = -1},
	[ROLE_DIM] = {.of256 = 244, .of8 = -1},
	[ROLE_BORDER] = {.of256 = 243, .of8 = -1},
	[ROLE_FOCUS] = {.of256 = 32, .of8 = COLOR_CYAN, .style = STYLE_BOLD},
	[ROLE_TITLE] = {.of256 = -1, .of8 = -1, .style = STYLE_BOLD},
	[ROLE_SELECT] = {.of256 = -1, .of8 = -1, .style = STYLE_REVERSE},
	[ROLE_MARKED] = {.of256 = -1, .of8 = -1, .style = STYLE_BOLD},
	[ROLE_TAB] = {.of256 = -1, .of8 = -1, .style = STYLE_REVERSE},
	[ROLE_KEY] = {.of256 = 32, .of8 = COLOR_CYAN, .style = STYLE_BOLD},
	[ROLE_GOOD] = {.of256 = 28, .of8 = COLOR_GREEN},
	[ROLE_WARN] = {.of256 = 166, .of8 = COLOR_YELLOW, .style = STYLE_BOLD},
	[ROLE_BAD] = {.of256 = 160, .of8 = COLOR_RED, .style = STYLE_BOLD},
	[ROLE_IN] = {.of256 = 30, .of8 = COLOR_CYAN},
	[ROLE_OUT] = {.of256 = 133, .of8 = COLOR_MAGENTA},
	[ROLE_MONEY] = {.of256 = 136, .of8 = COLOR_YELLOW},
	[ROLE_BAR] = {.of256 = 32, .of8 = COLOR_CYAN},
	[ROLE_HASH + 0] = {.of256 = 167, .of8 = COLOR_RED},
	[ROLE_HASH + 1] = {.of256 = 30, .of8 = COLOR_CYAN},
	[ROLE_HASH + 2] = {.of256 = 136, .of8 = COLOR_YELLOW},
	[ROLE_HASH + 3] = {.of256 = 63, .of8 = COLOR_BLUE},
	[ROLE_HASH + 4] = {.of256 = 64, .of8 = COLOR_GREEN},
	[ROLE_HASH + 5] = {.of256 = 169, .of8 = COLOR_MAGENTA},
	[ROLE_HASH + 6] = {.of256 = 166, .of8 = COLOR_RED},
	[ROLE_HASH + 7] = {.of256 = 32, .of8 = COLOR_CYAN},
	[ROLE_HASH + 8] = {.of256 = 100, .of8 = COLOR_YELLOW},
	[ROLE_HASH + 9] = {.of256 = 135, .of8 = COLOR_BLUE},
	[ROLE_HASH + 10] = {.of256 = 28, .of8 = COLOR_GREEN},
	[ROLE_HASH + 11] = {.of256 = 133, .of8 = COLOR_MAGENTA},
};

unsigned theme_hash(const struct hash256 *h)
{
	/* FNV-1a mixes all bytes: one end of a block's hash is always zero. */
	uint32_t mix = UINT32_C(2166136261);

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
