/* Creating payments: choose coins, make change, sign. A payment is built once, so that a preview
 * shows the very transaction that is sent; drafts.h keeps it in between. Amounts are in units. */
#ifndef TALLY_WALLET_CREATE_TX_H
#define TALLY_WALLET_CREATE_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/crypto/address.h>
#include <tally/primitives/script.h>
#include <tally/primitives/tx.h>

#define WALLET_FEE_RATE_DEFAULT 1 /* units per byte */
#define WALLET_FEE_RATE_MAX     1000000

struct wallet;

struct payment_request {
	const struct key_hash *from; /* spend only coins of this own address; NULL: of any */
	struct key_hash to;
	int64_t amount;
	int64_t fee_rate; /* units per byte, 1 to WALLET_FEE_RATE_MAX */
	const char *memo; /* NULL or "": none; at most SCRIPT_MEMO_MAX bytes */
};

struct payment_coin {
	struct outpoint outpoint;
	int64_t value;
	struct key_hash owner;
};

/* A signed transaction and what a preview shows of it. */
struct payment {
	struct tx *tx; /* signed; the payment owns one reference */
	struct key_hash to;
	int64_t amount;
	int64_t fee;    /* exact: sum of the coins less amount and change */
	int64_t change; /* 0: no change output; else paid to the owner of coins[0] */
	char memo[SCRIPT_MEMO_MAX + 1]; /* as requested; "": none */
	struct payment_coin *coins;     /* spent by tx, in the order of its inputs */
	size_t n_coins;
};

/* Builds and signs a payment. It has no side effects: no coin is reserved, so a payment that is
 * dropped costs nothing, and two payments that are built one after the other may spend the same
 * coins. *out is to be freed with payment_free. Errors: ERR_USAGE "bad-amount", "bad-fee",
 * "bad-memo", "not-mine"; ERR_NOTFOUND "no-chain"; ERR_FUNDS "insufficient-funds" and
 * "too-many-coins" (they would not fit in one transaction). */
bool wallet_create_payment(const struct wallet *w, const struct payment_request *r,
			   struct payment **out, struct err *e);
/* The fee that wallet_create_payment would pay now, without signing. The same errors. */
bool wallet_payment_fee(const struct wallet *w, const struct payment_request *r, int64_t *fee,
			struct err *e);
/* Call it directly before the mempool gets the transaction. ERR_KNOWN "payment-sent" if it was sent
 * before, ERR_FUNDS "payment-coins-spent" if one of its coins can't be spent any more: another
 * payment spent it, or its block was reorganised away. */
bool wallet_check_payment(const struct wallet *w, const struct payment *p, struct err *e);
void payment_free(struct payment *p); /* NULL is harmless */

#endif
