/* Invites: one word that holds the address of a node and the chain that it follows. It is Bech32m
 * (BIP 350, without the limit of 90 characters) with the human-readable part "tally". The data are a
 * version group 0, then 4 bytes of IPv4 or 16 bytes of IPv6 address, the port (big-endian) and the
 * 32 bytes of the genesis hash in the byte order of messages: 74 or 93 characters. */
#ifndef TALLY_NET_INVITE_H
#define TALLY_NET_INVITE_H

#include <tally/crypto/hash.h>
#include <tally/net/addr.h>

#define INVITE_HRP   "tally"
#define INVITE_CHARS 93 /* longest invite, without the NUL */

struct invite {
	struct net_addr addr;
	struct block_hash chain; /* hash of the genesis block */
};

void invite_encode(char out[INVITE_CHARS + 1], const struct invite *in);
/* Accepts a word in upper or in lower case, not mixed. Fails with ERR_USAGE "bad-invite". */
bool invite_decode(struct invite *out, const char *word, struct err *e);

#endif
