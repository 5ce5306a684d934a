/* Answering getblocks and getheaders: a locator gives the place on our chain, the answer what
 * follows it. */
#include <string.h>

#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/msg_describe_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* The height after the first hash of the locator that is on our best chain. If none is: 1, since
 * every peer that sends a locator has genesis. Without hashes: 0, since the peer has nothing. */
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

static void handle_getblocks(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_locator *l = &m->u.locator;
	struct chain_entry en;
	size_t n = 0;

	for (uint32_t h = height_after(p, l); n < GETBLOCKS_MAX; h++) {
		if (!chain_at_height(p->o.chain, h, &en) || hash256_equal(&en.hash.h, &l->stop.h))
			break;
		put_inv_item(&p->list, INV_BLOCK, &en.hash.h);
		peer->serve.continue_hash = en.hash;
		n++;
	}
	if (n > 0)
		peer->serve.has_continue = n == GETBLOCKS_MAX;
	msg_send_list(p, peer, MSG_INV);
}

static void put_header(struct protocol *p, chain_index i)
{
	struct block_header h;

	if (chain_read_header(p->o.chain, i, &h, NULL))
		put_headers_item(&p->list, &h);
}

/* A getheaders with a stop hash but no locator hashes requests this single header. */
static void put_single(struct protocol *p, const struct block_hash *hash)
{
	struct chain_entry en;

	if (chain_find(p->o.chain, hash, &en) && !(en.status & CHAIN_ANY_FAILED))
		put_header(p, en.index);
}

static void put_following(struct protocol *p, struct peer *peer, const struct msg_locator *l)
{
	uint32_t h = height_after(p, l);
	chain_index last = chain_tip(p->o.chain).index;
	struct chain_entry en;

	for (size_t n = 0; n < HEADERS_MAX && chain_at_height(p->o.chain, h, &en); n++, h++) {
		put_header(p, en.index);
		last = en.index;
		if (hash256_equal(&en.hash.h, &l->stop.h))
			break;
	}
	/* The peer has these headers now, so they need not be announced. */
	peer->relay.best_announced = last;
	relay_block_shown(p, peer, last);
}

/* getheaders is always answered, by an empty headers if there is nothing to send. */
static void send_headers(struct protocol *p, struct peer *peer)
{
	if (p->list.len == 0)
		msg_send_empty(p, peer, MSG_HEADERS);
	else
		msg_send_list(p, peer, MSG_HEADERS);
}

static void handle_getheaders(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_locator *l = &m->u.locator;

	if (l->n == 0 && !hash256_is_zero(&l->stop.h))
		put_single(p, &l->stop);
	else
		put_following(p, peer, l);
	send_headers(p, peer);
}

static void getheaders_without_chain(struct protocol *p, struct peer *peer, const struct msg *m)
{
	(void)m;
	send_headers(p, peer);
}

/* --- the messages ---------------------------------------------------------------------- */

static bool decode_locator(struct msg *m, const struct msg_type *type, struct span payload,
			   struct err *e)
{
	struct msg_locator *l = &m->u.locator;
	struct reader r;
	uint64_t n;

	reader_init(&r, payload.p, payload.len);
	l->version = get_le32(&r);
	n = get_compact(&r);
	if (!reader_ok(&r))
		return msg_malformed(e, type->name, "count");
	if (n > CHAIN_LOCATOR_MAX)
		return err_set(e, ERR_DECODE, "locator-count",
			       "%s: a locator of %llu hashes: at most %d", type->name,
			       (unsigned long long)n, CHAIN_LOCATOR_MAX);
	l->n = n;
	l->hashes = get_span(&r, n * HASH_BYTES).p;
	get_bytes(&r, l->stop.h.b, HASH_BYTES);
	return reader_done(&r) || msg_malformed(e, type->name, "length");
}

static void encode_locator(struct writer *w, const struct msg *m, const struct msg_type *type)
{
	const struct msg_locator *l = &m->u.locator;

	(void)type;
	put_le32(w, l->version);
	put_compact(w, l->n);
	put_bytes(w, l->hashes, l->n * HASH_BYTES);
	put_bytes(w, l->stop.h.b, HASH_BYTES);
}

static void describe_locator(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	const struct msg_locator *l = &m->u.locator;
	const size_t size = sizeof(rec->summary);

	(void)p;
	if (l->n == 0) {
		text_append(rec->summary, size, "from genesis");
	} else {
		memcpy(rec->about.b, l->hashes, HASH_BYTES);
		describe_hash(rec, "from ", &rec->about);
		if (l->n > 1)
			text_append(rec->summary, size, " +%zu locator", l->n - 1);
	}
	if (!hash256_is_zero(&l->stop.h))
		describe_hash(rec, " to ", &l->stop.h);
}

const struct msg_type msg_type_getblocks = {
	.name = "getblocks",
	.directions = DIR_IN | DIR_OUT,
	.decode = decode_locator,
	.encode = encode_locator,
	.describe = describe_locator,
	.handle = handle_getblocks,
	.meaning_in = "the peer says which blocks it has and requests the hashes that follow",
	.meaning_out = "we say which blocks we have and request the hashes that follow",
};

const struct msg_type msg_type_getheaders = {
	.name = "getheaders",
	.directions = DIR_IN | DIR_OUT,
	.decode = decode_locator,
	.encode = encode_locator,
	.describe = describe_locator,
	.handle = handle_getheaders,
	.handle_without_chain = getheaders_without_chain,
	.meaning_in = "the peer says which blocks it has and requests the headers that follow",
	.meaning_out = "we say which blocks we have and request the headers that follow",
};
