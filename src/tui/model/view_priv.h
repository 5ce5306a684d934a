/* What a view is: how one panel reads, lists, filters, sorts, draws and explains its rows. One constant struct a view, in a
 * file of its own. Members that a view does not need stay NULL. */
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

/* Where new rows come in. While the selection is on the newest row it follows new ones. */
enum newest {
	NEWEST_ANYWHERE, /* the list has no end at which it grows */
	NEWEST_FIRST,    /* on top, in the view's first sort order */
	NEWEST_LAST,     /* at the bottom; the rows are records, which never change */
};

/* The page that Enter opens. */
enum detail {
	DETAIL_FIXED, /* its text never changes */
	DETAIL_LIVE,  /* renewed with each frame */
	DETAIL_SLOW, /* reads blocks: renewed if the chain or the mempool has changed, at most every 0.5 s */
};

/* A column to sort by. */
struct view_sort {
	const char *name;
	bool greatest_first; /* the order that compare makes */
	int (*compare)(const struct tui_data *d, size_t a, size_t b);
};

/* A key that opens the prompt with a command about the selected row. The key bar shows it only while this view has the
 * focus. */
struct view_key {
	enum action action;
	void (*command)(const struct tui_data *d, size_t i, char *out, size_t size);
};

#define NO_ROW SIZE_MAX

struct detail_request {
	const struct tui_data *data;
	const struct source *source;
	struct row_id id;
	size_t row;              /* its index in the data, NO_ROW: it is no longer listed */
	struct tx_lookup_cache *cache; /* of this page, for describe_tx */
};

struct view {
	const char *name; /* in its frame and tab: "Peers" */
	const char *
		help_word; /* in the help of the digit keys; NULL: no screen of its own, never focused */
	enum newest newest;
	enum detail detail_kind;
	const struct view_sort *sorts; /* ends with name NULL; NULL: the data's order */
	const struct view_key *keys;   /* ends with ACT_NONE */

	/* --- data --- */

	/* Fills this view's part of *d, after d->snap. NULL: all of it is in the snapshot. */
	void (*read)(struct tui_data *d, const struct source *s);
	size_t (*count)(const struct tui_data *d);
	void (*id)(const struct tui_data *d, size_t i, struct row_id *out);
	/* Row i lacks something that the next read may bring (the body of its block). */
	bool (*incomplete)(const struct tui_data *d, size_t i);
	/* The height of row i. A view that has it lists blocks: a search for a number goes to that height, and more rows
	 * are read if a person moves down. */
	uint32_t (*height)(const struct tui_data *d, size_t i);

	/* --- filters --- */

	const char *fields;      /* names for field=value: "peer addr dir height" */
	const char *fields_help; /* a line for the help page, or NULL */
	/* The row in words, which a filter is matched against: "peer=1 dir=in cmd=block ...". Other rows than records are
	 * matched as they are drawn, too. */
	void (*words)(const struct tui_data *d, size_t i, char *out, size_t size);

	/* --- drawing --- */

	/* Text at the right of the frame; "": none. */
	void (*note)(const struct model *m, char *out, size_t size);
	/* Lines above the rows (column heads, balances). Returns their number. */
	int (*head)(const struct model *m, struct canvas *c, const struct rect *r);
	void (*row)(const struct model *m, struct row *r, size_t i);
	/* Text for a panel without rows: why it is empty, and what would fill it. */
	void (*empty)(const struct model *m, char *out, size_t size);
	/* Draws the whole panel, which has no rows. */
	void (*draw)(const struct model *m, struct canvas *c, const struct rect *r);
	/* The panel on one line, for screens too small for all of the dashboard. */
	void (*strip)(const struct model *m, struct canvas *c, const struct rect *r);

	/* --- about one row --- */

	/* One line about the selected row. */
	void (*explain)(const struct model *m, size_t i, char *out, size_t size);
	/* The page about a row: lines; mem_alloc'ed. NULL: the row is unknown now. */
	char *(*detail)(const struct detail_request *rq);
};

#endif
