#ifndef TALLY_WALLET_BALANCE_PRIV_H
#define TALLY_WALLET_BALANCE_PRIV_H

#include "wallet/wallet_priv.h"

/* May the next payment spend it? */
bool coin_spendable(const struct wallet *w, const struct own_coin *c);

#endif
