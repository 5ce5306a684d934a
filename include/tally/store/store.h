/* The chain's database: headers, blocks, undo, coins, peer addresses, metadata in one
 * Berkeley DB environment, `DIR/chain`. Keeps bytes; knows no rules.
 *
 * Everything written since the last store_commit is one transaction: it is there
 * wholly or not at all after a crash. Reads see what was written. One thread uses
 * a store; a second one only checkpoints, a third has commits on disk. After ERR_IO, ERR_NOSPACE or ERR_CORRUPT of a
 * writing call the environment must be closed and the program end: recovery at the next start
 * brings back the last commit. */
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
	const char *dir;      /* the environment's own directory, made (0700) where missing */
	uint64_t cache_bytes; /* Berkeley DB's page cache */
	uint64_t min_free; /* ERR_NOSPACE before writing below this many free bytes on the disk */
	/* Called from any thread, at most once, when a write to disk failed or damage was found: nothing may be acknowledged
	 * from then on; store_failed says what. May be NULL. */
	void (*write_failed)(void *arg);
	void *arg;
};

/* Takes nothing for granted: recovery runs at every open. Makes the database where the
 * directory has none. ERR_IO (unreadable, read-only), ERR_CORRUPT "db-damaged" (naming reindex), ERR_CORRUPT
 * "db-newer" (schema of a newer program), ERR_NOSPACE. The directory's lock is the caller's (see lock.h). */
bool store_open(struct store **out, const struct store_options *o, struct err *e);
/* Brings what the log of a database that may be damaged holds into its files, as far as that goes. ERR_CORRUPT
 * "db-newer". */
bool store_recover(const char *dir, struct err *e);
void store_close(
	struct store *s); /* what is not committed is dropped; checkpoints; NULL harmless */
/* What was written since the last commit, roughly, in bytes of log. */
size_t store_pending(const struct store *s);
/* durable: on disk when it returns true. Otherwise with the kernel: it outlives the program's death at once,
 * a power cut from the next durable commit or checkpoint on. A durable commit of nothing makes earlier ones durable. Once a
 * writing call failed every later one fails with the same error, and what was written since the last commit is dropped. */
bool store_commit(struct store *s, bool durable, struct err *e);
/* Begins to make what was committed durable, beside the caller's work; not before the last one has ended. */
void store_flush_begin(struct store *s);
/* *done: everything committed before it began is on disk. wait: returns when it is. True with *done where none was
 * begun. Errors as store_commit. */
bool store_flush_end(struct store *s, bool wait, bool *done, struct err *e);
/* Readable while a flush is through and store_flush_end not yet called. */
int store_flush_fd(const struct store *s);
/* Bytes of the files in its directory; 0: they can't be looked at. */
uint64_t store_disk_bytes(const struct store *s);
/* A write to disk failed, or a page was found damaged: *e (may be NULL) says what. */
bool store_failed(struct store *s, struct err *e);

/* Headers: keyed by height and a sequence number that tells apart those of one height. */
bool store_put_header(struct store *s, uint32_t height, uint32_t seq,
		      const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e);
typedef bool store_header_fn(void *arg, uint32_t height, uint32_t seq,
			     const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e);
/* All in order of height and sequence. Where fn returns false (and sets *e) it stops and returns false. fn may
 * not write. */
bool store_each_header(struct store *s, store_header_fn *fn, void *arg, struct err *e);
bool store_get_header(struct store *s, uint32_t height, uint32_t seq, uint8_t header[HEADER_BYTES],
		      uint32_t *status, struct err *e);

/* For reading a damaged table (salvage.h): the length of such a key, of a record, and its parts. */
#define STORE_HEADER_KEY_BYTES  8
#define STORE_HEADER_RECORD_MAX (HEADER_BYTES + 4)
bool store_header_record(struct span record, uint8_t header[HEADER_BYTES], uint32_t *status);

/* Bodies and undo, by the same key. get: *bytes is mem_alloc'ed; ERR_NOTFOUND where it is not there. */
bool store_put_block(struct store *s, uint32_t height, uint32_t seq, struct span raw,
		     struct err *e);
bool store_get_block(struct store *s, uint32_t height, uint32_t seq, uint8_t **bytes, size_t *n,
		     struct err *e);
bool store_put_undo(struct store *s, uint32_t height, uint32_t seq, struct span raw, struct err *e);
bool store_get_undo(struct store *s, uint32_t height, uint32_t seq, uint8_t **bytes, size_t *n,
		    struct err *e);

/* Coins: outpoint (36 bytes as outpoint_pack) -> coin (32 bytes). get: false with err->cls ERR_NONE where absent.
 * del: true where absent. Keys are random: sorted by key, and many to a commit, puts are several times
 * as fast once the table is larger than the cache. */
bool store_get_coin(struct store *s, const struct outpoint *o, struct coin *out, struct err *e);
bool store_put_coin(struct store *s, const struct outpoint *o, const struct coin *c, struct err *e);
bool store_del_coin(struct store *s, const struct outpoint *o, struct err *e);
/* Up to `max` coins after *from (NULL-like: all zero starts before the first), in key order. *n gets
 * how many; 0 at the end. For scanning in slices. */
struct store_coin {
	struct outpoint outpoint;
	struct coin coin;
};
bool store_scan_coins(struct store *s, const uint8_t after[OUTPOINT_BYTES], bool from_start,
		      struct store_coin *out, size_t max, size_t *n, struct err *e);
/* Empties the coins table (for reindexutxo), within the transaction. */
bool store_clear_coins(struct store *s, struct err *e);

/* Small named values ("tip", "genesis"). get: false with ERR_NONE where absent; *n in: room, out: length. */
bool store_put_meta(struct store *s, const char *name, const void *bytes, size_t n, struct err *e);
bool store_get_meta(struct store *s, const char *name, void *bytes, size_t *n, struct err *e);

/* Peer addresses: key (18 bytes: address and port) -> record, the net layer's business. */
bool store_put_addr(struct store *s, struct span key, struct span record, struct err *e);
bool store_del_addr(struct store *s, struct span key, struct err *e); /* absent: true */
/* All in key order; stops where fn returns false, which is no failure. fn may not write. */
typedef bool store_addr_fn(void *arg, struct span key, struct span record);
bool store_each_addr(struct store *s, store_addr_fn *fn, void *arg, struct err *e);

#endif
