/* Ranges of addresses: 10.1.0.0/16, 2001:db8::/32, or one address alone. */
#ifndef TALLY_NET_SUBNET_H
#define TALLY_NET_SUBNET_H

#include <tally/net/addr.h>

#define SUBNET_CHARS     50
#define SUBNET_BITS      128
#define SUBNET_KEY_BYTES 17

struct subnet {
	uint8_t ip[16]; /* as in net_addr; bits behind the prefix are zero */
	uint8_t bits;   /* of the prefix, 0 .. 128; IPv4's are 96 .. 128 */
};

/* IP, IP/BITS, or with IPv4 IP/NETMASK; bits behind the prefix are cleared. ERR_USAGE "bad-subnet". */
bool subnet_parse(struct subnet *out, const char *text, struct err *e);
/* "10.1.0.0/16": always with its bits, as Bitcoin Core shows bans. */
void subnet_format(char out[SUBNET_CHARS + 1], const struct subnet *s);
void subnet_of(struct subnet *out, const struct net_addr *a); /* that address alone, every port */
bool subnet_has(const struct subnet *s, const struct net_addr *a);
/* 16 bytes address and the bits. unpack: false where it is none. */
void subnet_pack(uint8_t out[SUBNET_KEY_BYTES], const struct subnet *s);
bool subnet_unpack(struct subnet *out, const uint8_t in[SUBNET_KEY_BYTES]);

#endif
