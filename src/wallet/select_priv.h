/* Choosing the coins of a payment. */
#ifndef TALLY_WALLET_SELECT_PRIV_H
#define TALLY_WALLET_SELECT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_BYTES  139 /* outpoint, script with its length, sequence */
#define OUTPUT_BYTES 31  /* value, script with its length */

struct own_coin;

struct selection {
	/* Set by the caller. */
	int64_t amount, rate;
	size_t fixed_bytes; /* of the transaction without inputs and change */
	size_t max_bytes;   /* of the whole transaction */
	const struct own_coin *const *coins;
	size_t n_coins;
	/* Set by select_coins. */
	size_t *chosen; /* indices into coins; mem_alloc'ed */
	size_t n_chosen;
	int64_t fee, change;
};

/* Size of the transaction with n_in inputs. */
size_t select_bytes(const struct selection *s, size_t n_in, bool change);
size_t select_max_inputs(const struct selection *s);
/* False: the coins are not enough, or too many would be needed. */
bool select_coins(struct selection *s);

#endif
