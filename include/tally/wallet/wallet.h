/* The wallet: keys, labels, own coins, payments, history. Follows the chain through the node;
 * catches up from where it was. Amounts in units. */
#ifndef TALLY_WALLET_WALLET_H
#define TALLY_WALLET_WALLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/base/rng.h>
#include <tally/chain/chain.h>
#include <tally/crypto/address.h>
#include <tally/crypto/label.h>
#include <tally/primitives/script.h>
#include <tally/primitives/tx.h>
#include <tally/store/wallet_db.h>
#include <tally/wallet/create_tx.h>


struct wallet;

struct wallet_options {
	struct wallet_db *db; /* borrowed */
	const struct clock *clock;
	const struct rng *rng; /* for keys: the system's */
};

bool wallet_open(struct wallet **out, const struct wallet_options *o, struct err *e);
void wallet_close(struct wallet *w);

/* A new key, on disk before this returns. label NULL or "": none. A label names one address.
 * ERR_KNOWN "label-taken". */
bool wallet_new_address(struct wallet *w, const char *label, struct key_hash *out, struct err *e);
bool wallet_find_label(const struct wallet *w, const char *label, struct key_hash *out);
/* The label's address, made on first use. */
bool wallet_label_address(struct wallet *w, const char *label, struct key_hash *out, struct err *e);
/* The label of an own address; "" where it has none, or is not ours. */
const char *wallet_label_of(const struct wallet *w, const struct key_hash *kh);
bool wallet_is_mine(const struct wallet *w, const struct key_hash *kh);

struct wallet_address {
	struct key_hash owner;
	char label[LABEL_MAX + 1]; /* "" where none */
	int64_t created;           /* unix seconds */
	int64_t spendable;         /* units; as in wallet_balance */
};
/* In order of making. Returns how many there are; writes at most max from `skip` on. */
size_t wallet_addresses(const struct wallet *w, struct wallet_address *out, size_t skip,
			size_t max);

/* In units; no coin is in two of these. Source: Bitcoin Core, getbalances (trusted, immature,
 * untrusted_pending). */
struct wallet_balance {
	int64_t spendable; /* what wallet_pay may spend now: mature coins, and change that waits in the mempool */
	int64_t immature; /* coinbases that wait for maturity */
	int64_t pending; /* what others pay and is in no block yet, and change that waits outside the mempool */
};
/* of: one address, or all where NULL. */
struct wallet_balance wallet_balance(const struct wallet *w, const struct key_hash *of);

/* What the chain says an address (NULL: all of them) has, whatever waits: the same that every node
 * says. */
int64_t wallet_holds(const struct wallet *w, const struct key_hash *of);
/* Does it pay an own key? */
bool wallet_pays(const struct wallet *w, const struct tx *tx);
/* Is it of the wallet's history, waiting or not? */
bool wallet_has_tx(const struct wallet *w, const struct txid *id);

struct wallet_coin {
	struct outpoint outpoint;
	struct coin coin; /* height MEMPOOL_HEIGHT: unconfirmed */
	bool spendable; /* mature, and not spent by a waiting transaction; unconfirmed: only own change */
	bool own_change; /* made by a transaction of this wallet */
};
/* Unspent coins (spent by a waiting transaction: left out). Returns how many there are. */
size_t wallet_coins(const struct wallet *w, struct wallet_coin *out, size_t skip, size_t max);

struct wallet_tx {
	struct txid id;
	struct block_hash block; /* all zeros while unconfirmed */
	uint32_t height;         /* MEMPOOL_HEIGHT while unconfirmed */
	int64_t time;            /* of the block, else of first sight */
	int64_t received, sent;  /* units: to us, and of ours spent */
	int64_t fee;             /* where all inputs are ours, else -1 */
	bool coinbase;
	bool abandoned;     /* conflicts with the best chain, or was given up */
	bool spent_void;    /* abandoned, and so is what it spends: a reward of a lost block, say */
	bool to_self;       /* a payment of ours to an address of ours */
	struct key_hash to; /* the first output that is not ours, or ours where all are */
	char memo[SCRIPT_MEMO_MAX + 1]; /* sanitised; "" where none */
	uint64_t seq;                   /* order of first sight */
};
/* Newest first. Returns how many there are; writes at most max from `skip` on. */
size_t wallet_history(const struct wallet *w, struct wallet_tx *out, size_t skip, size_t max);
bool wallet_find_tx(const struct wallet *w, const struct txid *id, struct wallet_tx *out);
/* One of the history in full, with a reference; NULL: it is none, or can't be read. */
struct tx *wallet_own_tx(const struct wallet *w, const struct txid *id);
/* How many payments of its own became void since it was opened. */
size_t wallet_voided(const struct wallet *w);

/* Until its callers use wallet_create_payment. */
#define wallet_payment payment_request
bool wallet_pay(struct wallet *w, const struct payment_request *r, struct tx **out, int64_t *fee,
		int64_t *change, struct err *e);

/* Following the chain. Called in order; nothing is on disk before wallet_commit, which the node
 * calls after the chain committed, so that the wallet is never ahead of it. */
void wallet_set_chain(struct wallet *w,
		      const struct chain *c); /* before anything below; NULL: none yet */
/* From where the wallet was to the chain's tip: at most about budget_us of work; *more where it is
 * not there yet. Disconnects what is no longer on the best chain. */
bool wallet_catch_up(struct wallet *w, int64_t budget_us, bool *more, struct err *e);
void wallet_block_connected(struct wallet *w, const struct chain_entry *at, const struct block *b);
void wallet_block_disconnected(struct wallet *w, const struct chain_entry *at,
			       const struct block *b);
/* A transaction entered or left the mempool. */
void wallet_tx_seen(struct wallet *w, const struct tx *tx);
void wallet_tx_gone(struct wallet *w, const struct tx *tx, const char *reason);
/* Gives up an own transaction that is in no block and left the mempool: its coins can be spent
 * again. Anybody who has it may have it mined yet. ERR_NOTFOUND "no-such-tx", ERR_USAGE
 * "not-abandonable". */
bool wallet_abandon(struct wallet *w, const struct txid *id, struct err *e);
bool wallet_commit(struct wallet *w, struct err *e);
/* Own transactions that are not in a block: to be submitted again. Each with a reference. */
size_t wallet_unconfirmed(const struct wallet *w, struct tx **out, size_t max);

#endif
