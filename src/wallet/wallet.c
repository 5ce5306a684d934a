/* Opening and closing the wallet. */
#include <tally/wallet/wallet.h>

#include <stdlib.h>

#include <tally/base/mem.h>

#include "wallet/drafts_priv.h"
#include "wallet/key_store_priv.h"
#include "wallet/tx_db_priv.h"
#include "wallet/tx_state_priv.h"

bool wallet_open(struct wallet **out, const struct wallet_options *o, struct err *e)
{
	struct wallet *w = NEW(struct wallet);

	w->o = *o;
	tx_state_init(w);
	if (!keys_load(w, e) || !tx_db_load(w, e)) {
		wallet_close(w);
		return false;
	}
	*out = w;
	return true;
}

void wallet_close(struct wallet *w)
{
	if (!w)
		return;
	drafts_free(w);
	tx_state_free(w);
	keys_free(w);
	free(w->locator);
	free(w);
}
