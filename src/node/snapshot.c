/* What a screen shows, gathered by value. */
#include "config.h"

#include <tally/node/snapshot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "node/block_stats_priv.h"
#include "node/clock_warning_priv.h"
#include "node/journal_priv.h"
#include "node/node_priv.h"

/* The network's hash rate is read off this many blocks. */
#define RATE_BLOCKS    30
#define BODIES_A_CALL  64     /* read for rows, at most: the loop waits for them */
#define BYTES_A_CALL   500000 /* of bodies: after so many the others are read later */
#define ROWS_AT_HEIGHT 16
#define OTHER_CHAIN_S  600 /* a peer of another chain is told of so long */

/* Work of the last blocks over the time they took: hashes a second of all miners. */
static double network_rate(const struct node *n, const struct chain_entry *tip)
{
	struct chain_entry from;
	struct u256 work;
	const uint32_t back = MIN(tip->height, RATE_BLOCKS);

	if (back == 0 || !chain_at_height(n->chain, tip->height - back, &from) ||
	    tip->time <= from.time)
		return 0;
	work = u256_sub(&tip->work, &from.work);
	return u256_double(&work) / (double)(tip->time - from.time);
}

static void fill_chain(const struct node *n, struct snapshot *s)
{
	s->has_chain = chain_has_genesis(n->chain);
	if (!s->has_chain)
		return;
	s->params = *chain_params(n->chain);
	s->tip = chain_tip(n->chain);
	s->headers_height = chain_best_header(n->chain).height;
	s->work_log2 = u256_log2(&s->tip.work);
	s->next_bits = chain_next_bits(n->chain, s->tip.index);
	s->difficulty = difficulty_of_bits(s->next_bits, s->params.pow_limit);
	s->expected_hash_rate = network_rate(n, &s->tip);
}

static void fill_peers(const struct node *n, struct snapshot *s)
{
	if (!n->net)
		return;
	s->port = net_port(n->net);
	s->n_peers = (uint32_t)protocol_peers(n->protocol, s->peers, SNAPSHOT_PEERS_MAX);
	for (uint32_t i = 0; i < MIN(s->n_peers, SNAPSHOT_PEERS_MAX); i++)
		s->n_handshaken += s->peers[i].handshaken;
	s->n_dials =
		(uint32_t)MIN(net_dials(n->net, s->dials, SNAPSHOT_DIALS_MAX), SNAPSHOT_DIALS_MAX);
	s->n_offers = (uint32_t)MIN(protocol_offers(n->protocol, s->offers, SNAPSHOT_OFFERS_MAX),
				    SNAPSHOT_OFFERS_MAX);
	s->known_addrs = (uint32_t)addrbook_count(n->book);
	protocol_sync_info(n->protocol, &s->sync);
}

static void fill_mempool(const struct node *n, struct snapshot *s)
{
	if (!n->mempool)
		return;
	s->mempool_count = (uint32_t)mempool_count(n->mempool);
	s->mempool_bytes = mempool_bytes(n->mempool);
}

static void fill_miner(const struct node *n, struct snapshot *s)
{
	struct mining_info m;

	mining_get_info(n->mining, &m);
	s->mining = m.on;
	s->mining_want = m.want;
	s->mining_made = m.made;
	if (m.on || m.want)
		s->role = "MINER";
	s->mining_threads = m.threads;
	s->hash_rate = m.hash_rate;
	s->blocks_found = m.found;
	if (m.has_to)
		address_encode(s->mining_to, &m.to);
}

static void fill_other(const struct node *n, struct snapshot *s)
{
	s->has_other = s->n_handshaken == 0 && n->protocol &&
		       protocol_other_chain(n->protocol, &s->other) &&
		       clock_unix(&n->clock.clock) - s->other.unix_s < OTHER_CHAIN_S;
}

/* The line has room for some 78 columns. */
static void other_warning(struct snapshot *s)
{
	char addr[NET_ADDR_CHARS + 1];

	net_addr_format(addr, &s->other.addr);
	snprintf(s->warning, sizeof(s->warning),
		 s->has_chain ? "another chain at %s: stop and remove chain/ to join it"
			      : "another chain at %s than the one to join",
		 addr);
}

static void fill_warning(const struct node *n, struct snapshot *s)
{
	if (n->protocol)
		protocol_clock_offset(n->protocol, &s->clock_offset);
	if (clock_warning(s->clock_offset, s->warning, sizeof(s->warning)))
		return;
	if (s->n_offers > 1 && !s->has_chain)
		snprintf(s->warning, sizeof(s->warning),
			 "peers offer %u different chains: :choose NAME takes one", s->n_offers);
	else if (s->has_other)
		other_warning(s);
}

void node_snapshot(const struct node *n, struct snapshot *out)
{
	*out = (struct snapshot){
		.now_us = clock_unix_us(&n->clock.clock),
		.uptime_s = (clock_mono_us(clock_system()) - n->started_us) / 1000000,
		.node_id = n->config.node_id,
		.role = "FULL",
		.version = PACKAGE_VERSION,
	};
	out->joined_from = n->joined_from;
	out->reorgs = n->reorgs;
	out->reorg_depth = n->reorg_depth;
	fill_chain(n, out);
	fill_peers(n, out);
	fill_other(n, out);
	fill_mempool(n, out);
	fill_miner(n, out);
	out->balance = wallet_balance(n->wallet, NULL);
	journal_fill(n->journal, out, clock_unix_us(clock_system()));
	fill_warning(n, out);
}

/* --- rows ------------------------------------------------------------------------ */

/* What all rows of one call share. */
struct row_sources {
	struct peer_info *peers;
	size_t n_peers;
	chain_index tip, best; /* best header */
	unsigned bodies;       /* read in this call */
	size_t bytes;          /* of them */
};

static void row_peers(const struct row_sources *s, struct chain_row *row)
{
	for (size_t i = 0; i < s->n_peers; i++) {
		const struct peer_info *p = &s->peers[i];

		if (!p->handshaken || !hash256_equal(&p->best.h, &row->hash.h))
			continue;
		if (row->n_peers < ARRAY_LEN(row->peers))
			row->peers[row->n_peers] = p->id;
		row->n_peers++;
	}
}

/* One that can't be read is remembered, too, so that it is not tried for every frame. */
static struct block_stats read_body(const struct node *n, chain_index at, struct row_sources *s)
{
	struct block_stats r = {0};
	struct block *b;

	s->bodies++;
	if (!chain_read_block(n->chain, at, &b, NULL))
		return r;
	r = (struct block_stats){.n_tx = b->n_tx, .bytes = (uint32_t)b->raw.len};
	r.mine = wallet_pays(n->wallet, &b->tx[0]);
	s->bytes += b->raw.len;
	block_unref(b);
	return r;
}

/* What the ring of late blocks doesn't know any more is read from the body. */
static void row_body(const struct node *n, chain_index at, struct row_sources *s,
		     struct chain_row *row)
{
	struct block_stats r = {0};

	if (!block_stats_get(n->block_stats, &row->hash, &r) && row->have_body) {
		row->later = s->bodies >= BODIES_A_CALL || s->bytes >= BYTES_A_CALL;
		if (!row->later) {
			r = read_body(n, at, s);
			block_stats_add(n->block_stats, &row->hash, &r);
		}
	}
	row->n_tx = r.n_tx;
	row->bytes = r.bytes;
	row->mine = r.mine;
}

static void fill_row(const struct node *n, chain_index at, struct row_sources *s,
		     struct chain_row *row)
{
	struct chain_entry en, prev;

	*row = (struct chain_row){0};
	if (!chain_entry_at(n->chain, at, &en))
		return;
	if (chain_entry_at(n->chain, en.prev, &prev))
		row->prev = prev.hash;
	row->hash = en.hash;
	row->height = en.height;
	row->time = en.time;
	row->bits = en.bits;
	row->on_best = chain_on_best(n->chain, at);
	row->is_tip = at == s->tip;
	row->coming = !row->on_best && chain_ancestor(n->chain, s->best, en.height) == at;
	row->failed = (en.status & CHAIN_ANY_FAILED) != 0;
	row->have_body = (en.status & CHAIN_HAVE_BODY) != 0;
	row_body(n, at, s, row);
	row_peers(s, row);
}

/* Those at a height, the best chain's first, then the others in order of arrival. Returns how
 * many. */
static size_t at_height(const struct node *n, uint32_t height, chain_index out[ROWS_AT_HEIGHT])
{
	chain_index all[ROWS_AT_HEIGHT];
	struct chain_entry best;
	const size_t found =
		MIN(chain_all_at_height(n->chain, height, all, ROWS_AT_HEIGHT), ROWS_AT_HEIGHT);
	const bool has_best = chain_at_height(n->chain, height, &best);
	size_t count = 0;

	if (has_best)
		out[count++] = best.index;
	for (size_t i = 0; i < found && count < ROWS_AT_HEIGHT; i++)
		if (!has_best || all[i] != best.index)
			out[count++] = all[i];
	return count;
}

size_t node_chain_rows(const struct node *n, uint32_t top, struct chain_row *out, size_t max)
{
	chain_index at[ROWS_AT_HEIGHT];
	struct row_sources s = {0};
	size_t count = 0;

	if (!chain_has_genesis(n->chain))
		return 0;
	if (n->protocol)
		s.peers = node_peers(n, &s.n_peers);
	s.tip = chain_tip(n->chain).index;
	s.best = chain_best_header(n->chain).index;
	for (int64_t h = top; h >= 0 && count < max; h--) {
		const size_t found = at_height(n, (uint32_t)h, at);

		for (size_t i = 0; i < found && count < max; i++)
			fill_row(n, at[i], &s, &out[count++]);
	}
	free(s.peers);
	return count;
}

static void fill_mempool_row(const struct node *n, const struct mempool_entry *en,
			     struct mempool_row *row)
{
	*row = (struct mempool_row){
		.id = en->tx->id,
		.bytes = (uint32_t)en->tx->raw.len,
		.n_in = en->tx->n_in,
		.n_out = en->tx->n_out,
		.fee = en->fee,
		.time = en->time,
		.seq = en->seq,
		.mine = wallet_has_tx(n->wallet, &en->tx->id),
	};
	for (size_t i = 0; i < en->tx->n_out; i++)
		row->value += en->tx->out[i].value;
}

size_t node_mempool_rows(const struct node *n, size_t skip, struct mempool_row *out, size_t max)
{
	struct mempool_entry *entries;
	size_t count;

	if (!n->mempool || max == 0)
		return 0;
	entries = mem_array(max, sizeof(*entries));
	count = mempool_list_newest(n->mempool, skip, entries, max);
	for (size_t i = 0; i < count; i++)
		fill_mempool_row(n, &entries[i], &out[i]);
	free(entries);
	return count;
}

size_t node_msgs(const struct node *n, uint64_t first, struct msg_record *out, size_t max)
{
	return journal_msgs(n->journal, first, out, max);
}

size_t node_logs(const struct node *n, uint64_t first, struct log_record *out, size_t max)
{
	return journal_logs(n->journal, first, out, max);
}

size_t node_wallet_history(const struct node *n, struct wallet_tx *out, size_t skip, size_t max)
{
	return wallet_history(n->wallet, out, skip, max);
}

size_t node_wallet_addresses(const struct node *n, struct wallet_address *out, size_t skip,
			     size_t max)
{
	return wallet_addresses(n->wallet, out, skip, max);
}
