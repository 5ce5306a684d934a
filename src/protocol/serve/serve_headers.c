/* Where do you come from, what follows: answering getblocks and getheaders. */
#include "protocol/protocol_priv.h"

/* The height after the first hash of the locator on our best chain. Nothing known: genesis, which
 * everybody has who sends a locator; who sends none has nothing. */
static uint32_t height_after(const struct protocol *p, const struct msg_locator *l)
{
	struct block_hash hashes[CHAIN_LOCATOR_MAX];
	struct chain_entry en;
	struct reader r;

	if (l->n == 0)
		return 0;
	reader_init(&r, l->hashes, l->n * HASH_BYTES);
	for (size_t i = 0; i < l->n; i++)
		get_bytes(&r, hashes[i].h.b, HASH_BYTES);
	if (!chain_entry_at(p->o.chain, chain_locate(p->o.chain, hashes, l->n), &en))
		return 0;
	return en.height + 1;
}

void handle_getblocks(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_locator *l = &m->u.locator;
	struct chain_entry en;
	size_t n = 0;

	if (!has_chain(p))
		return;
	for (uint32_t h = height_after(p, l); n < GETBLOCKS_MAX; h++) {
		if (!chain_at_height(p->o.chain, h, &en) || hash256_equal(&en.hash.h, &l->stop.h))
			break;
		put_inv_item(&p->list, INV_BLOCK, &en.hash.h);
		peer->serve.last = en.hash;
		n++;
	}
	/* Once it has fetched the last of a full answer, the tip is announced, so that it asks on. */
	if (n > 0)
		peer->serve.has_last = n == GETBLOCKS_MAX;
	gate_send_list(p, peer, MSG_INV);
}

static void put_header(struct protocol *p, chain_index i)
{
	struct block_header h;

	if (chain_read_header(p->o.chain, i, &h, NULL))
		put_headers_item(&p->list, &h);
}

void handle_getheaders(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_locator *l = &m->u.locator;
	struct chain_entry en;

	if (has_chain(p) && l->n == 0 && !hash256_is_zero(&l->stop.h)) {
		if (chain_find(p->o.chain, &l->stop, &en) && !(en.status & CHAIN_ANY_FAILED))
			put_header(p, en.index);
	} else if (has_chain(p)) {
		uint32_t h = height_after(p, l);
		chain_index last = chain_tip(p->o.chain).index;

		for (size_t n = 0; n < HEADERS_MAX && chain_at_height(p->o.chain, h, &en);
		     n++, h++) {
			put_header(p, en.index);
			last = en.index;
			if (hash256_equal(&en.hash.h, &l->stop.h))
				break;
		}
		/* Need not be announced any more. */
		peer->relay.told = last;
		relay_seen_ours(p, peer, last);
	}
	/* Nothing is an answer, too. */
	if (p->list.len == 0)
		gate_send_empty(p, peer, MSG_HEADERS);
	else
		gate_send_list(p, peer, MSG_HEADERS);
}
