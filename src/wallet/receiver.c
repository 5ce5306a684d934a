#include <tally/wallet/receiver.h>

#include <tally/wallet/wallet.h>

bool receiver_resolve(struct wallet *w, const char *text, bool make, struct key_hash *out,
		      struct err *e)
{
	if (text[0] == '@')
		text++;
	else if (address_looks_like(text))
		return address_decode(out, text, e);
	if (!label_check(text, e))
		return false;
	if (make)
		return wallet_label_address(w, text, out, e);
	if (wallet_find_label(w, text, out))
		return true;
	return err_set(e, ERR_NOTFOUND, "unknown-label",
		       "'%s' is neither an address nor a label of this wallet: see listaddresses",
		       text);
}
