#include <tally/net/addrbook.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "net/addrbook_table_priv.h"

#define RECORD_VERSION      2
#define RECORD_BYTES        64
#define TIME_MAX            (INT64_C(1) << 40) /* of a stored time, in unix seconds */
#define BACKOFF_FIRST       10                 /* seconds */
#define BACKOFF_MAX         3600
#define FAILURES_NEVER_SEEN 6  /* an address that never answered is dropped after these */
#define FAILURES_SEEN       20 /* one that did, after these and HORIZON_SECONDS */
/* Source: Bitcoin Core addrman.h, ADDRMAN_REPLACEMENT and ADDRMAN_TEST_WINDOW. */
#define OCCUPANT_SURE_SECONDS (4 * 3600) /* it answered this recently: it keeps its slot untested */
/* After this time an occupant that could not be tested loses its slot to the new address. */
#define COLLISION_MAX_SECONDS (40 * 60)

/* The record that holds b->key. Its key sorts before those of all entries, so that b->key is known
 * before they are placed in buckets. */
static const uint8_t secret_record_key[1] = {0};

struct addrbook *addrbook_new(const struct clock *clock, const struct rng *rng,
			      const struct record_store *store)
{
	struct addrbook *b = NEW(struct addrbook);

	b->clock = clock;
	b->rng = rng;
	if (store)
		b->store = *store;
	rng_fill(rng, b->key, sizeof(b->key));
	map_init(&b->index, NET_ADDR_KEY_BYTES, sizeof(uint32_t));
	return b;
}

void addrbook_free(struct addrbook *b)
{
	if (!b)
		return;
	map_clear(&b->index);
	free(b->entries);
	free(b);
}

/* --- records ------------------------------------------------------------------------ */

static void store_entry(struct addrbook *b, const struct book_entry *en)
{
	uint8_t key[NET_ADDR_KEY_BYTES], record[RECORD_BYTES];
	struct writer w;

	if (!b->store.put)
		return;
	net_addr_pack(key, &en->pub.addr);
	writer_init_fixed(&w, record, sizeof(record));
	put_u8(&w, RECORD_VERSION);
	put_u8(&w, en->pub.tried);
	put_le64(&w, en->pub.services);
	put_le64(&w, (uint64_t)en->pub.seen);
	put_le64(&w, (uint64_t)en->pub.dialled);
	put_le64(&w, (uint64_t)en->pub.succeeded);
	put_le32(&w, en->pub.failures);
	put_bytes(&w, en->source, sizeof(en->source));
	b->store.put(b->store.ctx, (struct span){key, sizeof(key)}, (struct span){record, w.len});
}

static bool time_ok(int64_t t)
{
	return t >= 0 && t <= TIME_MAX;
}

static bool load_key(struct addrbook *b, struct span record)
{
	if (b->n > 0 || record.len != sizeof(b->key))
		return false;
	memcpy(b->key, record.p, sizeof(b->key));
	b->have_key = true;
	return true;
}

bool addrbook_load(struct addrbook *b, struct span key, struct span record)
{
	struct addrbook_entry en = {0};
	uint8_t source[16];
	struct reader r;

	b->loading = true;
	if (key.len == sizeof(secret_record_key) && key.p[0] == secret_record_key[0])
		return load_key(b, record);
	if (key.len != NET_ADDR_KEY_BYTES)
		return false;
	net_addr_unpack(&en.addr, key.p);
	reader_init(&r, record.p, record.len);
	if (get_u8(&r) != RECORD_VERSION)
		return false;
	en.tried = get_u8(&r) != 0;
	en.services = get_le64(&r);
	en.seen = (int64_t)get_le64(&r);
	en.dialled = (int64_t)get_le64(&r);
	en.succeeded = (int64_t)get_le64(&r);
	en.failures = get_le32(&r);
	get_bytes(&r, source, sizeof(source));
	if (!reader_done(&r) || en.addr.port == 0 || net_addr_scope(&en.addr) == NET_UNUSABLE ||
	    !time_ok(en.seen) || !time_ok(en.dialled) || !time_ok(en.succeeded) ||
	    book_find(b, &en.addr))
		return false;
	return book_insert(b, &en, source) != NULL;
}

void addrbook_loaded(struct addrbook *b)
{
	b->loading = false;
	if (!b->have_key && b->store.put)
		b->store.put(b->store.ctx,
			     (struct span){secret_record_key, sizeof(secret_record_key)},
			     (struct span){b->key, sizeof(b->key)});
	b->have_key = true;
}

/* --- announced addresses ---------------------------------------------------------------- */

/* A peer's clock may be wrong: a time over 10 minutes in the future is replaced by 5 days ago.
 * Source: Bitcoin Core net_processing.cpp, ADDR. */
static int64_t plausible_time(int64_t seen, int64_t now)
{
	if (seen > now + 600)
		return now - 5 * DAY_SECONDS;
	return MIN(MAX(seen, 0), now);
}

static struct book_entry *add_new_entry(struct addrbook *b, const struct net_addr *a, int64_t seen,
					const struct net_addr *source)
{
	const struct addrbook_entry fresh = {.addr = *a, .seen = seen};

	if (a->port == 0 || net_addr_scope(a) == NET_UNUSABLE)
		return NULL;
	return book_insert(b, &fresh, source ? source->ip : a->ip);
}

bool addrbook_add(struct addrbook *b, const struct net_addr *a, uint64_t services, int64_t seen,
		  const struct net_addr *source)
{
	struct book_entry *en = book_find(b, a);
	bool changed = false;

	seen = plausible_time(seen, clock_unix(b->clock));
	if (!en) {
		en = add_new_entry(b, a, seen, source);
		if (!en)
			return false;
		changed = true;
	}
	/* Announcements are frequent, so a difference under 1 h is not written. */
	if (seen > en->pub.seen + 3600) {
		en->pub.seen = seen;
		changed = true;
	}
	if (services != 0 && services != en->pub.services && en->pub.succeeded == 0) {
		en->pub.services = services;
		changed = true;
	}
	if (changed)
		store_entry(b, en);
	return true;
}

/* --- collisions in the tried table ------------------------------------------------------- */

static void remove_collision(struct addrbook *b, size_t i)
{
	b->collisions[i] = b->collisions[--b->n_collisions];
}

static void replace_occupant(struct addrbook *b, const struct tried_collision *c)
{
	const struct book_entry *out = book_replace(b, &c->occupant, &c->candidate);
	const struct book_entry *in = book_find(b, &c->candidate);

	if (out)
		store_entry(b, out);
	if (in)
		store_entry(b, in);
}

static void add_collision(struct addrbook *b, const struct book_entry *candidate,
			  const struct book_entry *occupant, int64_t now)
{
	const struct tried_collision c = {
		.candidate = candidate->pub.addr, .occupant = occupant->pub.addr, .since = now};

	if (book_is_terrible(&occupant->pub, now)) {
		replace_occupant(b, &c);
		return;
	}
	if (now - occupant->pub.succeeded < OCCUPANT_SURE_SECONDS ||
	    b->n_collisions == COLLISIONS_MAX)
		return;
	for (size_t i = 0; i < b->n_collisions; i++)
		if (net_addr_equal(&b->collisions[i].occupant, &c.occupant))
			return;
	b->collisions[b->n_collisions++] = c;
}

/* Ends the collisions with this occupant (which answered or did not), and those whose occupant could
 * not be tested for 40 minutes. occupant may be NULL. */
static void resolve_collisions(struct addrbook *b, const struct net_addr *occupant, bool answered)
{
	int64_t now = clock_unix(b->clock);

	for (size_t i = b->n_collisions; i-- > 0;) {
		const struct tried_collision c = b->collisions[i];
		bool tested = occupant && net_addr_equal(&c.occupant, occupant);

		if (!tested && now - c.since < COLLISION_MAX_SECONDS)
			continue;
		remove_collision(b, i);
		if (!tested || !answered)
			replace_occupant(b, &c);
	}
}

/* --- results of dialling ------------------------------------------------------------------ */

void addrbook_dialled(struct addrbook *b, const struct net_addr *a)
{
	struct book_entry *en = book_find(b, a);

	if (!en)
		return;
	en->pub.dialled = clock_unix(b->clock);
	store_entry(b, en);
}

void addrbook_succeeded(struct addrbook *b, const struct net_addr *a, uint64_t services)
{
	int64_t now = clock_unix(b->clock);
	struct book_entry *en = book_find(b, a), *occupant;

	if (!en)
		en = add_new_entry(b, a, now, NULL);
	if (!en)
		return;
	en->pub.seen = en->pub.succeeded = now;
	en->pub.failures = 0;
	en->pub.services = services;
	if (!en->pub.tried && !book_promote(b, en, &occupant))
		add_collision(b, en, occupant, now);
	en = book_find(b, a);
	store_entry(b, en);
	resolve_collisions(b, a, true);
}

static bool should_drop(const struct addrbook_entry *en, int64_t now)
{
	if (en->succeeded == 0)
		return en->failures >= FAILURES_NEVER_SEEN;
	return en->failures >= FAILURES_SEEN && now - en->succeeded > HORIZON_SECONDS;
}

void addrbook_failed(struct addrbook *b, const struct net_addr *a)
{
	struct book_entry *en = book_find(b, a);
	int64_t now = clock_unix(b->clock);

	if (!en)
		return;
	en->pub.dialled = now;
	if (en->pub.failures < UINT32_MAX)
		en->pub.failures++;
	if (should_drop(&en->pub, now))
		book_drop(b, en);
	else
		store_entry(b, en);
	resolve_collisions(b, a, false);
}

void addrbook_remove(struct addrbook *b, const struct net_addr *a)
{
	struct book_entry *en = book_find(b, a);

	if (en)
		book_drop(b, en);
}

bool addrbook_get(const struct addrbook *b, const struct net_addr *a, struct addrbook_entry *out)
{
	const struct book_entry *en = book_find(b, a);

	if (en)
		*out = en->pub;
	return en != NULL;
}

size_t addrbook_count(const struct addrbook *b)
{
	return b->n;
}

size_t addrbook_count_tried(const struct addrbook *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->entries[i].pub.tried;
	return n;
}

/* --- choosing an address to dial ---------------------------------------------------- */

/* The conditions of addrbook_pick. */
struct criteria {
	bool (*wanted)(void *arg, const struct net_addr *a);
	void *arg;
	int64_t now;
};

static int64_t dial_backoff(uint32_t failures)
{
	return failures >= 9 ? BACKOFF_MAX : MIN((int64_t)BACKOFF_FIRST << failures, BACKOFF_MAX);
}

static bool may_dial(const struct criteria *c, const struct addrbook_entry *en)
{
	/* If the last attempt is in the future, the clock was set back; then there is no back-off. */
	if (en->dialled != 0 && en->dialled <= c->now &&
	    c->now - en->dialled < dial_backoff(en->failures))
		return false;
	return c->wanted(c->arg, &en->addr);
}

/* Weighted choice in one pass: each candidate replaces the choice so far with the probability weight /
 * (sum of the weights up to it). So each is chosen in proportion to its weight. */
static bool replaces_choice(struct addrbook *b, uint64_t weight, uint64_t *sum)
{
	*sum += weight;
	return rng_below(b->rng, *sum) < weight;
}

/* Returns NULL if no address of this bucket may be dialled. */
static const struct book_entry *pick_in_bucket(struct addrbook *b, const struct criteria *c,
					       const uint16_t bucket[ADDRBOOK_BUCKET_SLOTS])
{
	const struct book_entry *best = NULL;
	uint64_t sum = 0;

	for (size_t i = 0; i < ADDRBOOK_BUCKET_SLOTS; i++) {
		const struct book_entry *en = bucket[i] ? &b->entries[bucket[i] - 1] : NULL;

		if (en && may_dial(c, &en->pub) &&
		    replaces_choice(b, UINT64_C(64) >> MIN(en->pub.failures, 6), &sum))
			best = en;
	}
	return best;
}

/* Every bucket with a candidate is equally likely, so an attacker gains nothing by filling one bucket
 * with many addresses. */
static const struct book_entry *pick_in_table(struct addrbook *b, const struct criteria *c,
					      bool tried)
{
	size_t n = tried ? ADDRBOOK_TRIED_BUCKETS : ADDRBOOK_NEW_BUCKETS;
	const struct book_entry *best = NULL;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct book_entry *en = pick_in_bucket(b, c, book_bucket(b, tried, i));

		if (en && replaces_choice(b, 1, &sum))
			best = en;
	}
	return best;
}

static const struct book_entry *pick_occupant(struct addrbook *b, const struct criteria *c)
{
	for (size_t i = 0; i < b->n_collisions; i++) {
		const struct book_entry *en = book_find(b, &b->collisions[i].occupant);

		if (en && may_dial(c, &en->pub))
			return en;
	}
	return NULL;
}

static bool return_choice(const struct book_entry *en, struct net_addr *out)
{
	if (en)
		*out = en->pub.addr;
	return en != NULL;
}

bool addrbook_pick_untested(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
			    void *arg, struct net_addr *out)
{
	const struct criteria c = {wanted, arg, clock_unix(b->clock)};
	const struct book_entry *en;

	resolve_collisions(b, NULL, false);
	en = pick_occupant(b, &c);
	return return_choice(en ? en : pick_in_table(b, &c, false), out);
}

bool addrbook_pick(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
		   void *arg, struct net_addr *out)
{
	const struct criteria c = {wanted, arg, clock_unix(b->clock)};
	bool tried = rng_below(b->rng, 2) == 0;
	const struct book_entry *en;

	resolve_collisions(b, NULL, false);
	en = pick_occupant(b, &c);
	if (!en)
		en = pick_in_table(b, &c, tried);
	if (!en)
		en = pick_in_table(b, &c, !tried);
	return return_choice(en, out);
}

/* --- addresses to announce --------------------------------------------------------- */

static bool may_announce(const struct addrbook_entry *en, enum net_scope to, int64_t now)
{
	enum net_scope scope = net_addr_scope(&en->addr);

	if (scope == NET_LOOPBACK && to != NET_LOOPBACK)
		return false;
	if (scope == NET_PRIVATE && to != NET_LOOPBACK && to != NET_PRIVATE)
		return false;
	return en->succeeded != 0 || (en->seen != 0 && now - en->seen <= HORIZON_SECONDS);
}

size_t addrbook_sample(struct addrbook *b, enum net_scope to, struct addrbook_entry *out,
		       size_t max)
{
	int64_t now = clock_unix(b->clock);
	size_t n = 0, eligible = 0;

	/* Reservoir sampling, Vitter's algorithm R: each eligible entry is equally likely. */
	for (size_t i = 0; i < b->n; i++) {
		size_t place;

		if (!may_announce(&b->entries[i].pub, to, now))
			continue;
		place = n < max ? n++ : (size_t)rng_below(b->rng, eligible + 1);
		eligible++;
		if (place < max)
			out[place] = b->entries[i].pub;
	}
	return n;
}
