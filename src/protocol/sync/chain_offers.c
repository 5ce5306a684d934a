#include "protocol/sync/chain_offers_priv.h"

#include <string.h>

#include <tally/base/log.h>
#include <tally/consensus/rules.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"

struct offer *chain_offer_find(struct protocol *p, const struct block_hash *genesis)
{
	struct chain_discovery *d = &p->discovery;

	for (size_t i = 0; i < d->n_offers; i++)
		if (hash256_equal(&d->offers[i].genesis->hash.h, &genesis->h))
			return &d->offers[i];
	return NULL;
}

void chain_offer_remove(struct chain_discovery *d, struct offer *o)
{
	size_t i = (size_t)(o - d->offers);

	block_unref(o->genesis);
	memmove(o, o + 1, (--d->n_offers - i) * sizeof(*o));
}

/* This peer makes the offer. */
static bool is_offered_by(const struct peer *peer, const struct offer *o)
{
	return peer->discovery.state == DISCOVERY_OFFERED &&
	       hash256_equal(&peer->discovery.offered.h, &o->genesis->hash.h);
}

bool chain_offer_has_outbound(const struct protocol *p, const struct offer *o)
{
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer_outbound(peer) && is_offered_by(peer, o))
			return true;
	return false;
}

/* Makes room for a new offer if the list is full. Removes an offer that no connected peer makes any
 * more. If there is none and the new offer is from an outbound peer, removes an offer that only
 * inbound peers make: an attacker can invent any number of those. NULL: there is no room. */
static struct offer *chain_offer_new(struct protocol *p, bool outbound)
{
	struct chain_discovery *d = &p->discovery;

	for (size_t i = 0; d->n_offers == OFFERS_MAX && i < d->n_offers; i++)
		if (d->offers[i].peers == 0)
			chain_offer_remove(d, &d->offers[i]);
	for (size_t i = 0; outbound && d->n_offers == OFFERS_MAX && i < d->n_offers; i++)
		if (!chain_offer_has_outbound(p, &d->offers[i]))
			chain_offer_remove(d, &d->offers[i]);
	return d->n_offers < OFFERS_MAX ? &d->offers[d->n_offers++] : NULL;
}

void chain_offers_free(struct protocol *p)
{
	struct chain_discovery *d = &p->discovery;

	while (d->n_offers > 0)
		chain_offer_remove(d, &d->offers[d->n_offers - 1]);
}

conn_id chain_offer_source(const struct protocol *p, const struct offer *o)
{
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (is_offered_by(peer, o))
			return peer->info.id;
	return 0;
}

bool chain_offer_is_due(const struct protocol *p, const struct offer *o, struct err *e)
{
	return header_check_clock(&o->genesis->header, clock_unix(p->o.clock), e);
}

static void log_offers(const struct protocol *p)
{
	const struct chain_discovery *d = &p->discovery;

	log_warn(LOG_PEER, "peers offer %zu different chains: choose one", d->n_offers);
	for (size_t i = 0; i < d->n_offers; i++) {
		char hex[HASH_HEX_CHARS + 1];

		hash256_hex(hex, &d->offers[i].genesis->hash.h);
		log_warn(LOG_PEER, "  %s  %s", hex, d->offers[i].params.name);
	}
}

struct offer *chain_offer_count(struct protocol *p, struct peer *peer, struct block *b,
				const struct chain_params *params)
{
	struct offer *o = chain_offer_find(p, &b->hash);

	if (o) {
		o->peers++;
		return o;
	}
	o = chain_offer_new(p, peer_outbound(peer));
	if (!o)
		return NULL;
	*o = (struct offer){.params = *params, .genesis = block_ref(b), .peers = 1};
	if (p->discovery.n_offers == 1)
		p->discovery.first_offer_ms = protocol_now_ms(p);
	else
		log_offers(p);
	return o;
}

size_t protocol_offers(const struct protocol *p, struct chain_offer *out, size_t max)
{
	const struct chain_discovery *d = &p->discovery;

	for (size_t i = 0; i < d->n_offers && i < max; i++)
		out[i] =
			(struct chain_offer){.params = d->offers[i].params,
					     .peers = d->offers[i].peers,
					     .future = !chain_offer_is_due(p, &d->offers[i], NULL)};
	return d->n_offers;
}
