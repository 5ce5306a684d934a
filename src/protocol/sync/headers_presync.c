/* Headers cost work before they cost memory: a chain whose headers have less work than our tip less 144 blocks
 * of it is only looked at while a peer tells it. Kept are the last header, the work, and of every full answer
 * the hash it ended with. Where the work suffices in the end, it is read again and kept, as far as it
 * is the same chain still. Source: tally-protocol(7), CONDUCT; the idea of Bitcoin Core's headerssync.h. */
#include <stdlib.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define ANSWERS_MAX 4096 /* full ones: eight million headers */

struct low_headers {
	chain_index at; /* where it leaves what we have; read again: how far it is kept */
	struct header_walk walk;
	struct block_hash *ends;
	size_t n, cap;
	bool again;
	size_t next; /* of ends, read again */
};

void low_headers_free(struct peer *peer)
{
	struct low_headers *low = peer->sync.low;

	peer->sync.low = NULL;
	if (!low)
		return;
	free(low->ends);
	free(low);
}

static void ask_next(struct protocol *p, struct peer *peer)
{
	struct low_headers *low = peer->sync.low;

	sync_ask(p, peer, MSG_GETHEADERS, &low->walk.last, low->again ? 0 : 1, low->at, NULL);
}

/* Those told at once, and enough: no need to ask again. */
static void keep_now(struct protocol *p, struct peer *peer, const struct msg_list *l, size_t first)
{
	chain_index at = peer->sync.low->at;

	low_headers_free(peer);
	if (headers_keep(p, peer, l, first, l->n, &at))
		headers_taken(p, peer, l->n, at);
}

/* Walks over them. False: they break a rule, or their time has not come. */
static bool look_at(struct protocol *p, struct peer *peer, const struct msg_list *l, size_t first)
{
	struct low_headers *low = peer->sync.low;
	struct block_header h;
	struct err e;

	err_clear(&e);
	for (size_t i = first; i < l->n; i++) {
		msg_header_at(l, i, &h);
		if (header_walk_next(p->o.chain, &low->walk, &h, &e))
			continue;
		low_headers_free(peer);
		headers_refused(p, peer, &h, &e);
		return false;
	}
	return true;
}

static void look_on(struct protocol *p, struct peer *peer, const struct msg_list *l, size_t first)
{
	struct low_headers *low = peer->sync.low;
	struct u256 bar = sync_bar(p);
	char name[NET_ADDR_CHARS + 16];

	if (!look_at(p, peer, l, first))
		return;
	if (u256_cmp(&low->walk.work, &bar) >= 0 && low->n == 0) {
		keep_now(p, peer, l, first);
		return;
	}
	if (low->n >= ANSWERS_MAX) {
		peer_close(p, peer, CLOSE_PLAIN, "headers without end and without work");
		return;
	}
	mem_reserve(&low->ends, &low->cap, low->n + 1, sizeof(*low->ends));
	low->ends[low->n++] = low->walk.last;
	if (u256_cmp(&low->walk.work, &bar) >= 0) {
		low->again = true;
		ask_next(p, peer);
	} else if (l->n >= HEADERS_MAX) {
		ask_next(p, peer);
	} else {
		log_info(LOG_PEER, "peer %s: its chain has too little work: left alone",
			 peer_name(peer, name));
		low_headers_free(peer);
	}
}

void low_headers_start(struct protocol *p, struct peer *peer, const struct msg_list *l,
		       size_t first, chain_index at)
{
	struct low_headers *low = NEW(struct low_headers);

	low_headers_free(peer);
	low->at = at;
	header_walk_start(p->o.chain, at, &low->walk);
	peer->sync.low = low;
	peer->sync.unconnected = 0;
	look_on(p, peer, l, first);
}

/* The place behind this one in the list; 0: it is not there. */
static size_t behind(const struct msg_list *l, const struct block_hash *hash)
{
	for (size_t i = l->n; i > 0; i--) {
		struct block_header h;
		struct block_hash is;

		msg_header_at(l, i - 1, &h);
		header_hash(&is, &h);
		if (hash256_equal(&is.h, &hash->h))
			return i;
	}
	return 0;
}

/* Only what leads to the same end as before is kept. */
static void read_again(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct low_headers *low = peer->sync.low;
	size_t end = behind(l, &low->ends[low->next]);
	chain_index at = low->at;

	if (end == 0) {
		peer_close(p, peer, CLOSE_PLAIN, "its headers changed while they were read again");
		return;
	}
	if (!headers_keep(p, peer, l, 0, end, &at)) {
		low_headers_free(peer);
		return;
	}
	low->at = at;
	if (++low->next < low->n) {
		ask_next(p, peer);
		return;
	}
	low_headers_free(peer);
	if (headers_keep(p, peer, l, end, l->n, &at))
		headers_taken(p, peer, l->n, at);
}

bool low_headers_told(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct low_headers *low = peer->sync.low;
	struct block_header first;
	struct chain_entry at;

	if (!low)
		return false;
	msg_header_at(l, 0, &first);
	chain_entry_at(p->o.chain, low->at, &at);
	if (low->again && hash256_equal(&first.prev.h, &at.hash.h)) {
		read_again(p, peer, l);
		return true;
	}
	if (!low->again && hash256_equal(&first.prev.h, &low->walk.last.h)) {
		look_on(p, peer, l, 0);
		return true;
	}
	return false;
}
