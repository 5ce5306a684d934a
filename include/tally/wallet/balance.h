/* Balances, addresses with what they own, and coins. */
#ifndef TALLY_WALLET_BALANCE_H
#define TALLY_WALLET_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/crypto/address.h>
#include <tally/crypto/label.h>
#include <tally/consensus/rules.h>
#include <tally/primitives/tx.h>

struct wallet;

/* Each coin counts in one of these. Source: Bitcoin Core, getbalances (trusted, immature,
 * untrusted_pending). */
struct wallet_balance {
	int64_t spendable; /* may be spent now: mature coins, and own change in the mempool */
	int64_t immature;  /* coinbases that are not mature yet */
	int64_t pending;   /* unconfirmed payments of others, and own change outside the mempool */
};
/* of: one address; NULL: all. */
struct wallet_balance wallet_balance(const struct wallet *w, const struct key_hash *of);
/* The unspent coins of an address (NULL: of all) in the chain. The mempool does not count, so every
 * node finds the same number. */
int64_t wallet_confirmed_balance(const struct wallet *w, const struct key_hash *of);

struct wallet_address {
	struct key_hash owner;
	char label[LABEL_MAX + 1]; /* "": none */
	int64_t created;           /* unix seconds */
	int64_t spendable;         /* units; as in wallet_balance */
};
/* In the order in which they were made, without the first `skip`; writes at most max. Returns how
 * many exist. */
size_t wallet_addresses(const struct wallet *w, struct wallet_address *out, size_t skip,
			size_t max);

struct wallet_coin {
	struct outpoint outpoint;
	struct coin coin; /* height MEMPOOL_HEIGHT: unconfirmed */
	bool spendable;   /* as in wallet_balance */
	bool own_change;  /* made by a transaction of this wallet */
};
/* Coins that no known transaction spends, without the first `skip`; writes at most max. Returns how
 * many exist. */
size_t wallet_coins(const struct wallet *w, struct wallet_coin *out, size_t skip, size_t max);

#endif
