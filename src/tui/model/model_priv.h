/* What is shown and what is looked at, apart from node and terminal. Everything drawn comes from here, so
 * that a test can fill it by hand. */
#ifndef TALLY_TUI_MODEL_MODEL_PRIV_H
#define TALLY_TUI_MODEL_MODEL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/node/snapshot.h>
#include "tui/term/keys_priv.h"
#include "tui/model/layout_priv.h"
#include "tui/model/prompt_priv.h"

/* The last records of a ring of the node, side by side in twice the room they need, so that only what is new is copied. */
struct record_window {
	void *base;
	size_t at, n;  /* the first, how many */
	uint64_t next; /* the number after the last */
};

/* What the panels show. Filled from a node (data.c) or by a test. */
struct tui_data {
	struct snapshot snap;
	struct chain_row *chain; /* tip first */
	size_t n_chain, chain_cap;
	struct mempool_row *mempool; /* newest first */
	size_t n_mempool, mempool_cap;
	const struct msg_record *msgs; /* oldest first */
	size_t n_msgs;
	const struct log_record *logs; /* oldest first */
	size_t n_logs;
	struct record_window msgs_window, logs_window; /* where these stand */
	struct wallet_tx *history;                     /* newest first */
	size_t n_history, history_cap;
	struct wallet_address *addresses;
	size_t n_addresses, addresses_cap;
};
void tui_data_clear(struct tui_data *d);

/* What a row is, whatever its place: a peer's number, a hash, a message's number. */
#define ROW_ID_BYTES 33
struct row_id {
	uint8_t b[ROW_ID_BYTES];
};

#define FILTER_BYTES 128

/* One list: which of its rows are shown in what order, and which is selected. */
struct list_state {
	struct row_id sel;
	bool has_sel;
	bool follow;   /* the selection stays on the newest row */
	size_t at;     /* the selection's place in order */
	size_t top;    /* first row drawn */
	size_t page;   /* rows there were room for when last drawn */
	size_t *order; /* rows shown, by index into the data */
	size_t n, cap;
	unsigned sort;
	bool reverse;
	bool search_up; /* the search goes on upwards */
	char filter[FILTER_BYTES];
};

enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_TEXT };

struct overlay_state {
	enum overlay kind;
	char *title, *text; /* lines */
	size_t top, page, lines;
	int width;                 /* of its lines, as last drawn */
	char sought[FILTER_BYTES]; /* what was found here; elsewhere another search may be made */
	size_t found, found_bytes; /* where in the text; bytes 0: nothing */
	bool to_found; /* it comes into view with the next frame, which knows the lines */
	/* A page about a row says what is known of it now: */
	bool lives, gone; /* gone: the row is not here any more, the text tells how it was */
	enum panel of;
	struct row_id about;
	struct tx_sought sought_tx; /* of a payment: where it was when the text was made */
	struct block_hash tip;      /* of the chain, and what waited, when the text was made */
	uint32_t waiting;
	int64_t made_us; /* unix */
};

#define PAGES_UNDER 8 /* pages that are gone back to, one after the other */

enum flash_kind { FLASH_NOTE, FLASH_GOOD, FLASH_BAD };
#define FLASH_BYTES 512
#define FLASH_US    INT64_C(6000000)

struct model {
	struct snapshot live; /* as the node is now; the header shows it even while frozen */
	struct tui_data data;
	enum screen screen;
	enum panel focus, home_focus; /* home_focus: to return to on the dashboard */
	bool zoom;
	bool frozen;
	uint64_t frozen_msgs, frozen_logs; /* numbers that came next when it froze */
	struct list_state lists[PANELS];
	char search[FILTER_BYTES];
	bool search_due; /* for a block that comes into the list with the next data */
	struct overlay_state over,
		under[PAGES_UNDER]; /* under: what is gone back to, the last first */
	size_t n_under;
	struct prompt prompt;
	char usage[256]; /* of what is being written */
	char flash[FLASH_BYTES];
	enum flash_kind flash_kind;
	int64_t flash_until_us; /* unix; 0: none */
	bool flash_news;        /* nobody asked for it: in a small pane it takes one line alone */
	char under_way[FLASH_BYTES]; /* where no message is: what is not answered yet; "" nothing */
	int cols, rows;
	bool utf8;
	int cursor_x, cursor_y; /* -1: not shown */
	size_t chain_want;      /* rows of chain that are looked at */
};

void model_init(struct model *m, int cols, int rows, bool utf8);
void model_clear(struct model *m);
void model_resize(struct model *m, int cols, int rows);
void model_layout(const struct model *m, struct layout *l);
/* After the data or a filter or sort changed: orders every list anew and finds each selection again
 * by what it is. */
void model_settle(struct model *m);

/* Does what needs no node. False: the action is not the model's business. */
bool model_act(struct model *m, enum action a, int32_t key);
/* The selected row of the focused list: its index in the data. */
bool model_selected(const struct model *m, size_t *row);
/* Goes to the next row (or from_here: this one, too) that shows m->search, past the end, too, and tells which of how
 * many it is. A search that began at the newest row of a stream goes upwards, and backward is down. False: there is
 * none, which is told, or nothing to search for. */
bool model_search(struct model *m, bool backward, bool from_here);
/* After more of the chain was read: a search for a block that was not listed goes on. */
void model_search_deeper(struct model *m);
bool model_search_up(const struct model *m); /* would one that begins now go upwards? */
void model_set_filter(struct model *m, const char *filter);
/* Shows text instead of the panels; OVERLAY_NONE: these again. Title and text are copied. A page goes back to the one
 * it was called from; help is not called from help. */
void model_show(struct model *m, enum overlay kind, const char *title, const char *text);
/* Back to what was shown before. */
void model_leave(struct model *m);
void model_flash(struct model *m, enum flash_kind kind, const char *text);
/* The same of what came unasked. */
void model_flash_news(struct model *m, enum flash_kind kind, const char *text);
/* Which match of how many a search stands on, and that it went on at the other end (or ""). */
void model_flash_match(struct model *m, size_t nth, size_t all, const char *wrapped);
bool model_flashing(const struct model *m);
/* Would a message show all of this text of n bytes? */
bool model_flash_holds(const struct model *m, const char *text, size_t n);
/* A click, or the wheel (lines > 0: down). */
void model_click(struct model *m, int x, int y);
void model_wheel(struct model *m, int x, int y, int lines);
/* Does this text pass this filter? Words all must hold. */
bool filter_passes(const char *filter, const char *words);

#endif
