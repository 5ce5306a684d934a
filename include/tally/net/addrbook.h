/* The address book: where nodes may be, whom to dial next, whom not. Kept in the chain's store by
 * its owner. Source: protocol section 7. */
#ifndef TALLY_NET_ADDRBOOK_H
#define TALLY_NET_ADDRBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/rng.h>
#include <tally/net/addr.h>

#define ADDRBOOK_MAX 2000

struct addrbook;

struct addrbook_entry {
	struct net_addr addr;
	uint64_t services;
	int64_t seen;              /* unix seconds: last known to be there */
	int64_t tried;             /* last dialled; 0 never */
	int64_t succeeded;         /* last completed a handshake that we dialled; 0 never */
	uint32_t failures;         /* since the last success */
	int64_t discouraged_until; /* 0: not */
};

/* Where entries are kept: called for every change. NULL functions: in memory alone. */
struct addrbook_store {
	void (*put)(void *ctx, const struct addrbook_entry *en);
	void (*del)(void *ctx, const struct net_addr *a);
	void *ctx;
};

struct addrbook *addrbook_new(const struct clock *clock, const struct rng *rng,
			      const struct addrbook_store *store);
void addrbook_free(struct addrbook *b);
/* Records as stored: 18-byte key (net_addr_pack) and a value of at most 64 bytes. */
#define ADDRBOOK_RECORD_MAX 64
size_t addrbook_encode(uint8_t out[ADDRBOOK_RECORD_MAX], const struct addrbook_entry *en);
/* False: malformed, ignored. */
bool addrbook_load(struct addrbook *b, const uint8_t *key, size_t key_n, const uint8_t *record,
		   size_t n);

/* Heard of (addr message, or our own configuration). Never NET_NOWHERE or port 0. False: not
 * taken. The least useful entry goes where the book is full. */
bool addrbook_add(struct addrbook *b, const struct net_addr *a, uint64_t services, int64_t seen);
void addrbook_dialled(struct addrbook *b, const struct net_addr *a);
void addrbook_succeeded(struct addrbook *b, const struct net_addr *a, uint64_t services);
void addrbook_failed(struct addrbook *b, const struct net_addr *a);
void addrbook_discourage(struct addrbook *b, const struct net_addr *a, int64_t seconds);
bool addrbook_is_discouraged(const struct addrbook *b,
			     const struct net_addr *a); /* never loopback */
void addrbook_remove(struct addrbook *b, const struct net_addr *a);
bool addrbook_get(const struct addrbook *b, const struct net_addr *a, struct addrbook_entry *out);
size_t addrbook_count(const struct addrbook *b);
/* Someone to dial now: not discouraged, its back-off over (10 s doubling to 1 h, by failures), its
 * group not among busy_groups; random, with better chances for those that succeeded lately. False:
 * nobody. */
bool addrbook_pick(struct addrbook *b, const uint64_t *busy_groups, size_t n_busy,
		   struct net_addr *out);
/* A random sample to tell a peer whose scope is `to`: loopback only to loopback, private only to
 * private or loopback; only what was dialled with success or seen within 30 days. */
size_t addrbook_sample(struct addrbook *b, enum net_scope to, struct addrbook_entry *out,
		       size_t max);

#endif
