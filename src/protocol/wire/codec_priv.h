/* Payloads of messages: the decoded form of each, and the encodings that several messages share.
 * Source: tally-protocol(7), MESSAGES. */
#ifndef TALLY_PROTOCOL_WIRE_CODEC_PRIV_H
#define TALLY_PROTOCOL_WIRE_CODEC_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/chain/chain.h>
#include <tally/crypto/hash.h>
#include <tally/net/addr.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

/* Entries in one message. */
#define INV_MAX     50000
#define HEADERS_MAX 2000
#define ADDR_MAX    1000

#define INV_ITEM_BYTES     36
#define HEADERS_ITEM_BYTES 81
#define ADDR_ITEM_BYTES    30

/* Every message of the protocol: KIND, and the row msg_type_ROW that some file defines. One line
 * here and that row make a message. */
#define MSG_TABLE(X)              \
	X(VERSION, version)       \
	X(VERACK, verack)         \
	X(GETBLOCKS, getblocks)   \
	X(GETHEADERS, getheaders) \
	X(INV, inv)               \
	X(GETDATA, getdata)       \
	X(NOTFOUND, notfound)     \
	X(BLOCK, block)           \
	X(TX, tx)                 \
	X(HEADERS, headers)       \
	X(PING, ping)             \
	X(PONG, pong)             \
	X(ADDR, addr)             \
	X(GETADDR, getaddr)       \
	X(MEMPOOL, mempool)       \
	X(SENDHEADERS, sendheaders)

enum msg_kind {
#define X(kind, row) MSG_##kind,
	MSG_TABLE(X)
#undef X
		MSG_KINDS
};

enum inv_type { INV_TX = 1, INV_BLOCK = 2, INV_FILTERED_BLOCK = 3 };

/* An address as in a version message: without the time that entries of addr have. */
struct msg_service {
	uint64_t services;
	struct net_addr addr;
};

struct msg_version {
	int32_t version;
	uint64_t services;
	int64_t time;
	struct msg_service to, from;
	/* An old peer may omit the rest. `fields` says how many of them are present, in this
	 * order. */
	unsigned fields; /* 0 to VERSION_FIELDS */
	uint64_t nonce;
	struct span agent;
	int32_t start_height; /* 0 if omitted; -1: the sender has no chain */
	bool relay;           /* the sender wants transactions; true if omitted */
};
#define VERSION_FIELDS 4

struct msg_locator {
	uint32_t version;
	size_t n;
	const uint8_t *hashes; /* n times 32 bytes, inside the payload */
	struct block_hash stop;
};

/* Entries of fixed size, inside the payload. */
struct msg_list {
	size_t n;
	const uint8_t *items;
};

struct msg {
	enum msg_kind kind;
	union {
		struct msg_version version;
		struct msg_locator locator; /* getblocks, getheaders */
		struct msg_list list;       /* inv, getdata, notfound, headers, addr */
		struct block *block;
		struct tx *tx;
		uint64_t nonce; /* ping, pong */
	} u;
};

/* Sets ERR_DECODE "NAME-FIELD" and returns false. */
bool msg_malformed(struct err *e, const char *name, const char *field);

/* For rows of the message table (struct msg_type): list is a count and entries of type->item_bytes;
 * empty is a payload of no bytes. */
struct msg_type;
bool msg_decode_list(struct msg *m, const struct msg_type *type, struct span payload,
		     struct err *e);
void msg_encode_list(struct writer *w, const struct msg *m, const struct msg_type *type);
bool msg_decode_empty(struct msg *m, const struct msg_type *type, struct span payload,
		      struct err *e);

void get_service(struct reader *r, struct msg_service *s);
void put_service(struct writer *w, const struct msg_service *s);

/* One entry of inv, getdata or notfound. */
struct inv_item {
	uint32_t type; /* enum inv_type, or unknown to us */
	struct hash256 hash;
};
struct inv_item msg_inv_at(const struct msg_list *l, size_t i);
void put_inv_item(struct writer *w, uint32_t type, const struct hash256 *hash);

struct addr_item {
	uint32_t time; /* unix seconds */
	struct msg_service s;
};
struct addr_item msg_addr_at(const struct msg_list *l, size_t i);
void put_addr_item(struct writer *w, const struct addr_item *a);

void msg_header_at(const struct msg_list *l, size_t i, struct block_header *out);
void put_headers_item(struct writer *w, const struct block_header *h);

#endif
