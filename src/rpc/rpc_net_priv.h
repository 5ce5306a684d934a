/* For commands about peers. */
#ifndef TALLY_RPC_RPC_NET_PRIV_H
#define TALLY_RPC_RPC_NET_PRIV_H

#include <jansson.h>

struct net_addr;

/* "10.1.2.3:3000", "[::1]:3000" */
json_t *json_net_addr(const struct net_addr *a);

#endif
