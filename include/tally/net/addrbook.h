/* The address book: where nodes may be, whom to dial next. What was only heard of ("new") and what was dialled
 * with success ("tried") lie in buckets chosen under a secret key, so that whoever sends many addresses fills few
 * buckets, and never displaces the tried ones. Kept in the chain's store by its owner. Source: tally-protocol(7), CONDUCT;
 * Bitcoin Core addrman.h, with one place an address and buckets that are searched for a free slot. */
#ifndef TALLY_NET_ADDRBOOK_H
#define TALLY_NET_ADDRBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/rng.h>
#include <tally/net/addr.h>
#include <tally/net/records.h>

#define ADDRBOOK_NEW_BUCKETS   256
#define ADDRBOOK_TRIED_BUCKETS 64
#define ADDRBOOK_BUCKET_SLOTS  16
#define ADDRBOOK_MAX           ((ADDRBOOK_NEW_BUCKETS + ADDRBOOK_TRIED_BUCKETS) * ADDRBOOK_BUCKET_SLOTS)

struct addrbook;

struct addrbook_entry {
	struct net_addr addr;
	uint64_t services;
	int64_t seen;      /* unix seconds: last known to be there; 0: only its own word for it */
	int64_t dialled;   /* last dialled; 0 never */
	int64_t succeeded; /* last completed a handshake that we dialled; 0 never */
	uint32_t failures; /* since the last success */
	bool tried;        /* lies among the tried ones */
};

struct addrbook *addrbook_new(const struct clock *clock, const struct rng *rng,
			      const struct record_store *store);
void addrbook_free(struct addrbook *b);
/* A record as stored; in the order of their keys, before anything else, and then addrbook_loaded. False: malformed,
 * or there is no room: ignored. */
bool addrbook_load(struct addrbook *b, struct span key, struct span record);
void addrbook_loaded(struct addrbook *b);

/* Heard of, from `source` (NULL: from a person). Never NET_NOWHERE or port 0. False: not taken, its bucket is full
 * of better ones. */
bool addrbook_add(struct addrbook *b, const struct net_addr *a, uint64_t services, int64_t seen,
		  const struct net_addr *source);
void addrbook_dialled(struct addrbook *b, const struct net_addr *a);
/* Goes among the tried ones. Where its bucket there is full, one of those is dialled first, and makes room only if
 * it doesn't answer. */
void addrbook_succeeded(struct addrbook *b, const struct net_addr *a, uint64_t services);
void addrbook_failed(struct addrbook *b, const struct net_addr *a);
void addrbook_remove(struct addrbook *b, const struct net_addr *a);
bool addrbook_get(const struct addrbook *b, const struct net_addr *a, struct addrbook_entry *out);
size_t addrbook_count(const struct addrbook *b);
size_t addrbook_count_tried(const struct addrbook *b);
/* Someone to dial now, of those that are wanted: its back-off over (10 s doubling to 1 h, by failures); new or tried
 * with the same chance, then every bucket, then within it by failures. False: nobody. */
bool addrbook_pick(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
		   void *arg, struct net_addr *out);
/* The same, of those that are to be tested: who holds a place among the tried that another wants, else a new one. */
bool addrbook_pick_untested(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
			    void *arg, struct net_addr *out);
/* A random sample to tell a peer whose scope is `to`: loopback only to loopback, private only to
 * private or loopback; only what was dialled with success or seen within 30 days. */
size_t addrbook_sample(struct addrbook *b, enum net_scope to, struct addrbook_entry *out,
		       size_t max);

#endif
