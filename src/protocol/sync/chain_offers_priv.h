/* The list of chains that peers offer to a node without a chain. */
#ifndef TALLY_PROTOCOL_SYNC_CHAIN_OFFERS_PRIV_H
#define TALLY_PROTOCOL_SYNC_CHAIN_OFFERS_PRIV_H

#include <stdbool.h>

#include "protocol/sync/chain_discovery_priv.h"

/* NULL: no peer has offered this chain. */
struct offer *chain_offer_find(struct protocol *p, const struct block_hash *genesis);
/* The peer offers a chain with the genesis b. NULL: there is no room for another offer. */
struct offer *chain_offer_count(struct protocol *p, struct peer *peer, struct block *b,
				const struct chain_params *params);
void chain_offer_remove(struct chain_discovery *d, struct offer *o);
void chain_offers_free(struct protocol *p); /* removes all */

/* An outbound peer makes the offer. */
bool chain_offer_has_outbound(const struct protocol *p, const struct offer *o);
/* A connected peer that makes the offer; 0: none. */
conn_id chain_offer_source(const struct protocol *p, const struct offer *o);
/* False: genesis is from the future by our clock, and *e says by how much. */
bool chain_offer_is_due(const struct protocol *p, const struct offer *o, struct err *e);

#endif
