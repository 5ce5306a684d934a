/* Blocks that arrive. */
#include <inttypes.h>
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "protocol/protocol_priv.h"

#define FUTURE_REST_MS 5000

/* Who sent a block, until it is connected: a ring bounds the map. */
static void sender_put(struct protocol *p, const struct block_hash *hash, conn_id from)
{
	if (!p->sender_ring)
		p->sender_ring = mem_zalloc(SENDERS_MAX * sizeof(*p->sender_ring));
	map_del(&p->senders, &p->sender_ring[p->sender_at]);
	p->sender_ring[p->sender_at] = *hash;
	p->sender_at = (p->sender_at + 1) % SENDERS_MAX;
	*(conn_id *)map_put(&p->senders, hash, NULL) = from;
}

void senders_free(struct protocol *p)
{
	map_clear(&p->senders);
	free(p->sender_ring);
	p->sender_ring = NULL;
}

/* Does its chain have less work than this? Of an unknown parent: nobody knows. */
static bool less_work(const struct protocol *p, const struct block *b, const struct u256 *bar)
{
	struct u256 work = work_of_bits(b->header.bits);
	struct chain_entry parent;

	if (!chain_find(p->o.chain, &b->header.prev, &parent))
		return false;
	work = u256_add(&parent.work, &work);
	return u256_cmp(&work, bar) < 0;
}

/* Asked the classic way a peer chooses what is asked for. What its branch promises in work is not known before it is
 * here, so some of little work must be kept, that a deep branch can come to have more; but not so much that it fills
 * the disk. Whose header is in the tree has shown it. */
static bool of_little_work(const struct protocol *p, const struct block *b)
{
	const struct u256 bar = sync_bar(p);

	return !chain_find(p->o.chain, &b->hash, NULL) && less_work(p, b, &bar);
}

/* Half of it for those alone that we dialled. */
static bool is_room(const struct protocol *p, const struct peer *peer, const struct block *b)
{
	const uint64_t most = peer && peer_dialled(peer) ? LOW_BYTES_MAX : LOW_BYTES_MAX / 2;

	return p->low_bytes + b->raw.len <= most;
}

/* What follows it is of no use either: it is not fetched, nor held against the peer. */
static void refuse_branch(struct protocol *p, struct peer *peer, const struct block *b)
{
	if (!p->low_told)
		log_warn(LOG_PEER, "blocks of branches with little work are not kept any more: "
				   "there are too many");
	p->low_told = true;
	request_done(p, &b->hash);
	if (!peer)
		return;
	peer->sync.low_refused = true;
	peer->sync.last_unknown = (struct block_hash){0};
	hash_queue_clear(&peer->sync.want);
}

static bool leads_to_best(const struct protocol *p, const struct block_hash *hash)
{
	struct chain_entry en;

	return chain_find(p->o.chain, hash, &en) &&
	       chain_ancestor(p->o.chain, chain_best_header(p->o.chain).index, en.height) ==
		       en.index;
}

static void accepted(struct protocol *p, struct block *b, conn_id from)
{
	p->accepted++;
	if (leads_to_best(p, &b->hash))
		p->towards_ms = now_ms(p);
	p->ahead_bytes += b->raw.len;
	p->ahead_blocks++;
	p->wake |= WAKE_CHAIN;
	request_done(p, &b->hash);
	sender_put(p, &b->hash, from);
	hold_release(p, &b->hash);
}

static void peer_has_block(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	sync_announced(p, peer, hash);
	peer->sync.root = (struct block_hash){0};
	peer->sync.walking = false;
	peer->sync.unconnected = 0;
}

/* Only what brings us on counts in its favour: blocks beside the chain are cheap. */
static void gave(struct protocol *p, struct peer *peer, const struct block *b, bool requested)
{
	const struct u256 tip = chain_tip(p->o.chain).work;
	struct chain_entry en;

	peer_has_block(p, peer, &b->hash);
	if (!chain_find(p->o.chain, &b->hash, &en))
		return;
	if (u256_cmp(&en.work, &tip) > 0 || leads_to_best(p, &b->hash))
		peer_gave_block(p, peer, requested);
	if (requested)
		relay_seen_ours(p, peer, en.index);
}

static void hold_back(struct protocol *p, struct peer *peer, struct block *b, bool requested)
{
	if (!peer)
		return;
	if (peer->sync.way == SYNC_BY_HEADERS) {
		headers_unconnected(p, peer, &b->hash);
		return;
	}
	if (peer->sync.low_refused)
		return;
	/* Unrequested ones are not kept: it is asked for in its turn. */
	if (!requested)
		hash_queue_push(&peer->sync.want, &b->hash.h);
	else if (!hold_put(p, b, peer))
		peer->sync.rest_until_ms = now_ms(p) + 1000; /* and then asked for again */
	classic_unconnected(p, peer, b);
}

bool future_tells(struct protocol *p)
{
	if (now_ms(p) - p->future_told_ms < FUTURE_TOLD_MS)
		return false;
	p->future_told_ms = now_ms(p);
	return true;
}

/* The chain keeps so many; one that it has no room for is fetched again when others have had their turn. */
static void set_aside(struct protocol *p, struct peer *peer, const struct block *b)
{
	char shown[HASH_SHORT_CHARS + 1];
	const bool kept = chain_has_future(p->o.chain, &b->hash);

	if (!kept && peer)
		peer->sync.rest_until_ms = now_ms(p) + FUTURE_REST_MS;
	if (!future_tells(p))
		return;
	hash256_short(shown, &b->hash.h);
	log_warn(LOG_PEER, "block %s is from the future: %s", shown,
		 kept ? "tried again when due" : "asked for again when there is room");
}

/* The chain's verdict at once; what needs coins comes later. `from` may be gone. */
void accept_block(struct protocol *p, struct block *b, conn_id from, bool requested)
{
	struct peer *peer = peer_find(p, from);
	char shown[HASH_SHORT_CHARS + 1];
	const bool low = of_little_work(p, b);
	struct err e;

	err_clear(&e);
	if (low && !is_room(p, peer, b)) {
		refuse_branch(p, peer, b);
		return;
	}
	if (chain_accept_block(p->o.chain, b, &e)) {
		p->low_bytes += low ? b->raw.len : 0;
		accepted(p, b, from);
		if (peer)
			gave(p, peer, b, requested);
		return;
	}
	hash256_short(shown, &b->hash.h);
	switch (e.cls) {
	case ERR_KNOWN:
		hold_release(p, &b->hash);
		if (peer)
			peer_has_block(p, peer, &b->hash);
		break;
	case ERR_ORPHAN:
		hold_back(p, peer, b, requested);
		break;
	case ERR_FUTURE:
		set_aside(p, peer, b);
		break;
	case ERR_DECODE:
	case ERR_MUTATED:
	case ERR_INVALID:
		if (peer)
			peer_close(p, peer, CLOSE_DISCOURAGE, "invalid block %s: %s: %s", shown,
				   e.token, e.detail);
		break;
	case ERR_NONE:
	case ERR_USAGE:
	case ERR_POLICY:
	case ERR_NOTFOUND:
	case ERR_BUSY:
	case ERR_FUNDS:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		log_error(LOG_PEER, "block %s not taken: %s", shown, e.detail);
		/* Not its fault; asking again at once would not help. */
		if (peer)
			hash_queue_forget(&peer->sync.want, &b->hash.h);
		break;
	}
}

/* What nobody asked for must be worth keeping, and near. One with an unknown parent shows where to ask. */
static bool worth_taking(const struct protocol *p, const struct block *b)
{
	const struct u256 bar = sync_bar(p);
	struct chain_entry parent;

	if (!chain_find(p->o.chain, &b->header.prev, &parent))
		return true;
	return !less_work(p, b, &bar) && parent.height < chain_height(p->o.chain) + BLOCK_WINDOW;
}

static bool ahead_too_far(const struct protocol *p)
{
	return p->ahead_bytes > AHEAD_BYTES_MAX || p->ahead_blocks > AHEAD_BLOCKS_MAX;
}

static bool is_other_genesis(const struct protocol *p, const struct block_header *h,
			     const struct block_hash *hash)
{
	return hash256_is_zero(&h->prev.h) &&
	       !hash256_equal(&hash->h, &chain_params(p->o.chain)->genesis_hash.h);
}

/* Nobody waits for its bytes: whatever they are, they change nothing. */
static bool is_here(const struct protocol *p, const struct peer *peer,
		    const struct block_hash *hash, struct chain_entry *en)
{
	return chain_find(p->o.chain, hash, en) && (en->status & CHAIN_HAVE_BODY) &&
	       request_peer(p, hash) != peer;
}

static void came_again(struct protocol *p, struct peer *peer, const struct chain_entry *en,
		       struct msg_record *rec)
{
	char shown[HASH_SHORT_CHARS + 1];

	hash256_short(shown, &en->hash.h);
	text_append(rec->summary, sizeof(rec->summary), "h=%" PRIu32 " %s, here already",
		    en->height, shown);
	rec->ok = true;
	request_late_came(peer, &en->hash);
	peer->has_chain = true;
	peer_has_block(p, peer, &en->hash);
	sync_refill(p, peer);
}

bool block_look(struct protocol *p, struct peer *peer, struct span payload, struct msg_record *rec)
{
	char shown[HASH_SHORT_CHARS + 1];
	struct block_header h;
	struct block_hash hash;
	struct chain_entry en;
	struct err e;

	if (!has_chain(p) || payload.len < HEADER_BYTES)
		return true;
	err_clear(&e);
	header_decode(&h, payload.p);
	header_hash(&hash, &h);
	if (is_other_genesis(p, &h, &hash)) {
		text_append(rec->summary, sizeof(rec->summary), "another genesis");
		peer_close(p, peer, CLOSE_PLAIN, "of another chain: it sends another genesis");
	} else if (!chain_check_header(p->o.chain, &h, &hash, &e)) {
		hash256_short(shown, &hash.h);
		text_append(rec->summary, sizeof(rec->summary), "%s: %s", shown, e.detail);
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid block %s: %s: %s", shown, e.token,
			   e.detail);
	} else if (is_here(p, peer, &hash, &en)) {
		came_again(p, peer, &en, rec);
	} else {
		return true;
	}
	rec->about = hash.h;
	return false;
}

void handle_block(struct protocol *p, struct peer *peer, struct msg *m)
{
	struct block *b = m->u.block;
	bool requested;

	if (!has_chain(p)) {
		join_block(p, peer, b);
		return;
	}
	requested = request_take(p, peer, &b->hash);
	request_late_came(peer, &b->hash);
	peer->has_chain = true;
	if (requested || worth_taking(p, b))
		accept_block(p, b, peer->info.id, requested);
	if (peer->closing)
		return;
	hold_work(p, 8);
	if (ahead_too_far(p)) {
		p->chain_paused = true;
		peer_pause(p, peer, PAUSE_CHAIN, true);
	}
	if (!p->catching_up)
		sync_update(p);
	sync_refill(p, peer);
}

/* Chain has connected some: who was told to wait may go on. */
void sync_resume(struct protocol *p)
{
	if (!p->chain_paused || p->ahead_bytes > AHEAD_BYTES_MAX / 2 ||
	    p->ahead_blocks > AHEAD_BLOCKS_MAX / 2)
		return;
	p->chain_paused = false;
	list_each (it, &p->peers) {
		struct peer *peer = list_entry(it, struct peer, link);

		if (!(peer->paused & PAUSE_CHAIN))
			continue;
		peer_pause(p, peer, PAUSE_CHAIN, false);
		sync_refill(p, peer);
	}
}
