/* What can still be read of a table's file when Berkeley DB refuses it: the records on every page that looks like
 * a leaf, whatever became of the pages that lead there. Takes nothing it reads for granted; what it hands out may be
 * damaged, old or twice there, and must prove itself (a block by its hash) or be `sound`. */
#ifndef TALLY_STORE_SALVAGE_H
#define TALLY_STORE_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/primitives/block.h>

struct salvage;

/* Where a record lies in its file. */
struct salvage_place {
	uint32_t page;
	uint16_t item;
	bool sound; /* the page's checksum is right */
};

/* Opens DIR/TABLE.db ("blocks", "headers", "addrs"). ERR_NOTFOUND where there is none, ERR_IO. */
bool salvage_open(struct salvage **out, const char *dir, const char *table, struct err *e);
void salvage_close(struct salvage *s); /* NULL is harmless */

/* Whole, and nothing was ever in it; where that is not certain: false. */
bool salvage_empty(struct salvage *s);

/* Every record, in the file's order. The key is valid within the call; fn may call salvage_read. */
typedef void salvage_fn(void *arg, struct span key, const struct salvage_place *at);
void salvage_scan(struct salvage *s, salvage_fn *fn, void *arg);

/* A record's value, of at most `max` bytes, mem_alloc'ed. False where it can't be read any more. */
bool salvage_read(struct salvage *s, const struct salvage_place *at, size_t max, uint8_t **bytes,
		  size_t *n);

#endif
