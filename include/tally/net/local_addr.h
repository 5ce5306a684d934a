/* The address of this machine in its network. */
#ifndef TALLY_NET_LOCAL_ADDR_H
#define TALLY_NET_LOCAL_ADDR_H

#include <tally/net/addr.h>

/* Finds the address at which other machines most likely reach this one: the source address of the
 * default route, else an interface's (private before public, IPv4 before IPv6), else 127.0.0.1. The
 * port is 0. Sends no packets. */
void net_local_address(struct net_addr *out);

#endif
