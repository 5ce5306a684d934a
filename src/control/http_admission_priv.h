/* Accepts connections to the control port, and limits what a client may use before it has sent the
 * secret. */
#ifndef TALLY_CONTROL_HTTP_ADMISSION_PRIV_H
#define TALLY_CONTROL_HTTP_ADMISSION_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>

struct event_base;
struct evhttp;
struct http_admission;

/* Listens on 127.0.0.1 and hands connections to `http`. auth: the header that proves a client,
 * borrowed. ERR_IO "port-in-use". */
bool http_admission_open(struct http_admission **out, struct event_base *base, struct evhttp *http,
			 uint16_t port, const char *auth, struct err *e);
/* Call after evhttp_free, which frees the listener. NULL is harmless. */
void http_admission_free(struct http_admission *d);

#endif
