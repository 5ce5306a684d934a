/* Drafts: payments that a user was shown and has not yet sent or cancelled.
 *
 *     wallet_create_payment   build and sign; nothing is sent, no coin is reserved
 *     wallet_keep_draft       keep it while the user decides
 *     wallet_find_draft       find it again by its transaction id
 *     wallet_check_payment    can its coins still be spent?
 *     (the caller hands payment->tx to the mempool and commits the wallet)
 *     wallet_drop_draft       forget it, sent or cancelled
 *
 * A draft is in memory only and reserves nothing, so a draft that is never dropped does no harm. */
#ifndef TALLY_WALLET_DRAFTS_H
#define TALLY_WALLET_DRAFTS_H

#include <tally/wallet/create_tx.h>

#define WALLET_DRAFTS_MAX 16

/* Takes p. Returns it, borrowed, valid until it is dropped or replaced: one more than
 * WALLET_DRAFTS_MAX replaces the oldest. A draft with the same transaction id is replaced, too. */
const struct payment *wallet_keep_draft(struct wallet *w, struct payment *p);
/* Borrowed. NULL: no such draft. */
const struct payment *wallet_find_draft(const struct wallet *w, const struct txid *id);
void wallet_drop_draft(struct wallet *w, const struct txid *id); /* an unknown id is harmless */

#endif
