/* Ranges of IP addresses: 10.1.0.0/16, 2001:db8::/32, or a single address. */
#ifndef TALLY_NET_SUBNET_H
#define TALLY_NET_SUBNET_H

#include <tally/net/addr.h>

#define SUBNET_CHARS     50
#define SUBNET_BITS      128 /* prefix length of a single address */
#define SUBNET_KEY_BYTES 17

struct subnet {
	uint8_t ip[16]; /* as in net_addr; the bits after the prefix are zero */
	uint8_t bits;   /* prefix length, 0 to 128; an IPv4 prefix of n bits has 96 + n */
};

/* Parses IP, IP/BITS or, for IPv4, IP/NETMASK, and clears the bits after the prefix. Fails with
 * ERR_USAGE "bad-subnet". */
bool subnet_parse(struct subnet *out, const char *text, struct err *e);
/* Formats as "10.1.0.0/16", always with the prefix length, as Bitcoin Core lists bans. */
void subnet_format(char out[SUBNET_CHARS + 1], const struct subnet *s);
/* The subnet that contains only this IP address; it covers every port. */
void subnet_of(struct subnet *out, const struct net_addr *a);
/* True if the subnet contains the address. IPv4 addresses are in IPv4 subnets only, so ::/0 has
 * none. */
bool subnet_has(const struct subnet *s, const struct net_addr *a);
/* Writes 16 bytes of IP and the prefix length. subnet_unpack fails if the prefix is too long or a
 * bit after it is set. */
void subnet_pack(uint8_t out[SUBNET_KEY_BYTES], const struct subnet *s);
bool subnet_unpack(struct subnet *out, const uint8_t in[SUBNET_KEY_BYTES]);

#endif
