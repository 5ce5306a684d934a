/* A chain in a new directory, for tests and benchmarks of the chain and the layers above it: a real
 * store, real proof of work of a low target, signed payments, blocks with any parent. An error in
 * the fixture ends the program with a message. */
#ifndef TALLY_TESTS_CHAIN_FIXTURE_H
#define TALLY_TESTS_CHAIN_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/chain/chain.h>
#include <tally/consensus/params.h>
#include <tally/crypto/key.h>
#include <tally/crypto/sigpool.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>
#include <tally/store/store.h>

#define FX_KEYS         8
#define FX_GENESIS_TIME UINT32_C(1700000000)

struct fx_options {
	unsigned threads;         /* signature workers; 0: signatures are checked in this thread */
	uint64_t cache_bytes;     /* of the coins cache; 0: CHAIN_CACHE_DEFAULT */
	uint16_t maturity;        /* 0: 1 */
	uint32_t max_block_bytes; /* 0: the default */
	uint32_t halving;
	const struct chain_events *events;
	void *events_arg;
	uint64_t min_free; /* as in store_options; 0: STORE_MIN_FREE_START */
	bool system_clock; /* else a manual clock, an hour after genesis */
	bool no_genesis;   /* the chain stays empty; fx.genesis is set all the same */
	const char *
		dir; /* use the chain in this directory and leave it; NULL: a new directory, removed at the end */
};

struct fx {
	char dir[128];
	struct fx_options o;
	struct chain_params params;
	struct block *genesis; /* pays key 0 */
	struct store *store;
	struct sigpool *sigpool;
	struct clock_manual manual;
	const struct clock *clock;
	struct chain *chain;
	uint64_t extra; /* a counter in each coinbase, so that no two blocks are alike */
	struct key_seed seeds[FX_KEYS]; /* the same in every run */
	struct pubkey pubs[FX_KEYS];
	struct key_hash hashes[FX_KEYS];
};

/* o NULL: all defaults. The same options give the same genesis and keys. */
void fx_open(struct fx *fx, const struct fx_options *o);
void fx_close(struct fx *fx); /* removes the directory, too */
/* Close the chain and the store, and open them again in the same directory. */
void fx_stop(struct fx *fx);
void fx_start(struct fx *fx);
void fx_restart(struct fx *fx);
/* The same, but uncommitted changes are lost, as in a crash. */
void fx_crash(struct fx *fx);

/* --- payments */
/* A coin to be spent: output `index` of tx, confirmed at that height. It must pay one of the
 * fixture's keys. */
struct fx_in {
	struct outpoint prev;
	struct coin coin;
};
struct fx_in fx_in(const struct tx *tx, uint32_t index, uint32_t height);
struct fx_in fx_in_coinbase(const struct block *b); /* its reward */
struct fx_out {
	unsigned key;
	int64_t value;
};
/* A signed transaction with one reference. */
struct tx *fx_pay(const struct fx *fx, const struct fx_in *in, size_t n_in,
		  const struct fx_out *out, size_t n_out);
/* A signed transaction with one input, one output and that fee. */
struct tx *fx_pay_one(const struct fx *fx, struct fx_in in, unsigned to, int64_t fee);
struct fx_pay_options {
	uint32_t lock_time, sequence; /* sequence 0: SEQUENCE_FINAL */
	bool bad_signature;           /* of the last input */
};
struct tx *fx_pay_with(const struct fx *fx, const struct fx_in *in, size_t n_in,
		       const struct fx_out *out, size_t n_out, const struct fx_pay_options *po);

/* --- blocks, each with one reference */
struct fx_spec {
	const struct block *parent;
	struct tx *const *txs;
	size_t n_txs;
	unsigned key;    /* index of the key that the coinbase pays */
	int64_t reward;  /* 0: the subsidy without fees; -1: no reward */
	uint32_t time;   /* 0: one second after the parent */
	uint32_t bits;   /* 0: the chain's limit */
	uint32_t height; /* named by the coinbase; 0: the height of the block */
	bool bad_pow;    /* the hash is above the target */
	bool bad_merkle;
};
struct block *fx_mine_spec(struct fx *fx, const struct fx_spec *s);
struct block *fx_mine(struct fx *fx, const struct block *parent, struct tx *const *txs,
		      size_t n_txs);
uint32_t fx_height(const struct block *b); /* read from its coinbase */

/* --- the chain */
void fx_accept(struct fx *fx, struct block *b); /* must succeed */
/* chain_accept_block must fail. Returns its error. */
struct err fx_refused(struct fx *fx, struct block *b);
void fx_settle(struct fx *fx);
/* Mines n empty blocks after parent and accepts them. Returns the last one, with a reference. */
struct block *fx_extend(struct fx *fx, const struct block *parent, size_t n);
bool fx_is_tip(const struct fx *fx, const struct block *b);
bool fx_has_coin(const struct fx *fx, const struct tx *tx, uint32_t index);
/* Commits, derives all coins from the blocks of the best chain in the simplest way, and compares
 * them with the chain's coins. Returns their number; ends the program if they differ. */
size_t fx_check_coins(struct fx *fx);

void fx_must_fail(const char *file, int line, const char *what, const struct err *e)
	__attribute__((noreturn));
#define fx_must(cond) ((cond) ? (void)0 : fx_must_fail(__FILE__, __LINE__, #cond, NULL))
/* Needs a `struct err e` in scope. */
#define fx_must_e(cond) ((cond) ? (void)0 : fx_must_fail(__FILE__, __LINE__, #cond, &e))

#endif
