#include <tally/crypto/label.h>

#include <string.h>

#include <tally/base/text.h>
#include <tally/crypto/address.h>

bool label_check(const char *label, struct err *e)
{
	size_t n = strlen(label);

	if (n == 0)
		return err_set(e, ERR_USAGE, "bad-label",
			       "the label is empty: give at least one character");
	if (n > LABEL_MAX)
		return err_set(e, ERR_USAGE, "bad-label", "the label has %zu bytes: at most %d", n,
			       LABEL_MAX);
	if (!utf8_plain(label, n))
		return err_set(e, ERR_USAGE, "bad-label",
			       "the label has characters that can't be displayed: give plain text");
	if (label[0] == ' ' || label[n - 1] == ' ')
		return err_set(e, ERR_USAGE, "bad-label",
			       "the label '%s' begins or ends with a space: leave it out", label);
	if (label[0] == '@')
		return err_set(e, ERR_USAGE, "bad-label",
			       "the label '%s' begins with @: leave it out", label);
	if (address_looks_like(label))
		return err_set(e, ERR_USAGE, "bad-label",
			       "a label can't begin like an address (%s1): choose another word",
			       ADDRESS_HRP);
	return true;
}

bool label_check_receiver(const char *text, struct err *e)
{
	struct key_hash kh;

	if (text[0] == '@')
		return label_check(text + 1, e);
	return address_looks_like(text) ? address_decode(&kh, text, e) : label_check(text, e);
}
