#include <tally/primitives/block.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#define TX_MIN_BYTES 10 /* version, two counts, lock time */

void header_encode(uint8_t out[HEADER_BYTES], const struct block_header *h)
{
	set_le32(out, (uint32_t)h->version);
	memcpy(out + 4, h->prev.h.b, HASH_BYTES);
	memcpy(out + 36, h->merkle_root.b, HASH_BYTES);
	set_le32(out + 68, h->time);
	set_le32(out + 72, h->bits);
	set_le32(out + 76, h->nonce);
}

void header_decode(struct block_header *h, const uint8_t in[HEADER_BYTES])
{
	h->version = (int32_t)le32(in);
	memcpy(h->prev.h.b, in + 4, HASH_BYTES);
	memcpy(h->merkle_root.b, in + 36, HASH_BYTES);
	h->time = le32(in + 68);
	h->bits = le32(in + 72);
	h->nonce = le32(in + 76);
}

void header_hash(struct block_hash *out, const struct block_header *h)
{
	uint8_t bytes[HEADER_BYTES];

	header_encode(bytes, h);
	sha256d(&out->h, bytes, sizeof(bytes));
}

/* The counts of a block, from a first pass that allocates nothing. */
struct counts {
	size_t txs, ins, outs;
};

static bool count(struct reader *r, struct counts *c)
{
	uint64_t n;

	*c = (struct counts){0};
	get_span(r, HEADER_BYTES);
	n = get_compact(r);
	if (n > reader_left(r) / TX_MIN_BYTES)
		reader_fail(r);
	for (uint64_t i = 0; i < n && reader_ok(r); i++) {
		size_t n_in, n_out;

		if (!tx_scan(r, &n_in, &n_out))
			return false;
		c->ins += n_in;
		c->outs += n_out;
	}
	c->txs = (size_t)n;
	return reader_ok(r);
}

/* One allocation holds the block and then its transactions, inputs and outputs. The reader is at the
 * header. */
static struct block *parse(struct reader *r, const struct counts *c)
{
	size_t tx_bytes = c->txs * sizeof(struct tx), in_bytes = c->ins * sizeof(struct txin);
	struct block *b =
		mem_try(sizeof(*b) + tx_bytes + in_bytes + c->outs * sizeof(struct txout));
	struct txout *outs;
	struct txin *ins;
	struct tx *txs;

	if (!b)
		return NULL;
	txs = (struct tx *)(void *)(b + 1);
	ins = (struct txin *)(void *)(txs + c->txs);
	outs = (struct txout *)(void *)(ins + c->ins);
	b->raw = (struct span){r->p, reader_left(r)};
	header_decode(&b->header, get_span(r, HEADER_BYTES).p);
	sha256d(&b->hash.h, b->raw.p, HEADER_BYTES);
	b->n_tx = (uint32_t)get_compact(r);
	b->tx = txs;
	b->refs = 1;
	for (uint32_t i = 0; i < b->n_tx; i++) {
		tx_parse(r, &txs[i], ins, outs);
		ins += txs[i].n_in;
		outs += txs[i].n_out;
	}
	assert(reader_done(r));
	return b;
}

bool block_decode_take(struct block **out, uint8_t *take_bytes, size_t n, struct err *e)
{
	struct counts c;
	struct reader r;
	struct block *b;

	reader_init(&r, take_bytes, n);
	if (n > BLOCK_MAX_BYTES) {
		err_set(e, ERR_DECODE, "block-oversize", "a block of %zu bytes: at most %d", n,
			BLOCK_MAX_BYTES);
		goto bad;
	}
	if (!count(&r, &c)) {
		err_set(e, ERR_DECODE, "block-malformed",
			"the %zu bytes are not a block: a count or length is wrong, or bytes are missing",
			n);
		goto bad;
	}
	if (!reader_done(&r)) {
		err_set(e, ERR_DECODE, "block-trailing",
			"%zu bytes follow after the end of the block", reader_left(&r));
		goto bad;
	}
	reader_init(&r, take_bytes, n);
	b = parse(&r, &c);
	if (!b) {
		err_set(e, ERR_IO, "no-memory", "no memory for a block of %zu bytes", n);
		goto bad;
	}
	*out = b;
	return true;
bad:
	free(take_bytes);
	return false;
}

bool block_decode(struct block **out, const void *bytes, size_t n, struct err *e)
{
	uint8_t *copy;

	if (n > BLOCK_MAX_BYTES)
		return err_set(e, ERR_DECODE, "block-oversize", "a block of %zu bytes: at most %d",
			       n, BLOCK_MAX_BYTES);
	copy = mem_try(n);
	if (!copy)
		return err_set(e, ERR_IO, "no-memory", "no memory for a block of %zu bytes", n);
	if (n)
		memcpy(copy, bytes, n);
	return block_decode_take(out, copy, n, e);
}

struct block *block_ref(struct block *b)
{
	assert(b->refs > 0);
	b->refs++;
	return b;
}

void block_unref(struct block *b)
{
	if (!b)
		return;
	assert(b->refs > 0);
	if (--b->refs == 0) {
		free((void *)(uintptr_t)b->raw.p);
		free(b);
	}
}

struct block *block_make(const struct block_header *h, const struct span *raw_txs, size_t n)
{
	struct block *b = NULL;
	struct writer w;
	uint8_t *bytes;
	size_t len;
	bool ok;

	writer_init(&w);
	put_bytes(&w, (uint8_t[HEADER_BYTES]){0}, HEADER_BYTES);
	header_encode(w.buf, h);
	put_compact(&w, n);
	for (size_t i = 0; i < n; i++)
		put_bytes(&w, raw_txs[i].p, raw_txs[i].len);
	bytes = writer_take(&w, &len);
	ok = block_decode_take(&b, bytes, len, NULL);
	assert(ok);
	(void)ok;
	return b;
}
