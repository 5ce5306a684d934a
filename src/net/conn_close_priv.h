#ifndef TALLY_NET_CONN_CLOSE_PRIV_H
#define TALLY_NET_CONN_CLOSE_PRIV_H

#include "net/net_priv.h"

/* Closes an open connection; does nothing if it is closed already. `closed` is reported from the
 * loop, and conn_reap frees it. linger: first send what is queued. The format is the reason. */
void conn_close(struct conn *c, enum close_kind kind, bool linger, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
