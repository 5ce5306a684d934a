/* Opening and closing. */
#include <stdlib.h>

#include <tally/base/mem.h>

#include "wallet/drafts_priv.h"
#include "wallet/wallet_priv.h"

bool wallet_open(struct wallet **out, const struct wallet_options *o, struct err *e)
{
	struct wallet *w = NEW(struct wallet);

	w->o = *o;
	records_init(w);
	if (!keys_load(w, e) || !records_load(w, e)) {
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
	records_free(w);
	keys_free(w);
	free(w->locator);
	free(w);
}
