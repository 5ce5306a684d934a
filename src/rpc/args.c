/* The arguments of a call as C values. */
#include "rpc/args_priv.h"
#include "rpc/rpc_state_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/text.h>
#include <tally/node/node.h>
#include <tally/primitives/amount.h>
#include <tally/wallet/receiver.h>

bool call_number(struct call *c, const char *name, int64_t lo, int64_t hi, int64_t fallback,
		 int64_t *out)
{
	const json_t *v = call_arg(c, name);
	char *end;

	*out = fallback;
	if (!v)
		return true;
	if (json_is_integer(v)) {
		*out = json_integer_value(v);
	} else if (json_is_string(v)) {
		*out = strtoll(json_string_value(v), &end, 10);
		if (end == json_string_value(v) || *end)
			goto type;
	} else {
		goto type;
	}
	if (*out >= lo && *out <= hi)
		return true;
	call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "out-of-range",
		   "%s %lld is out of range: give a whole number from %lld to %lld", name,
		   (long long)*out, (long long)lo, (long long)hi);
	return false;
type:
	call_error(c, RPC_TYPE_ERROR, ERR_USAGE, "bad-type",
		   "%s is not a whole number: give one from %lld to %lld", name, (long long)lo,
		   (long long)hi);
	return false;
}

bool call_flag(struct call *c, const char *name, bool fallback, bool *out)
{
	const json_t *v = call_arg(c, name);
	const char *s = json_string_value(v);

	*out = fallback;
	if (!v)
		return true;
	if (json_is_boolean(v) || json_is_integer(v)) {
		*out = json_is_true(v) || json_integer_value(v) != 0;
		return true;
	}
	if (s && parse_flag(s, out))
		return true;
	call_error(c, RPC_TYPE_ERROR, ERR_USAGE, "bad-type",
		   s ? "%s '%.40s' is not a flag: give true or false, or on or off"
		     : "%s is not a flag: give true or false",
		   name, s);
	return false;
}

bool call_text(struct call *c, const char *name, const char *fallback, const char **out)
{
	const json_t *v = call_arg(c, name);

	*out = fallback;
	if (!v)
		return true;
	if (json_is_string(v)) {
		*out = json_string_value(v);
		return true;
	}
	call_error(c, RPC_TYPE_ERROR, ERR_USAGE, "bad-type", "%s is not a text: put it in quotes",
		   name);
	return false;
}

/* jansson parsed the number as a double. Prints the amount with eight decimal places that parses as
 * the same double, if there is one; up to MAX_MONEY there is at most one. Otherwise prints twelve
 * places, which amount_parse refuses. */
static void real_text(char *out, size_t size, double v)
{
	snprintf(out, size, "%.8f", v);
	if (strtod(out, NULL) != v)
		snprintf(out, size, "%.12f", v);
}

bool call_amount(struct call *c, const char *name, int64_t *out)
{
	const json_t *v = call_arg(c, name);
	struct err err = {0};
	char text[64];

	if (json_is_integer(v))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		real_text(text, sizeof(text), json_real_value(v));
	else
		snprintf(text, sizeof(text), "%s", v ? "(no number)" : "(nothing)");
	if (amount_parse(out, json_is_string(v) ? json_string_value(v) : text, false, &err))
		return true;
	call_fail(c, RPC_TYPE_ERROR, &err);
	return false;
}

bool call_hash(struct call *c, const char *name, struct hash256 *out)
{
	const char *text;

	if (!call_text(c, name, "", &text))
		return false;
	if (hash256_parse(out, text))
		return true;
	if (*text && strlen(text) < 10 && !text[strspn(text, "0123456789")])
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-hash",
			   "%s '%s' is not a hash: getblockhash %s returns the hash at that height",
			   name, text, text);
	else
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-hash",
			   "%s '%.70s' is not a hash: give 64 hex digits", name, text);
	return false;
}

bool call_address(struct call *c, const char *name, bool make, struct key_hash *out)
{
	struct err err = {0};
	const char *text;

	if (!call_text(c, name, "", &text))
		return false;
	if (receiver_resolve(node_wallet(c->rpc->node), text, make, out, &err))
		return true;
	call_fail(c, RPC_INVALID_ADDRESS_OR_KEY, &err);
	return false;
}
