/* The struct and the keys that the files of the chain's store share. */
#ifndef TALLY_STORE_STORE_PRIV_H
#define TALLY_STORE_STORE_PRIV_H

#include <tally/store/store.h>

#include "store/env_priv.h"

enum store_table {
	STORE_HEADERS,
	STORE_BLOCKS,
	STORE_UNDO,
	STORE_COINS,
	STORE_META,
	STORE_ADDRS,
	STORE_TABLES
};

struct store {
	struct env env;
};

/* The key of headers, bodies and undo data. It is big-endian, so that key order is height order. */
#define STORE_KEY_BYTES STORE_HEADER_KEY_BYTES
void store_key(uint8_t out[STORE_KEY_BYTES], uint32_t height, uint32_t seq);

#endif
