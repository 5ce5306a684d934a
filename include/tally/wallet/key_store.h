/* The wallet's keys, as addresses, and their labels. A label names one address. */
#ifndef TALLY_WALLET_KEY_STORE_H
#define TALLY_WALLET_KEY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/crypto/address.h>
#include <tally/crypto/label.h>
#include <tally/primitives/tx.h>

struct wallet;

/* Makes a key and returns its address; the key is on disk when this returns. label NULL or "":
 * none. ERR_KNOWN "label-taken", ERR_USAGE as label_check, or the database's errors. */
bool wallet_new_address(struct wallet *w, const char *label, struct key_hash *out, struct err *e);
bool wallet_find_label(const struct wallet *w, const char *label, struct key_hash *out);
/* The address of a label; made if there is none. */
bool wallet_label_address(struct wallet *w, const char *label, struct key_hash *out, struct err *e);
/* "" if the address is not the wallet's, or has no label. */
const char *wallet_label_of(const struct wallet *w, const struct key_hash *kh);
bool wallet_is_mine(const struct wallet *w, const struct key_hash *kh);
/* Does the transaction pay an own address? */
bool wallet_pays(const struct wallet *w, const struct tx *tx);

#endif
