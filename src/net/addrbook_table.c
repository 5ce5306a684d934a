#include "net/addrbook_table_priv.h"

#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>

/* Source: Bitcoin Core addrman.h, ADDRMAN_NEW_BUCKETS_PER_SOURCE_GROUP and
 * ADDRMAN_TRIED_BUCKETS_PER_GROUP. */
#define NEW_PER_SOURCE  64 /* new buckets that addresses from one source group can reach */
#define TRIED_PER_GROUP 8  /* tried buckets that addresses of one group can reach */

/* What a hash is used for. It is the first byte of the hashed data, so that the hashes for different
 * purposes are independent. */
enum purpose { CHOOSE_AMONG_NEW, CHOOSE_NEW, CHOOSE_AMONG_TRIED, CHOOSE_TRIED, CHOOSE_SLOT };

static uint64_t keyed_hash(const struct addrbook *b, enum purpose purpose, uint64_t x, uint64_t y,
			   const struct net_addr *a)
{
	uint8_t bytes[1 + 8 + 8 + NET_ADDR_KEY_BYTES] = {(uint8_t)purpose};

	set_le64(bytes + 1, x);
	set_le64(bytes + 9, y);
	if (a)
		net_addr_pack(bytes + 17, a);
	return short_hash(b->key, bytes, sizeof(bytes));
}

static size_t new_bucket(const struct addrbook *b, const struct net_addr *a,
			 const uint8_t source[16])
{
	struct net_addr from = {.port = 0};
	uint64_t source_group;

	memcpy(from.ip, source, sizeof(from.ip));
	source_group = net_addr_group(&from);
	return keyed_hash(b, CHOOSE_NEW, source_group,
			  keyed_hash(b, CHOOSE_AMONG_NEW, net_addr_group(a), source_group, NULL) %
				  NEW_PER_SOURCE,
			  NULL) %
	       ADDRBOOK_NEW_BUCKETS;
}

static size_t tried_bucket(const struct addrbook *b, const struct net_addr *a)
{
	return keyed_hash(b, CHOOSE_TRIED, net_addr_group(a),
			  keyed_hash(b, CHOOSE_AMONG_TRIED, 0, 0, a) % TRIED_PER_GROUP, NULL) %
	       ADDRBOOK_TRIED_BUCKETS;
}

/* The slot of an address in a full bucket. It can't choose another one, so an attacker's addresses
 * can't all compete for the slots of terrible entries. */
static size_t full_bucket_slot(const struct addrbook *b, bool tried, size_t bucket,
			       const struct net_addr *a)
{
	return keyed_hash(b, CHOOSE_SLOT, tried, bucket, a) % ADDRBOOK_BUCKET_SLOTS;
}

uint16_t *book_bucket(struct addrbook *b, bool tried, size_t bucket)
{
	return tried ? b->tried_table[bucket] : b->new_table[bucket];
}

/* --- entries ------------------------------------------------------------------------- */

struct book_entry *book_find(const struct addrbook *b, const struct net_addr *a)
{
	uint8_t key[NET_ADDR_KEY_BYTES];
	const uint32_t *at;

	net_addr_pack(key, a);
	at = map_get(&b->index, key);
	return at ? &b->entries[*at] : NULL;
}

/* The index and the table refer to entries by position, so both change when an entry moves. */
static void update_references(struct addrbook *b, size_t at)
{
	const struct book_entry *en = &b->entries[at];
	uint8_t key[NET_ADDR_KEY_BYTES];

	net_addr_pack(key, &en->pub.addr);
	*(uint32_t *)map_put(&b->index, key, NULL) = (uint32_t)at;
	book_bucket(b, en->slot.tried, en->slot.bucket)[en->slot.at] = (uint16_t)(at + 1);
}

static void put_into(struct addrbook *b, struct book_entry *en, struct book_slot slot)
{
	en->slot = slot;
	en->pub.tried = slot.tried;
	update_references(b, (size_t)(en - b->entries));
}

static void take_out(struct addrbook *b, const struct book_entry *en)
{
	book_bucket(b, en->slot.tried, en->slot.bucket)[en->slot.at] = 0;
}

void book_drop(struct addrbook *b, struct book_entry *en)
{
	uint8_t key[NET_ADDR_KEY_BYTES];
	size_t at = (size_t)(en - b->entries);

	net_addr_pack(key, &en->pub.addr);
	take_out(b, en);
	map_del(&b->index, key);
	if (at != --b->n) {
		b->entries[at] = b->entries[b->n];
		update_references(b, at);
	}
	if (b->store.del && !b->loading)
		b->store.del(b->store.ctx, (struct span){key, sizeof(key)});
}

bool book_is_terrible(const struct addrbook_entry *en, int64_t now)
{
	if (en->dialled != 0 && now - en->dialled < 60)
		return false;
	if (en->seen > now + 600 || now - en->seen > HORIZON_SECONDS)
		return true;
	if (en->succeeded == 0)
		return en->failures >= 3;
	return now - en->succeeded > 7 * DAY_SECONDS && en->failures >= 10;
}

/* --- placing -------------------------------------------------------------------------- */

/* Sets slot->at to a free slot of the bucket. Returns false if it is full; then slot->at is the slot
 * that the address competes for. */
static bool find_slot(struct addrbook *b, const struct net_addr *a, struct book_slot *slot)
{
	const uint16_t *bucket = book_bucket(b, slot->tried, slot->bucket);

	for (slot->at = 0; slot->at < ADDRBOOK_BUCKET_SLOTS; slot->at++)
		if (bucket[slot->at] == 0)
			return true;
	slot->at = (uint16_t)full_bucket_slot(b, slot->tried, slot->bucket, a);
	return false;
}

static struct book_entry *occupant_of(struct addrbook *b, const struct book_slot *slot)
{
	return &b->entries[book_bucket(b, slot->tried, slot->bucket)[slot->at] - 1];
}

static bool place_new(struct addrbook *b, const struct net_addr *a, const uint8_t source[16],
		      struct book_slot *slot)
{
	struct book_entry *occupant;

	*slot = (struct book_slot){.bucket = (uint16_t)new_bucket(b, a, source)};
	if (find_slot(b, a, slot))
		return true;
	occupant = occupant_of(b, slot);
	if (!book_is_terrible(&occupant->pub, clock_unix(b->clock)))
		return false;
	book_drop(b, occupant);
	return true;
}

struct book_entry *book_insert(struct addrbook *b, const struct addrbook_entry *pub,
			       const uint8_t source[16])
{
	struct book_slot slot = {.tried = pub->tried,
				 .bucket = (uint16_t)tried_bucket(b, &pub->addr)};
	struct book_entry *en;

	if (pub->tried ? !find_slot(b, &pub->addr, &slot)
		       : !place_new(b, &pub->addr, source, &slot))
		return NULL;
	mem_reserve(&b->entries, &b->cap, b->n + 1, sizeof(*b->entries));
	en = &b->entries[b->n++];
	en->pub = *pub;
	memcpy(en->source, source, sizeof(en->source));
	put_into(b, en, slot);
	return en;
}

bool book_promote(struct addrbook *b, struct book_entry *en, struct book_entry **occupant)
{
	struct book_slot slot = {.tried = true, .bucket = (uint16_t)tried_bucket(b, &en->pub.addr)};

	if (!find_slot(b, &en->pub.addr, &slot)) {
		*occupant = occupant_of(b, &slot);
		return false;
	}
	take_out(b, en);
	put_into(b, en, slot);
	return true;
}

struct book_entry *book_replace(struct addrbook *b, const struct net_addr *occupant,
				const struct net_addr *candidate)
{
	struct book_entry *out = book_find(b, occupant), *in = book_find(b, candidate), again;
	struct book_slot slot;

	if (!out || !in || !out->slot.tried || in->slot.tried)
		return NULL;
	again = *out;
	slot = out->slot;
	book_drop(b, out);
	in = book_find(b, candidate);
	take_out(b, in);
	put_into(b, in, slot);
	again.pub.tried = false;
	return book_insert(b, &again.pub, again.source);
}
