#ifndef TALLY_WALLET_DRAFTS_PRIV_H
#define TALLY_WALLET_DRAFTS_PRIV_H

#include <tally/wallet/drafts.h>

void drafts_free(struct wallet *w);

#endif
