/* The state of the console without node and terminal. Everything that is drawn comes from here, so
 * a test can fill it by hand. */
#ifndef TALLY_TUI_MODEL_MODEL_PRIV_H
#define TALLY_TUI_MODEL_MODEL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/node/snapshot.h>
#include "tui/model/data_priv.h"
#include "tui/model/filter_priv.h"
#include "tui/model/panels_priv.h"
#include "tui/model/prompt_priv.h"
#include "tui/model/view_priv.h"

/* One list: which rows are shown in what order, and which one is selected. */
struct list_state {
	struct row_id sel;
	bool has_sel;
	bool follow;   /* the selection stays on the newest row */
	size_t at;     /* index of the selection in `order` */
	size_t top;    /* index in `order` of the first row on the screen */
	size_t page;   /* rows on the screen when it was last drawn */
	size_t *order; /* rows shown, as indices into the data */
	size_t n, cap; /* of order */
	unsigned sort; /* index into the view's sorts */
	bool reverse;
	bool search_up; /* the key n searches upward */
	char filter[FILTER_BYTES];
};

enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_TEXT };

/* A page of text that covers the panels. */
struct overlay_state {
	enum overlay kind;
	char *title, *text;
	/* In lines as they were broken for the screen when it was last drawn: */
	size_t top;   /* first line on the screen */
	size_t page;  /* lines on the screen */
	size_t lines; /* all lines */
	int width;    /* columns of a line */
	char search[FILTER_BYTES];
	size_t match, match_bytes; /* the current match, in bytes of text; match_bytes 0: none */
	/* The next frame scrolls to the match, because lines are wrapped when they are drawn. */
	bool scroll_to_match;
	/* Only for a page about a row: */
	bool live; /* its text is renewed as the data change */
	bool gone; /* the row no longer exists; the text shows its last state */
	enum panel panel;
	struct row_id row;
	struct tx_lookup_cache tx_cache;
	/* Tip, size of the mempool and unix time (microseconds) when the text was made. */
	struct block_hash made_tip;
	uint32_t made_mempool;
	int64_t made_us;
};

#define OVERLAYS_BELOW_MAX 8

enum flash_kind { FLASH_NOTE, FLASH_GOOD, FLASH_BAD };
#define FLASH_BYTES 512

struct model {
	const struct view *const *views; /* PANELS of them */
	/* The newest state; the header shows it even while the view is frozen. */
	struct snapshot live;
	struct tui_data data;
	enum screen screen;
	enum panel focus;
	enum panel dashboard_focus; /* to restore when the dashboard is shown again */
	bool zoom;                  /* the focused panel fills the dashboard */
	bool frozen;
	uint64_t frozen_msgs; /* number of the next message when it froze */
	struct list_state lists[PANELS];
	char search[FILTER_BYTES];
	bool search_pending; /* a search for a block that the next read will bring */
	struct overlay_state over;
	/* Pages to go back to, the last one first. */
	struct overlay_state below[OVERLAYS_BELOW_MAX];
	size_t n_below;
	struct prompt prompt;
	char usage[256]; /* one line about the text in the prompt */
	char flash[FLASH_BYTES];
	enum flash_kind flash_kind;
	int64_t flash_until_us; /* unix time in microseconds; 0: none */
	bool flash_news;        /* no key has caused it: it takes one line on a small screen */
	/* Text about the newest command that is not answered yet; "": none. */
	char running[FLASH_BYTES];
	int cols, rows;
	bool utf8;
	int cursor_x, cursor_y; /* -1: hidden */
};

static inline const struct view *model_view(const struct model *m, enum panel p)
{
	return m->views[p];
}

#endif
