/* What the panels show. Filled from a source (by the views' `read`) or by a test. */
#ifndef TALLY_TUI_MODEL_DATA_PRIV_H
#define TALLY_TUI_MODEL_DATA_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include <tally/node/snapshot.h>

/* A copy of the last records of a ring of the node, in one piece. It has room for twice as many, so that a read copies
 * only the new records and moves the old ones rarely. */
struct record_window {
	void *base;
	size_t record_bytes;
	size_t kept;   /* at most so many records are shown */
	size_t at, n;  /* index of the first record, number of records */
	uint64_t next; /* the number that follows the last record */
};

/* Records to read: from this number on, at most `max`. */
struct record_range {
	uint64_t first;
	size_t max;
};

struct tui_data {
	struct snapshot snap;
	struct chain_row *chain; /* the highest block first */
	size_t n_chain, chain_cap;
	size_t chain_wanted;         /* rows to read */
	struct mempool_row *mempool; /* the newest first */
	size_t n_mempool, mempool_cap;
	const struct msg_row *msgs; /* the oldest first */
	size_t n_msgs;
	const struct log_row *logs; /* the oldest first */
	size_t n_logs;
	struct record_window msgs_window, logs_window; /* these hold msgs and logs */
	struct payment_row *history;                   /* the newest first */
	size_t n_history, history_cap;
	struct address_row *addresses;
	size_t n_addresses, addresses_cap;
};

#define CHAIN_WANTED_MIN \
	64 /* rows of the chain that are read; more if a person goes further down */
#define CHAIN_WANTED_MAX 4096

void tui_data_clear(struct tui_data *d);

void record_window_init(struct record_window *w, size_t record_bytes, size_t kept);
/* The ring now holds the records [first, next). Drops those that have left it and makes room for the new ones, which the
 * caller writes to the result and then adds to w->n. */
void *record_window_advance(struct record_window *w, uint64_t first, uint64_t next,
			    struct record_range *missing);
const void *record_window_first(const struct record_window *w);

/* What a row is, wherever it stands: a letter for its kind, then a peer's number, a hash or a record's number. */
#define ROW_ID_BYTES 33
struct row_id {
	uint8_t b[ROW_ID_BYTES];
};

#endif
