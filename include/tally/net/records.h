/* Where address book and bans are kept: small records, in one table, told of at every change. */
#ifndef TALLY_NET_RECORDS_H
#define TALLY_NET_RECORDS_H

#include <tally/base/bytes.h>

/* NULL functions: in memory alone. */
struct record_store {
	void (*put)(void *ctx, struct span key, struct span record);
	void (*del)(void *ctx, struct span key);
	void *ctx;
};

#endif
