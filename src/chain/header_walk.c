/* Headers looked at without being kept. */
#include "chain/chain_priv.h"

void chain_walk_from(const struct chain *c, chain_index i, struct header_walk *w)
{
	struct chain_entry en = chain_entry_of(c, i);

	w->last = en.hash;
	w->work = en.work;
	w->at = header_parent_of(c, i);
}

bool chain_walk(const struct chain *c, struct header_walk *w, const struct block_header *h,
		struct err *e)
{
	struct block_hash hash;
	struct u256 work;

	if (!hash256_equal(&h->prev.h, &w->last.h))
		return err_set(e, ERR_ORPHAN, "prev-blk-not-found",
			       "it does not follow the header before it");
	header_hash(&hash, h);
	if (!header_check(h, &hash, &c->params, &w->at, e) ||
	    !header_check_clock(h, clock_unix(c->clock), e))
		return false;
	work = work_of_bits(h->bits);
	w->work = u256_add(&w->work, &work);
	w->at = (struct header_parent){.height = w->at.height + 1,
				       .bits = h->bits,
				       .time = h->time,
				       .grandparent_time = w->at.time};
	w->last = hash;
	return true;
}
