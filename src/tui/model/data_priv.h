/* The data that the panels show. The views' `read` functions fill it from a source; a test fills
 * it by hand. */
#ifndef TALLY_TUI_MODEL_DATA_PRIV_H
#define TALLY_TUI_MODEL_DATA_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include <tally/node/snapshot.h>

/* A copy of the newest records of one of the node's ring buffers (messages, log lines), contiguous
 * in memory. There is room for 2 * kept records, so that a read copies only new records and rarely
 * moves old ones. */
struct record_window {
	void *base;
	size_t record_bytes;
	size_t kept;   /* the largest number of records that are copied */
	size_t at, n;  /* index of the first record, number of records */
	uint64_t next; /* the number that follows the last record */
};

/* Records to read: those numbered `first` and up, at most `max`. */
struct record_range {
	uint64_t first;
	size_t max;
};

struct tui_data {
	struct snapshot snap;
	struct chain_row *chain; /* the highest block first */
	size_t n_chain, chain_cap;
	size_t chain_wanted;         /* the number of rows to read */
	struct mempool_row *mempool; /* the newest first */
	size_t n_mempool, mempool_cap;
	const struct msg_row *msgs; /* the oldest first */
	size_t n_msgs;
	const struct log_row *logs; /* the oldest first */
	size_t n_logs;
	struct record_window msgs_window, logs_window; /* msgs and logs point into these */
	struct payment_row *history;                   /* the newest first */
	size_t n_history, history_cap;
	struct address_row *addresses;
	size_t n_addresses, addresses_cap;
};

/* Rows of the chain to read at first. More are read if the selection moves further down. */
#define CHAIN_WANTED_MIN 64
#define CHAIN_WANTED_MAX 4096

void tui_data_clear(struct tui_data *d);

void record_window_init(struct record_window *w, size_t record_bytes, size_t kept);
/* The ring buffer now holds the records [first, next). Drops older ones from the window, and
 * returns where the caller must write the missing ones. The caller then adds their number to
 * w->n. */
void *record_window_advance(struct record_window *w, uint64_t first, uint64_t next,
			    struct record_range *missing);
const void *record_window_first(const struct record_window *w);

/* Identifies a row at any place of the list: a letter for its kind, then a peer's number, a
 * hash or a record's number. */
#define ROW_ID_BYTES 33
struct row_id {
	uint8_t b[ROW_ID_BYTES];
};

#endif
