/* The address book: addresses of nodes, and the choice of the next one to dial. It has two tables.
 * "New" holds addresses that peers announced, "tried" those that completed a handshake with us. An
 * address is placed in a bucket chosen with a secret key, and addresses from one source can reach
 * only a quarter of the new buckets. So a peer that announces many addresses fills few buckets, and
 * it can't displace tried addresses.
 * The owner stores the records (see records.h). Source: tally-protocol(7), CONDUCT; Bitcoin Core
 * addrman.h. Unlike Core's, an address has at most one slot and uses any free slot of its bucket. */
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

/* Times are unix seconds. */
struct addrbook_entry {
	struct net_addr addr;
	uint64_t services;
	int64_t seen;      /* last reported as reachable; 0: only the node itself claimed it */
	int64_t dialled;   /* last dialled by us; 0: never */
	int64_t succeeded; /* last completed a handshake that we dialled; 0: never */
	uint32_t failures; /* failed attempts since the last success */
	bool tried;        /* in the tried table, not in the new one */
};

struct addrbook *addrbook_new(const struct clock *clock, const struct rng *rng,
			      const struct record_store *store);
void addrbook_free(struct addrbook *b);
/* Loads a stored record. Load all records in the order of their keys before any other use, then call
 * addrbook_loaded. Returns false if the record is malformed or its bucket is full; it is then
 * ignored. */
bool addrbook_load(struct addrbook *b, struct span key, struct span record);
void addrbook_loaded(struct addrbook *b);

/* Adds or refreshes an address that `source` announced (NULL: a person entered it). Returns false if
 * the address can't be dialled (NET_UNUSABLE, port 0) or its bucket is full of better addresses. */
bool addrbook_add(struct addrbook *b, const struct net_addr *a, uint64_t services, int64_t seen,
		  const struct net_addr *source);
void addrbook_dialled(struct addrbook *b, const struct net_addr *a);
/* Records a completed handshake and moves the address to the tried table. If its bucket there is
 * full, it waits until the address in its slot has been tested, and replaces it only if that one no
 * longer answers. */
void addrbook_succeeded(struct addrbook *b, const struct net_addr *a, uint64_t services);
void addrbook_failed(struct addrbook *b, const struct net_addr *a);
void addrbook_remove(struct addrbook *b, const struct net_addr *a);
bool addrbook_get(const struct addrbook *b, const struct net_addr *a, struct addrbook_entry *out);
size_t addrbook_count(const struct addrbook *b);
size_t addrbook_count_tried(const struct addrbook *b);
/* Chooses an address to dial now. It considers those for which wanted() is true and whose back-off
 * is over (10 s, doubling with each failure up to 1 h). New and tried table are equally likely, then
 * each of their buckets; within a bucket addresses with fewer failures are likelier. Returns false
 * if there is none. */
bool addrbook_pick(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
		   void *arg, struct net_addr *out);
/* Chooses an address to test with a feeler: a tried address whose slot another address needs, else a
 * new one. wanted() and the back-off as in addrbook_pick. */
bool addrbook_pick_untested(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
			    void *arg, struct net_addr *out);
/* A random sample to announce to a peer of scope `to`: addresses that completed a handshake, or were
 * seen within 30 days. Loopback addresses are announced only to loopback, private ones only to
 * private and loopback. Returns the number of entries written, at most max. */
size_t addrbook_sample(struct addrbook *b, enum net_scope to, struct addrbook_entry *out,
		       size_t max);

#endif
