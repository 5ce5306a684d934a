#ifndef TALLY_WALLET_KEY_STORE_PRIV_H
#define TALLY_WALLET_KEY_STORE_PRIV_H

#include "wallet/wallet_priv.h"

bool keys_load(struct wallet *w, struct err *e);
void keys_free(struct wallet *w);
/* NO_INDEX: not an own key. */
uint32_t keys_find(const struct wallet *w, const struct key_hash *kh);

#endif
