/* The new database is built beside the damaged one and takes its name when it is complete. */
#include <tally/node/reindex.h>

#include <stdlib.h>
#include <unistd.h>

#include <tally/base/clock.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/chain/chain.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/key.h>
#include <tally/store/env_replace.h>
#include <tally/store/lock.h>
#include <tally/store/salvage.h>
#include <tally/store/store.h>

#include "node/log_file_priv.h"

#define ADDR_RECORD_MAX 4096 /* bytes */

/* This clock accepts every block time: the blocks were checked against the clock when they came. */
static int64_t end_of_time(void *ctx)
{
	(void)ctx;
	return (int64_t)UINT32_MAX * 1000000;
}

static int64_t mono(void *ctx)
{
	(void)ctx;
	return clock_mono_us(clock_system());
}

static const struct clock any_time_clock = {.unix_us = end_of_time, .mono_us = mono};

/* --- peer addresses and bans ---------------------------------------------------------------- */

struct copy {
	struct salvage *from;
	struct store *to;
	struct err *e;
	bool ok;
};

/* Copies a record unless its page is damaged. */
static void copy_addr(void *arg, struct span key, const struct salvage_place *at)
{
	struct copy *c = arg;
	uint8_t *bytes;
	size_t n;

	if (!c->ok || !at->sound || !salvage_read(c->from, at, ADDR_RECORD_MAX, &bytes, &n))
		return;
	c->ok = store_put_addr(c->to, key, (struct span){bytes, n}, c->e);
	free(bytes);
}

static bool copy_addrs(struct store *to, const char *dir, struct err *e)
{
	struct copy c = {.to = to, .e = e, .ok = true};

	if (!salvage_open(&c.from, dir, "addrs", NULL))
		return true; /* peers will announce addresses again */
	salvage_scan(c.from, copy_addr, &c);
	salvage_close(c.from);
	return c.ok;
}

/* --- the chain ---------------------------------------------------------------------------- */

static bool no_chain(const char *dir, struct err *e)
{
	return err_set(e, ERR_NOTFOUND, "no-chain",
		       "there is no chain in %s: createblockchain makes one, startnode joins one",
		       dir);
}

static bool nothing_left(const char *dir, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "nothing-left",
		       "nothing of the chain in %s can be read: restore a copy, or remove it and "
		       "join the chain again from a peer (startnode -chain HASH)",
		       dir);
}

static bool finish_store(struct store *store, struct chain *chain, const char *old,
			 struct reindex_report *r, struct err *e)
{
	if (!r->chain.genesis_known)
		return nothing_left(old, e);
	r->empty = !chain_has_genesis(chain);
	if (r->empty && !store_put_meta(store, META_JOIN, r->chain.genesis.h.b, HASH_BYTES, e))
		return false;
	if (!r->empty) {
		const struct chain_entry tip = chain_tip(chain);

		r->height = tip.height;
		r->tip = tip.hash;
	}
	return copy_addrs(store, old, e) && store_commit(store, true, e);
}

static bool build_chain(struct store *store, const struct config *c, const char *old,
			struct reindex_report *r, struct err *e)
{
	struct sigpool *pool = sigpool_new(sigpool_machine_threads());
	const struct chain_options o = {.store = store,
					.sigpool = pool,
					.clock = &any_time_clock,
					.cache_bytes = c->dbcache_mb << 20};
	struct chain *chain = NULL;
	const bool ok = chain_open(&chain, &o, e) &&
			chain_salvage_blocks(chain, old, &r->chain, e) &&
			(!r->chain.never_used || no_chain(c->dir, e)) &&
			finish_store(store, chain, old, r, e);

	chain_close(chain);
	sigpool_free(pool);
	return ok;
}

static bool build_store(const struct config *c, const char *old, struct reindex_report *r,
			struct err *e)
{
	char *dir = mem_printf("%s/" ENV_REPLACE_NEW, c->dir);
	const struct store_options so = {
		.dir = dir, .cache_bytes = STORE_CACHE_DEFAULT, .min_free = c->min_free_mb << 20};
	struct store *store = NULL;
	const bool ok = env_replace_begin(c->dir, e) && store_open(&store, &so, e) &&
			build_chain(store, c, old, r, e);

	store_close(store);
	free(dir);
	return ok;
}

static bool replace_store(const struct config *c, const char *old, struct reindex_report *r,
			  struct err *e)
{
	bool ok = build_store(c, old, r, e);

	r->kept = r->chain.missing > 0 || r->empty;
	ok = ok && env_replace_finish(c->dir, r->kept, e);
	if (!ok)
		(void)env_replace_begin(c->dir, NULL); /* removes the new database */
	return ok;
}

static bool reindex_dir(const struct config *c, struct reindex_report *r, struct err *e)
{
	char *old = mem_printf("%s/chain", c->dir);
	bool ok = env_replace_resume(c->dir, e);

	if (ok && access(old, F_OK) != 0)
		ok = no_chain(c->dir, e);
	ok = ok && store_recover(old, e) && replace_store(c, old, r, e);
	free(old);
	return ok;
}

static void reindex_log(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
			const char *text)
{
	log_file_write(arg, &(struct log_entry){
				    .unix_us = unix_us, .sub = sub, .level = level, .text = text});
}

bool node_reindex(const struct config *c, struct reindex_report *r, struct err *e)
{
	struct dir_lock lock = {.fd = -1};
	struct log_file *log = NULL;
	bool ok;

	*r = (struct reindex_report){0};
	if (access(c->dir, F_OK) != 0)
		return no_chain(c->dir, e);
	ok = crypto_start(e) && key_selfcheck(e) && dir_lock_take(&lock, c->dir, LOCK_COMMAND, e) &&
	     (log = log_file_open(c->dir, e)) != NULL;
	if (ok) {
		log_set_sink(reindex_log, log);
		ok = reindex_dir(c, r, e);
		log_set_sink(NULL, NULL);
	}
	log_file_close(log);
	dir_lock_drop(&lock);
	return ok;
}
