/* Commands about all coins at the tip. Source of gettxoutsetinfo: Bitcoin Core,
 * rpc/blockchain.cpp. */
#include "rpc/coin_scan_priv.h"
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <string.h>

#include <tally/base/mem.h>

/* Bytes of a coin that the hash of all coins covers: outpoint, value, height * 2 (+ 1 for a
 * coinbase) and owner. */
#define COIN_HASHED_BYTES (OUTPOINT_BYTES + 8 + 4 + KEY_HASH_BYTES)

struct set_info {
	struct chain_entry tip;
	struct sha256d hash;
	uint64_t count;
	int64_t sum;
};

static void set_begin(void *arg, const struct chain_entry *tip)
{
	struct set_info *s = arg;

	s->tip = *tip;
	s->count = 0;
	s->sum = 0;
	sha256d_init(&s->hash);
}

static void set_coin(void *arg, const struct store_coin *c)
{
	struct set_info *s = arg;
	uint8_t bytes[COIN_HASHED_BYTES], *at = bytes;

	outpoint_pack(at, &c->outpoint);
	at += OUTPOINT_BYTES;
	set_le64(at, (uint64_t)c->coin.value);
	set_le32(at + 8, c->coin.height * 2 + c->coin.coinbase);
	memcpy(at + 12, c->coin.owner.b, KEY_HASH_BYTES);
	sha256d_update(&s->hash, bytes, sizeof(bytes));
	s->count++;
	s->sum += c->coin.value;
}

static json_t *set_result(void *arg)
{
	struct set_info *s = arg;
	struct hash256 hash;

	sha256d_final(&s->hash, &hash);
	return json_pack("{s:I,s:o,s:I,s:o,s:o}", "height", (json_int_t)s->tip.height, "bestblock",
			 json_hash(&s->tip.hash.h), "txouts", (json_int_t)s->count,
			 "hash_serialized", json_hash(&hash), "total_amount", json_amount(s->sum));
}

static const struct coin_scan set_scan = {
	.begin = set_begin,
	.coin = set_coin,
	.result = set_result,
};

static void run_gettxoutsetinfo(struct node *n, struct call *c)
{
	(void)n;
	coin_scan_begin(c, &set_scan, NEW(struct set_info));
}

static void run_reindexutxo(struct node *n, struct call *c)
{
	struct err err = {0};
	uint64_t count;

	if (node_mode(n) == NODE_ONLINE)
		call_error(c, RPC_MISC_ERROR, ERR_BUSY, "running",
			   "coins can't be rebuilt while the node runs: stop it first");
	else if (!chain_reindex_coins(node_chain(n), &count, &err))
		call_fail(c, RPC_MISC_ERROR, &err);
	else
		call_done(c, json_pack("{s:I}", "outputs", (json_int_t)count));
}

const struct command commands_coins[] = {
	{
		.name = "gettxoutsetinfo",
		.category = "blockchain",
		.summary = "show number, sum and hash of all coins",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_gettxoutsetinfo,
	},
	{
		.name = "reindexutxo",
		.category = "blockchain",
		.summary = "rebuild the coins from the blocks (offline only)",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_reindexutxo,
	},
	{0},
};
