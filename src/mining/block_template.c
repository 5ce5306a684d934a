/* The next block: what the miner works on. */
#include "node/node_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>
#include <tally/crypto/pow.h>
#include <tally/primitives/merkle.h>
#include <tally/primitives/script.h>

#define EXTRA_NONCE_BYTES 8

/* The coinbase: the height, eight random bytes that make every node's work distinct, and one
 * output with subsidy and fees. */
static struct tx *make_coinbase(const struct node *n, uint32_t height, int64_t value,
				const struct key_hash *to)
{
	uint8_t script[SCRIPT_HEIGHT_MAX + EXTRA_NONCE_BYTES], pay[SCRIPT_PAY_BYTES];
	size_t len = script_height(script, height);
	struct txin in = {.prev.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL};
	struct txout out = {.value = value, .script = {pay, SCRIPT_PAY_BYTES}};
	struct writer w;
	struct tx *tx = NULL;

	rng_fill(n->rng, script + len, EXTRA_NONCE_BYTES);
	in.script = (struct span){script, len + EXTRA_NONCE_BYTES};
	script_pay(pay, to);
	writer_init(&w);
	tx_write(&w, &in, 1, &out, 1, 0);
	tx_decode(&tx, w.buf, w.len, NULL); /* what we wrote decodes */
	writer_clear(&w);
	return tx;
}

static void template_merkle(struct block_template *t)
{
	const size_t n = t->n_txs + 1;
	struct hash256 *leaves = mem_array(n, sizeof(*leaves));

	leaves[0] = t->coinbase->id.h;
	for (size_t i = 0; i < t->n_txs; i++)
		leaves[i + 1] = t->txs[i]->id.h;
	merkle_root(&t->header.merkle_root, leaves, n, NULL);
	free(leaves);
}

void block_template_make(struct block_template *t, struct node *n, const struct key_hash *to)
{
	const struct chain_params *p = chain_params(n->chain);
	const struct chain_entry tip = chain_tip(n->chain);
	const uint32_t height = tip.height + 1;
	const int64_t now = clock_unix(&n->clock.clock);

	*t = (struct block_template){0};
	mempool_assemble(n->mempool, p->max_block_bytes - BLOCK_RESERVE_BYTES, &t->txs, &t->n_txs,
			 &t->fees);
	t->coinbase = make_coinbase(n, height, subsidy(p, height) + t->fees, to);
	t->raws = mem_array(t->n_txs + 1, sizeof(*t->raws));
	t->raws[0] = t->coinbase->raw;
	for (size_t i = 0; i < t->n_txs; i++)
		t->raws[i + 1] = t->txs[i]->raw;
	t->header = (struct block_header){
		.version = BLOCK_VERSION,
		.prev = tip.hash,
		/* A clock that is behind uses the parent's time: tally-protocol(7), BLOCKS. */
		.time = (uint32_t)MAX(now, (int64_t)tip.time),
		.bits = chain_next_bits(n->chain, tip.index),
	};
	template_merkle(t);
}

struct block *block_template_block(const struct block_template *t, uint32_t nonce)
{
	struct block_header h = t->header;

	h.nonce = nonce;
	return block_make(&h, t->raws, t->n_txs + 1);
}

void block_template_clear(struct block_template *t)
{
	for (size_t i = 0; i < t->n_txs; i++)
		tx_unref(t->txs[i]);
	free(t->txs);
	free(t->raws);
	tx_unref(t->coinbase);
	*t = (struct block_template){0};
}

/* floor((2^256 - 1) / d). */
static struct u256 max_divided_by(uint64_t d)
{
	struct u256 q;
	unsigned __int128 rest = 0;

	for (int i = 3; i >= 0; i--) {
		rest = rest << 64 | UINT64_MAX;
		q.w[i] = (uint64_t)(rest / d);
		rest %= d;
	}
	return q;
}

uint32_t measure_bits(const struct chain_params *p, const struct clock *clock)
{
	const int64_t begin = clock_mono_us(clock), want_us = 700 * 1000;
	uint8_t header[HEADER_BYTES] = {0};
	const uint8_t never[32] = {0};
	struct u256 target, limit;
	uint64_t hashes = 0, tried;
	uint32_t nonce;
	int64_t took;

	if (p->spacing == 0)
		return p->pow_limit;
	do {
		pow_scan(header, never, (uint32_t)hashes, 65536, &nonce, &tried);
		hashes += tried;
		took = clock_mono_us(clock) - begin;
	} while (took < want_us);
	/* The target is met once in rate * spacing hashes. */
	target = max_divided_by(
		MAX((uint64_t)((double)hashes * 1e6 / (double)took * p->spacing), 1));
	if (target_from_bits(&limit, p->pow_limit) && u256_cmp(&target, &limit) > 0)
		return p->pow_limit;
	return target_to_bits(&target);
}
