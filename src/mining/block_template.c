#include <tally/mining/block_template.h>

#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>
#include <tally/primitives/merkle.h>
#include <tally/primitives/script.h>

#define EXTRA_NONCE_BYTES 8

/* Its input holds the height and eight random bytes, which make the header of every node and every
 * job distinct. */
static struct tx *make_coinbase(const struct rng *rng, uint32_t height, int64_t value,
				const struct key_hash *to)
{
	uint8_t script[SCRIPT_HEIGHT_MAX + EXTRA_NONCE_BYTES], pay[SCRIPT_PAY_BYTES];
	size_t len = script_height(script, height);
	struct txin in = {.prev.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL};
	struct txout out = {.value = value, .script = {pay, SCRIPT_PAY_BYTES}};
	struct writer w;
	struct tx *tx = NULL;

	rng_fill(rng, script + len, EXTRA_NONCE_BYTES);
	in.script = (struct span){script, len + EXTRA_NONCE_BYTES};
	script_pay(pay, to);
	writer_init(&w);
	tx_write(&w, &in, 1, &out, 1, 0);
	tx_decode(&tx, w.buf, w.len, NULL); /* can't fail: tx_write wrote it */
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

void block_template_make(struct block_template *t, const struct template_source *src,
			 const struct key_hash *to)
{
	const struct chain_params *p = chain_params(src->chain);
	const struct chain_entry tip = chain_tip(src->chain);
	const uint32_t height = tip.height + 1;
	const int64_t now = clock_unix(src->clock);

	*t = (struct block_template){0};
	mempool_assemble(src->mempool, p->max_block_bytes - BLOCK_RESERVE_BYTES, &t->txs, &t->n_txs,
			 &t->fees);
	t->coinbase = make_coinbase(src->rng, height, subsidy(p, height) + t->fees, to);
	t->raws = mem_array(t->n_txs + 1, sizeof(*t->raws));
	t->raws[0] = t->coinbase->raw;
	for (size_t i = 0; i < t->n_txs; i++)
		t->raws[i + 1] = t->txs[i]->raw;
	t->header = (struct block_header){
		.version = BLOCK_VERSION,
		.prev = tip.hash,
		/* At least the parent's time, even if this clock is behind. Source:
		 * tally-protocol(7), BLOCKS. */
		.time = (uint32_t)MAX(now, (int64_t)tip.time),
		.bits = chain_next_bits(src->chain, tip.index),
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
