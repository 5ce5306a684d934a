/* The rules for headers and blocks. Source: tally-protocol(7), BLOCKS. */
#include <tally/consensus/rules.h>

#include <string.h>

#include <tally/consensus/target.h>
#include <tally/primitives/merkle.h>
#include <tally/primitives/script.h>

bool header_check(const struct block_header *h, const struct block_hash *hash,
		  const struct chain_params *p, const struct header_parent *parent, struct err *e)
{
	if (!pow_ok(hash, h->bits))
		return err_set(e, ERR_INVALID, "high-hash", "the hash does not meet bits %08x",
			       h->bits);
	uint32_t bits =
		next_bits(p, parent->height, parent->bits, parent->time, parent->grandparent_time);
	if (h->bits != bits)
		return err_set(e, ERR_INVALID, "bad-diffbits", "want %08x got %08x", bits, h->bits);
	if (h->time < parent->time)
		return err_set(e, ERR_INVALID, "time-too-old",
			       "time %u is %u s before the parent's", h->time,
			       parent->time - h->time);
	if (h->version != BLOCK_VERSION)
		return err_set(e, ERR_INVALID, "bad-version", "version %d: only %d is known",
			       (int)h->version, BLOCK_VERSION);
	return true;
}

bool header_check_clock(const struct block_header *h, int64_t now, struct err *e)
{
	int64_t ahead = (int64_t)h->time - now;

	if (ahead > MAX_FUTURE_SECONDS)
		return err_set(e, ERR_FUTURE, "time-too-new",
			       "time is %lld s ahead of this clock: at most %d", (long long)ahead,
			       MAX_FUTURE_SECONDS);
	return true;
}

bool block_check_bytes(const struct block *b, struct err *e)
{
	struct hash256 root;
	bool mutated;

	if (b->n_tx == 0)
		return err_set(e, ERR_MUTATED, "bad-blk-length", "the block has no transactions");
	block_merkle_root(&root, b, &mutated);
	if (!hash256_equal(&root, &b->header.merkle_root))
		return err_set(e, ERR_MUTATED, "bad-txnmrklroot",
			       "the merkle root is not that of the transactions");
	if (mutated)
		return err_set(e, ERR_MUTATED, "bad-txns-duplicate",
			       "transactions are repeated without changing the merkle root");
	for (size_t i = 0; i < b->n_tx; i++)
		if (b->tx[i].raw.len == 64)
			return err_set(e, ERR_MUTATED, "bad-txns-64byte",
				       "transaction %zu has 64 bytes", i);
	return true;
}

static bool check_height(const struct tx *coinbase, uint32_t height, struct err *e)
{
	struct span script = coinbase->in[0].script;
	uint8_t push[SCRIPT_HEIGHT_MAX];
	size_t n = script_height(push, height);

	if (script.len < n || memcmp(script.p, push, n) != 0)
		return err_set(e, ERR_INVALID, "bad-cb-height",
			       "the coinbase does not begin with height %u", height);
	return true;
}

bool block_check(const struct block *b, const struct chain_params *p, uint32_t height,
		 uint32_t parent_time, struct err *e)
{
	if (b->n_tx == 0 || b->raw.len > p->max_block_bytes)
		return err_set(e, ERR_INVALID, "bad-blk-length",
			       "%u transactions in %zu bytes: at most %u bytes", b->n_tx,
			       b->raw.len, p->max_block_bytes);
	if (!tx_is_coinbase(&b->tx[0]))
		return err_set(e, ERR_INVALID, "bad-cb-missing",
			       "the first transaction is not a coinbase");
	for (size_t i = 0; i < b->n_tx; i++) {
		const struct tx *tx = &b->tx[i];

		if (i > 0 && tx_is_coinbase(tx))
			return err_set(e, ERR_INVALID, "bad-cb-multiple",
				       "transaction %zu is a coinbase too", i);
		if (!tx_check(tx, e)) {
			err_prefix(e, "transaction %zu", i);
			return false;
		}
		if (!tx_final(tx, height, parent_time))
			return err_set(e, ERR_INVALID, "bad-txns-nonfinal",
				       "transaction %zu is locked until %u", i, tx->lock_time);
	}
	return check_height(&b->tx[0], height, e);
}

bool block_check_reward(const struct block *b, const struct chain_params *p, uint32_t height,
			int64_t fees, struct err *e)
{
	const struct tx *coinbase = &b->tx[0];
	int64_t paid = 0;

	if (!amount_valid(fees))
		return err_set(e, ERR_INVALID, "bad-txns-accumulated-fee-outofrange",
			       "the fees are more than all coins");
	for (size_t i = 0; i < coinbase->n_out; i++)
		paid += coinbase->out[i].value; /* can't overflow: tx_check has passed */
	int64_t most = subsidy(p, height) + fees;
	if (paid > most)
		return err_set(e, ERR_INVALID, "bad-cb-amount",
			       "the coinbase pays %lld units: at most %lld", (long long)paid,
			       (long long)most);
	return true;
}
