/* The chain's database: headers, blocks, undo data, coins, peer addresses and metadata in one Berkeley
 * DB environment, DIR/chain. It stores bytes and knows no rules.
 *
 * Everything written since the last store_commit is one transaction: after a crash all of it is present
 * or nothing of it. Reads see uncommitted writes. Only one thread may call these functions; the store
 * runs a second thread for checkpoints and a third that makes commits durable.
 *
 * If a writing call fails with ERR_IO, ERR_NOSPACE or ERR_CORRUPT, the caller must close the store and
 * end the program. Recovery at the next start restores the last commit. */
#ifndef TALLY_STORE_STORE_H
#define TALLY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/consensus/rules.h>
#include <tally/primitives/block.h>

#define STORE_SCHEMA           1
#define STORE_MIN_FREE_DEFAULT (UINT64_C(64) << 20)
#define STORE_MIN_FREE_START   (UINT64_C(16) << 20)
#define STORE_CACHE_DEFAULT    (UINT64_C(8) << 20)

struct store;

struct store_options {
	const char *dir;      /* of this environment only; made (0700) if missing */
	uint64_t cache_bytes; /* Berkeley DB's page cache */
	uint64_t min_free;    /* writes fail with ERR_NOSPACE if the disk has fewer free bytes */
	/* Called from any thread, at most once, after a write to disk has failed or damage was found.
	 * From then on nothing may be acknowledged; store_failed gives the reason. May be NULL. */
	void (*write_failed)(void *arg);
	void *arg;
};

/* Opens the database, or makes it if the directory has none. Recovery runs at every open. The caller
 * holds the lock of the directory (lock.h). ERR_IO if it is unreadable or read-only; ERR_CORRUPT
 * "db-damaged", which advises reindex; ERR_CORRUPT "db-newer" if a newer program wrote it; ERR_NOSPACE. */
bool store_open(struct store **out, const struct store_options *o, struct err *e);
/* Before a damaged database is salvaged: applies its log to its files as far as possible. ERR_CORRUPT
 * "db-newer". */
bool store_recover(const char *dir, struct err *e);
/* Drops uncommitted writes and makes a checkpoint. NULL is harmless. */
void store_close(struct store *s);
/* The approximate number of log bytes written since the last commit. */
size_t store_pending(const struct store *s);
/* durable: the commit is on disk when this returns true. Otherwise it is in the kernel's cache: it
 * survives the death of the program, and a power cut only after the next durable commit or checkpoint.
 * A durable commit without writes makes earlier commits durable. After the first failed write every
 * later call fails with the same error, and writes since the last commit are dropped. */
bool store_commit(struct store *s, bool durable, struct err *e);
/* Begins to make all commits durable on another thread. The flush before must have ended. */
void store_flush_begin(struct store *s);
/* *done: everything that was committed before the flush began is on disk, or no flush was begun. wait:
 * blocks until it is done. Errors as store_commit. */
bool store_flush_end(struct store *s, bool wait, bool *done, struct err *e);
/* Readable after a flush has finished and until store_flush_end is called. */
int store_flush_fd(const struct store *s);
/* The size of all files in the directory, in bytes; 0 if it can't be read. */
uint64_t store_disk_bytes(const struct store *s);
/* True if a write to disk has failed or a page was found damaged; *e (may be NULL) gives the reason. */
bool store_failed(struct store *s, struct err *e);

/* Headers. The key is the height and a sequence number among the headers of that height. */
bool store_put_header(struct store *s, uint32_t height, uint32_t seq,
		      const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e);
typedef bool store_header_fn(void *arg, uint32_t height, uint32_t seq,
			     const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e);
/* Visits all headers in order of height and sequence number. If fn returns false (and sets *e), it stops
 * and returns false. fn must not write. */
bool store_each_header(struct store *s, store_header_fn *fn, void *arg, struct err *e);
bool store_get_header(struct store *s, uint32_t height, uint32_t seq, uint8_t header[HEADER_BYTES],
		      uint32_t *status, struct err *e);

/* For a damaged table (salvage.h): the sizes of a header's key and record, and the fields of a record.
 * False if the record is malformed. */
#define STORE_HEADER_KEY_BYTES  8
#define STORE_HEADER_RECORD_MAX (HEADER_BYTES + 4)
bool store_header_record(struct span record, uint8_t header[HEADER_BYTES], uint32_t *status);

/* Block bodies and undo data, with the same key as headers. After a get the caller frees *bytes;
 * ERR_NOTFOUND if there is none. */
bool store_put_block(struct store *s, uint32_t height, uint32_t seq, struct span raw,
		     struct err *e);
bool store_get_block(struct store *s, uint32_t height, uint32_t seq, uint8_t **bytes, size_t *n,
		     struct err *e);
bool store_put_undo(struct store *s, uint32_t height, uint32_t seq, struct span raw, struct err *e);
bool store_get_undo(struct store *s, uint32_t height, uint32_t seq, uint8_t **bytes, size_t *n,
		    struct err *e);

/* Coins: outpoint (36 bytes, see outpoint_pack) -> coin (32 bytes). An absent coin makes get return
 * false with e->cls ERR_NONE; del does not treat it as an error. Keys are random: when the table is larger than
 * the cache, puts are several times as fast if many, sorted by key, go into one commit. */
bool store_get_coin(struct store *s, const struct outpoint *o, struct coin *out, struct err *e);
bool store_put_coin(struct store *s, const struct outpoint *o, const struct coin *c, struct err *e);
bool store_del_coin(struct store *s, const struct outpoint *o, struct err *e);
/* For scanning in slices: up to `max` coins in key order after the key `after`, or from the first one if
 * from_start. *n is their number; 0 at the end. */
struct store_coin {
	struct outpoint outpoint;
	struct coin coin;
};
bool store_scan_coins(struct store *s, const uint8_t after[OUTPOINT_BYTES], bool from_start,
		      struct store_coin *out, size_t max, size_t *n, struct err *e);
/* Removes all coins, within the open transaction (for reindexutxo). */
bool store_clear_coins(struct store *s, struct err *e);

/* Small named values ("tip", "genesis"). get: *n is the size of `bytes` before and the length of the
 * value after the call; false with ERR_NONE if absent. */
bool store_put_meta(struct store *s, const char *name, const void *bytes, size_t n, struct err *e);
bool store_get_meta(struct store *s, const char *name, void *bytes, size_t *n, struct err *e);

/* Peer addresses: key (18 bytes: address and port) -> a record that the net layer defines. */
bool store_put_addr(struct store *s, struct span key, struct span record, struct err *e);
bool store_del_addr(struct store *s, struct span key, struct err *e); /* true if absent */
/* Visits all in key order until fn returns false, which is not an error. fn must not write. */
typedef bool store_addr_fn(void *arg, struct span key, struct span record);
bool store_each_addr(struct store *s, store_addr_fn *fn, void *arg, struct err *e);

#endif
