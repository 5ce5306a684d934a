/* Network addresses: an IPv6 address (IPv4 mapped) and a port. */
#ifndef TALLY_NET_ADDR_H
#define TALLY_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <tally/base/err.h>

#define NET_ADDR_CHARS     56
#define NET_ADDR_KEY_BYTES 18

struct net_addr {
	uint8_t ip[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	uint16_t port;  /* host order */
};

/* What part of the world it is from. */
enum net_scope {
	NET_LOOPBACK,
	NET_PRIVATE,
	NET_PUBLIC,
	NET_NOWHERE /* unspecified, multicast, … */
};

enum net_scope net_addr_scope(const struct net_addr *a);
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
/* 16 bytes address and big-endian port, the key of address book and bans. */
void net_addr_pack(uint8_t out[NET_ADDR_KEY_BYTES], const struct net_addr *a);
void net_addr_unpack(struct net_addr *a, const uint8_t in[NET_ADDR_KEY_BYTES]);
/* "127.0.0.1:3000", "[::1]:3000". */
void net_addr_format(char out[NET_ADDR_CHARS + 1], const struct net_addr *a);
/* HOST:PORT, or HOST and then default_port; HOST an IPv4 or IPv6 address ([…] with a port),
 * "localhost", or a name, which is looked up (blocking: before the loop runs, or on a thread); or PORT alone, of
 * 127.0.0.1. ERR_USAGE "bad-address" with what is wrong. */
bool net_addr_parse(struct net_addr *out, const char *text, uint16_t default_port, struct err *e);
/* Is it one of these forms? Names are not looked up: never blocks. */
bool net_addr_check(const char *text, uint16_t default_port, struct err *e);
/* An address of this machine to listen at, without a port (0 in *out). ERR_USAGE "bad-address". */
bool net_addr_parse_bind(struct net_addr *out, const char *text, struct err *e);
/* The same as net_addr_parse for numeric addresses and localhost alone: never blocks. */
bool net_addr_parse_numeric(struct net_addr *out, const char *text, uint16_t default_port,
			    struct err *e);
bool net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa);
socklen_t net_addr_to_sockaddr(struct sockaddr_storage *out, const struct net_addr *a);
/* Variety of outbound peers: two addresses of one group count as one place. IPv4 /16, IPv6 /32;
 * a private address is its own group; on loopback each port is. Source: tally-protocol(7), CONDUCT. */
uint64_t net_addr_group(const struct net_addr *a);

#endif
