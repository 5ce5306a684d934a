/* Presync: headers must show work before they take memory. A chain whose headers have less work
 * than sync_min_work is only checked while a peer sends it. Only the last header, the sum of work,
 * and the last hash of every full message are stored in memory. If the work suffices in the end,
 * the headers are requested again, and stored if they are the same. Without this, an attacker could
 * fill memory and disk with headers of low difficulty. Source: tally-protocol(7), CONDUCT; Bitcoin
 * Core headerssync.h. */
#include "protocol/sync/headers_presync_priv.h"

#include <stdlib.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/headers_accept_priv.h"
#include "protocol/sync/sync_state_priv.h"

#define PRESYNC_MESSAGES_MAX 4096 /* full ones: eight million headers */

struct headers_presync {
	chain_index at; /* the last header that is stored: at first the fork */
	struct header_walk walk;
	struct block_hash *ends; /* the last hash of each message read so far */
	size_t n, cap;
	bool second; /* the headers were requested again, to store them */
	size_t next; /* index into ends: the next one to be reached */
};

void headers_presync_free(struct peer *peer)
{
	struct headers_presync *s = peer->sync.presync;

	peer->sync.presync = NULL;
	if (!s)
		return;
	free(s->ends);
	free(s);
}

static void request_next(struct protocol *p, struct peer *peer)
{
	struct headers_presync *s = peer->sync.presync;

	sync_request(p, peer, MSG_GETHEADERS,
		     &(const struct sync_locator){.first = s->second ? NULL : &s->walk.last,
						  .from = s->at});
}

/* Stores the rest of a message, and ends the presync. */
static enum presync_result store_rest(struct protocol *p, struct peer *peer,
				      const struct msg_list *l, size_t first, chain_index *last)
{
	*last = peer->sync.presync->at;
	headers_presync_free(peer);
	return headers_store(p, peer, &(const struct header_range){l, first, l->n}, last)
		       ? PRESYNC_STORED
		       : PRESYNC_CONSUMED;
}

/* Checks the headers without storing them. False: one breaks a rule or is from the future. */
static bool check_headers(struct protocol *p, struct peer *peer, const struct msg_list *l,
			  size_t first)
{
	struct headers_presync *s = peer->sync.presync;
	struct block_header h;
	struct err e;

	err_clear(&e);
	for (size_t i = first; i < l->n; i++) {
		msg_header_at(l, i, &h);
		if (header_walk_next(p->o.chain, &s->walk, &h, &e))
			continue;
		headers_presync_free(peer);
		headers_refused(p, peer, &h, &e);
		return false;
	}
	return true;
}

static enum presync_result read_first(struct protocol *p, struct peer *peer,
				      const struct msg_list *l, size_t first, chain_index *last)
{
	struct headers_presync *s = peer->sync.presync;
	struct u256 min_work = sync_min_work(p);
	char name[PEER_NAME_CHARS];

	if (!check_headers(p, peer, l, first))
		return PRESYNC_CONSUMED;
	/* Enough work within the first message: its headers can be stored now and need not be
	 * requested again. */
	if (u256_cmp(&s->walk.work, &min_work) >= 0 && s->n == 0)
		return store_rest(p, peer, l, first, last);
	if (s->n >= PRESYNC_MESSAGES_MAX) {
		peer_close(p, peer, CLOSE_PLAIN, "too many headers with too little work");
		return PRESYNC_CONSUMED;
	}
	mem_reserve(&s->ends, &s->cap, s->n + 1, sizeof(*s->ends));
	s->ends[s->n++] = s->walk.last;
	if (u256_cmp(&s->walk.work, &min_work) >= 0) {
		s->second = true;
		request_next(p, peer);
	} else if (l->n >= HEADERS_MAX) {
		request_next(p, peer);
	} else {
		log_info(LOG_PEER, "peer %s: its chain has too little work and is ignored",
			 peer_name(peer, name));
		headers_presync_free(peer);
	}
	return PRESYNC_CONSUMED;
}

enum presync_result headers_presync_start(struct protocol *p, struct peer *peer,
					  const struct msg_list *l, size_t first, chain_index *at)
{
	struct headers_presync *s = NEW(struct headers_presync);

	headers_presync_free(peer);
	s->at = *at;
	header_walk_start(p->o.chain, *at, &s->walk);
	peer->sync.presync = s;
	peer->sync.unconnected = 0;
	return read_first(p, peer, l, first, at);
}

/* The index after the header with this hash; 0: it is not in the list. */
static size_t index_after(const struct msg_list *l, const struct block_hash *hash)
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

/* Stores the headers up to the hash at which the same message ended before. */
static enum presync_result read_second(struct protocol *p, struct peer *peer,
				       const struct msg_list *l, chain_index *last)
{
	struct headers_presync *s = peer->sync.presync;
	size_t end = index_after(l, &s->ends[s->next]);

	if (end == 0) {
		peer_close(p, peer, CLOSE_PLAIN,
			   "it sent other headers at the second request than at the first");
		return PRESYNC_CONSUMED;
	}
	if (!headers_store(p, peer, &(const struct header_range){l, 0, end}, &s->at)) {
		headers_presync_free(peer);
		return PRESYNC_CONSUMED;
	}
	if (++s->next < s->n) {
		request_next(p, peer);
		return PRESYNC_CONSUMED;
	}
	return store_rest(p, peer, l, end, last);
}

enum presync_result headers_presync_receive(struct protocol *p, struct peer *peer,
					    const struct msg_list *l, chain_index *last)
{
	struct headers_presync *s = peer->sync.presync;
	struct block_header first;
	struct chain_entry at;

	if (!s)
		return PRESYNC_NOT_MINE;
	msg_header_at(l, 0, &first);
	chain_entry_at(p->o.chain, s->at, &at);
	if (s->second && hash256_equal(&first.prev.h, &at.hash.h))
		return read_second(p, peer, l, last);
	if (!s->second && hash256_equal(&first.prev.h, &s->walk.last.h))
		return read_first(p, peer, l, 0, last);
	return PRESYNC_NOT_MINE;
}
