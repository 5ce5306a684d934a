/* Network addresses: an IP address (IPv4 as an IPv4-mapped IPv6 address) and a port. */
#ifndef TALLY_NET_ADDR_H
#define TALLY_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <tally/base/err.h>

#define NET_ADDR_CHARS     56 /* longest text of net_addr_format, without the NUL */
#define NET_ADDR_KEY_BYTES 18

struct net_addr {
	uint8_t ip[16]; /* network byte order; IPv4 as ::ffff:a.b.c.d */
	uint16_t port;  /* host byte order */
};

/* The part of the Internet that can reach an address. */
enum net_scope {
	NET_LOOPBACK,
	NET_PRIVATE, /* private and link-local ranges */
	NET_PUBLIC,
	NET_UNUSABLE /* unspecified, multicast and reserved: can't be dialled */
};

enum net_scope net_addr_scope(const struct net_addr *a);
bool net_ip_is_ipv4(const uint8_t ip[16]); /* an IPv4-mapped IPv6 address */
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
/* Writes 16 bytes of IP and the port, big-endian: the key in maps and in stored records. */
void net_addr_pack(uint8_t out[NET_ADDR_KEY_BYTES], const struct net_addr *a);
void net_addr_unpack(struct net_addr *a, const uint8_t in[NET_ADDR_KEY_BYTES]);
/* Formats as "127.0.0.1:3000" or "[::1]:3000". */
void net_addr_format(char out[NET_ADDR_CHARS + 1], const struct net_addr *a);
/* Parses HOST:PORT, HOST (then the port is default_port) or PORT (then the host is 127.0.0.1).
 * HOST is an IPv4 address, an IPv6 address (in brackets if a port follows), "localhost" or a DNS
 * name. Looking up a name blocks, so call this only before the loop runs or on another thread.
 * Fails with ERR_USAGE "bad-address". */
bool net_addr_parse(struct net_addr *out, const char *text, uint16_t default_port, struct err *e);
/* Checks the syntax that net_addr_parse accepts. Looks up no names, so it never blocks. */
bool net_addr_check(const char *text, uint16_t default_port, struct err *e);
/* Parses an address to listen at, without a port; sets the port to 0. Fails with ERR_USAGE
 * "bad-address". */
bool net_addr_parse_bind(struct net_addr *out, const char *text, struct err *e);
/* As net_addr_parse, but accepts only numeric addresses and localhost. Never blocks. */
bool net_addr_parse_numeric(struct net_addr *out, const char *text, uint16_t default_port,
			    struct err *e);
/* Fails and clears *out if sa is neither IPv4 nor IPv6. */
bool net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa);
socklen_t net_addr_to_sockaddr(struct sockaddr_storage *out, const struct net_addr *a);
/* The network group of an address. Outbound peers are chosen from different groups, because an
 * attacker owns many addresses of one group more easily than addresses of many groups. A group is a
 * public IPv4 /16, a public IPv6 /32, one private address, or one port of loopback.
 * Source: tally-protocol(7), CONDUCT. */
uint64_t net_addr_group(const struct net_addr *a);

#endif
