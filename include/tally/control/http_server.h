/* The control port: JSON-RPC over HTTP on loopback, for clients written for Bitcoin Core. */
#ifndef TALLY_CONTROL_HTTP_SERVER_H
#define TALLY_CONTROL_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>

struct event_base;
struct control;
struct rpc;

struct control_options {
	struct event_base *base; /* borrowed */
	struct rpc *rpc;         /* borrowed; must outlive control_close */
	const char *dir;         /* the cookie file is made here */
	uint16_t port;           /* on 127.0.0.1 */
};
/* Accepts connections when this has returned. ERR_IO "port-in-use"; ERR_IO "cookie": the file can't
 * be written. */
bool control_open(struct control **out, const struct control_options *o, struct err *e);
/* Disconnects all clients; their calls go on without an answer. Deletes the cookie file. Before
 * rpc_close. NULL is harmless. */
void control_close(struct control *k);

#endif
