/* The tree of headers: compact entries by index, a hash index of indices, the best chain by height.
 * At most 96 bytes a header altogether. Knows no store and no rules.
 *
 * An entry's index is greater than its parent's, always: headers arrive after their parents and
 * are loaded in order of height. So one pass upward reaches every descendant. */
#ifndef TALLY_CHAIN_TREE_PRIV_H
#define TALLY_CHAIN_TREE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/chain/chain.h>

/* Status bits that live in memory alone, beside CHAIN_HAVE_BODY and so on. */
enum {
	TREE_COMPLETE = 16,  /* the body is here and so are those of all ancestors */
	TREE_HAS_CHILD = 32, /* some header builds on it */
	TREE_UNSAVED = 64,   /* differs from what the store has */
};
#define TREE_STORED_BITS 15U
#define TREE_SEQ_NEXT    UINT32_MAX /* tree_add: the next number of that height */
#define TREE_SEQ_MAX     UINT32_C(0xffffff)

struct tree_entry {
	struct block_hash hash;
	unsigned __int128 work; /* after genesis; saturates */
	chain_index prev, skip; /* skip: an ancestor further down, for tree_ancestor */
	uint32_t height, time, bits;
	uint32_t order;      /* of the moment it became complete; smaller came first */
	uint32_t seq_status; /* number among those of its height << 8 | status */
	chain_index sibling; /* next of the same height */
};
_Static_assert(sizeof(struct tree_entry) == 80, "a header may cost 96 bytes with its index");

struct tree {
	struct tree_entry **chunks;
	size_t chunks_cap;
	uint32_t len;
	uint32_t *slots; /* open addressing by hash; index + 1, 0: free */
	uint32_t n_slots;
	/* Of each height the first of a list through `sibling`: the one on the best chain where that is
	 * so high; the others follow, latest arrival first. */
	chain_index *at_height;
	uint32_t heights, heights_cap;
	chain_index *leaves; /* in no order */
	size_t n_leaves, leaves_cap;
	chain_index tip;         /* of the best chain; CHAIN_NONE while empty */
	chain_index best_header; /* most work among those not known invalid; first come on a tie */
	uint32_t work_bits;      /* the work of these bits was computed last */
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

void tree_init(struct tree *t);
void tree_clear(struct tree *t);
size_t tree_memory(const struct tree *t);

chain_index tree_find(const struct tree *t, const struct block_hash *hash);
/* A header whose parent is `prev` (CHAIN_NONE: genesis, into an empty tree) and whose hash is not
 * there yet. Inherits failure from the parent. CHAIN_NONE where TREE_SEQ_MAX headers are at that
 * height already. */
chain_index tree_add(struct tree *t, const struct block_hash *hash, const struct block_header *h,
		     chain_index prev, uint32_t seq, uint32_t status);

/* The ancestor (or itself) at that height; CHAIN_NONE where it is higher. O(log n). */
chain_index tree_ancestor(const struct tree *t, chain_index i, uint32_t height);
chain_index tree_fork(const struct tree *t, chain_index a, chain_index b);
/* Is `a` an ancestor of b, or b itself? */
bool tree_descends(const struct tree *t, chain_index a, chain_index b);

bool tree_on_best(const struct tree *t, chain_index i);
void tree_connect(struct tree *t, chain_index i); /* a child of the tip becomes the tip */
void tree_disconnect(struct tree *t);             /* the tip's parent becomes the tip */
void tree_load_tip(struct tree *t, chain_index i);

/* Marks it invalid and what descends from it, and finds the best header again. */
void tree_fail(struct tree *t, chain_index i);
/* More work, or as much and complete earlier? Both complete. */
bool tree_better(const struct tree *t, chain_index a, chain_index b);
/* The best of those complete and not failed. */
chain_index tree_best_complete(const struct tree *t);

#endif
