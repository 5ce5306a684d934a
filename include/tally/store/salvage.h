/* Reads the records of a table whose file Berkeley DB refuses: those on every page that looks like a
 * leaf, even if the inner pages are lost. Nothing in the file is trusted. A record may be damaged,
 * outdated or a duplicate, so the caller must verify it (a block by its hash) or require `sound`. */
#ifndef TALLY_STORE_SALVAGE_H
#define TALLY_STORE_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/primitives/block.h>

struct salvage;

/* The place of a record in its file. */
struct salvage_place {
	uint32_t page;
	uint16_t item;
	bool sound; /* the checksum of the page is right */
};

/* Opens DIR/TABLE.db, TABLE being "blocks", "headers" or "addrs". ERR_NOTFOUND, ERR_IO. */
bool salvage_open(struct salvage **out, const char *dir, const char *table, struct err *e);
void salvage_close(struct salvage *s); /* NULL is harmless */

/* True only if the file is undamaged and the table has never held a record. */
bool salvage_empty(struct salvage *s);

/* Calls fn for each record, in the order of the file. The key is valid only during the call; fn may
 * call salvage_read. */
typedef void salvage_fn(void *arg, struct span key, const struct salvage_place *at);
void salvage_scan(struct salvage *s, salvage_fn *fn, void *arg);

/* Reads the value of a record, of at most `max` bytes; the caller frees *bytes. False if it can't be
 * read. */
bool salvage_read(struct salvage *s, const struct salvage_place *at, size_t max, uint8_t **bytes,
		  size_t *n);

#endif
