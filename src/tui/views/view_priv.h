/* A view: what one panel shows and how, as a table of functions over the model. */
#ifndef TALLY_TUI_VIEWS_VIEW_PRIV_H
#define TALLY_TUI_VIEWS_VIEW_PRIV_H

#include "tui/term/canvas_priv.h"
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"

struct view {
	const char *name;         /* "Peers" */
	const char *short_name;   /* "Peers", where room is short */
	bool stream;              /* newest at the end, followed */
	const char *const *sorts; /* names of sort keys, ends with NULL; NULL: the data's order */
	unsigned greatest_first;  /* bits of those that begin with the greatest */
	size_t (*count)(const struct tui_data *d);
	void (*id)(const struct tui_data *d, size_t i, struct row_id *out);
	/* The row in words, for filters: "peer=1 dir=in cmd=block …", of a stream with all that is drawn of it; and the
	 * names in them, of field=value. */
	const char *fields;
	void (*words)(const struct tui_data *d, size_t i, char *out, size_t size);
	int (*compare)(const struct tui_data *d, unsigned sort, size_t a, size_t b);
	/* What stands in the frame to the right of the name, "" nothing. */
	void (*note)(const struct model *m, char *out, size_t size);
	/* Lines above the rows (column heads, balances): draws into r as many as there are and
	 * returns their number; may be NULL. */
	int (*head)(const struct model *m, struct canvas *c, const struct rect *r);
	void (*row)(const struct model *m, struct row *r, size_t i);
	/* Says what to do where there are no rows. */
	void (*empty)(const struct model *m, char *out, size_t size);
	/* One line about the selected row. */
	void (*explain)(const struct model *m, size_t i, char *out, size_t size);
	/* Instead of a list. */
	void (*draw)(const struct model *m, struct canvas *c, const struct rect *r);
};
extern const struct view view_peers, view_chain, view_mempool, view_msgs, view_wallet, view_log,
	view_miner;
const struct view *view_of(enum panel p);

void screen_draw(struct canvas *c, struct model *m);
void header_draw(struct canvas *c, const struct rect *r, const struct model *m);
void tabs_draw(struct canvas *c, const struct rect *r, const struct model *m);
enum screen tab_at(struct canvas *c, const struct rect *r, int x); /* 0: none there */
void peers_strip(struct canvas *c, const struct rect *r, const struct model *m);
void chain_strip(struct canvas *c, const struct rect *r, const struct model *m);
void keybar_draw(struct canvas *c, const struct rect *r, const struct model *m);
char *help_text(void); /* mem_alloc'ed */
/* Details of the selected row that need no node, as lines; mem_alloc'ed. NULL: this row has none of its own. */
char *peer_detail(const struct tui_data *d, size_t i);
char *msg_detail(const struct tui_data *d, size_t i);

char *log_detail(const struct tui_data *d, size_t i);
/* One sentence for a command, in or out, in the lesson's spirit. */
const char *explain_command(const char *command, bool out);

/* Shapes of numbers. */
#define FORMAT_BYTES 24
void format_age(char out[FORMAT_BYTES], int64_t seconds);    /* "12s", "1m40", "12m", "3h", "2d" */
void format_size(char out[FORMAT_BYTES], uint64_t bytes);    /* "612B", "14K", "1.2M" */
void format_count(char out[FORMAT_BYTES], double n);         /* "950", "2.1M" */
void format_rate(char out[FORMAT_BYTES], double per_second); /* "2.1MH/s" */
void format_ping(char out[FORMAT_BYTES], int64_t us);        /* "1ms", "-" */
void format_coins(char out[FORMAT_BYTES], int64_t units);    /* "148.50" */
void format_clock(char out[FORMAT_BYTES], int64_t unix_us, bool millis); /* local "12:01:07.114" */
/* A progress bar of `width` columns, 0 <= part <= 1. */
void format_bar(char *out, size_t size, int width, double part);
/* The last `width` samples as blocks of eight heights. */
void format_spark(char *out, size_t size, const uint16_t *samples, size_t n, int width);

#endif
