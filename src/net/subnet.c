#include <tally/net/subnet.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/text.h>

#define IPV4_PREFIX_BITS 96

/* The bits of byte `at` that a prefix of this length covers. */
static uint8_t byte_mask(unsigned bits, size_t at)
{
	unsigned from = (unsigned)at * 8;

	if (bits >= from + 8)
		return 0xff;
	return bits <= from ? 0 : (uint8_t)(0xff << (8 - (bits - from)));
}

static void clear_after_prefix(struct subnet *s)
{
	for (size_t i = 0; i < sizeof(s->ip); i++)
		s->ip[i] &= byte_mask(s->bits, i);
}

static bool parse_ip(uint8_t out[16], const char *text)
{
	memset(out, 0, 16);
	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, out) == 1;
	out[10] = out[11] = 0xff;
	return inet_pton(AF_INET, text, out + 12) == 1;
}

/* A valid netmask is a run of 1 bits, then a run of 0 bits: 255.255.0.0. */
static bool parse_netmask(uint64_t *bits, const char *text)
{
	uint8_t m[4];
	uint32_t mask;

	if (inet_pton(AF_INET, text, m) != 1)
		return false;
	mask = (uint32_t)m[0] << 24 | (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];
	for (*bits = 0; *bits < 32 && mask >> 31; ++*bits)
		mask <<= 1;
	return mask == 0;
}

static bool parse_prefix(struct subnet *out, const char *text)
{
	bool v4 = net_ip_is_ipv4(out->ip);
	uint64_t bits;

	if (!parse_u64(text, 0, v4 ? 32 : 128, &bits) && !(v4 && parse_netmask(&bits, text)))
		return false;
	out->bits = (uint8_t)(bits + (v4 ? IPV4_PREFIX_BITS : 0));
	return true;
}

bool subnet_parse(struct subnet *out, const char *text, struct err *e)
{
	const char *slash = strchr(text, '/');
	char ip[INET6_ADDRSTRLEN] = "";
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n < sizeof(ip))
		memcpy(ip, text, n);
	ip[n < sizeof(ip) ? n : 0] = '\0';
	out->bits = SUBNET_BITS;
	if (!parse_ip(out->ip, ip) || (slash && !parse_prefix(out, slash + 1)))
		return err_set(
			e, ERR_USAGE, "bad-subnet",
			"'%.60s' is not an IP address or subnet: write it like 10.1.2.3, 10.1.0.0/16 or "
			"2001:db8::/32",
			text);
	clear_after_prefix(out);
	return true;
}

void subnet_format(char out[SUBNET_CHARS + 1], const struct subnet *s)
{
	bool v4 = net_ip_is_ipv4(s->ip) && s->bits >= IPV4_PREFIX_BITS;
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? s->ip + 12 : s->ip, ip, sizeof(ip));
	snprintf(out, SUBNET_CHARS + 1, "%s/%d", ip, s->bits - (v4 ? IPV4_PREFIX_BITS : 0));
}

void subnet_of(struct subnet *out, const struct net_addr *a)
{
	memcpy(out->ip, a->ip, sizeof(out->ip));
	out->bits = SUBNET_BITS;
}

bool subnet_has(const struct subnet *s, const struct net_addr *a)
{
	if (net_ip_is_ipv4(a->ip) && s->bits < IPV4_PREFIX_BITS)
		return false;
	for (size_t i = 0; i < sizeof(s->ip); i++)
		if ((a->ip[i] & byte_mask(s->bits, i)) != s->ip[i])
			return false;
	return true;
}

void subnet_pack(uint8_t out[SUBNET_KEY_BYTES], const struct subnet *s)
{
	memcpy(out, s->ip, sizeof(s->ip));
	out[16] = s->bits;
}

bool subnet_unpack(struct subnet *out, const uint8_t in[SUBNET_KEY_BYTES])
{
	struct subnet cleared;

	memcpy(out->ip, in, sizeof(out->ip));
	out->bits = in[16];
	if (out->bits > SUBNET_BITS)
		return false;
	cleared = *out;
	clear_after_prefix(&cleared);
	return memcmp(cleared.ip, out->ip, sizeof(out->ip)) == 0;
}
