/* Storage for the address book and the bans: small records in one table. */
#ifndef TALLY_NET_RECORDS_H
#define TALLY_NET_RECORDS_H

#include <tally/base/bytes.h>

/* Called at every change. NULL functions: the records are kept in memory only. */
struct record_store {
	void (*put)(void *ctx, struct span key, struct span record);
	void (*del)(void *ctx, struct span key);
	void *ctx;
};

#endif
