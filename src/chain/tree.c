#include "chain/tree_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>

#define HEIGHTS_STEP 4096U
#define WORK_MAX     (~(unsigned __int128)0)

void tree_init(struct tree *t)
{
	memset(t, 0, sizeof(*t));
	t->tip = t->best_header = CHAIN_NONE;
}

void tree_clear(struct tree *t)
{
	for (uint32_t at = 0; at < t->len; at += TREE_CHUNK)
		free(t->chunks[at / TREE_CHUNK]);
	free(t->chunks);
	free(t->slots);
	free(t->at_height);
	free(t->leaves);
	tree_init(t);
}

size_t tree_memory(const struct tree *t)
{
	size_t chunks = (t->len + TREE_CHUNK - 1) / TREE_CHUNK;

	return chunks * TREE_CHUNK * sizeof(struct tree_entry) +
	       t->chunks_cap * sizeof(*t->chunks) + t->n_slots * sizeof(*t->slots) +
	       t->heights_cap * sizeof(*t->at_height) + t->leaves_cap * sizeof(*t->leaves);
}

/* --- the hash index ------------------------------------------------------------- */

/* Nobody can choose the low bytes of a block hash without new proof of work, so they serve as the
 * table's hash. */
static uint32_t *find_slot(const struct tree *t, const struct block_hash *hash)
{
	uint32_t mask = t->n_slots - 1;

	for (uint32_t at = le32(hash->h.b) & mask;; at = (at + 1) & mask) {
		uint32_t *slot = &t->slots[at];

		if (*slot == 0 || hash256_equal(&tree_at(t, *slot - 1)->hash.h, &hash->h))
			return slot;
	}
}

chain_index tree_find(const struct tree *t, const struct block_hash *hash)
{
	uint32_t slot = t->n_slots == 0 ? 0 : *find_slot(t, hash);

	return slot == 0 ? CHAIN_NONE : slot - 1;
}

/* Makes room for one more; at most three quarters of the table are used. */
static void reserve_slots(struct tree *t)
{
	if (((uint64_t)t->len + 1) * 4 <= (uint64_t)t->n_slots * 3)
		return;
	free(t->slots);
	t->n_slots = t->n_slots == 0 ? 1024 : t->n_slots * 2;
	t->slots = mem_zalloc(t->n_slots * sizeof(*t->slots));
	for (uint32_t i = 0; i < t->len; i++)
		*find_slot(t, &tree_at(t, i)->hash) = i + 1;
}

/* --- adding --------------------------------------------------------------------- */

static unsigned __int128 work_of(struct tree *t, uint32_t bits)
{
	if (t->work_bits != bits) {
		struct u256 w = work_of_bits(bits);

		t->work_bits = bits;
		t->work_each = (unsigned __int128)w.w[1] << 64 | w.w[0];
		if (w.w[2] != 0 || w.w[3] != 0)
			t->work_each = WORK_MAX;
	}
	return t->work_each;
}

/* The height of the ancestor that `skip` points to. Clearing low bits makes any ancestor reachable
 * in O(log n) steps. Odd heights keep the lowest bit, so that neighbours skip to different heights.
 * Source: Bitcoin Core, chain.cpp, GetSkipHeight. */
static uint32_t skip_height(uint32_t height)
{
	uint32_t even = height & ~UINT32_C(1);

	if (height < 2)
		return 0;
	even &= even - 1;
	return (height & 1) == 0 ? even : (even & (even - 1)) + 1;
}

static void reserve_height(struct tree *t, uint32_t height)
{
	if (height < t->heights)
		return;
	if (height >= t->heights_cap) {
		/* Grows by a fixed step. Doubling would leave up to half of the array unused, more
		 * memory than the 96 bytes for each header that are the aim. */
		t->heights_cap = height + HEIGHTS_STEP;
		t->at_height = mem_resize(t->at_height, t->heights_cap, sizeof(*t->at_height));
	}
	while (t->heights <= height)
		t->at_height[t->heights++] = CHAIN_NONE;
}

/* One more than the greatest number at a height. The list has the best chain's header first and the
 * others by number, greatest first, so the greatest is the first or the second. */
static uint32_t next_seq(const struct tree *t, uint32_t height)
{
	chain_index first = t->at_height[height], second;
	uint32_t max;

	if (first == CHAIN_NONE)
		return 0;
	max = tree_seq(t, first);
	second = tree_at(t, first)->sibling;
	if (second != CHAIN_NONE && tree_seq(t, second) > max)
		max = tree_seq(t, second);
	return max + 1;
}

/* Inserts it after the first of its height, ordered by number, greatest first. */
static void link_sibling(struct tree *t, chain_index i)
{
	struct tree_entry *en = tree_at(t, i);
	chain_index *link = &t->at_height[en->height];

	if (*link != CHAIN_NONE)
		link = &tree_at(t, *link)->sibling;
	while (*link != CHAIN_NONE && tree_seq(t, *link) > tree_seq(t, i))
		link = &tree_at(t, *link)->sibling;
	en->sibling = *link;
	*link = i;
}

static void add_leaf(struct tree *t, chain_index i, chain_index prev)
{
	if (prev != CHAIN_NONE && (tree_status(t, prev) & TREE_HAS_CHILD) == 0) {
		size_t at = t->n_leaves;

		/* The parent was a leaf, most likely one of the last. */
		while (t->leaves[at - 1] != prev)
			at--;
		t->leaves[at - 1] = i;
		tree_at(t, prev)->seq_status |= TREE_HAS_CHILD;
		return;
	}
	mem_reserve(&t->leaves, &t->leaves_cap, t->n_leaves + 1, sizeof(*t->leaves));
	t->leaves[t->n_leaves++] = i;
}

static struct tree_entry *append(struct tree *t)
{
	if (t->len % TREE_CHUNK == 0) {
		mem_reserve(&t->chunks, &t->chunks_cap, t->len / TREE_CHUNK + 1,
			    sizeof(*t->chunks));
		t->chunks[t->len / TREE_CHUNK] = mem_array(TREE_CHUNK, sizeof(struct tree_entry));
	}
	return tree_at(t, t->len);
}

chain_index tree_add(struct tree *t, const struct new_header *new_header)
{
	const struct block_header *h = new_header->header;
	const chain_index prev = new_header->prev;
	uint32_t seq = new_header->seq;
	chain_index i = t->len;
	struct tree_entry *en;
	uint32_t height = prev == CHAIN_NONE ? 0 : tree_at(t, prev)->height + 1;

	assert((prev == CHAIN_NONE) == (t->len == 0));
	reserve_height(t, height);
	if (seq == TREE_SEQ_NEXT)
		seq = next_seq(t, height);
	if (seq > TREE_SEQ_MAX)
		return CHAIN_NONE;
	reserve_slots(t);
	en = append(t);
	*en = (struct tree_entry){.hash = *new_header->hash,
				  .prev = prev,
				  .skip = CHAIN_NONE,
				  .height = height,
				  .time = h->time,
				  .bits = h->bits,
				  .seq_status = seq << 8 | new_header->status};
	if (prev != CHAIN_NONE) {
		const struct tree_entry *parent = tree_at(t, prev);

		en->work = parent->work + work_of(t, h->bits);
		if (en->work < parent->work)
			en->work = WORK_MAX;
		en->skip = tree_ancestor(t, prev, skip_height(height));
		if ((parent->seq_status & CHAIN_ANY_FAILED) != 0)
			en->seq_status |= CHAIN_FAILED_ANCESTOR;
	}
	*find_slot(t, new_header->hash) = i + 1;
	t->len++;
	link_sibling(t, i);
	add_leaf(t, i, prev);
	if ((en->seq_status & CHAIN_ANY_FAILED) == 0 &&
	    (t->best_header == CHAIN_NONE || en->work > tree_at(t, t->best_header)->work))
		t->best_header = i;
	return i;
}

/* --- ancestors ------------------------------------------------------------------ */

chain_index tree_ancestor(const struct tree *t, chain_index i, uint32_t height)
{
	const struct tree_entry *en = tree_at(t, i);

	if (height > en->height)
		return CHAIN_NONE;
	while (en->height > height) {
		uint32_t skip = skip_height(en->height);

		if (tree_on_best(t, i))
			return t->at_height[height];
		/* Take the skip, unless it leads below the height, or the parent's skip leads much
		 * further down without going below the height. */
		if (skip == height || (skip > height && (skip_height(en->height - 1) + 2 >= skip ||
							 skip_height(en->height - 1) < height)))
			i = en->skip;
		else
			i = en->prev;
		en = tree_at(t, i);
	}
	return i;
}

chain_index tree_fork(const struct tree *t, chain_index a, chain_index b)
{
	uint32_t low = tree_at(t, a)->height;

	if (tree_at(t, b)->height < low)
		low = tree_at(t, b)->height;
	a = tree_ancestor(t, a, low);
	b = tree_ancestor(t, b, low);
	/* Both have the same height, so their skips have the same height, too. If these differ, the
	 * fork is below them. */
	while (a != b) {
		const struct tree_entry *x = tree_at(t, a), *y = tree_at(t, b);

		if (x->skip != y->skip) {
			a = x->skip;
			b = y->skip;
		} else {
			a = x->prev;
			b = y->prev;
		}
	}
	return a;
}

bool tree_descends(const struct tree *t, chain_index a, chain_index b)
{
	return tree_ancestor(t, b, tree_at(t, a)->height) == a;
}

/* --- the best chain ------------------------------------------------------------- */

bool tree_on_best(const struct tree *t, chain_index i)
{
	const struct tree_entry *en = tree_at(t, i);

	return t->tip != CHAIN_NONE && en->height <= tree_at(t, t->tip)->height &&
	       t->at_height[en->height] == i;
}

static void to_front(struct tree *t, chain_index i)
{
	struct tree_entry *en = tree_at(t, i);
	chain_index *first = &t->at_height[en->height], old = *first, *link = first;

	if (old == i)
		return;
	while (*link != i)
		link = &tree_at(t, *link)->sibling;
	*link = en->sibling;
	/* Now i replaces the old first one, and the old one is inserted among the rest. */
	en->sibling = tree_at(t, old)->sibling;
	*first = i;
	link_sibling(t, old);
}

void tree_connect(struct tree *t, chain_index i)
{
	assert(tree_at(t, i)->prev == t->tip);
	to_front(t, i);
	t->tip = i;
}

void tree_disconnect(struct tree *t)
{
	assert(t->tip != CHAIN_NONE && tree_at(t, t->tip)->prev != CHAIN_NONE);
	t->tip = tree_at(t, t->tip)->prev;
}

void tree_load_tip(struct tree *t, chain_index i)
{
	t->tip = CHAIN_NONE;
	for (chain_index at = i; at != CHAIN_NONE; at = tree_at(t, at)->prev)
		to_front(t, at);
	t->tip = i;
}

/* --- invalid branches and the choice of the best one ------------------------------ */

void tree_mark_invalid(struct tree *t, chain_index i)
{
	tree_at(t, i)->seq_status |= CHAIN_FAILED;
	for (chain_index at = i + 1; at < t->len; at++) {
		struct tree_entry *en = tree_at(t, at);

		if ((tree_status(t, en->prev) & CHAIN_ANY_FAILED) != 0)
			en->seq_status |= CHAIN_FAILED_ANCESTOR;
	}
	if ((tree_status(t, t->best_header) & CHAIN_ANY_FAILED) == 0)
		return;
	t->best_header = 0;
	for (chain_index at = 1; at < t->len; at++) {
		const struct tree_entry *en = tree_at(t, at);

		if ((en->seq_status & CHAIN_ANY_FAILED) == 0 &&
		    en->work > tree_at(t, t->best_header)->work)
			t->best_header = at;
	}
}

bool tree_better(const struct tree *t, chain_index a, chain_index b)
{
	const struct tree_entry *x = tree_at(t, a), *y = tree_at(t, b);

	if (x->work != y->work)
		return x->work > y->work;
	if (x->complete_order != y->complete_order)
		return x->complete_order < y->complete_order;
	return a < b;
}

chain_index tree_best_complete(const struct tree *t)
{
	chain_index best = CHAIN_NONE;

	for (chain_index at = 0; at < t->len; at++) {
		uint32_t status = tree_status(t, at);

		if ((status & TREE_COMPLETE) != 0 && (status & CHAIN_ANY_FAILED) == 0 &&
		    (best == CHAIN_NONE || tree_better(t, at, best)))
			best = at;
	}
	return best;
}
