#include <tally/net/invite.h>

#include <string.h>
#include <strings.h>

#include <tally/base/bytes.h>
#include <tally/crypto/address.h>

#define VERSION    0
#define IPV4_BYTES (4 + 2 + HASH_BYTES)
#define IPV6_BYTES (16 + 2 + HASH_BYTES)
#define GROUPS_MAX (1 + (IPV6_BYTES * 8 + 4) / 5)

void invite_encode(char out[INVITE_CHARS + 1], const struct invite *in)
{
	bool v4 = net_ip_is_ipv4(in->addr.ip);
	uint8_t bytes[IPV6_BYTES], data[GROUPS_MAX] = {VERSION};
	size_t ip_n = v4 ? 4 : 16, n;

	memcpy(bytes, in->addr.ip + 16 - ip_n, ip_n);
	bytes[ip_n] = (uint8_t)(in->addr.port >> 8);
	bytes[ip_n + 1] = (uint8_t)in->addr.port;
	memcpy(bytes + ip_n + 2, in->chain.h.b, HASH_BYTES);
	bech32_convert(data + 1, &n, 5, bytes, ip_n + 2 + HASH_BYTES, 8, true);
	bech32_encode(out, INVITE_CHARS + 1, BECH32M, INVITE_HRP, data, 1 + n);
}

static bool bad_invite(struct err *e, const char *wrong, const char *right)
{
	return err_set(e, ERR_USAGE, "bad-invite", "the invite %s: %s", wrong, right);
}

/* Decodes the bytes after the version. */
static bool decode_word(uint8_t bytes[INVITE_CHARS], size_t *n, const char *word, struct err *e)
{
	static const char whole[] = "copy the whole word that tally invite printed";
	uint8_t data[INVITE_CHARS];
	struct err why;
	char hrp[84];
	size_t groups;

	if (strncasecmp(word, INVITE_HRP "1", sizeof(INVITE_HRP)) != 0)
		return err_set(
			e, ERR_USAGE, "bad-invite",
			"'%.20s' is not an invite: give the word that tally invite printed, which "
			"begins with " INVITE_HRP "1",
			word);
	if (!bech32_decode(hrp, data, &groups, BECH32M, word, INVITE_CHARS, &why))
		return err_set(e, ERR_USAGE, "bad-invite", "the invite is damaged (%s): %s",
			       why.detail, whole);
	if (groups < 1 || data[0] != VERSION)
		return bad_invite(e, "has an unknown version", "use the program that made it");
	if (!bech32_convert(bytes, n, 8, data + 1, groups - 1, 5, false) ||
	    (*n != IPV4_BYTES && *n != IPV6_BYTES))
		return bad_invite(e, "has the wrong length", whole);
	return true;
}

bool invite_decode(struct invite *out, const char *word, struct err *e)
{
	uint8_t bytes[INVITE_CHARS];
	size_t n, ip_n;

	if (!decode_word(bytes, &n, word, e))
		return false;
	ip_n = n - 2 - HASH_BYTES;
	*out = (struct invite){0};
	out->addr.ip[10] = out->addr.ip[11] = 0xff; /* the prefix of IPv4; IPv6 overwrites it */
	memcpy(out->addr.ip + 16 - ip_n, bytes, ip_n);
	out->addr.port = (uint16_t)(bytes[ip_n] << 8 | bytes[ip_n + 1]);
	memcpy(out->chain.h.b, bytes + ip_n + 2, HASH_BYTES);
	if (out->addr.port == 0 || net_addr_scope(&out->addr) == NET_UNUSABLE)
		return bad_invite(e, "has an address that can't be dialled",
				  "make a new one with tally invite -address HOST");
	return true;
}
