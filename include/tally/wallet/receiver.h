/* A receiver as a person names it: an address, or a label of the wallet. "@alice" is always the
 * label alice. */
#ifndef TALLY_WALLET_RECEIVER_H
#define TALLY_WALLET_RECEIVER_H

#include <stdbool.h>

#include <tally/base/err.h>
#include <tally/crypto/address.h>

struct wallet;

/* make: a label without an address gets a new one. Otherwise ERR_NOTFOUND "unknown-label".
 * ERR_USAGE as label_check_receiver. */
bool receiver_resolve(struct wallet *w, const char *text, bool make, struct key_hash *out,
		      struct err *e);

#endif
