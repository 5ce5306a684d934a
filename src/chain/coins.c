#include "chain/coins_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/base/rng.h>

#define CHUNK 1024U
/* Memory of an entry with its share of the buckets. */
#define ENTRY_BYTES (sizeof(struct coins_entry) + 2 * sizeof(uint32_t))

struct coins_entry {
	int64_t value;
	struct outpoint outpoint;
	struct key_hash owner;
	uint32_t height : 31, coinbase : 1;
	/* dirty: differs from the store. fresh: the store does not have it. spent: the coin is
	 * gone, but the store still has it. */
	uint32_t next : 29, dirty : 1, fresh : 1, spent : 1;
	uint32_t newer, older; /* in the list of dirty or of clean entries */
};
_Static_assert(sizeof(struct coins_entry) == 80,
	       "ENTRY_BYTES decides how many coins fit into the cache");

static struct coins_entry *entry_at(const struct coins *cs, uint32_t i)
{
	return &cs->chunks[(i - 1) / CHUNK][(i - 1) % CHUNK];
}

void coins_init(struct coins *cs, struct store *store, uint64_t bytes)
{
	uint32_t buckets = 1024;

	memset(cs, 0, sizeof(*cs));
	cs->store = store;
	cs->limit = (size_t)(bytes / ENTRY_BYTES);
	if (cs->limit < CHUNK)
		cs->limit = CHUNK;
	/* All buckets are allocated at once, so that no insertion has to rehash. Zero pages cost
	 * nothing until they are used. */
	while (buckets < cs->limit && buckets < UINT32_C(1) << 28)
		buckets *= 2;
	cs->mask = buckets - 1;
	cs->buckets = mem_zalloc(buckets * sizeof(*cs->buckets));
	/* The key only decides which bucket an entry is in; nobody outside may know it. */
	rng_fill(rng_system(), cs->hash_key, sizeof(cs->hash_key));
}

void coins_clear(struct coins *cs)
{
	for (uint32_t i = 0; i < cs->made; i += CHUNK)
		free(cs->chunks[i / CHUNK]);
	free(cs->chunks);
	free(cs->buckets);
	free(cs->order);
	free(cs->order_ends);
	memset(cs, 0, sizeof(*cs));
}

void coins_reset(struct coins *cs)
{
	struct store *store = cs->store;
	size_t limit = cs->limit;

	coins_clear(cs);
	coins_init(cs, store, (uint64_t)limit * ENTRY_BYTES);
}

size_t coins_memory(const struct coins *cs)
{
	size_t chunks = (cs->made + CHUNK - 1) / CHUNK, n = cs->dirty.n + cs->clean.n;
	size_t touched = ((size_t)cs->mask + 1) * sizeof(*cs->buckets);

	/* Each coin touches at most one page of 4096 bytes of the buckets; the others are still
	 * zero pages. */
	if (touched > n * 4096)
		touched = n * 4096;
	return chunks * CHUNK * sizeof(struct coins_entry) + touched +
	       cs->order_n * sizeof(*cs->order) +
	       (cs->order_ends != NULL ? sizeof(*cs->order_ends) << cs->order_bits : 0);
}

size_t coins_dirty(const struct coins *cs)
{
	return cs->dirty.n;
}

bool coins_full(const struct coins *cs)
{
	return cs->dirty.n + cs->clean.n > cs->limit;
}

/* --- the map -------------------------------------------------------------------- */

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* A txid is a hash already, but a sender can try many transactions and choose. With a secret key
 * nobody can aim many coins at one bucket to make the cache slow. */
static uint32_t *bucket_of(const struct coins *cs, const struct outpoint *o)
{
	const uint8_t *b = o->txid.h.b;
	const uint64_t *k = cs->hash_key;
	uint64_t h = fold(le64(b) ^ k[0], le64(b + 8) ^ k[1]) ^
		     fold(le64(b + 16) ^ k[2], le64(b + 24) ^ k[3]);

	h = fold(h ^ o->index, k[4] | 1);
	return &cs->buckets[(uint32_t)(h >> 16) & cs->mask];
}

static bool same_outpoint(const struct outpoint *a, const struct outpoint *b)
{
	return a->index == b->index && hash256_equal(&a->txid.h, &b->txid.h);
}

static uint32_t find_entry(const struct coins *cs, const struct outpoint *o)
{
	uint32_t i = *bucket_of(cs, o);

	while (i != 0 && !same_outpoint(&entry_at(cs, i)->outpoint, o))
		i = entry_at(cs, i)->next;
	return i;
}

static struct coins_list *list_of(struct coins *cs, const struct coins_entry *en)
{
	return en->dirty ? &cs->dirty : &cs->clean;
}

static void list_out(struct coins *cs, uint32_t i)
{
	struct coins_entry *en = entry_at(cs, i);
	struct coins_list *l = list_of(cs, en);

	if (en->older != 0)
		entry_at(cs, en->older)->newer = en->newer;
	else
		l->first = en->newer;
	if (en->newer != 0)
		entry_at(cs, en->newer)->older = en->older;
	else
		l->last = en->older;
	l->n--;
}

static void list_in(struct coins *cs, uint32_t i)
{
	struct coins_entry *en = entry_at(cs, i);
	struct coins_list *l = list_of(cs, en);

	en->newer = 0;
	en->older = l->last;
	if (l->last != 0)
		entry_at(cs, l->last)->newer = i;
	else
		l->first = i;
	l->last = i;
	l->n++;
}

static void set_dirty(struct coins *cs, uint32_t i)
{
	if (entry_at(cs, i)->dirty)
		return;
	list_out(cs, i);
	entry_at(cs, i)->dirty = 1;
	list_in(cs, i);
}

/* Adds a dirty entry for an outpoint that has none. */
static struct coins_entry *insert_entry(struct coins *cs, const struct outpoint *o)
{
	uint32_t i = cs->free_list, *bucket = bucket_of(cs, o);
	struct coins_entry *en;

	if (i != 0) {
		cs->free_list = entry_at(cs, i)->next;
	} else {
		if (cs->made % CHUNK == 0) {
			mem_reserve(&cs->chunks, &cs->chunks_cap, cs->made / CHUNK + 1,
				    sizeof(*cs->chunks));
			cs->chunks[cs->made / CHUNK] = mem_array(CHUNK, sizeof(*en));
		}
		i = ++cs->made;
		assert(i < UINT32_C(1) << 29);
	}
	en = entry_at(cs, i);
	memset(en, 0, sizeof(*en));
	en->outpoint = *o;
	en->next = *bucket;
	*bucket = i;
	en->dirty = 1;
	list_in(cs, i);
	return en;
}

static void erase_entry(struct coins *cs, uint32_t i)
{
	struct coins_entry *en = entry_at(cs, i);
	uint32_t *bucket = bucket_of(cs, &en->outpoint), before = *bucket;

	list_out(cs, i);
	if (before == i) {
		*bucket = en->next;
	} else {
		while (entry_at(cs, before)->next != i)
			before = entry_at(cs, before)->next;
		entry_at(cs, before)->next = en->next;
	}
	en->dirty = 0; /* order_next skips it then */
	en->next = cs->free_list;
	cs->free_list = i;
}

static void coin_of_entry(struct coin *out, const struct coins_entry *en)
{
	*out = (struct coin){.value = en->value,
			     .owner = en->owner,
			     .height = en->height,
			     .coinbase = en->coinbase};
}

static void entry_set_coin(struct coins_entry *en, const struct coin *c)
{
	en->value = c->value;
	en->owner = c->owner;
	en->height = c->height & UINT32_C(0x7fffffff);
	en->coinbase = c->coinbase;
}

/* --- coins ---------------------------------------------------------------------- */

bool coins_get(const struct coins *cs, const struct outpoint *o, struct coin *out, struct err *e)
{
	uint32_t i = find_entry(cs, o);

	err_clear(e);
	if (i == 0)
		return store_get_coin(cs->store, o, out, e);
	if (entry_at(cs, i)->spent)
		return false;
	coin_of_entry(out, entry_at(cs, i));
	return true;
}

/* If the store has the coin, the entry stays until the deletion is written. */
static void spend_entry(struct coins *cs, uint32_t i)
{
	if (entry_at(cs, i)->fresh) {
		erase_entry(cs, i);
	} else {
		set_dirty(cs, i);
		entry_at(cs, i)->spent = 1;
	}
}

enum coins_found coins_spend(struct coins *cs, const struct outpoint *o, struct coin *out,
			     struct err *e)
{
	uint32_t i = find_entry(cs, o);
	struct err err = {0};

	if (i != 0) {
		if (entry_at(cs, i)->spent)
			return COINS_MISSING;
		coin_of_entry(out, entry_at(cs, i));
		spend_entry(cs, i);
		return COINS_FOUND;
	}
	if (!store_get_coin(cs->store, o, out, &err)) {
		if (err.cls == ERR_NONE)
			return COINS_MISSING;
		if (e != NULL)
			*e = err;
		return COINS_BROKEN;
	}
	insert_entry(cs, o)->spent = 1;
	return COINS_FOUND;
}

void coins_add(struct coins *cs, const struct outpoint *o, const struct coin *c)
{
	uint32_t i = find_entry(cs, o);

	if (i == 0) {
		/* Within one chain no two transactions are alike (a coinbase begins with its
		 * height), so the store can't have it. */
		struct coins_entry *en = insert_entry(cs, o);

		en->fresh = 1;
		entry_set_coin(en, c);
		return;
	}
	assert(entry_at(cs, i)->spent);
	entry_at(cs, i)->spent = 0;
	entry_set_coin(entry_at(cs, i), c);
}

void coins_remove(struct coins *cs, const struct outpoint *o)
{
	uint32_t i = find_entry(cs, o);

	if (i == 0) {
		insert_entry(cs, o)->spent = 1;
		return;
	}
	assert(!entry_at(cs, i)->spent);
	spend_entry(cs, i);
}

/* --- writing -------------------------------------------------------------------- */

/* Dirty entries are sorted by key in two steps, so that no call takes long: first into buckets by
 * the leading bits of the key, about ORDER_BUCKET entries each; a bucket is sorted when it is the
 * next to be written. */
#define ORDER_BUCKET   32
#define ORDER_BITS_MAX 16U

static uint32_t bucket_by_key(const struct coins *cs, uint32_t i)
{
	return be32(entry_at(cs, i)->outpoint.txid.h.b) >> (32 - cs->order_bits);
}

static void order_drop(struct coins *cs)
{
	free(cs->order);
	free(cs->order_ends);
	cs->order = cs->order_ends = NULL;
	cs->order_n = cs->order_at = 0;
}

/* The next dirty entry after i (0: the first), or 0. If more than one entry in eight is dirty,
 * reading all entries in the order of memory is much faster than following the list. */
static uint32_t dirty_after(const struct coins *cs, uint32_t i)
{
	if (cs->dirty.n < cs->made / 8)
		return i == 0 ? cs->dirty.first : entry_at(cs, i)->newer;
	while (++i <= cs->made)
		if (entry_at(cs, i)->dirty)
			return i;
	return 0;
}

/* Counting sort: counts the dirty entries of each bucket, then places them. order_ends[b] is first
 * the start of bucket b, and after the placing its end. */
static void order_make(struct coins *cs)
{
	uint32_t sum = 0;

	order_drop(cs);
	cs->order_bits = 1;
	while (cs->order_bits < ORDER_BITS_MAX && cs->dirty.n >> cs->order_bits > ORDER_BUCKET)
		cs->order_bits++;
	cs->order = mem_array(cs->dirty.n, sizeof(*cs->order));
	cs->order_ends = mem_zalloc(sizeof(*cs->order_ends) << cs->order_bits);
	for (uint32_t i = 0; (i = dirty_after(cs, i)) != 0;)
		cs->order_ends[bucket_by_key(cs, i)]++;
	for (uint32_t b = 0; b < UINT32_C(1) << cs->order_bits; b++) {
		uint32_t n = cs->order_ends[b];

		cs->order_ends[b] = sum;
		sum += n;
	}
	for (uint32_t i = 0; (i = dirty_after(cs, i)) != 0;)
		cs->order[cs->order_ends[bucket_by_key(cs, i)]++] = i;
	cs->order_n = sum;
	cs->order_at = cs->order_sorted = cs->order_bucket = 0;
}

static int by_key(const void *a, const void *b, void *arg)
{
	uint8_t x[OUTPOINT_BYTES], y[OUTPOINT_BYTES];

	outpoint_pack(x, &entry_at(arg, *(const uint32_t *)a)->outpoint);
	outpoint_pack(y, &entry_at(arg, *(const uint32_t *)b)->outpoint);
	return memcmp(x, y, OUTPOINT_BYTES);
}

/* The next dirty entry in order; there must be one. Since the order was made, entries may have been
 * written, erased and used again for other coins. Then the order is not exact, which costs only
 * time. */
static uint32_t order_next(struct coins *cs)
{
	for (;;) {
		uint32_t i;

		if (cs->order_at == cs->order_n)
			order_make(cs);
		if (cs->order_at == cs->order_sorted) {
			while (cs->order_ends[cs->order_bucket] <= cs->order_at)
				cs->order_bucket++;
			cs->order_sorted = cs->order_ends[cs->order_bucket];
			qsort_r(cs->order + cs->order_at, cs->order_sorted - cs->order_at,
				sizeof(*cs->order), by_key, cs);
		}
		i = cs->order[cs->order_at++];
		if (entry_at(cs, i)->dirty)
			return i;
	}
}

static bool write_entry(struct coins *cs, uint32_t i, struct err *e)
{
	struct coins_entry *en = entry_at(cs, i);
	struct coin c;

	if (en->spent) {
		if (!store_del_coin(cs->store, &en->outpoint, e))
			return false;
		erase_entry(cs, i);
		return true;
	}
	coin_of_entry(&c, en);
	if (!store_put_coin(cs->store, &en->outpoint, &c, e))
		return false;
	list_out(cs, i);
	en->dirty = en->fresh = 0;
	list_in(cs, i);
	return true;
}

bool coins_flush(struct coins *cs, size_t max, struct err *e)
{
	for (; max > 0 && cs->dirty.n > 0; max--) {
		if (!write_entry(cs, order_next(cs), e))
			return false;
	}
	if (cs->dirty.n == 0)
		order_drop(cs);
	return true;
}

void coins_trim(struct coins *cs)
{
	while (coins_full(cs) && cs->clean.n > 0)
		erase_entry(cs, cs->clean.first);
}

bool coins_make_room(struct coins *cs, size_t max, struct err *e)
{
	coins_trim(cs);
	if (!coins_full(cs))
		return true;
	if (!coins_flush(cs, max, e))
		return false;
	coins_trim(cs);
	return true;
}
