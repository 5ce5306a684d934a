/* The wallet's state.
 *
 * The database has keys, labels, every transaction that concerns the wallet with its block, and the
 * last block processed. Coins, sums and spenders are derived from these when the wallet is opened,
 * so they can't contradict them. When a block leaves the best chain, its transactions become
 * unconfirmed and nothing else has to be undone, so bodies of stale blocks are not needed. */
#ifndef TALLY_WALLET_PRIV_H
#define TALLY_WALLET_PRIV_H

#include <tally/base/map.h>
#include <tally/chain/chain_state.h>
#include <tally/wallet/wallet.h>

#define NO_INDEX UINT32_MAX

struct own_key {
	struct key_hash owner;
	/* Its own allocation, so that a growing array of keys leaves no copy in freed memory. */
	struct key_seed *seed;
	int64_t created;
	char *label;       /* NULL: none */
	int64_t spendable; /* as in wallet_balance; valid while sums_valid */
};

/* As stored, except that TX_PENDING is stored as TX_INACTIVE. */
enum tx_state {
	TX_INACTIVE = 0,  /* neither in a block nor in the mempool; may be submitted again */
	TX_CONFIRMED = 1, /* in a block of the best chain */
	TX_ABANDONED = 2, /* conflicts with the chain, a stale coinbase, or abandoned by the user */
	TX_PENDING = 3,   /* in the mempool */
};

/* In the order in which they were first seen: the index is the sequence number less 1. */
struct own_tx {
	struct txid id;
	struct block_hash block; /* while confirmed */
	uint32_t height;
	int64_t first_seen, block_time;
	int64_t received, sent, fee; /* as in wallet_tx */
	struct key_hash to;
	char *memo;     /* NULL: none */
	struct tx *raw; /* only while unconfirmed (inactive or pending) or dirty */
	uint32_t first_coin, n_coins;
	uint32_t *spends; /* the own coins among its inputs */
	uint32_t n_spends;
	enum tx_state state;
	bool coinbase, dirty;
};

/* An output of an own transaction that pays an own key. The coins of one transaction stand
 * together, in the order of its outputs. */
struct own_coin {
	int64_t value;
	uint32_t tx, output, key;
	uint32_t spender;    /* a transaction that is not abandoned; NO_INDEX: none */
	uint32_t unspent_at; /* index in `unspent`; NO_INDEX: it is spent or abandoned */
};

/* The last block that the wallet has processed. */
struct synced_block {
	bool known;
	struct block_hash hash;
	uint32_t height;
	chain_index index; /* CHAIN_NONE: not looked up yet */
};

struct wallet {
	struct wallet_options o;
	const struct chain *chain;

	struct own_key *keys;
	size_t n_keys, cap_keys;
	struct map key_index; /* key hash -> uint64_t index */
	struct map labels;    /* label, padded with zeros -> uint64_t index of its key */

	struct own_tx *txs;
	size_t n_txs, cap_txs;
	struct map tx_index; /* txid -> uint64_t index */
	struct own_coin *coins;
	size_t n_coins, cap_coins;
	/* Coins without a spender, of transactions that are not abandoned; in no order. */
	uint32_t *unspent;
	size_t n_unspent, cap_unspent;
	/* Packed outpoint of each input of an unconfirmed transaction -> uint64_t index of it. */
	struct map unconfirmed_spends;

	struct synced_block synced;
	/* As stored with `synced`, to find the fork if the chain does not know that block. */
	struct block_hash *locator;
	size_t n_locator;

	uint32_t *dirty; /* transactions to be written */
	size_t n_dirty, cap_dirty;
	size_t n_abandoned; /* payments, since the wallet was opened */
	bool synced_dirty;
	bool must_sync; /* the chain could not restore some of what is to be written */

	struct payment *drafts[WALLET_DRAFTS_MAX]; /* oldest first */
	size_t n_drafts;

	bool sums_valid; /* of `sums` and own_key.spendable */
	struct wallet_balance sums;
};

#endif
