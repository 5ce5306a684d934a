/* Reading the chain: the tree of headers, stored blocks and coins. Unless stated
 * otherwise a function needs a genesis block, and a chain_index that the chain has returned. */
#ifndef TALLY_CHAIN_QUERY_H
#define TALLY_CHAIN_QUERY_H

#include <tally/chain/chain_state.h>
#include <tally/consensus/rules.h>

#define CHAIN_LOCATOR_MAX 101

struct chain_entry chain_tip(const struct chain *c); /* connected, checked in full */
uint32_t chain_height(const struct chain *c);        /* of the tip */
/* The header of most work that is not known to be invalid; the first to arrive wins a tie. */
struct chain_entry chain_best_header(const struct chain *c);
/* The same among the blocks that are stored with all of their ancestors: chain_work connects
 * towards it. */
struct chain_entry chain_best_complete(const struct chain *c);

/* False: no such index. */
bool chain_entry_at(const struct chain *c, chain_index i, struct chain_entry *out);
/* Finds a header by its hash. out may be NULL. False: it is unknown. Needs no genesis block. */
bool chain_find(const struct chain *c, const struct block_hash *hash, struct chain_entry *out);
/* The block of the best chain at a height. False above the tip, or without a genesis block. */
bool chain_at_height(const struct chain *c, uint32_t height, struct chain_entry *out);
bool chain_on_best(const struct chain *c, chain_index i); /* is it part of the best chain? */

/* The last common ancestor of two headers. O(log n). */
chain_index chain_fork(const struct chain *c, chain_index a, chain_index b);
/* The ancestor of i, or i itself, at a height; CHAIN_NONE if i is lower. O(log n). */
chain_index chain_ancestor(const struct chain *c, chain_index i, uint32_t height);
/* The ancestors of i from height `first` upward, then i itself; at most max. Returns how many were
 * written. */
size_t chain_path(const struct chain *c, chain_index i, uint32_t first, chain_index *out,
		  size_t max);
/* Headers that have no child: the tip first, then by work. Writes at most max. Returns how many
 * exist. */
size_t chain_leaves(const struct chain *c, chain_index *out, size_t max);
/* All headers at a height, in order of arrival. Writes at most max. Returns how many exist. */
size_t chain_all_at_height(const struct chain *c, uint32_t height, chain_index *out, size_t max);
/* The bits that a child of this block must have. */
uint32_t chain_next_bits(const struct chain *c, chain_index parent);

bool chain_read_header(const struct chain *c, chain_index i, struct block_header *out,
		       struct err *e);
/* *out has one reference for the caller. ERR_NOTFOUND "no-body" if only the header is known. */
bool chain_read_block(const struct chain *c, chain_index i, struct block **out, struct err *e);
/* A block locator: hashes from `from` (CHAIN_NONE: the tip) back to genesis, the first ten one
 * apart, then in steps that double. Returns how many, at most CHAIN_LOCATOR_MAX. */
size_t chain_locator(const struct chain *c, chain_index from,
		     struct block_hash out[CHAIN_LOCATOR_MAX]);
/* The first of the locator's blocks that is on the best chain; genesis if none is. */
chain_index chain_locate(const struct chain *c, const struct block_hash *hashes, size_t n);

/* The coins at the tip. Only meaningful while chain_settled. */
struct coin_view chain_coins(const struct chain *c);

#endif
