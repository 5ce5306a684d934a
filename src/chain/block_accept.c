/* Headers and blocks that arrive: check them and add them to the tree. */
#include "chain/block_accept_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "chain/chain_state_priv.h"
#include "chain/future_blocks_priv.h"
#include "chain/header_writer_priv.h"

struct header_parent header_parent_of(const struct chain *c, chain_index i)
{
	const struct tree_entry *en = tree_at(&c->tree, i);
	struct header_parent p = {.height = en->height, .bits = en->bits, .time = en->time};

	if (en->prev != CHAIN_NONE)
		p.grandparent_time = tree_at(&c->tree, en->prev)->time;
	return p;
}

/* --- headers -------------------------------------------------------------------- */

/* A known header: may it get a child or its body? */
static bool check_known(const struct chain *c, chain_index i, struct err *e)
{
	uint32_t status = tree_status(&c->tree, i);

	if ((status & CHAIN_FAILED) != 0)
		return err_set(e, ERR_INVALID, "duplicate-invalid",
			       "this block was found to be invalid before");
	if ((status & CHAIN_FAILED_ANCESTOR) != 0)
		return err_set(e, ERR_INVALID, "bad-prevblk", "its parent is invalid");
	return true;
}

/* An unknown header. If it fails, nothing of it is kept. Its work is checked first, so that an
 * attacker must spend more work on a bad header than this node does. */
static bool check_header(const struct chain *c, const struct block_header *h,
			 const struct block_hash *hash, chain_index *prev, struct err *e)
{
	struct header_parent parent;

	/* Until the parent is known its miner can claim any bits, so the limit of the chain applies
	 * as well. */
	if (!pow_ok(hash, h->bits) || (chain_has_genesis(c) && !pow_ok(hash, c->params.pow_limit)))
		return err_set(
			e, ERR_INVALID, "high-hash",
			"its hash is above the target of its bits %08x, or above the chain's limit",
			h->bits);
	*prev = tree_find(&c->tree, &h->prev);
	if (*prev == CHAIN_NONE)
		return err_set(e, ERR_ORPHAN, "prev-blk-not-found", "its parent is unknown");
	if ((tree_status(&c->tree, *prev) & CHAIN_ANY_FAILED) != 0)
		return err_set(e, ERR_INVALID, "bad-prevblk", "its parent is invalid");
	parent = header_parent_of(c, *prev);
	return header_check(h, hash, &c->params, &parent, e) &&
	       header_check_clock(h, clock_unix(c->clock), e);
}

/* Returns CHAIN_NONE and sets *e if it fails. */
static chain_index add_header(struct chain *c, const struct block_header *h,
			      const struct block_hash *hash, chain_index prev, struct err *e)
{
	chain_index i = tree_add(
		&c->tree, &(struct new_header){
				  .hash = hash, .header = h, .prev = prev, .seq = TREE_SEQ_NEXT});
	struct err why = {0};

	if (i == CHAIN_NONE) {
		err_set(e, ERR_POLICY, "too-many-headers",
			"there are %u headers at this height already", TREE_SEQ_MAX + 1);
		return CHAIN_NONE;
	}
	if (!headers_mark_unsaved(c, i, h, &why)) {
		chain_fail(c, &why, e);
		return CHAIN_NONE;
	}
	return i;
}

bool chain_check_header(const struct chain *c, const struct block_header *h,
			const struct block_hash *hash, struct err *e)
{
	const chain_index i = tree_find(&c->tree, hash);
	chain_index prev;
	struct err why = {0};

	if (i != CHAIN_NONE)
		return check_known(c, i, e);
	if (check_header(c, h, hash, &prev, &why) || why.cls != ERR_INVALID)
		return true;
	if (e != NULL)
		*e = why;
	return false;
}

bool chain_accept_header(struct chain *c, const struct block_header *h, chain_index *at,
			 struct err *e)
{
	struct block_hash hash;
	chain_index i, prev;

	if (c->failed)
		return chain_fail(c, NULL, e);
	header_hash(&hash, h);
	i = tree_find(&c->tree, &hash);
	if (i != CHAIN_NONE) {
		if (!check_known(c, i, e))
			return false;
		if (at != NULL)
			*at = i;
		return err_set(e, ERR_KNOWN, "duplicate", "this header is known already");
	}
	if (!check_header(c, h, &hash, &prev, e))
		return false;
	i = add_header(c, h, &hash, prev, e);
	if (i == CHAIN_NONE)
		return false;
	if (at != NULL)
		*at = i;
	return true;
}

/* --- bodies --------------------------------------------------------------------- */

/* Among branches of equal work the one that was complete first wins. */
static void set_complete(struct chain *c, chain_index i)
{
	struct tree_entry *en = tree_at(&c->tree, i);

	en->seq_status |= TREE_COMPLETE;
	en->complete_order = c->next_complete_order++;
	if ((en->seq_status & CHAIN_ANY_FAILED) == 0 && tree_better(&c->tree, i, c->best_complete))
		c->best_complete = i;
}

static bool parent_complete(const struct chain *c, chain_index i)
{
	chain_index prev = tree_at(&c->tree, i)->prev;

	return prev == CHAIN_NONE || (tree_status(&c->tree, prev) & TREE_COMPLETE) != 0;
}

static void add_incomplete(struct chain *c, chain_index i)
{
	size_t at = c->n_incomplete;

	mem_reserve(&c->incomplete, &c->incomplete_cap, c->n_incomplete + 1,
		    sizeof(*c->incomplete));
	while (at > 0 && c->incomplete[at - 1].at > i)
		at--;
	memmove(&c->incomplete[at + 1], &c->incomplete[at],
		(c->n_incomplete - at) * sizeof(*c->incomplete));
	c->incomplete[at] = (struct incomplete_body){.at = i, .prev = tree_at(&c->tree, i)->prev};
	c->n_incomplete++;
}

static bool parent_of_incomplete(const struct chain *c, chain_index i)
{
	for (size_t k = 0; k < c->n_incomplete; k++) {
		if (c->incomplete[k].prev == i)
			return true;
	}
	return false;
}

void accept_stored_body(struct chain *c, chain_index i)
{
	size_t kept = 0;

	if (!parent_complete(c, i)) {
		add_incomplete(c, i);
		return;
	}
	set_complete(c, i);
	if (!parent_of_incomplete(c, i))
		return;
	for (size_t k = 0; k < c->n_incomplete; k++) {
		if (parent_complete(c, c->incomplete[k].at))
			set_complete(c, c->incomplete[k].at);
		else
			c->incomplete[kept++] = c->incomplete[k];
	}
	c->n_incomplete = kept;
}

/* A block that breaks a rule which needs no coins is invalid on every branch: remember that. */
static bool mark_header_invalid(struct chain *c, chain_index i, const struct block *b,
				struct err *e)
{
	struct err why = {0};

	tree_mark_invalid(&c->tree, i);
	if (!headers_mark_unsaved(c, i, &b->header, &why))
		return chain_fail(c, &why, e);
	return false;
}

static bool store_body(struct chain *c, chain_index i, struct block *b, struct err *e)
{
	struct tree_entry *en = tree_at(&c->tree, i);
	struct err why = {0};

	if (!store_put_block(c->store, en->height, tree_seq(&c->tree, i), b->raw, &why))
		return chain_fail(c, &why, e);
	en->seq_status |= CHAIN_HAVE_BODY;
	if (!headers_mark_unsaved(c, i, &b->header, &why))
		return chain_fail(c, &why, e);
	chain_changed(c, COMMIT_AT_REST);
	block_cache_put(&c->block_cache, i, b);
	accept_stored_body(c, i);
	return true;
}

/* Fills in what the rules need to know of `parent`, a future block, to check the header of a child.
 * False: an ancestor is unknown. */
static bool future_parent(const struct chain *c, const struct block *parent,
			  struct header_parent *out)
{
	uint32_t above = 1; /* the parent's height above its closest ancestor in the tree */
	const struct block *b, *grandparent = future_blocks_find(c, &parent->header.prev);
	chain_index i;

	*out = (struct header_parent){.bits = parent->header.bits, .time = parent->header.time};
	if (grandparent != NULL)
		out->grandparent_time = grandparent->header.time;
	for (b = parent; (i = tree_find(&c->tree, &b->header.prev)) == CHAIN_NONE; above++) {
		b = future_blocks_find(c, &b->header.prev);
		if (b == NULL || above > CHAIN_FUTURE_MAX)
			return false;
	}
	out->height = tree_at(&c->tree, i)->height + above;
	if (grandparent == NULL)
		out->grandparent_time = tree_at(&c->tree, i)->time;
	return true;
}

/* Keeps a block whose parent is a future block. Its work is checked at once, so that filling the
 * memory for future blocks costs an attacker work; everything else is checked when it is due. */
static bool keep_child_of_future(struct chain *c, struct block *b, struct err *e)
{
	const struct block *parent = future_blocks_find(c, &b->header.prev);
	struct header_parent p;

	if (parent == NULL)
		return false;
	if (!future_parent(c, parent, &p))
		return false;
	if (!header_check(&b->header, &b->hash, &c->params, &p, e))
		return false;
	future_blocks_add(c, b);
	return err_set(e, ERR_FUTURE, "time-too-new", "its parent's time is in the future");
}

bool chain_accept_block(struct chain *c, struct block *b, struct err *e)
{
	struct err why = {0};
	chain_index i, prev;

	if (c->failed)
		return chain_fail(c, NULL, e);
	if (!block_check_bytes(b, e))
		return false;
	i = tree_find(&c->tree, &b->hash);
	if (i == CHAIN_NONE) {
		if (!check_header(c, &b->header, &b->hash, &prev, &why)) {
			if (why.cls == ERR_FUTURE)
				future_blocks_add(c, b);
			else if (why.cls == ERR_ORPHAN)
				(void)keep_child_of_future(c, b, &why);
			if (e != NULL)
				*e = why;
			return false;
		}
		i = add_header(c, &b->header, &b->hash, prev, e);
		if (i == CHAIN_NONE)
			return false;
	} else {
		if (!check_known(c, i, e))
			return false;
		if ((tree_status(&c->tree, i) & CHAIN_HAVE_BODY) != 0)
			return err_set(e, ERR_KNOWN, "duplicate", "this block is stored already");
		prev = tree_at(&c->tree, i)->prev;
	}
	if (!block_check(b, &c->params, tree_at(&c->tree, i)->height, tree_at(&c->tree, prev)->time,
			 e))
		return mark_header_invalid(c, i, b, e);
	return store_body(c, i, b, e);
}

/* --- blocks from the future -------------------------------------------------------- */

bool chain_has_future(const struct chain *c, const struct block_hash *hash)
{
	return future_blocks_find(c, hash) != NULL;
}

size_t chain_retry_future(struct chain *c)
{
	int64_t now = clock_unix(c->clock);
	size_t tried = 0;
	struct block *b;

	/* In order of time, so that a parent comes before its child. */
	while (!c->failed && (b = future_blocks_take_due(c, now)) != NULL) {
		(void)chain_accept_block(c, b, NULL);
		block_unref(b);
		tried++;
	}
	return tried;
}
