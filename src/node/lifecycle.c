/* Opening and closing a node. */
#include "config.h"

#include <tally/node/node.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/key.h>
#include <tally/crypto/pow.h>
#include <tally/mining/genesis_bits.h>
#include <tally/store/env_replace.h>
#include <tally/wallet/receiver.h>

#include "node/block_stats_priv.h"
#include "node/journal_priv.h"
#include "node/log_file_priv.h"
#include "node/log_stdout_priv.h"
#include "node/loop_priv.h"
#include "node/mempool_file_priv.h"
#include "node/mining_driver_priv.h"
#include "node/network_priv.h"
#include "node/node_priv.h"
#include "node/observers_priv.h"
#include "node/resolver_priv.h"

/* --- the log --------------------------------------------------------------------- */

static void node_log(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		     const char *text)
{
	struct node *n = arg;
	const struct log_entry line = {
		.unix_us = unix_us, .sub = sub, .level = level, .text = text};

	if (n->log_file)
		log_file_write(n->log_file, &line);
	journal_log(n->journal, unix_us, sub, level, text);
	if (n->work_event)
		node_mark(n, NODE_EV_LOG);
	if (n->log_stdout)
		log_stdout_write(n->log_stdout, &line);
}

/* --- databases, chain, wallet -------------------------------------------------------- */

static bool open_databases(struct node *n, struct err *e)
{
	char *chain_dir = mem_printf("%s/chain", n->config.dir);
	char *wallet_dir = mem_printf("%s/wallet", n->config.dir);
	struct store_options o = {
		.dir = chain_dir,
		.cache_bytes = STORE_CACHE_DEFAULT,
		.min_free = n->config.min_free_mb << 20,
		.write_failed = node_write_failed,
		.arg = n,
	};
	bool ok = store_open(&n->store, &o, e);

	o.dir = wallet_dir;
	o.cache_bytes = 1 << 20;
	ok = ok && wallet_db_open(&n->wallet_db, &o, e);
	free(chain_dir);
	free(wallet_dir);
	return ok;
}

static bool open_chain(struct node *n, struct err *e)
{
	const struct chain_options co = {
		.store = n->store,
		.sigpool = n->sigpool = sigpool_new(sigpool_machine_threads()),
		.clock = &n->clock.clock,
		.cache_bytes = n->config.dbcache_mb << 20,
		.events = &n->chain_events,
		.events_arg = n,
	};
	const struct wallet_options wo = {
		.db = n->wallet_db, .clock = &n->clock.clock, .rng = n->rng};

	node_loop_watch_workers(n);
	if (!chain_open(&n->chain, &co, e) || !wallet_open(&n->wallet, &wo, e))
		return false;
	if (n->config.mocktime && !node_set_mocktime(n, n->config.mocktime, e))
		return false;
	if (chain_has_genesis(n->chain))
		node_start_chain(n);
	return true;
}

/* Commands need the chain at its best tip and the wallet in step with it. */
static bool settle_offline(struct node *n, struct err *e)
{
	if (!n->mempool)
		return true;
	if (!chain_settle(n->chain, e))
		return false;
	while (!n->wallet_caught_up && !n->stopping)
		node_turn(n);
	node_settle_mempool(n);
	if (n->failed && e)
		*e = n->failure;
	return !n->failed;
}

/* --- opening ------------------------------------------------------------------------------- */

static bool start_mining(struct node *n, struct err *e)
{
	struct key_hash to;

	if (!n->config.miner[0])
		return true;
	return receiver_resolve(n->wallet, n->config.miner, true, &to, e) &&
	       mining_set(n->mining, true, &to, n->config.threads, e);
}

bool node_start(struct node *n, struct err *e)
{
	if (!start_mining(n, e))
		return false;
	node_loop_start(n);
	log_info(LOG_NODE, "tally %s, node %u: peer port %u, control port %u, directory %s",
		 PACKAGE_VERSION, n->config.node_id, net_port(n->net), n->config.control_port,
		 n->config.dir);
	log_info(LOG_NODE, "SHA-256 engine: %s; for mining: %s", sha256d_engine(), pow_engine());
	if (n->mempool)
		log_info(LOG_CHAIN, "chain '%s' at height %u", chain_params(n->chain)->name,
			 chain_height(n->chain));
	else
		log_info(LOG_CHAIN, "no chain yet: waiting for a peer that has one");
	return true;
}

static bool open_basics(struct node *n, struct err *e)
{
	clock_mock_init(&n->clock);
	n->rng = rng_system();
	n->started_us = clock_mono_us(clock_system());
	n->lock.fd = -1;
	n->fail_fd[0] = n->fail_fd[1] = -1;
	n->journal = journal_new();
	n->block_stats = block_stats_new();
	node_init_events(n);
	if (pipe2(n->fail_fd, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_set(e, ERR_IO, "pipe", "cannot make a pipe: %s: raise ulimit -n",
			       strerror(errno));
	node_loop_open(n);
	mining_driver_open(n);
	if (!crypto_start(e) || !key_selfcheck(e) ||
	    !dir_lock_take(&n->lock, n->config.dir,
			   n->mode == NODE_ONLINE ? LOCK_NODE : LOCK_COMMAND, e) ||
	    !env_replace_resume(n->config.dir, e))
		return false;
	if (n->mode == NODE_ONLINE && !(n->log_file = log_file_open(n->config.dir, e)))
		return false;
	if (n->mode == NODE_ONLINE && n->config.headless)
		n->log_stdout = log_stdout_new(STDOUT_FILENO);
	log_set_sink(node_log, n);
	log_set_level(n->config.debug ? LOG_DEBUG : LOG_INFO);
	return true;
}

bool node_open(struct node **out, const struct config *c, enum node_mode mode, struct err *e)
{
	struct node *n = NEW(struct node);

	n->config = *c;
	n->mode = mode;
	n->mempool_file_wanted = mode == NODE_ONLINE;
	if (!open_basics(n, e) || !open_databases(n, e) || !open_chain(n, e) ||
	    !(mode == NODE_ONLINE ? node_open_network(n, e) : settle_offline(n, e))) {
		node_close(n, NULL);
		return false;
	}
	*out = n;
	return true;
}

/* --- closing ------------------------------------------------------------------------------- */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Not after a failure: the next start recovers the last commit. */
static bool commit_all(struct node *n, struct err *e)
{
	if (n->failed || !n->chain || !n->wallet)
		return true;
	return chain_commit(n->chain, e) && wallet_commit(n->wallet, e);
}

/* In the reverse order of opening. */
static void free_parts(struct node *n)
{
	net_free(n->net);
	protocol_free(n->protocol);
	n->net = NULL;
	n->protocol = NULL;
	mining_driver_close(n);
	mempool_file_close(n->mempool_file);
	mempool_free(n->mempool);
	wallet_close(n->wallet);
	if (n->chain)
		chain_close(n->chain);
	node_loop_stop(n);
	if (n->sigpool)
		sigpool_free(n->sigpool);
	bans_free(n->bans);
	addrbook_free(n->book);
	wallet_db_close(n->wallet_db);
	store_close(n->store);
	node_loop_close(n);
	log_set_sink(NULL, NULL);
	log_file_close(n->log_file);
	dir_lock_drop(&n->lock);
	observers_free(n);
	journal_free(n->journal);
	block_stats_free(n->block_stats);
	close_fd(n->fail_fd[0]);
	close_fd(n->fail_fd[1]);
	log_stdout_free(n->log_stdout); /* last, because it may wait */
	free(n);
}

bool node_close(struct node *n, struct err *e)
{
	struct err err = {0};
	bool ok;

	if (!n)
		return true;
	n->stopping = true;
	node_resolver_close(n);
	/* This may connect more blocks, whose events need all parts of the node. */
	ok = commit_all(n, &err);
	if (!ok)
		log_error(LOG_NODE, "cannot save the last changes: %s", err.detail);
	if (!ok && e)
		*e = err;
	if (n->mempool_file && ok && !n->failed) {
		mempool_settle(n->mempool);
		mempool_file_save_changed(n->mempool_file);
	}
	free_parts(n);
	return ok;
}

/* --- changes ------------------------------------------------------------------------------- */

void node_go_headless(struct node *n)
{
	struct log_row *kept = mem_array(NODE_LOGS_KEPT, sizeof(*kept));
	const size_t count = journal_logs(n->journal, 0, kept, NODE_LOGS_KEPT);

	n->config.headless = true;
	n->log_stdout = log_stdout_new(STDOUT_FILENO);
	for (size_t i = 0; i < count; i++)
		log_stdout_write(n->log_stdout, &(struct log_entry){.unix_us = kept[i].unix_us,
								    .sub = kept[i].sub,
								    .level = kept[i].level,
								    .text = kept[i].text});
	free(kept);
}

bool node_create_chain(struct node *n, struct chain_params *p, struct err *e)
{
	struct block *b = NULL;
	bool ok;

	if (chain_has_genesis(n->chain))
		return err_set(e, ERR_KNOWN, "chain-exists",
			       "%s already holds a chain ('%s'): use another --node-id, or remove "
			       "its chain/ (keep its wallet/, which holds the keys)",
			       n->config.dir, chain_params(n->chain)->name);
	if (!params_check(p, e))
		return false;
	p->genesis_time = (uint32_t)clock_unix(&n->clock.clock);
	if (!p->genesis_bits)
		p->genesis_bits = genesis_bits_measure(p, clock_system());
	ok = genesis_make(&b, p, e) && chain_set_genesis(n->chain, b, e);
	block_unref(b);
	if (ok)
		node_start_chain(n);
	return ok && (n->mode == NODE_ONLINE || settle_offline(n, e));
}

bool node_set_mocktime(struct node *n, int64_t unix_s, struct err *e)
{
	if (!chain_has_genesis(n->chain) || chain_params(n->chain)->spacing != 0)
		return err_set(e, ERR_USAGE, "mocktime",
			       "the clock can't be set: that works only on a chain made with "
			       "createblockchain -spacing 0");
	clock_mock_set(&n->clock, unix_s);
	node_loop_tick(n);
	return true;
}
