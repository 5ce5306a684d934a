/* A pass over all coins at the tip, in slices. */
#ifndef TALLY_RPC_COIN_SCAN_PRIV_H
#define TALLY_RPC_COIN_SCAN_PRIV_H

#include <jansson.h>

#include <tally/chain/chain.h>
#include <tally/store/store.h>

struct call;

struct coin_scan {
	/* Called first, and again if the tip changes before the end: the pass starts over. */
	void (*begin)(void *arg, const struct chain_entry *tip);
	/* Called for each coin, in the order of outpoints. */
	void (*coin)(void *arg, const struct store_coin *c);
	json_t *(*result)(void *arg); /* the answer to the call */
};

/* Answers c after the pass. take_arg, from the heap, is freed. how must be static. Fails with
 * ERR_BUSY "chain-moves" if the node is catching up or the tip changed more than 50 times. */
void coin_scan_begin(struct call *c, const struct coin_scan *how, void *take_arg);

#endif
