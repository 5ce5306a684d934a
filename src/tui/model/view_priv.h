/* A view: how one panel reads, lists, filters, sorts, draws and explains its rows. Each view is
 * one constant struct in a file of its own. A member that a view does not need stays NULL. A list
 * needs count, id, fields, words, row and empty; a panel without rows needs only draw. */
#ifndef TALLY_TUI_MODEL_VIEW_PRIV_H
#define TALLY_TUI_MODEL_VIEW_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/model/data_priv.h"
#include "tui/source/source_priv.h"
#include "tui/term/canvas_priv.h"
#include "tui/term/key_table_priv.h"

struct model;

/* Where new rows are inserted. While the newest row is selected, the selection follows new rows. */
enum newest {
	NEWEST_ANYWHERE, /* at any place: the selection does not follow */
	NEWEST_FIRST,    /* at the top, in the view's first sort order */
	NEWEST_LAST,     /* at the bottom; the rows are records, which never change */
};

/* The page that Enter opens. */
enum detail {
	DETAIL_FIXED, /* its text never changes */
	DETAIL_LIVE,  /* renewed in each frame */
	/* Reads blocks: renewed if the chain or the mempool has changed, at most every 0.5 s. */
	DETAIL_SLOW,
};

/* A column to sort by. */
struct view_sort {
	const char *name;
	bool greatest_first; /* true if `compare` puts the greatest value first */
	int (*compare)(const struct tui_data *d, size_t a, size_t b);
};

/* A key that opens the prompt with a command about the selected row. The key bar shows it only
 * while this view is focused. */
struct view_key {
	enum action action;
	void (*command)(const struct tui_data *d, size_t i, char *out, size_t size);
};

#define NO_ROW SIZE_MAX

struct detail_request {
	const struct tui_data *data;
	const struct source *source;
	struct row_id id;
	size_t row;                    /* its index in the data; NO_ROW: it is no longer listed */
	struct tx_lookup_cache *cache; /* for describe_tx; kept as long as the page */
};

struct view {
	const char *name; /* in its frame and tab: "Peers" */
	/* Its word in the help about the digit keys; NULL: the view has no screen of its own and
	 * is never focused. */
	const char *help_word;
	enum newest newest;
	enum detail detail_kind;
	const struct view_sort *sorts; /* ends with name NULL; NULL: the data's order */
	const struct view_key *keys;   /* ends with ACT_NONE */

	/* --- data --- */

	/* Fills this view's arrays in *d; d->snap is current. NULL: the view shows only the
	 * snapshot. */
	void (*read)(struct tui_data *d, const struct source *s);
	size_t (*count)(const struct tui_data *d);
	void (*id)(const struct tui_data *d, size_t i, struct row_id *out);
	/* True if row i lacks something that the next read may bring (the body of its block). */
	bool (*incomplete)(const struct tui_data *d, size_t i);
	/* The height of the block in row i. Only for lists of blocks: a search for a number goes
	 * to that height, and more rows are read as the selection moves down. */
	uint32_t (*height)(const struct tui_data *d, size_t i);

	/* --- filters --- */

	/* The names of the fields, separated by blanks: "peer addr dir height". */
	const char *fields;
	const char *fields_help; /* a line for the help page, or NULL */
	/* The row in words, for filters: "peer=1 dir=in cmd=block ...". With NEWEST_LAST they must
	 * include all that `row` draws; for other views a filter also looks at the drawn row. */
	void (*words)(const struct tui_data *d, size_t i, char *out, size_t size);

	/* --- drawing --- */

	/* Text for the right end of the frame; "": none. */
	void (*note)(const struct model *m, char *out, size_t size);
	/* Draws lines above the rows (column heads, balances) and returns their number. */
	int (*head)(const struct model *m, struct canvas *c, const struct rect *r);
	void (*row)(const struct model *m, struct row *r, size_t i);
	/* The text of a panel without rows: why it is empty, and what will fill it. */
	void (*empty)(const struct model *m, char *out, size_t size);
	/* Draws the whole panel, for a view without rows. */
	void (*draw)(const struct model *m, struct canvas *c, const struct rect *r);
	/* The whole panel on one line, for screens that are too small for the dashboard. */
	void (*strip)(const struct model *m, struct canvas *c, const struct rect *r);

	/* --- about one row --- */

	/* One line about the selected row. */
	void (*explain)(const struct model *m, size_t i, char *out, size_t size);
	/* The text of the page about a row; mem_alloc'ed. NULL: the row no longer exists. */
	char *(*detail)(const struct detail_request *rq);
};

#endif
