/* The parts of the control port: its cookie and its door. */
#ifndef TALLY_CONTROL_CONTROL_PRIV_H
#define TALLY_CONTROL_CONTROL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>

#define CONTROL_AUTH_CHARS 127

struct event_base;
struct evhttp;
struct http_admission;

/* control_cookie.c: makes a new secret and writes it to the file, readable by its owner alone. auth gets the value
 * of the Authorization header that a client must send. */
bool cookie_make(const char *path, char auth[CONTROL_AUTH_CHARS + 1], struct err *e);
/* Is this what a client must send? In time that tells nothing. given may be NULL. */
bool cookie_matches(const char auth[CONTROL_AUTH_CHARS + 1], const char *given);

/* control_door.c: connections to `http` on loopback, as many as there is room for. Who has not shown the
 * secret may not send much, nor stay long. auth is borrowed. ERR_IO "port-in-use". */
bool http_admission_open(struct http_admission **out, struct event_base *base, struct evhttp *http,
			 uint16_t port, const char *auth, struct err *e);
void http_admission_tick(
	struct http_admission *d); /* every second: opens again where there was no room */
/* After evhttp_free, which frees the listener. NULL is harmless. */
void http_admission_free(struct http_admission *d);

#endif
