#include <tally/net/addr.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/text.h>

#define HOST_CHARS 253 /* longest DNS name */

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool net_ip_is_ipv4(const uint8_t ip[16])
{
	return memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static void set_ipv4(struct net_addr *a, const void *four_bytes)
{
	memcpy(a->ip, mapped_prefix, sizeof(mapped_prefix));
	memcpy(a->ip + sizeof(mapped_prefix), four_bytes, 4);
}

/* Sources: RFC 1122 3.2.1.3, RFC 1918, RFC 3927, RFC 6598, RFC 5771, RFC 1112 section 4. */
static enum net_scope ipv4_scope(const uint8_t ip[4])
{
	if (ip[0] == 127)
		return NET_LOOPBACK;
	if (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	    (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
	    (ip[0] == 100 && (ip[1] & 0xc0) == 64))
		return NET_PRIVATE;
	if (ip[0] == 0 || ip[0] >= 224)
		return NET_UNUSABLE;
	return NET_PUBLIC;
}

enum net_scope net_addr_scope(const struct net_addr *a)
{
	static const uint8_t zero[15];

	if (net_ip_is_ipv4(a->ip))
		return ipv4_scope(a->ip + 12);
	if (memcmp(a->ip, zero, sizeof(zero)) == 0 && a->ip[15] <= 1)
		return a->ip[15] == 1 ? NET_LOOPBACK : NET_UNUSABLE;
	if (a->ip[0] == 0xff)
		return NET_UNUSABLE;
	if ((a->ip[0] & 0xfe) == 0xfc || (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80))
		return NET_PRIVATE;
	return NET_PUBLIC;
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
	return a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

void net_addr_pack(uint8_t out[NET_ADDR_KEY_BYTES], const struct net_addr *a)
{
	memcpy(out, a->ip, sizeof(a->ip));
	out[16] = (uint8_t)(a->port >> 8);
	out[17] = (uint8_t)a->port;
}

void net_addr_unpack(struct net_addr *a, const uint8_t in[NET_ADDR_KEY_BYTES])
{
	memcpy(a->ip, in, sizeof(a->ip));
	a->port = (uint16_t)(in[16] << 8 | in[17]);
}

void net_addr_format(char out[NET_ADDR_CHARS + 1], const struct net_addr *a)
{
	char ip[INET6_ADDRSTRLEN];

	if (net_ip_is_ipv4(a->ip)) {
		inet_ntop(AF_INET, a->ip + 12, ip, sizeof(ip));
		snprintf(out, NET_ADDR_CHARS + 1, "%s:%u", ip, a->port);
	} else {
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
		snprintf(out, NET_ADDR_CHARS + 1, "[%s]:%u", ip, a->port);
	}
}

/* --- parsing ------------------------------------------------------------------- */

/* Splits HOST:PORT, [HOST]:PORT, [HOST], HOST or a bare IPv6 address. */
static bool split_host_port(const char *text, char host[HOST_CHARS + 1], const char **port,
			    struct err *e)
{
	const char *begin = text, *end, *colon = strchr(text, ':');

	*port = NULL;
	if (*text == '[') {
		begin = text + 1;
		end = strchr(begin, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return err_set(e, ERR_USAGE, "bad-address",
				       "'%.80s' has an unmatched bracket: write it like [::1]:3000",
				       text);
		if (end[1] == ':')
			*port = end + 2;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		*port = colon + 1;
	} else {
		end = text + strlen(text);
	}
	if (end == begin)
		return err_set(e, ERR_USAGE, "bad-address", "'%.80s' has no host: write HOST:PORT",
			       text);
	if ((size_t)(end - begin) > HOST_CHARS)
		return err_set(e, ERR_USAGE, "bad-address",
			       "the host in '%.80s...' is too long: at most %d characters", text,
			       HOST_CHARS);
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	return true;
}

static bool read_port(struct net_addr *out, const char *text, const char *port,
		      uint16_t default_port, struct err *e)
{
	uint64_t v = default_port;

	if (port && !parse_u64(port, 1, UINT16_MAX, &v))
		return err_set(e, ERR_USAGE, "bad-address",
			       "'%.80s' has a bad port: give a number from 1 to 65535", text);
	if (v == 0)
		return err_set(e, ERR_USAGE, "bad-address", "'%.80s' has no port: write HOST:PORT",
			       text);
	out->port = (uint16_t)v;
	return true;
}

static bool read_numeric(struct net_addr *out, const char *host)
{
	uint8_t v4[4];

	if (strcmp(host, "localhost") == 0)
		inet_pton(AF_INET, "127.0.0.1", v4);
	else if (strchr(host, ':'))
		return inet_pton(AF_INET6, host, out->ip) == 1;
	else if (inet_pton(AF_INET, host, v4) != 1)
		return false;
	set_ipv4(out, v4);
	return true;
}

/* Text with a colon, or with only digits and dots, is not looked up: resolvers accept forms such as
 * "127.1", which the user hardly means. */
static bool looks_like_name(const char *host)
{
	for (const char *at = host; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr(".-_", *at) && !(*at & 0x80))
			return false;
	return host[strspn(host, "0123456789.")] != '\0';
}

static bool resolve_name(struct net_addr *out, const char *text, const char *host, struct err *e)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	uint16_t port = out->port;
	bool found;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	if (rc != 0)
		return err_set(e, ERR_USAGE, "bad-address", "'%.80s': looking up %.80s failed: %s",
			       text, host, gai_strerror(rc));
	found = list && net_addr_from_sockaddr(out, list->ai_addr);
	freeaddrinfo(list);
	out->port = port;
	if (!found)
		return err_set(e, ERR_USAGE, "bad-address", "'%.80s': %.80s has no IP address",
			       text, host);
	return true;
}

/* How DNS names are handled: an error, looked up, or accepted without a look-up. */
enum names { NAMES_REFUSED, NAMES_LOOKED_UP, NAMES_ACCEPTED };

static bool parse_addr(struct net_addr *out, const char *text, uint16_t default_port,
		       enum names names, struct err *e)
{
	char host[HOST_CHARS + 1];
	const char *port;

	/* A single number is the port of a node on this machine. */
	if (*text && !text[strspn(text, "0123456789")])
		return read_numeric(out, "localhost") && read_port(out, text, text, 0, e);
	if (!split_host_port(text, host, &port, e) || !read_port(out, text, port, default_port, e))
		return false;
	if (read_numeric(out, host))
		return true;
	if (strchr(host, '%'))
		return err_set(
			e, ERR_USAGE, "bad-address",
			"'%.80s' has a zone, which is not supported: give another address of that "
			"machine",
			text);
	if (names != NAMES_REFUSED && looks_like_name(host))
		return names == NAMES_ACCEPTED || resolve_name(out, text, host, e);
	return err_set(e, ERR_USAGE, "bad-address",
		       "'%.80s' is not an address: write it like 192.168.1.7:3000 or "
		       "[2001:db8::7]:3000",
		       text);
}

bool net_addr_parse(struct net_addr *out, const char *text, uint16_t default_port, struct err *e)
{
	return parse_addr(out, text, default_port, NAMES_LOOKED_UP, e);
}

bool net_addr_check(const char *text, uint16_t default_port, struct err *e)
{
	struct net_addr a;

	return parse_addr(&a, text, default_port, NAMES_ACCEPTED, e);
}

bool net_addr_parse_numeric(struct net_addr *out, const char *text, uint16_t default_port,
			    struct err *e)
{
	return parse_addr(out, text, default_port, NAMES_REFUSED, e);
}

bool net_addr_parse_bind(struct net_addr *out, const char *text, struct err *e)
{
	char host[HOST_CHARS + 1];
	const char *port;

	out->port = 0;
	if (split_host_port(text, host, &port, NULL) && !port && read_numeric(out, host))
		return true;
	return err_set(
		e, ERR_USAGE, "bad-address",
		"'%.80s' is not an address to listen at: give an IPv4 or IPv6 address without a port",
		text);
}

/* --- socket addresses ---------------------------------------------------------- */

bool net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		set_ipv4(out, &v4.sin_addr);
		out->port = ntohs(v4.sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		memcpy(out->ip, &v6.sin6_addr, sizeof(out->ip));
		out->port = ntohs(v6.sin6_port);
		return true;
	}
	memset(out, 0, sizeof(*out));
	return false;
}

socklen_t net_addr_to_sockaddr(struct sockaddr_storage *out, const struct net_addr *a)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};

	memset(out, 0, sizeof(*out));
	if (net_ip_is_ipv4(a->ip)) {
		memcpy(&v4.sin_addr, a->ip + 12, 4);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, a->ip, sizeof(a->ip));
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

/* --- network groups --------------------------------------------------------------- */

/* A private IPv6 address does not fit into the number of a group, so it is hashed. If two of them
 * collide, one is not dialled while the other is connected. */
static uint64_t fnv1a(const uint8_t *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t net_addr_group(const struct net_addr *a)
{
	bool v4 = net_ip_is_ipv4(a->ip);
	uint64_t kind = 0, value = 0;

	switch (net_addr_scope(a)) {
	case NET_LOOPBACK:
		kind = 1;
		value = a->port;
		break;
	case NET_PRIVATE:
		kind = v4 ? 2 : 3;
		value = v4 ? be32(a->ip + 12) : fnv1a(a->ip, sizeof(a->ip));
		break;
	case NET_PUBLIC:
		kind = v4 ? 4 : 5;
		value = v4 ? be32(a->ip + 12) >> 16 : be32(a->ip);
		break;
	case NET_UNUSABLE:
		break;
	}
	return kind << 56 | (value & (UINT64_MAX >> 8));
}
