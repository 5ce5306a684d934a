/* Back-off for outbound peers that disconnect soon. A node may complete the handshake and disconnect
 * every time. The address book counts that as a success, so without this back-off it would be
 * dialled again at once. */
#ifndef TALLY_NET_RECONNECT_BACKOFF_PRIV_H
#define TALLY_NET_RECONNECT_BACKOFF_PRIV_H

#include "net/net_priv.h"

/* Records that a connection that we dialled has ended. soon: it lasted under a minute. Then the
 * address is not dialled from the address book for 10 s, doubling with each time up to 640 s. */
void reconnect_backoff_note(struct net *n, const struct net_addr *a, bool soon, int64_t now);
bool reconnect_backoff_active(const struct net *n, const struct net_addr *a, int64_t now);

#endif
