/* The tree of headers: entries by index, a hash table of indices, the best chain by height. At most
 * 96 bytes a header altogether. It knows no store and no rules.
 *
 * An entry's index is always greater than its parent's: headers arrive after their parents and are
 * loaded in order of height. So one pass from an entry to the last one reaches every descendant. */
#ifndef TALLY_CHAIN_TREE_PRIV_H
#define TALLY_CHAIN_TREE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/chain/chain_state.h>

/* Status bits in memory only, beside CHAIN_HAVE_BODY and so on. */
enum {
	TREE_COMPLETE = 16, /* the block is stored, and so are all of its ancestors */
	TREE_HAS_CHILD = 32,
	TREE_UNSAVED = 64, /* differs from the store */
};
#define TREE_STORED_BITS 15U
#define TREE_SEQ_NEXT    UINT32_MAX /* for tree_add: the next number at that height */
#define TREE_SEQ_MAX     UINT32_C(0xffffff)

struct tree_entry {
	struct block_hash hash;
	unsigned __int128
		work; /* cumulative, without genesis; stays at the maximum if it overflows */
	chain_index prev, skip; /* skip: a lower ancestor, a shortcut for tree_ancestor */
	uint32_t height, time, bits;
	uint32_t complete_order; /* smaller: was complete earlier */
	uint32_t seq_status;     /* number at its height, in order of arrival, << 8 | status */
	chain_index sibling;     /* the next of the same height */
};
_Static_assert(sizeof(struct tree_entry) == 80,
	       "a header costs at most 96 bytes with its share of the indexes");

struct tree {
	struct tree_entry **chunks;
	size_t chunks_cap;
	uint32_t len;
	uint32_t *slots; /* hash table with open addressing; index + 1, 0: free */
	uint32_t n_slots;
	/* For each height the first of a list through `sibling`: the header on the best chain if
	 * that is high enough, then the others, the latest arrival first. */
	chain_index *at_height;
	uint32_t heights, heights_cap;
	chain_index *leaves; /* in no order */
	size_t n_leaves, leaves_cap;
	chain_index tip; /* of the best chain; CHAIN_NONE while empty */
	chain_index
		best_header; /* most work among those not known to be invalid; the first to arrive wins a tie */
	/* The last result of work_of: bits seldom change from one header to the next. */
	uint32_t work_bits;
	unsigned __int128 work_each;
};

#define TREE_CHUNK 1024U

static inline struct tree_entry *tree_at(const struct tree *t, chain_index i)
{
	return &t->chunks[i / TREE_CHUNK][i % TREE_CHUNK];
}

static inline uint32_t tree_status(const struct tree *t, chain_index i)
{
	return tree_at(t, i)->seq_status & 255U;
}

static inline uint32_t tree_seq(const struct tree *t, chain_index i)
{
	return tree_at(t, i)->seq_status >> 8;
}

struct new_header {
	const struct block_hash *hash;
	const struct block_header *header;
	chain_index prev;
	uint32_t seq, status; /* seq may be TREE_SEQ_NEXT */
};

void tree_init(struct tree *t);
void tree_clear(struct tree *t);
size_t tree_memory(const struct tree *t);

chain_index tree_find(const struct tree *t, const struct block_hash *hash);
/* Adds a header whose parent is `prev` (CHAIN_NONE: genesis, to an empty tree) and whose hash is
 * not in the tree. It fails if its parent has failed. Returns CHAIN_NONE if that height already has
 * TREE_SEQ_MAX + 1 headers. */
chain_index tree_add(struct tree *t, const struct new_header *new_header);

/* The ancestor of i, or i itself, at that height; CHAIN_NONE if i is lower. O(log n). */
chain_index tree_ancestor(const struct tree *t, chain_index i, uint32_t height);
chain_index tree_fork(const struct tree *t, chain_index a, chain_index b);
/* Is `a` an ancestor of b, or b itself? */
bool tree_descends(const struct tree *t, chain_index a, chain_index b);

bool tree_on_best(const struct tree *t, chain_index i);
void tree_connect(struct tree *t, chain_index i);  /* a child of the tip becomes the tip */
void tree_disconnect(struct tree *t);              /* the tip's parent becomes the tip */
void tree_load_tip(struct tree *t, chain_index i); /* any header becomes the tip; O(height) */

/* Marks i as CHAIN_FAILED and its descendants as CHAIN_FAILED_ANCESTOR, and chooses the best header
 * again. */
void tree_mark_invalid(struct tree *t, chain_index i);
/* Has a more work than b, or as much and was complete earlier? Both must be complete. */
bool tree_better(const struct tree *t, chain_index a, chain_index b);
/* The best header that is complete and has not failed. */
chain_index tree_best_complete(const struct tree *t);

#endif
