/* Transactions, in Bitcoin's layout. A decoded transaction never changes. It keeps its bytes, and its
 * scripts point into them. */
#ifndef TALLY_PRIMITIVES_TX_H
#define TALLY_PRIMITIVES_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/crypto/hash.h>

#define TX_VERSION          1
#define TX_MAX_BYTES        100000
#define TXIN_MIN_BYTES      41
#define TXOUT_MIN_BYTES     9
#define OUTPOINT_BYTES      36
#define SEQUENCE_FINAL      UINT32_C(0xffffffff)
#define OUTPOINT_NULL_INDEX UINT32_C(0xffffffff)

struct outpoint {
	struct txid txid;
	uint32_t index;
};
struct txin {
	struct outpoint prev;
	uint32_t sequence;
	struct span script;
};
struct txout {
	int64_t value;
	struct span script;
};

struct tx {
	struct txid id;
	int32_t version;
	uint32_t lock_time;
	uint32_t n_in, n_out;
	const struct txin *in;
	const struct txout *out;
	struct span raw; /* the serialised transaction */
	unsigned refs;   /* 0: it belongs to a block */
};

/* Decodes exactly one transaction into the heap, with one reference. The bytes are copied. Checks the
 * layout only, not the rules: scripts may have any length, and there may be no inputs. ERR_DECODE
 * "tx-…" for a malformed transaction or one of more than BLOCK_MAX_BYTES, ERR_IO "no-memory". */
bool tx_decode(struct tx **out, const void *bytes, size_t n, struct err *e);
struct tx *tx_ref(struct tx *tx);
void tx_unref(struct tx *tx); /* NULL is harmless */
/* A copy on the heap with one reference, which outlives the block of the original. */
struct tx *tx_copy(const struct tx *tx);

/* Serialises a transaction of these parts. */
void tx_write(struct writer *w, const struct txin *in, size_t n_in, const struct txout *out,
	      size_t n_out, uint32_t lock_time);

bool outpoint_is_null(const struct outpoint *o);
bool tx_is_coinbase(const struct tx *tx); /* exactly one input, the null outpoint */
/* The txid and the little-endian index, 36 bytes: the key under which coins are kept. */
void outpoint_pack(uint8_t out[OUTPOINT_BYTES], const struct outpoint *o);
void outpoint_unpack(struct outpoint *o, const uint8_t in[OUTPOINT_BYTES]);

/* For block_decode, which reads the bytes twice. tx_scan skips one transaction and counts its inputs
 * and outputs; it fails, as does the reader, if a count is larger than the bytes left allow. tx_parse
 * then sets all fields including the txid; `ins` and `outs` have room for those counts. */
bool tx_scan(struct reader *r, size_t *n_in, size_t *n_out);
void tx_parse(struct reader *r, struct tx *tx, struct txin *ins, struct txout *outs);

#endif
