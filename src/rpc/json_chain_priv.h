/* Blocks, transactions and their parts as JSON. Source of the field names: Bitcoin Core,
 * rpc/blockchain.cpp and core_write.cpp. */
#ifndef TALLY_RPC_JSON_CHAIN_PRIV_H
#define TALLY_RPC_JSON_CHAIN_PRIV_H

#include <stdbool.h>

#include <jansson.h>

#include <tally/base/bytes.h>
#include <tally/chain/chain.h>
#include <tally/crypto/address.h>
#include <tally/crypto/hash.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

struct call;

json_t *json_hash(const struct hash256 *h);
json_t *json_address(const struct key_hash *kh);
json_t *json_hex(struct span bytes);
json_t *json_header(const struct chain *chain, const struct chain_entry *en,
		    const struct block_header *h);
json_t *json_tx(const struct tx *tx);
/* Answers the call with a block, in slices. whole: with its transactions, else with their ids. */
void json_block_begin(struct call *c, const struct chain_entry *en, struct block *take_b,
		      bool whole);

#endif
