/* The digest that a signature signs. Source: tally-protocol(7), TRANSACTIONS, in the form of BIP 143. */
#include <tally/consensus/rules.h>

#include <tally/base/bytes.h>
#include <tally/primitives/script.h>

/* genesis, version, two hashes, outpoint, script with its length, value, sequence, a hash,
 * lock_time. */
#define PREIMAGE_BYTES (32 + 4 + 32 + 32 + OUTPOINT_BYTES + 1 + SCRIPT_PAY_BYTES + 8 + 4 + 32 + 4)

static void hash_outpoints(struct hash256 *out, const struct tx *tx)
{
	struct sha256d s;
	uint8_t packed[OUTPOINT_BYTES];

	sha256d_init(&s);
	for (size_t i = 0; i < tx->n_in; i++) {
		outpoint_pack(packed, &tx->in[i].prev);
		sha256d_update(&s, packed, sizeof packed);
	}
	sha256d_final(&s, out);
}

static void hash_sequences(struct hash256 *out, const struct tx *tx)
{
	struct sha256d s;
	uint8_t le[4];

	sha256d_init(&s);
	for (size_t i = 0; i < tx->n_in; i++) {
		set_le32(le, tx->in[i].sequence);
		sha256d_update(&s, le, sizeof le);
	}
	sha256d_final(&s, out);
}

/* In the bytes of a transaction the outputs are contiguous and end before lock_time. */
static void hash_outputs(struct hash256 *out, const struct tx *tx)
{
	size_t bytes = 0;

	for (size_t i = 0; i < tx->n_out; i++) {
		size_t script = tx->out[i].script.len;
		bytes += 8 + compact_bytes(script) + script;
	}
	sha256d(out, tx->raw.p + tx->raw.len - 4 - bytes, bytes);
}

void sighash_init(struct sighash *s, const struct tx *tx, const struct block_hash *genesis)
{
	s->genesis = genesis->h;
	s->tx = tx;
	hash_outpoints(&s->outpoints, tx);
	hash_sequences(&s->sequences, tx);
	hash_outputs(&s->outputs, tx);
}

void sighash_input(struct hash256 *digest, const struct sighash *s, size_t i,
		   const struct coin *spent)
{
	uint8_t preimage[PREIMAGE_BYTES], outpoint[OUTPOINT_BYTES], script[SCRIPT_PAY_BYTES];
	struct writer w;

	outpoint_pack(outpoint, &s->tx->in[i].prev);
	script_pay(script, &spent->owner);

	writer_init_fixed(&w, preimage, sizeof preimage);
	put_bytes(&w, s->genesis.b, HASH_BYTES);
	put_le32(&w, (uint32_t)s->tx->version);
	put_bytes(&w, s->outpoints.b, HASH_BYTES);
	put_bytes(&w, s->sequences.b, HASH_BYTES);
	put_bytes(&w, outpoint, sizeof outpoint);
	put_var_bytes(&w, script, sizeof script);
	put_le64(&w, (uint64_t)spent->value);
	put_le32(&w, s->tx->in[i].sequence);
	put_bytes(&w, s->outputs.b, HASH_BYTES);
	put_le32(&w, s->tx->lock_time);
	sha256d(digest, preimage, w.len);
}
