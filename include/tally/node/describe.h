/* A block or a transaction as lines of text for a person. Each function appends lines that end with
 * a newline to an empty buf of `size` bytes, NUL-terminated; what does not fit is cut off. False:
 * the node doesn't know it. */
#ifndef TALLY_NODE_DESCRIBE_H
#define TALLY_NODE_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/node/tx_lookup.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

struct node;

/* Header, then at most 200 transactions. */
bool node_describe_block(const struct node *n, const struct block_hash *hash, char *buf,
			 size_t size);
/* A transaction of the mempool, of the last blocks or of the wallet. c: kept between calls for the
 * same transaction. */
bool node_describe_tx(const struct node *n, const struct txid *id, struct tx_lookup_cache *c,
		      char *buf, size_t size);

#endif
