#define NCURSES_NOMACROS
#include <curses.h>

#include "tui/term/terminal_keys_priv.h"

#include <tally/base/mem.h>
#include "tui/term/key_table_priv.h"

void terminal_keys_define(void)
{
	/* Arrows and function keys in both of their forms; source: xterm's ctlseqs. */
	static const struct {
		const char *text;
		int code;
	} sequences[] = {
		{"\033[A", KEY_UP},
		{"\033[B", KEY_DOWN},
		{"\033[C", KEY_RIGHT},
		{"\033[D", KEY_LEFT},
		{"\033OA", KEY_UP},
		{"\033OB", KEY_DOWN},
		{"\033OC", KEY_RIGHT},
		{"\033OD", KEY_LEFT},
		{"\033[H", KEY_HOME},
		{"\033[F", KEY_END},
		{"\033[Z", KEY_BTAB},
		{"\033[11~", KEY_F(1)},
		{"\033[12~", KEY_F(2)},
		{"\033[13~", KEY_F(3)},
		{"\033[14~", KEY_F(4)},
		{"\033OP", KEY_F(1)},
		{"\033OQ", KEY_F(2)},
		{"\033OR", KEY_F(3)},
		{"\033OS", KEY_F(4)},
		{"\033[200~", TERMINAL_KEY_PASTE_BEGIN},
		{"\033[201~", TERMINAL_KEY_PASTE_END},
	};

	for (size_t i = 0; i < ARRAY_LEN(sequences); i++)
		define_key(sequences[i].text, sequences[i].code);
}

int32_t terminal_key(unsigned long code)
{
	static const struct {
		unsigned long code;
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
		if (names[i].code == code)
			return names[i].key;
	if (code >= KEY_F(1) && code <= KEY_F(12))
		return KEYS_F1 + (int32_t)(code - KEY_F(1));
	return 0;
}
