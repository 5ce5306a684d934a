#include "config.h"

#include <tally/node/snapshot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "node/clock_warning_priv.h"
#include "node/journal_priv.h"
#include "node/node_priv.h"

#define RATE_BLOCKS   30  /* the network's hash rate is derived from this many blocks */
#define OTHER_CHAIN_S 600 /* how long a peer with another chain is reported */

_Static_assert(SNAPSHOT_ADDR_CHARS == NET_ADDR_CHARS, "an address fits");
_Static_assert(SNAPSHOT_AGENT_CHARS == PEER_AGENT_MAX, "a user agent fits");
_Static_assert(SNAPSHOT_NAME_CHARS == CHAIN_NAME_MAX, "a chain's name fits");
_Static_assert(SNAPSHOT_SENDERS_MAX == SYNC_SENDERS_MAX, "all senders fit");
_Static_assert(SNAPSHOT_OFFERS_MAX == OFFERS_MAX, "all offers fit");

/* --- the chain ------------------------------------------------------------------------------ */

/* Hashes per second: the work of the last blocks divided by the time between them. */
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

static void fill_params(struct snapshot_params *out, const struct chain_params *p)
{
	memcpy(out->name, p->name, sizeof(out->name));
	out->genesis_hash = p->genesis_hash;
	out->spacing = p->spacing;
}

static void fill_chain(const struct node *n, struct snapshot *s)
{
	struct chain_entry tip;

	s->has_chain = chain_has_genesis(n->chain);
	if (!s->has_chain)
		return;
	tip = chain_tip(n->chain);
	fill_params(&s->params, chain_params(n->chain));
	s->tip = (struct snapshot_block){.hash = tip.hash, .height = tip.height, .time = tip.time};
	s->headers_height = chain_best_header(n->chain).height;
	s->work_log2 = u256_log2(&tip.work);
	s->next_bits = chain_next_bits(n->chain, tip.index);
	s->difficulty = difficulty_of_bits(s->next_bits, chain_params(n->chain)->pow_limit);
	s->expected_hash_rate = network_rate(n, &tip);
	s->reorgs = n->reorgs;
	s->reorg_depth = n->reorg_depth;
}

/* --- peers ------------------------------------------------------------------------------------ */

/* Writes "" if the port is 0, which means that there is no address. */
static void format_addr(char out[SNAPSHOT_ADDR_CHARS + 1], const struct net_addr *a)
{
	out[0] = '\0';
	if (a->port)
		net_addr_format(out, a);
}

static enum peer_kind peer_kind(enum conn_kind k)
{
	switch (k) {
	case CONN_INBOUND:
		return PEER_INBOUND;
	case CONN_OUTBOUND:
		return PEER_OUTBOUND;
	case CONN_MANUAL:
		return PEER_MANUAL;
	case CONN_FEELER:
		return PEER_FEELER;
	}
	return PEER_OUTBOUND;
}

static void fill_peer(struct peer_row *row, const struct peer_info *p)
{
	*row = (struct peer_row){
		.id = p->id,
		.kind = peer_kind(p->kind),
		.version = p->version,
		.services = p->services,
		.start_height = p->start_height,
		.best_height = p->best_height,
		.best = p->best,
		.handshaken = p->handshaken,
		.syncing = p->syncing,
		.ping_us = p->ping_us,
		.clock_offset = p->clock_offset,
		.msgs_in = p->msgs_in,
		.msgs_out = p->msgs_out,
		.bytes_in = p->bytes_in,
		.bytes_out = p->bytes_out,
		.msgs_per_10s = p->msgs_per_10s,
		.in_flight = p->in_flight,
	};
	net_addr_format(row->addr, &p->addr);
	net_addr_format(row->local, &p->local);
	format_addr(row->listens, &p->listens);
	memcpy(row->agent, p->agent, sizeof(row->agent));
}

static void fill_peers(const struct node *n, struct snapshot *s)
{
	size_t count;
	struct peer_info *peers = node_peers(n, &count);

	s->n_peers = (uint32_t)count;
	for (size_t i = 0; i < count && i < SNAPSHOT_PEERS_MAX; i++) {
		fill_peer(&s->peers[i], &peers[i]);
		s->n_handshaken += peers[i].handshaken;
	}
	free(peers);
}

static void fill_dials(const struct node *n, struct snapshot *s)
{
	struct net_dial dials[SNAPSHOT_DIALS_MAX];

	s->n_dials =
		(uint32_t)MIN(net_dials(n->net, dials, SNAPSHOT_DIALS_MAX), SNAPSHOT_DIALS_MAX);
	for (uint32_t i = 0; i < s->n_dials; i++) {
		s->dials[i] = (struct dial_row){
			.manual = dials[i].manual,
			.dialling = dials[i].dialling,
			.next_ms = dials[i].next_ms,
			.failures = dials[i].failures,
		};
		net_addr_format(s->dials[i].addr, &dials[i].addr);
	}
}

static void fill_offers(const struct node *n, struct snapshot *s)
{
	struct chain_offer offers[SNAPSHOT_OFFERS_MAX];

	s->n_offers = (uint32_t)MIN(protocol_offers(n->protocol, offers, SNAPSHOT_OFFERS_MAX),
				    SNAPSHOT_OFFERS_MAX);
	for (uint32_t i = 0; i < s->n_offers; i++) {
		fill_params(&s->offers[i].params, &offers[i].params);
		s->offers[i].peers = offers[i].peers;
		s->offers[i].future = offers[i].future;
	}
}

static void fill_sync(const struct node *n, struct snapshot_sync *out)
{
	struct sync_info s;

	protocol_sync_info(n->protocol, &s);
	*out = (struct snapshot_sync){
		.active = s.active,
		.downloading = s.downloading,
		.from = s.from,
		.height = s.height,
		.target = s.target,
		.headers = s.headers,
		.blocks_per_s = s.blocks_per_s,
		.eta_s = s.eta_s,
		.in_flight = s.in_flight,
		.n_senders = s.n_senders,
		.headers_from = s.headers_from,
	};
	for (uint32_t i = 0; i < MIN(s.n_senders, SNAPSHOT_SENDERS_MAX); i++)
		out->senders[i] = s.senders[i];
}

static void fill_other_chain(const struct node *n, struct snapshot *s)
{
	struct other_chain other;

	if (s->n_handshaken == 0 && protocol_other_chain(n->protocol, &other) &&
	    clock_unix(&n->clock.clock) - other.unix_s < OTHER_CHAIN_S)
		net_addr_format(s->other_chain_addr, &other.addr);
}

static void fill_network(const struct node *n, struct snapshot *s)
{
	if (!n->net)
		return;
	s->port = net_port(n->net);
	fill_peers(n, s);
	fill_dials(n, s);
	fill_offers(n, s);
	fill_other_chain(n, s);
	s->known_addrs = (uint32_t)addrbook_count(n->book);
	fill_sync(n, &s->sync);
	protocol_clock_offset(n->protocol, &s->clock_offset);
	format_addr(s->joined_from, &n->joined_from);
}

/* --- mempool, wallet, mining -------------------------------------------------------------------- */

static void fill_mempool(const struct node *n, struct snapshot *s)
{
	if (!n->mempool)
		return;
	s->mempool_count = (uint32_t)mempool_count(n->mempool);
	s->mempool_bytes = mempool_bytes(n->mempool);
}

static void fill_balance(const struct node *n, struct snapshot *s)
{
	const struct wallet_balance b = wallet_balance(n->wallet, NULL);

	s->balance = (struct snapshot_balance){
		.spendable = b.spendable, .immature = b.immature, .pending = b.pending};
}

static void fill_mining(const struct node *n, struct snapshot *s)
{
	struct mining_info m;

	mining_get_info(n->mining, &m);
	s->mining = m.on;
	s->mining_requested = m.requested;
	s->mining_mined = m.mined;
	if (m.on || m.requested)
		s->role = "MINER";
	s->mining_threads = m.threads;
	s->hash_rate = m.hash_rate;
	s->blocks_found = m.found;
	if (m.has_to)
		address_encode(s->mining_to, &m.to);
}

/* --- all ------------------------------------------------------------------------------------------ */

/* The console has about 78 columns for it. */
static void fill_warning(struct snapshot *s)
{
	if (clock_warning(s->clock_offset, s->warning, sizeof(s->warning)))
		return;
	if (s->n_offers > 1 && !s->has_chain)
		snprintf(s->warning, sizeof(s->warning),
			 "peers offer %u different chains: :choose NAME takes one", s->n_offers);
	else if (s->other_chain_addr[0])
		snprintf(s->warning, sizeof(s->warning),
			 s->has_chain ? "%s has another chain: stop and remove chain/ to join it"
				      : "%s has another chain than the one to join",
			 s->other_chain_addr);
}

void node_snapshot(const struct node *n, struct snapshot *out)
{
	*out = (struct snapshot){
		.now_us = clock_unix_us(&n->clock.clock),
		.uptime_s = node_uptime_s(n),
		.node_id = n->config.node_id,
		.role = "FULL",
		.version = PACKAGE_VERSION,
	};
	fill_chain(n, out);
	fill_network(n, out);
	fill_mempool(n, out);
	fill_balance(n, out);
	fill_mining(n, out);
	journal_fill(n->journal, out, clock_unix_us(clock_system()));
	fill_warning(out);
}
