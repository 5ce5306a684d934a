/* Bitcoin's merkle tree. */
#ifndef TALLY_PRIMITIVES_MERKLE_H
#define TALLY_PRIMITIVES_MERKLE_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/crypto/hash.h>
#include <tally/primitives/block.h>

/* Root over n >= 1 leaves, which are overwritten. *mutated (may be NULL) where two equal
 * siblings were both present before an odd level's last was duplicated.
 * Source: Bitcoin Core consensus/merkle.cpp, CVE-2012-2459. */
void merkle_root(struct hash256 *out, struct hash256 *leaves, size_t n, bool *mutated);
/* Root over the block's txids; all zeros for an empty block. */
void block_merkle_root(struct hash256 *out, const struct block *b, bool *mutated);

#endif
