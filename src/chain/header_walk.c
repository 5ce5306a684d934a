/* Headers checked one after another without being stored. */
#include <tally/chain/header_walk.h>

#include "chain/block_accept_priv.h"
#include "chain/chain_state_priv.h"

void header_walk_start(const struct chain *c, chain_index i, struct header_walk *w)
{
	struct chain_entry en = chain_entry_of(c, i);

	w->last = en.hash;
	w->work = en.work;
	w->parent = header_parent_of(c, i);
}

bool header_walk_next(const struct chain *c, struct header_walk *w, const struct block_header *h,
		      struct err *e)
{
	struct block_hash hash;
	struct u256 work;

	if (!hash256_equal(&h->prev.h, &w->last.h))
		return err_set(e, ERR_ORPHAN, "prev-blk-not-found",
			       "the header does not follow the one before it");
	header_hash(&hash, h);
	if (!header_check(h, &hash, &c->params, &w->parent, e) ||
	    !header_check_clock(h, clock_unix(c->clock), e))
		return false;
	work = work_of_bits(h->bits);
	w->work = u256_add(&w->work, &work);
	w->parent = (struct header_parent){.height = w->parent.height + 1,
					   .bits = h->bits,
					   .time = h->time,
					   .grandparent_time = w->parent.time};
	w->last = hash;
	return true;
}
