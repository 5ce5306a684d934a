/* Bitcoin's merkle tree. */
#ifndef TALLY_PRIMITIVES_MERKLE_H
#define TALLY_PRIMITIVES_MERKLE_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/crypto/hash.h>
#include <tally/primitives/block.h>

/* The root of n >= 1 leaves, which are overwritten. *mutated (may be NULL): on some level two siblings
 * are equal that were both present, so another list of transactions has the same root. The duplicate
 * of the last node of an odd level does not count. Source: Bitcoin Core consensus/merkle.cpp,
 * CVE-2012-2459. */
void merkle_root(struct hash256 *out, struct hash256 *leaves, size_t n, bool *mutated);
/* The root of the block's txids; all zeros for a block without transactions. */
void block_merkle_root(struct hash256 *out, const struct block *b, bool *mutated);

#endif
