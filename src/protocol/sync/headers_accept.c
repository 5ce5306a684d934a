#include "protocol/sync/headers_accept_priv.h"

#include <tally/base/log.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/sync_state_priv.h"

bool headers_follow(const struct block_header *h, const struct block_hash *before, struct err *e)
{
	return hash256_equal(&h->prev.h, &before->h) ||
	       err_set(e, ERR_ORPHAN, "non-continuous-headers",
		       "a header does not follow the one before it");
}

size_t headers_skip_known(const struct protocol *p, const struct msg_list *l,
			  struct chain_entry *at)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct block_header h;
		struct block_hash hash;
		struct chain_entry en;

		msg_header_at(l, i, &h);
		header_hash(&hash, &h);
		if (!hash256_equal(&h.prev.h, &at->hash.h) || !chain_find(p->o.chain, &hash, &en) ||
		    (en.status & CHAIN_ANY_FAILED))
			break;
		*at = en;
	}
	return i;
}

void headers_refused(struct protocol *p, struct peer *peer, const struct block_header *h,
		     const struct err *e)
{
	switch (e->cls) {
	case ERR_FUTURE:
		/* Not the peer's fault: its headers are requested again when this one is valid. */
		peer->sync.future_retry_unix = (int64_t)h->time - MAX_FUTURE_SECONDS;
		break;
	case ERR_ORPHAN:
	case ERR_INVALID:
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid header: %s: %s", e->token,
			   e->detail);
		break;
	case ERR_NONE:
	case ERR_USAGE:
	case ERR_DECODE:
	case ERR_MUTATED:
	case ERR_POLICY:
	case ERR_KNOWN:
	case ERR_NOTFOUND:
	case ERR_BUSY:
	case ERR_FUNDS:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_LIMIT:
	case ERR_PERMISSION:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		log_error(LOG_PEER, "cannot store a header: %s", e->detail);
		break;
	}
}

/* Stores one header that follows *at, and makes it *at. */
static bool store_one(struct protocol *p, const struct block_header *h, struct chain_entry *at,
		      struct err *e)
{
	chain_index i;

	if (!headers_follow(h, &at->hash, e))
		return false;
	if (!chain_accept_header(p->o.chain, h, &i, e) && e->cls != ERR_KNOWN)
		return false;
	chain_entry_at(p->o.chain, i, at);
	return true;
}

/* The peer has this header, so it has its block. */
static void peer_has_header(const struct protocol *p, struct peer *peer,
			    const struct chain_entry *at)
{
	peer->sync.unconnected = 0;
	if (hash256_equal(&peer->sync.last_unknown.h, &at->hash.h))
		peer->sync.last_unknown = (struct block_hash){0};
	sync_has_block(p, peer, at);
}

bool headers_store(struct protocol *p, struct peer *peer, const struct header_range *r,
		   chain_index *at)
{
	struct chain_entry en;
	struct block_header h;
	struct err e;
	size_t i = r->first;

	err_clear(&e);
	chain_entry_at(p->o.chain, *at, &en);
	for (; i < r->end; i++) {
		msg_header_at(r->list, i, &h);
		if (!store_one(p, &h, &en, &e))
			break;
	}
	*at = en.index;
	if (i - r->first >= BEHIND_BLOCKS) {
		p->sync.many_headers_ms = protocol_now_ms(p);
		peer->sync.headers_timed_out = false;
	}
	peer_has_header(p, peer, &en);
	if (i < r->end)
		headers_refused(p, peer, &h, &e);
	return i == r->end;
}
