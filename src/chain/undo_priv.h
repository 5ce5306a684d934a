/* A block's undo record: the coins that its transactions spent, in the order of their inputs. 32
 * bytes each: value (8), owner (20), height << 1 | coinbase (4); little-endian. */
#ifndef TALLY_CHAIN_UNDO_PRIV_H
#define TALLY_CHAIN_UNDO_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/consensus/rules.h>

#define UNDO_COIN_BYTES 32

void undo_encode(struct writer *w, const struct coin *coins, size_t n);
/* *coins is mem_alloc'ed. ERR_CORRUPT "db-damaged" if raw is not a record. */
bool undo_decode(struct coin **coins, size_t *n, struct span raw, struct err *e);

#endif
