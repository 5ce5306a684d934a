/* Blocks and headers, in Bitcoin's layout. */
#ifndef TALLY_PRIMITIVES_BLOCK_H
#define TALLY_PRIMITIVES_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/crypto/hash.h>
#include <tally/primitives/tx.h>

#define BLOCK_VERSION   1
#define HEADER_BYTES    80
#define BLOCK_MAX_BYTES 4000000

struct block_header {
	int32_t version;
	struct block_hash prev;
	struct hash256 merkle_root;
	uint32_t time;
	uint32_t bits;
	uint32_t nonce;
};

/* A block on the heap: counted references share it, and it never changes. */
struct block {
	struct block_header header;
	struct block_hash hash;
	uint32_t n_tx;
	const struct tx *tx; /* n_tx transactions, whose scripts point into raw */
	struct span raw;
	unsigned refs;
};

void header_encode(uint8_t out[HEADER_BYTES], const struct block_header *h);
void header_decode(struct block_header *h, const uint8_t in[HEADER_BYTES]);
void header_hash(struct block_hash *out, const struct block_header *h);

/* Decodes exactly one block of at most BLOCK_MAX_BYTES and computes its txids. The bytes are copied.
 * Counts are compared with the bytes left before memory is allocated, so that a small message can't
 * cause a large allocation. A block without transactions decodes. ERR_DECODE "block-…", ERR_IO
 * "no-memory". */
bool block_decode(struct block **out, const void *bytes, size_t n, struct err *e);
/* As block_decode, but owns the bytes (of mem_alloc) instead of copying them, even if it fails. */
bool block_decode_take(struct block **out, uint8_t *take_bytes, size_t n, struct err *e);
struct block *block_ref(struct block *b);
void block_unref(struct block *b); /* NULL is harmless */
/* Builds a block from a header and serialised transactions. The caller guarantees that they decode and
 * fit into BLOCK_MAX_BYTES. */
struct block *block_make(const struct block_header *h, const struct span *raw_txs, size_t n);

#endif
