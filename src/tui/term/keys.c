#include "tui/term/keys_priv.h"

#include <tally/base/mem.h>

#define F(n) (KEYS_F1 + (n)-1)

const char *const key_section_names[KEYS_SECTIONS] = {
	[KEYS_LOOK] = "Looking",
	[KEYS_MOVE] = "Moving",
	[KEYS_DO] = "Doing",
};

const struct key_row key_rows[] = {
	{ACT_SCREEN,
	 KEYS_LOOK,
	 {'1', '2', '3', '4', '5', '6', '7'},
	 "1 .. 7",
	 "dashboard, peers, chain, mempool, messages, wallet, log"},
	{ACT_FOCUS_NEXT, KEYS_LOOK, {KEYS_TAB}, "Tab", "focus the next panel", "Tab", "Panel", 8},
	{ACT_FOCUS_PREV, KEYS_LOOK, {KEYS_BACKTAB}, "Shift-Tab", "focus the panel before"},
	{ACT_ZOOM, KEYS_LOOK, {'z'}, "z", "the focused panel alone, and back", "z", "Zoom", 13},
	{ACT_FREEZE,
	 KEYS_LOOK,
	 {' ', F(5)},
	 "Space, F5",
	 "freeze what is shown, and go on; the node never stops for it",
	 "Space",
	 "Freeze",
	 9},
	{ACT_SEARCH,
	 KEYS_LOOK,
	 {'/', F(3)},
	 "/, F3",
	 "search the panel, or the page",
	 "/",
	 "Find",
	 10},
	{ACT_SEARCH_NEXT,
	 KEYS_LOOK,
	 {'n'},
	 "n",
	 "next match; up from where the newest message or log line was selected"},
	{ACT_SEARCH_PREV, KEYS_LOOK, {'N'}, "N", "match before"},
	{ACT_FILTER,
	 KEYS_LOOK,
	 {'\\', F(4)},
	 "\\, F4",
	 "show only matching rows: words, !word, field=value, !=, <, >; empty shows all",
	 "\\",
	 "Filter",
	 11},
	{ACT_SORT,
	 KEYS_LOOK,
	 {'s', F(6)},
	 "s, F6",
	 "sort by a column, ^ the least first, v the greatest; again: reversed; again: the next",
	 "s",
	 "Sort",
	 12},
	{ACT_HELP, KEYS_LOOK, {'?', F(1)}, "?, F1", "this help", "?", "Help", 1},
	{ACT_REDRAW, KEYS_LOOK, {KEYS_CTRL('L')}, "^L", "draw the screen anew"},

	{ACT_UP, KEYS_MOVE, {'k', KEYS_UP}, "k, Up", "up"},
	{ACT_DOWN, KEYS_MOVE, {'j', KEYS_DOWN}, "j, Down", "down"},
	{ACT_FIRST, KEYS_MOVE, {'g', KEYS_HOME}, "g, Home", "first row"},
	{ACT_LAST, KEYS_MOVE, {'G', KEYS_END}, "G, End", "last row; follows what comes"},
	{ACT_PAGE_UP, KEYS_MOVE, {KEYS_PGUP}, "PgUp", "a page up"},
	{ACT_PAGE_DOWN, KEYS_MOVE, {KEYS_PGDN}, "PgDn", "a page down"},
	{ACT_HALF_UP, KEYS_MOVE, {KEYS_CTRL('U')}, "^U", "half a page up"},
	{ACT_HALF_DOWN, KEYS_MOVE, {KEYS_CTRL('D')}, "^D", "half a page down"},
	{ACT_OPEN, KEYS_MOVE, {KEYS_ENTER, '\n'}, "Enter", "open the selected row"},
	{ACT_BACK,
	 KEYS_MOVE,
	 {'q', KEYS_ESC},
	 "q, Esc",
	 "back; at the top q asks whether to stop the node",
	 "q",
	 "Quit",
	 2},

	{ACT_PROMPT,
	 KEYS_DO,
	 {':'},
	 ":",
	 "prompt: any command, Tab completes, Up recalls",
	 ":",
	 "Command",
	 3},
	{ACT_SEND, KEYS_DO, {'S', F(8)}, "S, F8", "send coins", "S", "Send", 4},
	{ACT_MINE, KEYS_DO, {'m', F(7)}, "m, F7", "mining on, and off", "m", "Mine", 5},
	{ACT_CONNECT, KEYS_DO, {'c', F(2)}, "c, F2", "connect to a node", "c", "Connect", 6},
	{ACT_DROP, KEYS_DO, {'D', F(9)}, "D, F9", "drop the selected peer", "D", "Drop", 7},
	{ACT_QUIT_ASK,
	 KEYS_DO,
	 {KEYS_CTRL('C')},
	 "^C",
	 "closes a prompt; else asks to stop the node, twice stops it"},
	{ACT_QUIT, KEYS_DO, {F(10)}, "F10", "stop the node: asks"},
	{ACT_SUSPEND, KEYS_DO, {KEYS_CTRL('Z')}, "^Z", "suspend the program (fg resumes)"},
};
const size_t n_key_rows = ARRAY_LEN(key_rows);

enum action key_action(int32_t key)
{
	for (size_t i = 0; i < n_key_rows; i++)
		for (size_t k = 0; k < KEYS_A_ROW; k++)
			if (key_rows[i].keys[k] && key_rows[i].keys[k] == key)
				return key_rows[i].action;
	return ACT_NONE;
}
