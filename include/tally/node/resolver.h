/* Name lookups on threads: the system's resolver blocks, and the loop must not. */
#ifndef TALLY_NODE_RESOLVER_H
#define TALLY_NODE_RESOLVER_H

#include <stdint.h>

#include <tally/base/err.h>

struct net_addr;
struct node;

#define RESOLVE_TEXT_MAX 300 /* bytes; a longer text is refused */

/* a is NULL if there is no address; why is set then. */
typedef void resolve_done(void *arg, const struct net_addr *a, const struct err *why);
/* Finds the address of HOST:PORT, HOST or PORT; port is used for a HOST without one. done is called
 * exactly once: within this call if no lookup is needed, otherwise from the loop, at the latest
 * when the node closes. ERR_USAGE "bad-address"; ERR_IO "no-lookup" if 8 lookups are running or
 * there is no thread; ERR_BUSY "stopping". */
void node_resolve(struct node *n, const char *text, uint16_t port, resolve_done *done, void *arg);

#endif
