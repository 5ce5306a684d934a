/* Labels: names that a wallet keeps for its addresses. A user may type one instead of an address. */
#ifndef TALLY_CRYPTO_LABEL_H
#define TALLY_CRYPTO_LABEL_H

#include <stdbool.h>

#include <tally/base/err.h>

#define LABEL_MAX 64 /* bytes of UTF-8, without the NUL */

/* Fails with ERR_USAGE "bad-label" if the label is empty, longer than LABEL_MAX, not plain UTF-8,
 * begins or ends with a space, begins with '@', or looks like an address. */
bool label_check(const char *label, struct err *e);
/* Checks what a user typed for the receiver of coins: an address, a label, or '@' and a label. Fails
 * with ERR_USAGE "bad-label" or "bad-address". Does not look the label up. */
bool label_check_receiver(const char *text, struct err *e);

#endif
