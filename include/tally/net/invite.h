/* An invite: where a node of a chain listens, and which chain it is, as one word. Bech32m (BIP 350, without its limit of
 * 90 characters), human-readable part "tally", a version group 0, then 4 bytes of IPv4 or 16 of IPv6 address, the port
 * (big-endian) and the 32 bytes of the genesis hash as they are sent: 74 or 93 characters. */
#ifndef TALLY_NET_INVITE_H
#define TALLY_NET_INVITE_H

#include <tally/crypto/hash.h>
#include <tally/net/addr.h>

#define INVITE_HRP   "tally"
#define INVITE_CHARS 93 /* at most */

struct invite {
	struct net_addr addr;
	struct block_hash chain;
};

void invite_encode(char out[INVITE_CHARS + 1], const struct invite *in);
/* Either all upper or all lower case. ERR_USAGE "bad-invite" with what is wrong and what would be right. */
bool invite_decode(struct invite *out, const char *word, struct err *e);

/* The address by which others of this network reach this machine: that of the way out where there is one, else
 * private before public, IPv4 before IPv6. Loopback where there is no other. Sends nothing. Port 0. */
void net_local_address(struct net_addr *out);

#endif
