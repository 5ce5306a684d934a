/* Blocks that arrive: checked by their header first, then stored by the chain, kept as orphans, or
 * refused. What needs the coins is checked later, when the chain connects the block. */
#include "protocol/sync/block_intake_priv.h"

#include <inttypes.h>
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_requests_priv.h"
#include "protocol/sync/chain_discovery_priv.h"
#include "protocol/sync/headers_first_priv.h"
#include "protocol/sync/sync_getblocks_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_describe_priv.h"

#define SENDERS_MAX 8192 /* blocks whose sender is remembered */
/* Stored blocks of branches with less work than sync_min_work; inbound peers may fill half of
 * it. */
#define LOW_WORK_BYTES_MAX (UINT64_C(32) << 20)
#define ORPHANS_PER_BLOCK  8 /* accepted after each block received */

/* After a block of a peer found no room (as an orphan; as a block from the future), nothing is
 * requested from this peer for this time. */
#define ORPHAN_BACKOFF_MS 1000
#define FUTURE_BACKOFF_MS 5000

void block_intake_init(struct block_intake *in)
{
	*in = (struct block_intake){.last_tip = CHAIN_NONE};
	map_init(&in->senders, HASH_BYTES, sizeof(conn_id));
}

void block_intake_free(struct block_intake *in)
{
	map_clear(&in->senders);
	free(in->sender_ring);
	in->sender_ring = NULL;
}

static void remember_sender(struct block_intake *in, const struct block_hash *hash, conn_id from)
{
	if (!in->sender_ring)
		in->sender_ring = mem_zalloc(SENDERS_MAX * sizeof(*in->sender_ring));
	map_del(&in->senders, &in->sender_ring[in->sender_at]);
	in->sender_ring[in->sender_at] = *hash;
	in->sender_at = (in->sender_at + 1) % SENDERS_MAX;
	*(conn_id *)map_put(&in->senders, hash, NULL) = from;
}

/* --- branches with little work ------------------------------------------------------ */

/* The chain up to this block has less work than min_work. False if the parent is unknown. */
static bool has_less_work(const struct protocol *p, const struct block *b,
			  const struct u256 *min_work)
{
	struct u256 work = work_of_bits(b->header.bits);
	struct chain_entry parent;

	if (!chain_find(p->o.chain, &b->header.prev, &parent))
		return false;
	work = u256_add(&parent.work, &work);
	return u256_cmp(&work, min_work) < 0;
}

/* With getblocks the peer chooses which blocks are requested, and the work of a branch is unknown
 * until its blocks have arrived. So some blocks of low work must be stored, or a node could never
 * reach a deep branch; but not so many that they fill the disk. A block whose header is stored
 * belongs to a chain that has shown its work. */
static bool is_low_work(const struct protocol *p, const struct block *b)
{
	const struct u256 min_work = sync_min_work(p);

	return !chain_find(p->o.chain, &b->hash, NULL) && has_less_work(p, b, &min_work);
}

static bool is_room_for_low_work(const struct protocol *p, const struct peer *peer,
				 const struct block *b)
{
	const uint64_t max =
		peer && peer_outbound(peer) ? LOW_WORK_BYTES_MAX : LOW_WORK_BYTES_MAX / 2;

	return p->intake.low_work_bytes + b->raw.len <= max;
}

/* The rest of the branch is not requested either. The peer did nothing wrong. */
static void refuse_low_work(struct protocol *p, struct peer *peer, const struct block *b)
{
	if (!p->intake.low_work_logged)
		log_warn(LOG_PEER,
			 "refusing blocks of branches with little work: "
			 "%d MB of them are stored",
			 (int)(LOW_WORK_BYTES_MAX >> 20));
	p->intake.low_work_logged = true;
	block_request_cancel(p, &b->hash);
	if (!peer)
		return;
	peer->sync.low_work_refused = true;
	peer->sync.last_unknown = (struct block_hash){0};
	hash_queue_clear(&peer->sync.announced);
}

/* --- the chain's answer ------------------------------------------------------------ */

static bool leads_to_best_header(const struct protocol *p, const struct block_hash *hash)
{
	struct chain_entry en;

	return chain_find(p->o.chain, hash, &en) &&
	       chain_ancestor(p->o.chain, chain_best_header(p->o.chain).index, en.height) ==
		       en.index;
}

static void peer_has_block(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	sync_announced(p, peer, hash);
	peer->sync.missing_parent = (struct block_hash){0};
	peer->sync.walking_back = false;
	peer->sync.unconnected = 0;
}

static void credit_sender(struct protocol *p, struct peer *peer, const struct block *b,
			  bool requested)
{
	const struct u256 tip = chain_tip(p->o.chain).work;
	struct chain_entry en;

	peer_has_block(p, peer, &b->hash);
	if (!chain_find(p->o.chain, &b->hash, &en))
		return;
	/* Only blocks that lead forward count in its favour: others cost little work to make. */
	if (u256_cmp(&en.work, &tip) > 0 || leads_to_best_header(p, &b->hash))
		sync_useful_block(p, peer, requested);
	if (requested)
		relay_block_shown(p, peer, en.index);
}

/* peer: the sender; NULL: it has gone. */
static void block_stored(struct protocol *p, struct peer *peer, struct block *b, conn_id from,
			 bool requested)
{
	p->sync.blocks_accepted++;
	if (leads_to_best_header(p, &b->hash))
		p->sync.best_block_ms = protocol_now_ms(p);
	p->sync.pending_bytes += b->raw.len;
	p->sync.pending_blocks++;
	p->wake |= WAKE_CHAIN;
	block_request_cancel(p, &b->hash);
	remember_sender(&p->intake, &b->hash, from);
	orphan_blocks_release(p, &b->hash);
	if (peer)
		credit_sender(p, peer, b, requested);
}

static void parent_unknown(struct protocol *p, struct peer *peer, struct block *b, bool requested)
{
	if (!peer)
		return;
	if (peer->sync.method == SYNC_BY_HEADERS) {
		headers_unconnected(p, peer, &b->hash);
		return;
	}
	if (peer->sync.low_work_refused)
		return;
	/* Only requested blocks are kept as orphans. Others, and those without room, are requested
	 * later. */
	if (!requested)
		hash_queue_push(&peer->sync.announced, &b->hash.h);
	else if (!orphan_blocks_add(p, b, peer))
		peer->sync.backoff_until_ms = protocol_now_ms(p) + ORPHAN_BACKOFF_MS;
	getblocks_unconnected(p, peer, b);
}

/* The chain keeps some blocks from the future until they are due. One without room is requested
 * again later. */
static void from_future(struct protocol *p, struct peer *peer, const struct block *b)
{
	char shown[HASH_SHORT_CHARS + 1];
	const bool kept = chain_has_future(p->o.chain, &b->hash);

	if (!kept && peer)
		peer->sync.backoff_until_ms = protocol_now_ms(p) + FUTURE_BACKOFF_MS;
	if (!sync_may_log_future(p))
		return;
	hash256_short(shown, &b->hash.h);
	log_warn(LOG_PEER, "block %s is from the future: %s", shown,
		 kept ? "it is tried again when due" : "it is requested again later");
}

static void block_refused(struct protocol *p, struct peer *peer, struct block *b, bool requested,
			  const struct err *e)
{
	char shown[HASH_SHORT_CHARS + 1];

	hash256_short(shown, &b->hash.h);
	switch (e->cls) {
	case ERR_KNOWN:
		orphan_blocks_release(p, &b->hash);
		if (peer)
			peer_has_block(p, peer, &b->hash);
		break;
	case ERR_ORPHAN:
		parent_unknown(p, peer, b, requested);
		break;
	case ERR_FUTURE:
		from_future(p, peer, b);
		break;
	case ERR_DECODE:
	case ERR_MUTATED:
	case ERR_INVALID:
		if (peer)
			peer_close(p, peer, CLOSE_DISCOURAGE, "invalid block %s: %s: %s", shown,
				   e->token, e->detail);
		break;
	case ERR_NONE:
	case ERR_USAGE:
	case ERR_POLICY:
	case ERR_NOTFOUND:
	case ERR_BUSY:
	case ERR_FUNDS:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_LIMIT:
	case ERR_PERMISSION:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		log_error(LOG_PEER, "cannot store block %s: %s", shown, e->detail);
		/* Our failure. Requesting it again at once would fail, too. */
		if (peer)
			hash_queue_forget(&peer->sync.announced, &b->hash.h);
		break;
	}
}

/* requested: by us, from the connection `from`, which may have ended. */
static void accept_block(struct protocol *p, struct block *b, conn_id from, bool requested)
{
	struct peer *peer = peer_find(p, from);
	const bool low = is_low_work(p, b);
	struct err e;

	err_clear(&e);
	if (low && !is_room_for_low_work(p, peer, b)) {
		refuse_low_work(p, peer, b);
	} else if (chain_accept_block(p->o.chain, b, &e)) {
		p->intake.low_work_bytes += low ? b->raw.len : 0;
		block_stored(p, peer, b, from, requested);
	} else {
		block_refused(p, peer, b, requested, &e);
	}
}

bool block_intake_orphans(struct protocol *p, unsigned max)
{
	struct block *b;
	conn_id from;

	for (unsigned i = 0; i < max && (b = orphan_blocks_next(p, &from)) != NULL; i++) {
		accept_block(p, b, from, true);
		block_unref(b);
	}
	return !list_empty(&p->orphans.ready);
}

/* --- from the chain --------------------------------------------------------------------- */

void block_intake_connected(struct protocol *p, const struct chain_entry *at, const struct block *b)
{
	p->sync.blocks_connected++;
	map_del(&p->intake.senders, &at->hash);
	p->sync.pending_bytes -= MIN(p->sync.pending_bytes, b->raw.len);
	p->sync.pending_blocks -= MIN(p->sync.pending_blocks, 1u);
	/* When a block from the future is due, the chain accepts it without our help. Its children
	 * may be orphans here. */
	orphan_blocks_release(p, &at->hash);
}

void block_intake_invalid(struct protocol *p, const struct block_hash *hash, const struct err *why)
{
	const conn_id *from = map_get(&p->intake.senders, hash);
	struct peer *peer = from ? peer_find(p, *from) : NULL;

	map_del(&p->intake.senders, hash);
	if (peer)
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid block: %s: %s", why->token,
			   why->detail);
}

void block_intake_tip_changed(struct protocol *p, const struct chain_entry *tip)
{
	struct chain_entry before;

	/* After a reorganisation the stored low-work blocks belong to the best chain: they don't
	 * count any more, and other branches may be stored again. */
	if (chain_entry_at(p->o.chain, p->intake.last_tip, &before) &&
	    chain_ancestor(p->o.chain, tip->index, before.height) != before.index) {
		p->intake.low_work_bytes = 0;
		p->intake.low_work_logged = false;
		for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
			peer->sync.low_work_refused = false;
	}
	p->intake.last_tip = tip->index;
}

/* --- the message block ------------------------------------------------------------------- */

static bool is_other_genesis(const struct protocol *p, const struct block_header *h,
			     const struct block_hash *hash)
{
	return hash256_is_zero(&h->prev.h) &&
	       !hash256_equal(&hash->h, &chain_params(p->o.chain)->genesis_hash.h);
}

/* The block is stored, and not requested from this peer: its bytes, right or wrong, change
 * nothing. */
static bool is_stored(const struct protocol *p, const struct peer *peer,
		      const struct block_hash *hash, struct chain_entry *en)
{
	return chain_find(p->o.chain, hash, en) && (en->status & CHAIN_HAVE_BODY) &&
	       block_request_peer(p, hash) != peer;
}

static void received_again(struct protocol *p, struct peer *peer, const struct chain_entry *en,
			   struct msg_record *rec)
{
	text_append(rec->summary, sizeof(rec->summary), "h=%" PRIu32, en->height);
	describe_hash(rec, " ", &en->hash.h);
	text_append(rec->summary, sizeof(rec->summary), ", known already");
	rec->ok = true;
	block_request_arrived_late(peer, &en->hash);
	peer->has_chain = true;
	peer_has_block(p, peer, &en->hash);
	sync_refill_later(p, peer);
}

/* Checks the 80 bytes of the header before the rest is decoded. An attacker then pays proof of work
 * for each block that costs us more. */
static bool precheck_block(struct protocol *p, struct peer *peer, struct span payload,
			   struct msg_record *rec)
{
	struct block_header h;
	struct block_hash hash;
	struct chain_entry en;
	char shown[HASH_SHORT_CHARS + 1];
	struct err e;

	if (!protocol_has_chain(p) || payload.len < HEADER_BYTES)
		return true;
	err_clear(&e);
	header_decode(&h, payload.p);
	header_hash(&hash, &h);
	if (is_other_genesis(p, &h, &hash)) {
		text_append(rec->summary, sizeof(rec->summary), "another genesis");
		peer_close(p, peer, CLOSE_PLAIN, "of another chain: it sent another genesis");
	} else if (!chain_check_header(p->o.chain, &h, &hash, &e)) {
		hash256_short(shown, &hash.h);
		text_append(rec->summary, sizeof(rec->summary), "%s: %s", shown, e.detail);
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid block %s: %s: %s", shown, e.token,
			   e.detail);
	} else if (is_stored(p, peer, &hash, &en)) {
		received_again(p, peer, &en, rec);
	} else {
		return true;
	}
	rec->about = hash.h;
	return false;
}

/* A block that was not requested must have enough work and be near our tip. One whose parent is
 * unknown is taken, because it shows what to request. */
static bool is_worth_taking(const struct protocol *p, const struct block *b)
{
	const struct u256 min_work = sync_min_work(p);
	struct chain_entry parent;

	if (!chain_find(p->o.chain, &b->header.prev, &parent))
		return true;
	return !has_less_work(p, b, &min_work) &&
	       parent.height < chain_height(p->o.chain) + BLOCK_WINDOW;
}

static bool too_much_pending(const struct protocol *p)
{
	return p->sync.pending_bytes > PENDING_BYTES_MAX ||
	       p->sync.pending_blocks > PENDING_BLOCKS_MAX;
}

static void handle_block(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct block *b = m->u.block;
	bool requested = block_request_fulfil(p, peer, &b->hash);

	block_request_arrived_late(peer, &b->hash);
	peer->has_chain = true;
	if (requested || is_worth_taking(p, b))
		accept_block(p, b, peer->info.id, requested);
	if (peer->closing)
		return;
	block_intake_orphans(p, ORPHANS_PER_BLOCK);
	if (too_much_pending(p)) {
		p->sync.reading_paused = true;
		peer_pause(p, peer, PAUSE_CHAIN, true);
	}
	if (!p->sync.catching_up)
		sync_update_later(p);
	sync_refill_later(p, peer);
}

static bool decode_block(struct msg *m, const struct msg_type *type, struct span payload,
			 struct err *e)
{
	return block_decode(&m->u.block, payload.p, payload.len, e) ||
	       err_prefix(e, "%s", type->name);
}

static void clear_block(struct msg *m)
{
	block_unref(m->u.block);
	m->u.block = NULL;
}

static struct span raw_block(const struct msg *m)
{
	return m->u.block->raw;
}

/* From the parent, since the block itself may not be stored yet. False: the parent is unknown. */
static bool height_of(const struct protocol *p, const struct block *b, uint32_t *height)
{
	struct chain_entry en;

	*height = 0;
	if (hash256_is_zero(&b->header.prev.h))
		return true;
	if (!protocol_has_chain(p) || !chain_find(p->o.chain, &b->header.prev, &en))
		return false;
	*height = en.height + 1;
	return true;
}

static void describe_block(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	const struct block *b = m->u.block;
	uint32_t height;

	if (height_of(p, b, &height))
		text_append(rec->summary, sizeof(rec->summary), "h=%" PRIu32 " ", height);
	text_append(rec->summary, sizeof(rec->summary), "%" PRIu32 "tx", b->n_tx);
	describe_hash(rec, " ", &b->hash.h);
	describe_hash(rec, " prev=", &b->header.prev.h);
	rec->about = b->hash.h;
}

const struct msg_type msg_type_block = {
	.name = "block",
	.directions = DIR_IN | DIR_OUT,
	.decode = decode_block,
	.clear = clear_block,
	.raw = raw_block,
	.describe = describe_block,
	.precheck = precheck_block,
	.handle = handle_block,
	.handle_without_chain = chain_discovery_block,
	.meaning_in = "the peer sends a whole block: we check it and add it to the chain",
	.meaning_out = "we send a whole block that the peer requested",
};
