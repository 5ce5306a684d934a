/* What the files of this layer share.
 *
 * Stored are keys, labels, every transaction that concerns the wallet, with its place, and how far the chain was
 * seen. Coins, sums and who spends what are derived from these at open, so they can't disagree. When a block
 * leaves the best chain its transactions lose their place; nothing else has to be undone, so the
 * bodies of stale blocks are not needed. */
#ifndef TALLY_WALLET_PRIV_H
#define TALLY_WALLET_PRIV_H

#include <tally/base/map.h>
#include <tally/wallet/drafts.h>
#include <tally/wallet/wallet.h>

#define NO_INDEX UINT32_MAX

struct own_key {
	struct key_hash owner;
	struct key_seed
		*seed; /* by itself on the heap, so that no growing array leaves copies behind */
	int64_t created;
	char *label;       /* NULL where none */
	int64_t spendable; /* of wallet_balance; see sums_fresh */
};

/* As stored, with TX_PENDING stored as TX_INACTIVE. */
enum tx_state {
	TX_INACTIVE = 0,  /* not in a block, not waiting here; may be submitted again */
	TX_CONFIRMED = 1, /* in the block that is named */
	TX_ABANDONED = 2, /* in conflict with the chain, or a coinbase whose block is stale */
	TX_PENDING = 3,   /* waits in the mempool */
};

/* Kept in order of first sight: the index is the sequence number less 1. */
struct own_tx {
	struct txid id;
	struct block_hash block; /* while confirmed */
	uint32_t height;
	int64_t first_seen, block_time;
	int64_t received, sent, fee;
	struct key_hash to;
	char *memo;     /* NULL where none */
	struct tx *raw; /* only while open (inactive or pending) or dirty */
	uint32_t first_coin, n_coins;
	uint32_t *spends; /* own coins among its inputs */
	uint32_t n_spends;
	enum tx_state state;
	bool coinbase, dirty;
};

/* An output of an own transaction that pays an own key. The coins of one transaction stand together, by output. */
struct own_coin {
	int64_t value;
	uint32_t tx, output, key;
	uint32_t spender;    /* a transaction that is not abandoned; NO_INDEX: none */
	uint32_t unspent_at; /* place in `unspent`; NO_INDEX: not there */
};

struct seen_tip {
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
	struct map labels;    /* label, zero padded -> uint64_t index of its key */

	struct own_tx *txs;
	size_t n_txs, cap_txs;
	struct map tx_index; /* txid -> uint64_t index */
	struct own_coin *coins;
	size_t n_coins, cap_coins;
	uint32_t *
		unspent; /* coins of transactions that are not abandoned, without spender; in no order */
	size_t n_unspent, cap_unspent;
	struct map
		open_spends; /* packed outpoint of each input of an open transaction -> uint64_t index of it */

	struct seen_tip seen;
	struct block_hash
		*locator; /* as stored with the tip, for when that is not known to the chain */
	size_t n_locator;

	uint32_t *dirty; /* transactions to be written */
	size_t n_dirty, cap_dirty;
	size_t n_voided; /* payments abandoned since it was opened */
	bool seen_dirty;
	bool urgent; /* among what is to be written is something the chain could not give back */

	struct payment *drafts[WALLET_DRAFTS_MAX]; /* oldest first */
	size_t n_drafts;

	bool sums_fresh; /* of `sums` and own_key.spendable */
	struct wallet_balance sums;
};

/* keys.c */
bool keys_load(struct wallet *w, struct err *e);
void keys_free(struct wallet *w);
uint32_t keys_find(const struct wallet *w, const struct key_hash *kh);

/* records.c: memory */
void records_init(struct wallet *w);
void records_free(struct wallet *w);
uint32_t records_find(const struct wallet *w, const struct txid *id);
uint32_t records_coin(const struct wallet *w, const struct outpoint *o);
/* Does it pay an own key or spend an own coin? */
bool records_concerns(const struct wallet *w, const struct tx *tx);
/* Takes up an unknown one as inactive. Returns its index. */
uint32_t records_add(struct wallet *w, const struct tx *tx, int64_t first_seen);
/* Moves it to a state; raw where it is at hand (else it must be held already). Conflicting open
 * transactions are abandoned, and what depends on them. */
void records_set_pending(struct wallet *w, uint32_t t, const struct tx *raw);
void records_set_inactive(struct wallet *w, uint32_t t, const struct tx *raw);
void records_set_confirmed(struct wallet *w, uint32_t t, const struct tx *raw,
			   const struct chain_entry *at);
/* As stored: nothing else changes. */
void records_set_abandoned(struct wallet *w, uint32_t t, const struct tx *raw);
void records_abandon(struct wallet *w,
		     uint32_t t); /* an open one, and the open ones that spend it */
/* Open transactions that spend what this one of a block spends. */
void records_abandon_conflicts(struct wallet *w, const struct tx *tx);
void records_clear(struct wallet *w);
bool tx_is_open(const struct own_tx *tx);
/* Made by this wallet alone: all inputs are its own. */
bool tx_is_own(const struct own_tx *tx);

/* records_db.c: disk */
bool records_load(struct wallet *w, struct err *e);
/* Forgets every transaction: they belong to another chain. The deletion is committed with what follows. */
bool records_forget(struct wallet *w, struct err *e);
/* Reads back the bytes of those confirmed whose block is off the best chain. */
bool records_load_stale(struct wallet *w, struct err *e);
bool records_stale(const struct wallet *w, const struct own_tx *tx);

/* balance.c */
bool coin_mature(const struct wallet *w, const struct own_coin *c);
/* May it be spent by the next payment? */
bool coin_spendable(const struct wallet *w, const struct own_coin *c);
bool coin_confirmed(const struct wallet *w, const struct own_coin *c);

/* select.c */
struct selection {
	/* in */
	int64_t amount, rate;
	size_t fixed_bytes; /* of the transaction without inputs and change */
	size_t max_bytes;   /* it may have altogether */
	const struct own_coin *const *coins;
	size_t n_coins;
	/* out */
	size_t *chosen; /* indices into coins, mem_alloc'ed */
	size_t n_chosen;
	int64_t fee, change;
};
#define INPUT_BYTES  139 /* outpoint, script with its length, sequence */
#define OUTPUT_BYTES 31  /* value, script with its length */
size_t select_bytes(const struct selection *s, size_t n_in, bool change);
bool select_coins(struct selection *s);
size_t select_max_inputs(const struct selection *s);

#endif
