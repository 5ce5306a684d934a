/* The two tables of the address book: which bucket an address belongs to, and which entry makes room
 * in a full one. These functions write no records, but book_drop deletes one. */
#ifndef TALLY_NET_ADDRBOOK_TABLE_PRIV_H
#define TALLY_NET_ADDRBOOK_TABLE_PRIV_H

#include "net/addrbook_priv.h"

struct book_entry *book_find(const struct addrbook *b,
			     const struct net_addr *a); /* NULL: unknown */
/* The slots of a bucket, ADDRBOOK_BUCKET_SLOTS of them. */
uint16_t *book_bucket(struct addrbook *b, bool tried, size_t bucket);
/* Adds an entry to the table that pub->tried selects. In a full new bucket it replaces the entry in
 * its slot if that one is terrible. Returns NULL if there is no room. */
struct book_entry *book_insert(struct addrbook *b, const struct addrbook_entry *pub,
			       const uint8_t source[16]);
void book_drop(struct addrbook *b, struct book_entry *en);
/* Moves an entry from the new to the tried table. Returns false if its bucket is full; *occupant is
 * then the entry in its slot. */
bool book_promote(struct addrbook *b, struct book_entry *en, struct book_entry **occupant);
/* Gives the tried slot of the occupant to the candidate, and moves the occupant to the new table.
 * Returns the occupant's entry there, or NULL if it found no room. */
struct book_entry *book_replace(struct addrbook *b, const struct net_addr *occupant,
				const struct net_addr *candidate);
/* True if an entry should lose its slot to another one: stale, or with many failures.
 * Source: Bitcoin Core addrman.cpp, IsTerrible. */
bool book_is_terrible(const struct addrbook_entry *en, int64_t now);

#endif
