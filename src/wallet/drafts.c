/* Payments that a user was shown and has not yet sent or cancelled, the oldest first. */
#include "wallet/drafts_priv.h"

#include <string.h>

#include "wallet/wallet_priv.h"

static size_t draft_index(const struct wallet *w, const struct txid *id)
{
	size_t i = 0;

	while (i < w->n_drafts && !hash256_equal(&w->drafts[i]->tx->id.h, &id->h))
		i++;
	return i;
}

static void remove_draft(struct wallet *w, size_t i)
{
	payment_free(w->drafts[i]);
	w->n_drafts--;
	memmove(&w->drafts[i], &w->drafts[i + 1], (w->n_drafts - i) * sizeof(struct payment *));
}

const struct payment *wallet_keep_draft(struct wallet *w, struct payment *p)
{
	wallet_drop_draft(w, &p->tx->id);
	if (w->n_drafts == WALLET_DRAFTS_MAX)
		remove_draft(w, 0);
	w->drafts[w->n_drafts++] = p;
	return p;
}

const struct payment *wallet_find_draft(const struct wallet *w, const struct txid *id)
{
	const size_t i = draft_index(w, id);

	return i < w->n_drafts ? w->drafts[i] : NULL;
}

void wallet_drop_draft(struct wallet *w, const struct txid *id)
{
	const size_t i = draft_index(w, id);

	if (i < w->n_drafts)
		remove_draft(w, i);
}

void drafts_free(struct wallet *w)
{
	while (w->n_drafts)
		remove_draft(w, w->n_drafts - 1);
}
