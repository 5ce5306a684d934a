#include <tally/primitives/tx.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/primitives/block.h>

/* One allocation holds a transaction on the heap, then its arrays, then its bytes. */
static size_t tx_bytes(size_t n_in, size_t n_out, size_t n_raw)
{
	return sizeof(struct tx) + n_in * sizeof(struct txin) + n_out * sizeof(struct txout) +
	       n_raw;
}

static void tx_places(struct tx *tx, size_t n_in, size_t n_out, struct txin **ins,
		      struct txout **outs, uint8_t **raw)
{
	*ins = (struct txin *)(void *)(tx + 1);
	*outs = (struct txout *)(void *)(*ins + n_in);
	*raw = (uint8_t *)(*outs + n_out);
}

static bool count_fits(struct reader *r, uint64_t n, size_t each)
{
	if (n > reader_left(r) / each)
		reader_fail(r);
	return reader_ok(r);
}

bool tx_scan(struct reader *r, size_t *n_in, size_t *n_out)
{
	uint64_t ins, outs = 0;

	get_span(r, 4);
	ins = get_compact(r);
	if (!count_fits(r, ins, TXIN_MIN_BYTES))
		return false;
	for (uint64_t i = 0; i < ins && reader_ok(r); i++) {
		get_span(r, OUTPOINT_BYTES);
		get_var_span(r, SIZE_MAX);
		get_span(r, 4);
	}
	outs = get_compact(r);
	if (!count_fits(r, outs, TXOUT_MIN_BYTES))
		return false;
	for (uint64_t i = 0; i < outs && reader_ok(r); i++) {
		get_span(r, 8);
		get_var_span(r, SIZE_MAX);
	}
	get_span(r, 4);
	*n_in = (size_t)ins;
	*n_out = (size_t)outs;
	return reader_ok(r);
}

static void get_txin(struct reader *r, struct txin *in)
{
	get_bytes(r, in->prev.txid.h.b, HASH_BYTES);
	in->prev.index = get_le32(r);
	in->script = get_var_span(r, SIZE_MAX);
	in->sequence = get_le32(r);
}

static void get_txout(struct reader *r, struct txout *out)
{
	out->value = (int64_t)get_le64(r);
	out->script = get_var_span(r, SIZE_MAX);
}

void tx_parse(struct reader *r, struct tx *tx, struct txin *ins, struct txout *outs)
{
	const uint8_t *start = r->p;

	tx->refs = 0;
	tx->version = (int32_t)get_le32(r);
	tx->n_in = (uint32_t)get_compact(r);
	tx->in = ins;
	for (uint32_t i = 0; i < tx->n_in; i++)
		get_txin(r, &ins[i]);
	tx->n_out = (uint32_t)get_compact(r);
	tx->out = outs;
	for (uint32_t i = 0; i < tx->n_out; i++)
		get_txout(r, &outs[i]);
	tx->lock_time = get_le32(r);
	tx->raw = (struct span){start, (size_t)(r->p - start)};
	sha256d(&tx->id.h, tx->raw.p, tx->raw.len);
}

bool tx_decode(struct tx **out, const void *bytes, size_t n, struct err *e)
{
	struct txin *ins;
	struct txout *outs;
	struct reader r;
	size_t n_in, n_out;
	struct tx *tx;
	uint8_t *raw;

	/* No block could hold a larger one, and the counts of this one fit in 32 bits. */
	if (n > BLOCK_MAX_BYTES)
		return err_set(e, ERR_DECODE, "tx-oversize",
			       "a transaction of %zu bytes: at most %d", n, BLOCK_MAX_BYTES);
	reader_init(&r, bytes, n);
	if (!tx_scan(&r, &n_in, &n_out))
		return err_set(
			e, ERR_DECODE, "tx-malformed",
			"the %zu bytes are not a transaction: a count or length is wrong, or bytes "
			"are missing",
			n);
	if (!reader_done(&r))
		return err_set(e, ERR_DECODE, "tx-trailing",
			       "%zu bytes follow after the end of the transaction",
			       reader_left(&r));
	tx = mem_try(tx_bytes(n_in, n_out, n));
	if (!tx)
		return err_set(e, ERR_IO, "no-memory", "no memory for a transaction of %zu bytes",
			       n);
	tx_places(tx, n_in, n_out, &ins, &outs, &raw);
	memcpy(raw, bytes, n);
	reader_init(&r, raw, n);
	tx_parse(&r, tx, ins, outs);
	assert(reader_done(&r));
	tx->refs = 1;
	*out = tx;
	return true;
}

struct tx *tx_ref(struct tx *tx)
{
	assert(tx->refs > 0);
	tx->refs++;
	return tx;
}

void tx_unref(struct tx *tx)
{
	if (!tx)
		return;
	assert(tx->refs > 0);
	if (--tx->refs == 0)
		free(tx);
}

/* The same span, for bytes that were copied to another place. */
static struct span moved(struct span s, const uint8_t *from, const uint8_t *to)
{
	return (struct span){to + (s.p - from), s.len};
}

struct tx *tx_copy(const struct tx *tx)
{
	struct txin *ins;
	struct txout *outs;
	struct tx *copy = mem_alloc(tx_bytes(tx->n_in, tx->n_out, tx->raw.len));
	uint8_t *raw;

	tx_places(copy, tx->n_in, tx->n_out, &ins, &outs, &raw);
	*copy = *tx;
	memcpy(raw, tx->raw.p, tx->raw.len);
	for (uint32_t i = 0; i < tx->n_in; i++) {
		ins[i] = tx->in[i];
		ins[i].script = moved(tx->in[i].script, tx->raw.p, raw);
	}
	for (uint32_t i = 0; i < tx->n_out; i++) {
		outs[i] = tx->out[i];
		outs[i].script = moved(tx->out[i].script, tx->raw.p, raw);
	}
	copy->in = ins;
	copy->out = outs;
	copy->raw.p = raw;
	copy->refs = 1;
	return copy;
}

static void put_outpoint(struct writer *w, const struct outpoint *o)
{
	put_bytes(w, o->txid.h.b, HASH_BYTES);
	put_le32(w, o->index);
}

void tx_write(struct writer *w, const struct txin *in, size_t n_in, const struct txout *out,
	      size_t n_out, uint32_t lock_time)
{
	put_le32(w, TX_VERSION);
	put_compact(w, n_in);
	for (size_t i = 0; i < n_in; i++) {
		put_outpoint(w, &in[i].prev);
		put_var_bytes(w, in[i].script.p, in[i].script.len);
		put_le32(w, in[i].sequence);
	}
	put_compact(w, n_out);
	for (size_t i = 0; i < n_out; i++) {
		put_le64(w, (uint64_t)out[i].value);
		put_var_bytes(w, out[i].script.p, out[i].script.len);
	}
	put_le32(w, lock_time);
}

bool outpoint_is_null(const struct outpoint *o)
{
	return o->index == OUTPOINT_NULL_INDEX && hash256_is_zero(&o->txid.h);
}

bool tx_is_coinbase(const struct tx *tx)
{
	return tx->n_in == 1 && outpoint_is_null(&tx->in[0].prev);
}

void outpoint_pack(uint8_t out[OUTPOINT_BYTES], const struct outpoint *o)
{
	memcpy(out, o->txid.h.b, HASH_BYTES);
	set_le32(out + HASH_BYTES, o->index);
}

void outpoint_unpack(struct outpoint *o, const uint8_t in[OUTPOINT_BYTES])
{
	memcpy(o->txid.h.b, in, HASH_BYTES);
	o->index = le32(in + HASH_BYTES);
}
