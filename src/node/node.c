/* The events of the lower layers and their consequences. The consequences of a block can be read
 * here from top to bottom: mempool, wallet, peers, mining, in this order. */
#include "node/node_priv.h"

#include <tally/base/log.h>
#include <tally/consensus/rules.h>

#include "node/block_stats_priv.h"
#include "node/journal_priv.h"
#include "node/mempool_file_priv.h"

/* --- blocks ------------------------------------------------------------------ */

static void cache_block_stats(struct node *n, const struct block *b)
{
	const struct block_stats stats = {
		.n_tx = b->n_tx,
		.bytes = (uint32_t)b->raw.len,
		.mine = b->n_tx > 0 && wallet_pays(n->wallet, &b->tx[0]),
	};

	block_stats_add(n->block_stats, &b->hash, &stats);
}

static void on_connected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct node *n = arg;

	cache_block_stats(n, b);
	if (n->mempool)
		mempool_block_connected(n->mempool, b);
	if (n->wallet_caught_up)
		wallet_block_connected(n->wallet, at, b);
	if (n->protocol)
		protocol_block_connected(n->protocol, at, b);
	node_mark(n, NODE_EV_CHAIN | NODE_EV_WALLET | NODE_EV_MEMPOOL);
}

static void on_disconnected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct node *n = arg;
	char hash[HASH_SHORT_CHARS + 1];

	hash256_short(hash, &at->hash.h);
	log_info(LOG_CHAIN, "block %u %s disconnected: another branch has more work", at->height,
		 hash);
	if (n->undone++ == 0)
		n->abandoned_before = wallet_abandoned_count(n->wallet);
	if (n->mempool)
		mempool_block_disconnected(n->mempool, b);
	if (n->wallet_caught_up)
		wallet_block_disconnected(n->wallet, at, b);
	if (n->protocol)
		protocol_block_disconnected(n->protocol);
	node_mark(n, NODE_EV_CHAIN | NODE_EV_WALLET | NODE_EV_MEMPOOL);
}

/* While catching up only every 500th block gets a line. */
static void log_tip(struct node *n, const struct chain_entry *tip)
{
	struct block_stats stats = {0};
	char hash[HASH_SHORT_CHARS + 1];

	if (chain_catching_up(n->chain) && tip->height % 500 != 0)
		return;
	block_stats_get(n->block_stats, &tip->hash, &stats);
	hash256_short(hash, &tip->hash.h);
	log_info(LOG_CHAIN, "tip %u %s: %u tx, %u bytes", tip->height, hash, stats.n_tx,
		 stats.bytes);
}

/* Once per reorganisation: at the first settled tip after blocks were disconnected. */
static void report_reorg(struct node *n, const struct chain_entry *tip)
{
	size_t abandoned;

	if (n->undone == 0 || !chain_settled(n->chain))
		return;
	abandoned = wallet_abandoned_count(n->wallet) - n->abandoned_before;
	n->reorgs++;
	n->reorg_depth = n->undone;
	n->undone = 0;
	log_info(LOG_CHAIN, "reorganisation: %u block%s undone, block %u is the new tip",
		 n->reorg_depth, n->reorg_depth == 1 ? "" : "s", tip->height);
	if (abandoned > 0)
		log_warn(LOG_WALLET, "reorganisation: %zu payment%s of this wallet abandoned",
			 abandoned, abandoned == 1 ? "" : "s");
}

static void on_tip(void *arg, const struct chain_entry *tip)
{
	struct node *n = arg;
	struct tx *deferred;

	log_tip(n, tip);
	report_reorg(n, tip);
	if (n->mempool)
		mempool_tip_changed(n->mempool);
	if (n->mempool_file && mempool_deferred(n->mempool, &(size_t){0}, &deferred, 1) > 0)
		mempool_file_changed(n->mempool_file);
	if (n->protocol)
		protocol_tip_changed(n->protocol, tip);
	mining_changed(n->mining);
	node_schedule(n, WORK_MEMPOOL | WORK_PROTOCOL);
	node_mark(n, NODE_EV_CHAIN);
}

static void on_invalid(void *arg, const struct block_hash *hash, const struct err *why)
{
	struct node *n = arg;

	n->last_invalid = *hash;
	n->last_invalid_why = *why;
	if (n->protocol)
		protocol_block_invalid(n->protocol, hash, why);
	node_mark(n, NODE_EV_CHAIN);
}

/* After the chain's commit, so that on the disk the wallet is never ahead of the chain. */
static void on_committed(void *arg)
{
	struct node *n = arg;
	struct err err = {0};

	if (n->wallet_caught_up && !wallet_commit(n->wallet, &err))
		node_fatal(n, &err);
}

static bool on_verified(void *arg, const struct txid *id)
{
	const struct node *n = arg;

	return n->mempool && mempool_verified(n->mempool, id);
}

/* --- transactions -------------------------------------------------------------- */

static void on_tx_added(void *arg, const struct mempool_entry *en)
{
	struct node *n = arg;

	wallet_mempool_added(n->wallet, en->tx);
	mempool_file_changed(n->mempool_file);
	if (n->protocol)
		protocol_tx_added(n->protocol, en);
	mining_changed(n->mining);
	node_schedule(n, WORK_PROTOCOL);
	node_mark(n, NODE_EV_MEMPOOL | NODE_EV_WALLET);
}

static void on_tx_removed(void *arg, const struct mempool_entry *en, const char *reason)
{
	struct node *n = arg;

	wallet_mempool_removed(n->wallet, en->tx, reason);
	mempool_file_changed(n->mempool_file);
	mining_changed(n->mining);
	node_mark(n, NODE_EV_MEMPOOL | NODE_EV_WALLET);
}

static void on_tx_verdict(void *arg, const struct tx *tx, uint64_t origin, const struct err *err)
{
	struct node *n = arg;

	if (origin == MEMPOOL_FILE_ORIGIN)
		mempool_file_verdict(n->mempool_file);
	if (n->protocol)
		protocol_tx_verdict(n->protocol, tx, origin, err);
}

/* --- peers ----------------------------------------------------------------------- */

static void on_chain_work(void *arg)
{
	node_schedule(arg, WORK_CHAIN);
}

static void on_mempool_work(void *arg)
{
	node_schedule(arg, WORK_MEMPOOL);
}

static void on_protocol_work(void *arg)
{
	node_schedule(arg, WORK_PROTOCOL);
}

static bool on_adopt(void *arg, struct block *genesis, conn_id from)
{
	struct node *n = arg;
	struct peer_info peer = {0};
	struct err err = {0};
	char hash[HASH_HEX_CHARS + 1];

	if (!chain_set_genesis(n->chain, genesis, &err)) {
		log_warn(LOG_CHAIN, "chain offered by peer %u is invalid: %s", from, err.detail);
		return false;
	}
	if (protocol_peer(n->protocol, from, &peer))
		n->joined_from = peer.listens.port ? peer.listens : peer.addr;
	hash256_hex(hash, &genesis->hash.h);
	log_info(LOG_CHAIN, "joined chain '%s' %s, offered by peer %u",
		 chain_params(n->chain)->name, hash, from);
	node_start_chain(n);
	protocol_chain_ready(n->protocol, n->mempool);
	node_mark(n, NODE_EV_CHAIN);
	return true;
}

static void on_offers(void *arg)
{
	node_mark(arg, NODE_EV_PEERS | NODE_EV_CHAIN);
}

static void on_peers(void *arg)
{
	node_mark(arg, NODE_EV_PEERS);
}

static void on_message(void *arg, const struct msg_record *rec)
{
	struct node *n = arg;

	journal_msg(n->journal, rec, rec->unix_us);
	node_mark(n, NODE_EV_MSGS | NODE_EV_PEERS);
}

void node_init_events(struct node *n)
{
	n->chain_events = (struct chain_events){
		.connected = on_connected,
		.disconnected = on_disconnected,
		.tip = on_tip,
		.invalid = on_invalid,
		.committed = on_committed,
		.verified = on_verified,
	};
	n->mempool_events = (struct mempool_events){
		.added = on_tx_added,
		.removed = on_tx_removed,
		.verdict = on_tx_verdict,
	};
	n->protocol_events = (struct protocol_events){
		.chain_work = on_chain_work,
		.mempool_work = on_mempool_work,
		.protocol_work = on_protocol_work,
		.adopt = on_adopt,
		.offers = on_offers,
		.peers = on_peers,
		.message = on_message,
	};
}

/* --- blocks and transactions from this node or its user ------------------------------- */

/* While catching up a block or payment would have to wait until the chain is complete. */
static bool check_caught_up(const struct node *n, struct err *e)
{
	if (!chain_catching_up(n->chain))
		return true;
	return err_set(e, ERR_BUSY, "catching-up",
		       "the node is catching up with its peers: try again when it is in sync");
}

/* Rejects a block whose time is in the future. chain_accept_block would also report an error, but
 * store the block in memory and connect it later: the user would see a rejected block confirmed. */
static bool check_block_time(const struct node *n, const struct block *b, struct err *e)
{
	struct chain_entry at;

	return chain_find(n->chain, &b->hash, &at) ||
	       header_check_clock(&b->header, clock_unix(&n->clock.clock), e);
}

bool node_settled(const struct node *n)
{
	return chain_catching_up(n->chain) ||
	       (chain_at_best(n->chain) && (!n->mempool || mempool_settled(n->mempool)));
}

bool node_accept_block(struct node *n, struct block *b, struct err *e)
{
	if (!check_caught_up(n, e) || !check_block_time(n, b, e))
		return false;
	if (!chain_accept_block(n->chain, b, e)) {
		if (chain_failed(n->chain, NULL))
			node_fatal(n, e);
		return false;
	}
	node_schedule(n, WORK_CHAIN);
	return true;
}

bool node_block_verdict(const struct node *n, const struct block_hash *hash, struct err *e)
{
	struct chain_entry at;

	if (!chain_find(n->chain, hash, &at) || !(at.status & CHAIN_ANY_FAILED))
		return true;
	err_set(e, ERR_INVALID, "bad-block", "the block or one of its ancestors is invalid");
	if (e && hash256_equal(&n->last_invalid.h, &hash->h))
		*e = n->last_invalid_why;
	return false;
}

bool node_submit_block(struct node *n, struct block *b, struct err *e)
{
	if (!node_accept_block(n, b, e))
		return false;
	if (!chain_settle(n->chain, e) || !chain_commit(n->chain, e)) {
		node_fatal(n, e);
		return false;
	}
	return node_block_verdict(n, &b->hash, e);
}

bool node_submit_tx(struct node *n, struct tx *tx, struct err *e)
{
	struct err err = {0};

	if (!check_caught_up(n, e) || !mempool_accept(n->mempool, tx, e))
		return false;
	if (wallet_commit(n->wallet, &err))
		return true;
	node_fatal(n, &err);
	if (e)
		*e = err;
	return false;
}

/* --- the start of a chain ------------------------------------------------------------------- */

void node_start_chain(struct node *n)
{
	const struct mempool_options mo = {
		.chain = n->chain,
		.sigpool = n->sigpool,
		.clock = &n->clock.clock,
		.max_bytes = n->config.maxmempool_mb << 20,
		.events = &n->mempool_events,
		.events_arg = n,
	};

	n->mempool = mempool_new(&mo);
	n->mempool_file = mempool_file_open(n);
	wallet_set_chain(n->wallet, n->chain);
	mining_set_chain(n->mining, n->chain, n->mempool);
	if (n->net)
		net_dial_book(n->net, n->config.n_connect == 0);
	node_schedule(n, WORK_CHAIN | WORK_WALLET | WORK_MINER);
}
