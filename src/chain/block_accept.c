/* Taking headers and bodies into the tree. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "chain/chain_priv.h"

struct header_parent header_parent_of(const struct chain *c, chain_index i)
{
	const struct tree_entry *en = tree_at(&c->tree, i);
	struct header_parent p = {.height = en->height, .bits = en->bits, .time = en->time};

	if (en->prev != CHAIN_NONE)
		p.grandparent_time = tree_at(&c->tree, en->prev)->time;
	return p;
}

/* --- headers -------------------------------------------------------------------- */

/* A header that is here already: may it be built on, filled in? */
static bool check_known(const struct chain *c, chain_index i, struct err *e)
{
	uint32_t status = tree_status(&c->tree, i);

	if ((status & CHAIN_FAILED) != 0)
		return err_set(e, ERR_INVALID, "duplicate-invalid",
			       "this block was found invalid before");
	if ((status & CHAIN_FAILED_ANCESTOR) != 0)
		return err_set(e, ERR_INVALID, "bad-prevblk", "it builds on an invalid block");
	return true;
}

/* A header that is not here yet. Nothing is kept of one that fails; work is looked at before
 * anything else, so that garbage costs its sender more than us. */
static bool check_header(const struct chain *c, const struct block_header *h,
			 const struct block_hash *hash, chain_index *prev, struct err *e)
{
	struct header_parent parent;

	/* Its bits are its maker's choice until the parent is known: the limit holds in any case. */
	if (!pow_ok(hash, h->bits) || (chain_has_genesis(c) && !pow_ok(hash, c->params.pow_limit)))
		return err_set(e, ERR_INVALID, "high-hash",
			       "its hash does not meet its own bits %08x, or the chain's limit",
			       h->bits);
	*prev = tree_find(&c->tree, &h->prev);
	if (*prev == CHAIN_NONE)
		return err_set(e, ERR_ORPHAN, "prev-blk-not-found", "its parent is not known here");
	if ((tree_status(&c->tree, *prev) & CHAIN_ANY_FAILED) != 0)
		return err_set(e, ERR_INVALID, "bad-prevblk", "it builds on an invalid block");
	parent = header_parent_of(c, *prev);
	return header_check(h, hash, &c->params, &parent, e) &&
	       header_check_clock(h, clock_unix(c->clock), e);
}

/* CHAIN_NONE: err set. */
static chain_index add_header(struct chain *c, const struct block_header *h,
			      const struct block_hash *hash, chain_index prev, struct err *e)
{
	chain_index i = tree_add(&c->tree, hash, h, prev, TREE_SEQ_NEXT, 0);
	struct err why = {0};

	if (i == CHAIN_NONE) {
		err_set(e, ERR_POLICY, "too-many-headers",
			"%u headers of one height are here already", TREE_SEQ_MAX + 1);
		return CHAIN_NONE;
	}
	if (!headers_touch(c, i, h, &why)) {
		chain_break(c, &why, e);
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

	if (c->broken)
		return chain_break(c, NULL, e);
	header_hash(&hash, h);
	i = tree_find(&c->tree, &hash);
	if (i != CHAIN_NONE) {
		if (!check_known(c, i, e))
			return false;
		if (at != NULL)
			*at = i;
		return err_set(e, ERR_KNOWN, "duplicate", "this header is here already");
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

/* The moment a block's whole branch is here decides between branches of equal work. */
static void set_complete(struct chain *c, chain_index i)
{
	struct tree_entry *en = tree_at(&c->tree, i);

	en->seq_status |= TREE_COMPLETE;
	en->order = c->next_order++;
	if ((en->seq_status & CHAIN_ANY_FAILED) == 0 && tree_better(&c->tree, i, c->best))
		c->best = i;
}

static bool parent_complete(const struct chain *c, chain_index i)
{
	chain_index prev = tree_at(&c->tree, i)->prev;

	return prev == CHAIN_NONE || (tree_status(&c->tree, prev) & TREE_COMPLETE) != 0;
}

/* Sorted by index, so that parents come before their children. */
static void add_waiting(struct chain *c, chain_index i)
{
	size_t at = c->n_waiting;

	mem_reserve(&c->waiting, &c->waiting_cap, c->n_waiting + 1, sizeof(*c->waiting));
	while (at > 0 && c->waiting[at - 1].at > i)
		at--;
	memmove(&c->waiting[at + 1], &c->waiting[at], (c->n_waiting - at) * sizeof(*c->waiting));
	c->waiting[at] = (struct waiting){.at = i, .prev = tree_at(&c->tree, i)->prev};
	c->n_waiting++;
}

static bool waited_for(const struct chain *c, chain_index i)
{
	for (size_t k = 0; k < c->n_waiting; k++) {
		if (c->waiting[k].prev == i)
			return true;
	}
	return false;
}

void accept_body(struct chain *c, chain_index i)
{
	size_t kept = 0;

	if (!parent_complete(c, i)) {
		add_waiting(c, i);
		return;
	}
	set_complete(c, i);
	if (!waited_for(c, i))
		return;
	for (size_t k = 0; k < c->n_waiting; k++) {
		if (parent_complete(c, c->waiting[k].at))
			set_complete(c, c->waiting[k].at);
		else
			c->waiting[kept++] = c->waiting[k];
	}
	c->n_waiting = kept;
}

/* What can be found wrong with a block without coins marks it for good. */
static bool fail_header(struct chain *c, chain_index i, const struct block *b, struct err *e)
{
	struct err why = {0};

	tree_fail(&c->tree, i);
	if (!headers_touch(c, i, &b->header, &why))
		return chain_break(c, &why, e);
	return false;
}

static bool store_body(struct chain *c, chain_index i, struct block *b, struct err *e)
{
	struct tree_entry *en = tree_at(&c->tree, i);
	struct err why = {0};

	if (!store_put_block(c->store, en->height, tree_seq(&c->tree, i), b->raw, &why))
		return chain_break(c, &why, e);
	en->seq_status |= CHAIN_HAVE_BODY;
	if (!headers_touch(c, i, &b->header, &why))
		return chain_break(c, &why, e);
	chain_changed(c, true);
	recent_put(&c->recent, i, b);
	accept_body(c, i);
	return true;
}

/* What a child of a block that is kept aside goes by. False: what that one stands on is not here. */
static bool future_parent(const struct chain *c, const struct block *parent,
			  struct header_parent *out)
{
	uint32_t above = 1; /* heights between what the tree has and the parent */
	const struct block *b, *grandparent = future_find(c, &parent->header.prev);
	chain_index i;

	*out = (struct header_parent){.bits = parent->header.bits, .time = parent->header.time};
	if (grandparent != NULL)
		out->grandparent_time = grandparent->header.time;
	for (b = parent; (i = tree_find(&c->tree, &b->header.prev)) == CHAIN_NONE; above++) {
		b = future_find(c, &b->header.prev);
		if (b == NULL || above > CHAIN_FUTURE_MAX)
			return false;
	}
	out->height = tree_at(&c->tree, i)->height + above;
	if (grandparent == NULL)
		out->grandparent_time = tree_at(&c->tree, i)->time;
	return true;
}

/* A block upon one that is kept aside for the clock is kept aside as well; all that is left
 * to check is checked when it is due. */
static bool keep_upon_future(struct chain *c, struct block *b, struct err *e)
{
	const struct block *parent = future_find(c, &b->header.prev);
	struct header_parent p;

	if (parent == NULL)
		return false;
	/* As much work as if its parent were here: what is kept aside must have cost its maker. */
	if (!future_parent(c, parent, &p))
		return false;
	if (!header_check(&b->header, &b->hash, &c->params, &p, e))
		return false;
	future_keep(c, b);
	return err_set(e, ERR_FUTURE, "time-too-new", "it builds on a block from the future");
}

bool chain_accept_block(struct chain *c, struct block *b, struct err *e)
{
	struct err why = {0};
	chain_index i, prev;

	if (c->broken)
		return chain_break(c, NULL, e);
	if (!block_check_bytes(b, e))
		return false;
	i = tree_find(&c->tree, &b->hash);
	if (i == CHAIN_NONE) {
		if (!check_header(c, &b->header, &b->hash, &prev, &why)) {
			if (why.cls == ERR_FUTURE)
				future_keep(c, b);
			else if (why.cls == ERR_ORPHAN)
				(void)keep_upon_future(c, b, &why);
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
			return err_set(e, ERR_KNOWN, "duplicate", "this block is here already");
		prev = tree_at(&c->tree, i)->prev;
	}
	if (!block_check(b, &c->params, tree_at(&c->tree, i)->height, tree_at(&c->tree, prev)->time,
			 e))
		return fail_header(c, i, b, e);
	return store_body(c, i, b, e);
}
