/* A wallet that follows a real chain and mempool, connected as in the node. Its n-th key is the
 * n-th key of the chain fixture, so that blocks and payments of that fixture can pay the wallet. */
#ifndef TALLY_TESTS_WALLET_FIXTURE_H
#define TALLY_TESTS_WALLET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/mem.h>
#include <tally/mempool/mempool.h>
#include <tally/store/wallet_db.h>
#include <tally/wallet/wallet.h>

#include "chain_fixture.h"

struct wf {
	struct fx fx;
	char dir[160];
	struct wallet_db *db;
	struct wallet *w;
	struct mempool *pool;
	bool follows;
	uint8_t made; /* number of keys made */
	struct rng rng;
	struct block *tip; /* the last block mined by the fixture */
};

void wf_catch_up(struct wf *f);

void wf_open_wallet(struct wf *f);

/* Uncommitted changes are lost, as in a crash. */
void wf_close_wallet(struct wf *f);

struct wf *wf_open(const struct fx_options *o);

void wf_close(struct wf *f);

void wf_commit(struct wf *f);

/* The wallet gets the next key of the chain fixture. */
void wf_new_key(struct wf *f, const char *label);

/* Mines a block after the last one whose coinbase pays this key. */
void wf_mine(struct wf *f, unsigned key, struct tx *const *txs, size_t n);

/* The same, with the transactions of the mempool. */
void wf_mine_pool(struct wf *f, unsigned key);

/* Mines n empty blocks after `from`, which must become the best chain. */
void wf_branch(struct wf *f, const struct block *from, unsigned key, size_t n);

void assert_balance(const struct wf *f, int64_t spendable, int64_t immature, int64_t pending);

#endif
