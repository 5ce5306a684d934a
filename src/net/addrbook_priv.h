/* The structs that the files of the address book share. */
#ifndef TALLY_NET_ADDRBOOK_PRIV_H
#define TALLY_NET_ADDRBOOK_PRIV_H

#include <tally/base/map.h>
#include <tally/crypto/hash.h>
#include <tally/net/addrbook.h>

#define DAY_SECONDS     (24 * 3600)
#define HORIZON_SECONDS (30 * DAY_SECONDS) /* an address not seen for this long is stale */
#define COLLISIONS_MAX  10

struct book_slot {
	bool tried; /* which table */
	uint16_t bucket, at;
};

struct book_entry {
	struct addrbook_entry pub;
	uint8_t source[16]; /* IP of the first peer that announced it */
	struct book_slot slot;
};

/* An address that completed a handshake, but whose tried slot is occupied. The occupant is tested and
 * keeps the slot if it still answers. Source: Bitcoin Core addrman.h, m_tried_collisions. */
struct tried_collision {
	struct net_addr candidate, occupant;
	int64_t since; /* unix seconds */
};

/* Entries are in an array and not only in a map, because the order of a map differs from run to run;
 * with a seeded generator every run must make the same choices. A table slot holds the index of its
 * entry plus 1, or 0 if it is free. */
struct addrbook {
	const struct clock *clock;
	const struct rng *rng;
	struct record_store store;
	uint8_t key[SHORT_HASH_KEY_BYTES]; /* secret, chooses buckets */
	bool have_key;                     /* the key was loaded or stored */
	bool loading; /* no records are deleted: an entry dropped now is dropped again next time */
	struct book_entry *entries;
	size_t n, cap;
	struct map index; /* packed address -> uint32_t index in entries */
	uint16_t new_table[ADDRBOOK_NEW_BUCKETS][ADDRBOOK_BUCKET_SLOTS];
	uint16_t tried_table[ADDRBOOK_TRIED_BUCKETS][ADDRBOOK_BUCKET_SLOTS];
	struct tried_collision collisions[COLLISIONS_MAX];
	size_t n_collisions;
};

#endif
