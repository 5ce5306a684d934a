/* The one table of messages: what each is called, who may send it when, who handles it. */
#ifndef TALLY_PROTOCOL_WIRE_MESSAGES_PRIV_H
#define TALLY_PROTOCOL_WIRE_MESSAGES_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/wire/codec_priv.h"

struct peer;

enum {
	DIR_IN = 1,  /* understood when it comes */
	DIR_OUT = 2, /* sent by us */
};

struct msg_type {
	const char *name;
	unsigned dir;
	bool first;          /* opens the handshake: before it nothing else, after it never again */
	int32_t min_version; /* of peers older than this it is ignored: it had another form */
	void (*handle)(struct protocol *p, struct peer *peer, struct msg *m);
};

const struct msg_type *msg_type_at(enum msg_kind kind);
const char *msg_type_name(enum msg_kind kind);
/* False: not a message of ours. */
bool msg_type_find(const char *name, enum msg_kind *kind);

#endif
