/* The genesis block, which identifies a chain. Source: tally-protocol(7), GENESIS. */
#include <tally/consensus/params.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/text.h>
#include <tally/consensus/rules.h>
#include <tally/consensus/target.h>
#include <tally/crypto/pow.h>
#include <tally/primitives/script.h>

/* The coinbase script: height 0, the name's length, the name. */
#define NAME_AT 2
#define NONCES  (UINT64_C(1) << 32)

static bool check_name(const void *name, size_t n, struct err *e)
{
	if (n < 1 || n > CHAIN_NAME_MAX)
		return err_set(e, ERR_INVALID, "genesis-name",
			       "the chain's name has %zu bytes: from 1 to %d are allowed", n,
			       CHAIN_NAME_MAX);
	if (!utf8_printable(name, n))
		return err_set(
			e, ERR_INVALID, "genesis-name",
			"the chain's name is not plain text: it must be UTF-8 without control characters");
	return true;
}

/* Checks the bits, which apply to block 1 and later ones. params_check has passed. */
static bool check_bits(const struct chain_params *p, struct err *e)
{
	struct u256 target, limit;

	if (!target_from_bits(&target, p->genesis_bits) ||
	    target_to_bits(&target) != p->genesis_bits)
		return err_set(e, ERR_INVALID, "genesis-bits",
			       "bits 0x%08x: not a compact target in its shortest form",
			       p->genesis_bits);
	target_from_bits(&limit, p->pow_limit);
	if (u256_cmp(&target, &limit) > 0)
		return err_set(e, ERR_INVALID, "genesis-bits",
			       "bits 0x%08x: easier than pow-limit 0x%08x", p->genesis_bits,
			       p->pow_limit);
	if (p->spacing == 0 && p->genesis_bits != p->pow_limit)
		return err_set(e, ERR_INVALID, "genesis-bits",
			       "bits 0x%08x: with spacing 0 they must be pow-limit, 0x%08x",
			       p->genesis_bits, p->pow_limit);
	return true;
}

static bool read_input(struct chain_params *p, const struct tx *tx, struct err *e)
{
	struct span script = tx->in[0].script;

	if (tx->in[0].sequence != SEQUENCE_FINAL)
		return err_set(e, ERR_INVALID, "genesis-sequence", "sequence %08x: want ffffffff",
			       tx->in[0].sequence);
	if (script.p[0] != 0)
		return err_set(e, ERR_INVALID, "bad-cb-height",
			       "the coinbase of genesis does not begin with height 0");
	if (script.len != NAME_AT + (size_t)script.p[1])
		return err_set(e, ERR_INVALID, "genesis-name",
			       "the name should have %u bytes and has %zu", script.p[1],
			       script.len - NAME_AT);
	if (!check_name(script.p + NAME_AT, script.len - NAME_AT, e))
		return false;
	memset(p->name, 0, sizeof p->name);
	memcpy(p->name, script.p + NAME_AT, script.len - NAME_AT);
	return true;
}

static bool read_outputs(struct chain_params *p, const struct tx *tx, struct err *e)
{
	struct span owner, record;

	if (tx->n_out != 2)
		return err_set(e, ERR_INVALID, "genesis-outputs", "%u outputs: want 2", tx->n_out);
	if (script_output(tx->out[0].script, &owner) != SCRIPT_PAY)
		return err_set(e, ERR_INVALID, "genesis-outputs",
			       "the first output does not pay an address");
	memcpy(p->creator.b, owner.p, KEY_HASH_BYTES);
	if (script_output(tx->out[1].script, &record) != SCRIPT_MEMO ||
	    record.len != PARAMS_RECORD_BYTES)
		return err_set(e, ERR_INVALID, "genesis-outputs",
			       "the second output is not a memo of %d bytes", PARAMS_RECORD_BYTES);
	if (!params_decode(p, record.p, e))
		return false;
	if (tx->out[0].value != p->reward)
		return err_set(e, ERR_INVALID, "genesis-reward",
			       "genesis pays %lld units: want the reward, %lld",
			       (long long)tx->out[0].value, (long long)p->reward);
	return true;
}

static bool read_coinbase(struct chain_params *p, const struct tx *tx, struct err *e)
{
	/* After tx_check the script of a coinbase has at least two bytes, and a memo has value 0. */
	if (!tx_check(tx, e))
		return false;
	if (!tx_is_coinbase(tx))
		return err_set(e, ERR_INVALID, "bad-cb-missing",
			       "the transaction is not a coinbase");
	if (tx->lock_time != 0)
		return err_set(e, ERR_INVALID, "genesis-lock-time", "lock_time %u: want 0",
			       tx->lock_time);
	return read_input(p, tx, e) && read_outputs(p, tx, e);
}

bool genesis_read(struct chain_params *p, const struct block *b, struct err *e)
{
	struct chain_params got = {0};

	if (!block_check_bytes(b, e))
		return false;
	if (b->header.version != BLOCK_VERSION)
		return err_set(e, ERR_INVALID, "bad-version", "version %d: only %d is known",
			       (int)b->header.version, BLOCK_VERSION);
	if (!hash256_is_zero(&b->header.prev.h))
		return err_set(e, ERR_INVALID, "genesis-prev",
			       "genesis names a previous block: its previous hash must be 0");
	if (b->n_tx != 1)
		return err_set(e, ERR_INVALID, "genesis-transactions", "%u transactions: want 1",
			       b->n_tx);
	if (!read_coinbase(&got, &b->tx[0], e))
		return false;
	got.genesis_hash = b->hash;
	got.genesis_bits = b->header.bits;
	got.genesis_time = b->header.time;
	if (!check_bits(&got, e))
		return false;
	/* The hash need not meet the bits of genesis itself, so that creating a chain takes a second
	 * even if its blocks take a day. */
	if (!pow_ok(&b->hash, got.pow_limit))
		return err_set(e, ERR_INVALID, "high-hash",
			       "the hash does not meet pow-limit 0x%08x", got.pow_limit);
	*p = got;
	return true;
}

/* The only transaction of genesis. */
static void write_coinbase(struct writer *w, const struct chain_params *p)
{
	uint8_t name[NAME_AT + CHAIN_NAME_MAX], record[PARAMS_RECORD_BYTES];
	uint8_t pay[SCRIPT_PAY_BYTES], memo[SCRIPT_MEMO_MAX + 2];
	size_t n = strlen(p->name);
	struct txin in = {.prev.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL};

	name[0] = 0;
	name[1] = (uint8_t)n;
	memcpy(name + NAME_AT, p->name, n);
	in.script = (struct span){name, NAME_AT + n};

	script_pay(pay, &p->creator);
	params_encode(record, p);
	size_t memo_bytes = script_memo(memo, record, sizeof record);
	struct txout out[2] = {
		{.value = p->reward, .script = {pay, sizeof pay}},
		{.value = 0, .script = {memo, memo_bytes}},
	};
	tx_write(w, &in, 1, out, 2, 0);
}

/* Finds a nonce that meets pow_limit. If none of 2^32 does, it tries again with the next second. */
static void find_nonce(struct block_header *h, uint32_t pow_limit)
{
	struct u256 target;
	uint8_t bytes[HEADER_BYTES], target_le[32];
	uint64_t tried;

	target_from_bits(&target, pow_limit);
	u256_to_le(target_le, &target);
	for (;;) {
		header_encode(bytes, h);
		if (pow_scan(bytes, target_le, 0, NONCES, &h->nonce, &tried))
			return;
		h->time++;
	}
}

bool genesis_make(struct block **out, struct chain_params *p, struct err *e)
{
	struct block_header h = {
		.version = BLOCK_VERSION, .time = p->genesis_time, .bits = p->genesis_bits};
	struct writer w;

	if (!params_check(p, e) || !check_name(p->name, strnlen(p->name, sizeof p->name), e) ||
	    !check_bits(p, e))
		return false;
	writer_init(&w);
	write_coinbase(&w, p);
	sha256d(&h.merkle_root, w.buf, w.len); /* the merkle root of one transaction is its txid */
	find_nonce(&h, p->pow_limit);
	*out = block_make(&h, &(struct span){w.buf, w.len}, 1);
	writer_clear(&w);
	p->genesis_hash = (*out)->hash;
	p->genesis_time = h.time;
	return true;
}
