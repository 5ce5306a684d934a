/* The inside of the address book. */
#ifndef TALLY_NET_ADDRBOOK_PRIV_H
#define TALLY_NET_ADDRBOOK_PRIV_H

#include <tally/base/map.h>
#include <tally/crypto/hash.h>
#include <tally/net/addrbook.h>

#define DAY            (24 * 3600)
#define SAMPLE_HORIZON (30 * DAY)
#define CONTESTS_MAX   10

/* Where an entry lies. */
struct slot {
	bool tried;
	uint16_t bucket, at;
};

struct entry {
	struct addrbook_entry pub; /* pub.tried says which table */
	uint8_t source[16];        /* who told of it first */
	struct slot slot;
};

/* A tried slot that a newcomer would have: the holder is dialled first. */
struct contest {
	struct net_addr newcomer, holder;
	int64_t since;
};

/* Entries lie in an array, so that a seeded generator makes the same choices in every run (the order of a map
 * differs from run to run). Tables hold their places there plus 1; 0: free. */
struct addrbook {
	const struct clock *clock;
	const struct rng *rng;
	struct record_store store;
	uint8_t key[SHORT_HASH_KEY_BYTES];
	bool have_key; /* it was loaded */
	bool loading;  /* nothing is written: what is dropped now is met again at the next start */
	struct entry *entries;
	size_t n, cap;
	struct map index; /* packed address -> uint32_t place in entries */
	uint16_t fresh[ADDRBOOK_NEW_BUCKETS][ADDRBOOK_BUCKET_SLOTS];
	uint16_t tried[ADDRBOOK_TRIED_BUCKETS][ADDRBOOK_BUCKET_SLOTS];
	struct contest contests[CONTESTS_MAX];
	size_t n_contests;
};

/* addrbook_table.c */
struct entry *book_find(const struct addrbook *b, const struct net_addr *a); /* NULL: not here */
/* The slots of a bucket. */
uint16_t *book_bucket(struct addrbook *b, bool tried, size_t bucket);
/* NULL: no room among the new ones, or (tried) in its bucket. */
struct entry *book_insert(struct addrbook *b, const struct addrbook_entry *pub,
			  const uint8_t source[16]);
void book_drop(struct addrbook *b, struct entry *en);
/* New to tried; false: its bucket is full. Then *holder is who has the slot that would be its. */
bool book_promote(struct addrbook *b, struct entry *en, struct entry **holder);
/* The newcomer takes the slot of the holder, which goes among the new ones: the entry there, or NULL where there was
 * no room. */
struct entry *book_displace(struct addrbook *b, const struct net_addr *holder,
			    const struct net_addr *newcomer);
/* Not worth its slot when another comes. Source: Bitcoin Core addrman.cpp IsTerrible. */
bool book_is_poor(const struct addrbook_entry *en, int64_t now);

#endif
