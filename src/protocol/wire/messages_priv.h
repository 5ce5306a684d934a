/* The table of messages: one row for each, which says everything about it. */
#ifndef TALLY_PROTOCOL_WIRE_MESSAGES_PRIV_H
#define TALLY_PROTOCOL_WIRE_MESSAGES_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/protocol/protocol.h>

#include "protocol/wire/codec_priv.h"

struct peer;

/* Protocol versions from which a peer understands a message. Source: Bitcoin Core
 * node/protocol_version.h. getheaders: PROTOCOL_HEADERS_VERSION. */
#define VERSION_ADDR_TIME   31402 /* entries of addr carry a time */
#define VERSION_PING_NONCE  60001 /* BIP 31 */
#define VERSION_MEMPOOL     60002 /* BIP 35 */
#define VERSION_SENDHEADERS 70012 /* BIP 130 */

enum {
	DIR_IN = 1,  /* handled when a peer sends it */
	DIR_OUT = 2, /* this node sends it */
};

struct msg_type {
	const char *name;    /* on the wire, at most 12 characters */
	unsigned directions; /* DIR_IN, DIR_OUT */
	/* True for version: nothing is accepted before it, and it is accepted only once. */
	bool first;
	int32_t min_version; /* ignored from peers with a lower protocol version; 0: from none */

	/* Payload. A list has entries of item_bytes, at most items_max; both are 0 otherwise. */
	size_t item_bytes, items_max;
	/* Fills in m->u, which is all zeros. Spans and lists in it point into the payload. */
	bool (*decode)(struct msg *m, const struct msg_type *type, struct span payload,
		       struct err *e);
	/* Frees what decode allocated, also if decode failed. NULL: nothing. */
	void (*clear)(struct msg *m);
	/* Appends the payload. NULL: there is none. */
	void (*encode)(struct writer *w, const struct msg *m, const struct msg_type *type);
	/* Instead of encode, if the message holds its own encoding: it is sent without a copy. */
	struct span (*raw)(const struct msg *m);
	/* Adds to rec->summary, and sets rec->about. NULL: there is nothing to describe. */
	void (*describe)(const struct protocol *p, const struct msg *m, struct msg_record *rec);

	/* Called before the payload is decoded. False: it need not be decoded, everything is done,
	 * and rec says why. NULL: every payload is decoded. */
	bool (*precheck)(struct protocol *p, struct peer *peer, struct span payload,
			 struct msg_record *rec);
	/* NULL: the message has no effect. */
	void (*handle)(struct protocol *p, struct peer *peer, const struct msg *m);
	/* Called instead while there is no chain. */
	void (*handle_without_chain)(struct protocol *p, struct peer *peer, const struct msg *m);

	/* What the message says, in one sentence for people: received, and sent by us. */
	const char *meaning_in, *meaning_out;
};

#define X(kind, row) extern const struct msg_type msg_type_##row;
MSG_TABLE(X)
#undef X

/* The rows, by enum msg_kind. */
extern const struct msg_type *const msg_types[MSG_KINDS];

const char *msg_type_name(enum msg_kind kind);
/* False: no row has this name. */
bool msg_type_find(const char *name, enum msg_kind *kind);

/* Decodes a payload of this kind. A list or text points into it; a block or transaction is a
 * reference that msg_clear drops, also after a failure. ERR_DECODE names the message and the
 * field. */
bool msg_decode(struct msg *out, enum msg_kind kind, struct span payload, struct err *e);
void msg_clear(struct msg *m);
/* Appends the payload. */
void msg_encode(struct writer *w, const struct msg *m);

#endif
