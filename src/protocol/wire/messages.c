#include "protocol/wire/messages_priv.h"

#include <string.h>

#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

static const struct msg_type table[MSG_KINDS] = {
	[MSG_VERSION] = {"version", DIR_IN | DIR_OUT, .first = true, .handle = handle_version},
	[MSG_VERACK] = {"verack", DIR_IN | DIR_OUT, .handle = handle_verack},
	[MSG_GETBLOCKS] = {"getblocks", DIR_IN | DIR_OUT, .handle = handle_getblocks},
	[MSG_GETHEADERS] = {"getheaders", DIR_IN | DIR_OUT, .handle = handle_getheaders},
	[MSG_INV] = {"inv", DIR_IN | DIR_OUT, .handle = handle_inv},
	[MSG_GETDATA] = {"getdata", DIR_IN | DIR_OUT, .handle = handle_getdata},
	[MSG_NOTFOUND] = {"notfound", DIR_IN | DIR_OUT, .handle = handle_notfound},
	[MSG_BLOCK] = {"block", DIR_IN | DIR_OUT, .handle = handle_block},
	[MSG_TX] = {"tx", DIR_IN | DIR_OUT, .handle = handle_tx},
	[MSG_HEADERS] = {"headers", DIR_IN | DIR_OUT, .handle = handle_headers},
	[MSG_PING] = {"ping", DIR_IN | DIR_OUT, .min_version = VERSION_PING_NONCE,
		      .handle = handle_ping},
	[MSG_PONG] = {"pong", DIR_IN | DIR_OUT, .min_version = VERSION_PING_NONCE,
		      .handle = handle_pong},
	[MSG_ADDR] = {"addr", DIR_IN | DIR_OUT, .min_version = VERSION_ADDR_TIME,
		      .handle = handle_addr},
	[MSG_GETADDR] = {"getaddr", DIR_IN | DIR_OUT, .min_version = VERSION_ADDR_TIME,
			 .handle = handle_getaddr},
	[MSG_MEMPOOL] = {"mempool", DIR_IN | DIR_OUT, .min_version = VERSION_MEMPOOL,
			 .handle = handle_mempool},
	[MSG_SENDHEADERS] = {"sendheaders", DIR_IN | DIR_OUT, .handle = handle_sendheaders},
};

const struct msg_type *msg_type_at(enum msg_kind kind)
{
	return &table[kind];
}

const char *msg_type_name(enum msg_kind kind)
{
	return kind < MSG_KINDS ? table[kind].name : "";
}

bool msg_type_find(const char *name, enum msg_kind *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(table[i].name, name) == 0) {
			*kind = (enum msg_kind)i;
			return true;
		}
	return false;
}
