/* Buckets: which an address belongs to, and who makes room in a full one. */
#include "net/addrbook_priv.h"

#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>

#define NEW_PER_SOURCE  64 /* buckets that the addresses from one place reach */
#define TRIED_PER_GROUP 8  /* and those of one place, once tried */

enum purpose { CHOOSE_AMONG_NEW, CHOOSE_NEW, CHOOSE_AMONG_TRIED, CHOOSE_TRIED, CHOOSE_SLOT };

static uint64_t keyed(const struct addrbook *b, enum purpose purpose, uint64_t x, uint64_t y,
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
	uint64_t place;

	memcpy(from.ip, source, sizeof(from.ip));
	place = net_addr_group(&from);
	return keyed(b, CHOOSE_NEW, place,
		     keyed(b, CHOOSE_AMONG_NEW, net_addr_group(a), place, NULL) % NEW_PER_SOURCE,
		     NULL) %
	       ADDRBOOK_NEW_BUCKETS;
}

static size_t tried_bucket(const struct addrbook *b, const struct net_addr *a)
{
	return keyed(b, CHOOSE_TRIED, net_addr_group(a),
		     keyed(b, CHOOSE_AMONG_TRIED, 0, 0, a) % TRIED_PER_GROUP, NULL) %
	       ADDRBOOK_TRIED_BUCKETS;
}

/* The slot that is an address' own in a full bucket. */
static size_t own_slot(const struct addrbook *b, bool tried, size_t bucket,
		       const struct net_addr *a)
{
	return keyed(b, CHOOSE_SLOT, tried, bucket, a) % ADDRBOOK_BUCKET_SLOTS;
}

uint16_t *book_bucket(struct addrbook *b, bool tried, size_t bucket)
{
	return tried ? b->tried[bucket] : b->fresh[bucket];
}

/* --- entries ------------------------------------------------------------------------- */

struct entry *book_find(const struct addrbook *b, const struct net_addr *a)
{
	uint8_t key[NET_ADDR_KEY_BYTES];
	const uint32_t *at;

	net_addr_pack(key, a);
	at = map_get(&b->index, key);
	return at ? &b->entries[*at] : NULL;
}

/* Both the index and the table point at entries by their place. */
static void point_at(struct addrbook *b, size_t place)
{
	const struct entry *en = &b->entries[place];
	uint8_t key[NET_ADDR_KEY_BYTES];

	net_addr_pack(key, &en->pub.addr);
	*(uint32_t *)map_put(&b->index, key, NULL) = (uint32_t)place;
	book_bucket(b, en->slot.tried, en->slot.bucket)[en->slot.at] = (uint16_t)(place + 1);
}

static void put_into(struct addrbook *b, struct entry *en, struct slot slot)
{
	en->slot = slot;
	en->pub.tried = slot.tried;
	point_at(b, (size_t)(en - b->entries));
}

static void take_out(struct addrbook *b, const struct entry *en)
{
	book_bucket(b, en->slot.tried, en->slot.bucket)[en->slot.at] = 0;
}

void book_drop(struct addrbook *b, struct entry *en)
{
	uint8_t key[NET_ADDR_KEY_BYTES];
	size_t place = (size_t)(en - b->entries);

	net_addr_pack(key, &en->pub.addr);
	take_out(b, en);
	map_del(&b->index, key);
	if (place != --b->n) {
		b->entries[place] = b->entries[b->n];
		point_at(b, place);
	}
	if (b->store.del && !b->loading)
		b->store.del(b->store.ctx, (struct span){key, sizeof(key)});
}

bool book_is_poor(const struct addrbook_entry *en, int64_t now)
{
	if (en->dialled != 0 && now - en->dialled < 60)
		return false;
	if (en->seen > now + 600 || now - en->seen > SAMPLE_HORIZON)
		return true;
	if (en->succeeded == 0)
		return en->failures >= 3;
	return now - en->succeeded > 7 * DAY && en->failures >= 10;
}

/* --- placing -------------------------------------------------------------------------- */

/* False: the bucket is full; then *slot is the address' own one there. */
static bool free_slot(struct addrbook *b, const struct net_addr *a, struct slot *slot)
{
	const uint16_t *bucket = book_bucket(b, slot->tried, slot->bucket);

	for (slot->at = 0; slot->at < ADDRBOOK_BUCKET_SLOTS; slot->at++)
		if (bucket[slot->at] == 0)
			return true;
	slot->at = (uint16_t)own_slot(b, slot->tried, slot->bucket, a);
	return false;
}

static struct entry *holder_of(struct addrbook *b, const struct slot *slot)
{
	return &b->entries[book_bucket(b, slot->tried, slot->bucket)[slot->at] - 1];
}

static bool place_new(struct addrbook *b, const struct net_addr *a, const uint8_t source[16],
		      struct slot *slot)
{
	struct entry *holder;

	*slot = (struct slot){.bucket = (uint16_t)new_bucket(b, a, source)};
	if (free_slot(b, a, slot))
		return true;
	holder = holder_of(b, slot);
	if (!book_is_poor(&holder->pub, clock_unix(b->clock)))
		return false;
	book_drop(b, holder);
	return true;
}

struct entry *book_insert(struct addrbook *b, const struct addrbook_entry *pub,
			  const uint8_t source[16])
{
	struct slot slot = {.tried = pub->tried, .bucket = (uint16_t)tried_bucket(b, &pub->addr)};
	struct entry *en;

	if (pub->tried ? !free_slot(b, &pub->addr, &slot)
		       : !place_new(b, &pub->addr, source, &slot))
		return NULL;
	mem_reserve(&b->entries, &b->cap, b->n + 1, sizeof(*b->entries));
	en = &b->entries[b->n++];
	en->pub = *pub;
	memcpy(en->source, source, sizeof(en->source));
	put_into(b, en, slot);
	return en;
}

bool book_promote(struct addrbook *b, struct entry *en, struct entry **holder)
{
	struct slot slot = {.tried = true, .bucket = (uint16_t)tried_bucket(b, &en->pub.addr)};

	if (!free_slot(b, &en->pub.addr, &slot)) {
		*holder = holder_of(b, &slot);
		return false;
	}
	take_out(b, en);
	put_into(b, en, slot);
	return true;
}

struct entry *book_displace(struct addrbook *b, const struct net_addr *holder,
			    const struct net_addr *newcomer)
{
	struct entry *out = book_find(b, holder), *in = book_find(b, newcomer), again;
	struct slot slot;

	if (!out || !in || !out->slot.tried || in->slot.tried)
		return NULL;
	again = *out;
	slot = out->slot;
	book_drop(b, out);
	in = book_find(b, newcomer);
	take_out(b, in);
	put_into(b, in, slot);
	again.pub.tried = false;
	return book_insert(b, &again.pub, again.source);
}
