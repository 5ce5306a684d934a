/* The secret of the control port. */
#ifndef TALLY_CONTROL_COOKIE_PRIV_H
#define TALLY_CONTROL_COOKIE_PRIV_H

#include <stdbool.h>

#include <tally/base/err.h>

#define COOKIE_AUTH_CHARS 127

/* Makes a new secret and writes it to the file at `path`, which only its owner can read. auth gets
 * the value of the Authorization header that a client must send. ERR_IO "cookie". */
bool cookie_make(const char *path, char auth[COOKIE_AUTH_CHARS + 1], struct err *e);
/* Compares the header that a client sent (NULL: none) with auth, in constant time: how long it
 * takes does not reveal how much of a guess is right. */
bool cookie_matches(const char auth[COOKIE_AUTH_CHARS + 1], const char *given);

#endif
