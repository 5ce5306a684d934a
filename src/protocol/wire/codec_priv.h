/* Payloads of the messages: one struct a message, decoded in place. Source: tally-protocol(7), MESSAGES. */
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
#include <tally/protocol/protocol.h>

#define INV_MAX     50000
#define HEADERS_MAX 2000
#define ADDR_MAX    1000

#define INV_ITEM_BYTES     36
#define HEADERS_ITEM_BYTES 81
#define ADDR_ITEM_BYTES    30

enum inv_type { INV_TX = 1, INV_BLOCK = 2, INV_FILTERED_BLOCK = 3 };

enum msg_kind {
	MSG_VERSION,
	MSG_VERACK,
	MSG_GETBLOCKS,
	MSG_GETHEADERS,
	MSG_INV,
	MSG_GETDATA,
	MSG_NOTFOUND,
	MSG_BLOCK,
	MSG_TX,
	MSG_HEADERS,
	MSG_PING,
	MSG_PONG,
	MSG_ADDR,
	MSG_GETADDR,
	MSG_MEMPOOL,
	MSG_SENDHEADERS,
	MSG_KINDS
};

/* services, IP and port as in a version message, where they carry no time. */
struct msg_service {
	uint64_t services;
	struct net_addr addr;
};

struct msg_version {
	int32_t version;
	uint64_t services;
	int64_t time;
	struct msg_service to, from;
	/* What an old peer may leave out; `fields` says how many of them are there, in this order. */
	unsigned fields; /* 0..4 */
	uint64_t nonce;
	struct span agent;
	int32_t start_height; /* 0 where left out */
	bool relay;           /* true where left out */
};
#define VERSION_FIELDS 4

struct msg_locator {
	uint32_t version;
	size_t n;
	const uint8_t *hashes; /* n times 32 bytes, in place */
	struct block_hash stop;
};

/* inv, getdata, notfound, headers and addr: entries of a fixed size, in place. */
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

/* Decodes a payload of this kind. Lists and texts point into it; a block or transaction is a
 * reference of its own: msg_clear. ERR_DECODE names command and field. */
bool msg_decode(struct msg *out, enum msg_kind kind, struct span payload, struct err *e);
void msg_clear(struct msg *m);
/* Appends the payload. */
void msg_encode(struct writer *w, const struct msg *m);

struct inv_item {
	uint32_t type;
	struct hash256 hash;
};
struct inv_item msg_inv_at(const struct msg_list *l, size_t i);
void put_inv_item(struct writer *w, uint32_t type, const struct hash256 *hash);

struct addr_item {
	uint32_t time;
	struct msg_service s;
};
struct addr_item msg_addr_at(const struct msg_list *l, size_t i);
void put_addr_item(struct writer *w, const struct addr_item *a);

void msg_header_at(const struct msg_list *l, size_t i, struct block_header *out);
void put_headers_item(struct writer *w, const struct block_header *h);

/* The tag `chain=<64 hex digits>` in a user agent's comments. True: *found tells whether there is one.
 * False: there is one and it is malformed. */
bool agent_chain(struct span agent, struct block_hash *out, bool *found);

#endif
