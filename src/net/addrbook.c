#include <tally/net/addrbook.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "net/addrbook_priv.h"

#define RECORD_VERSION      2
#define RECORD_BYTES        64
#define TIME_MAX            (INT64_C(1) << 40) /* what a stored time may be */
#define BACKOFF_FIRST       10
#define BACKOFF_MAX         3600
#define FAILURES_NEVER_SEEN 6  /* give up on an address that never answered */
#define FAILURES_SEEN       20 /* and on one that used to, after SAMPLE_HORIZON */
/* Source: Bitcoin Core addrman.h, ADDRMAN_REPLACEMENT and ADDRMAN_TEST_WINDOW. */
#define HOLDER_SURE_SECONDS  (4 * 3600) /* answered so lately: it keeps its slot untested */
#define CONTEST_LONG_SECONDS (40 * 60)  /* and so long without an answer loses it */

/* The key's own key is the shortest, so that it is the first of all records. */
static const uint8_t secret_key[1] = {0};

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

static void store_entry(struct addrbook *b, const struct entry *en)
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
	if (key.len == sizeof(secret_key) && key.p[0] == secret_key[0])
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
	if (!reader_done(&r) || en.addr.port == 0 || net_addr_scope(&en.addr) == NET_NOWHERE ||
	    !time_ok(en.seen) || !time_ok(en.dialled) || !time_ok(en.succeeded) ||
	    book_find(b, &en.addr))
		return false;
	return book_insert(b, &en, source) != NULL;
}

void addrbook_loaded(struct addrbook *b)
{
	b->loading = false;
	if (!b->have_key && b->store.put)
		b->store.put(b->store.ctx, (struct span){secret_key, sizeof(secret_key)},
			     (struct span){b->key, sizeof(b->key)});
	b->have_key = true;
}

/* --- what is heard ------------------------------------------------------------------- */

/* A peer's clock can't be trusted: what claims to be from the future is taken as five days old.
 * Source: Bitcoin Core net_processing.cpp, ADDR. */
static int64_t plausible_time(int64_t seen, int64_t now)
{
	if (seen > now + 600)
		return now - 5 * DAY;
	return MIN(MAX(seen, 0), now);
}

static struct entry *add(struct addrbook *b, const struct net_addr *a, int64_t seen,
			 const struct net_addr *source)
{
	const struct addrbook_entry fresh = {.addr = *a, .seen = seen};

	if (a->port == 0 || net_addr_scope(a) == NET_NOWHERE)
		return NULL;
	return book_insert(b, &fresh, source ? source->ip : a->ip);
}

bool addrbook_add(struct addrbook *b, const struct net_addr *a, uint64_t services, int64_t seen,
		  const struct net_addr *source)
{
	struct entry *en = book_find(b, a);
	bool changed = false;

	seen = plausible_time(seen, clock_unix(b->clock));
	if (!en) {
		en = add(b, a, seen, source);
		if (!en)
			return false;
		changed = true;
	}
	/* Every mention is not worth a write: an hour is near enough. */
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

/* --- contests for a slot among the tried ------------------------------------------------ */

static void end_contest(struct addrbook *b, size_t i)
{
	b->contests[i] = b->contests[--b->n_contests];
}

static void newcomer_wins(struct addrbook *b, const struct contest *c)
{
	const struct entry *out = book_displace(b, &c->holder, &c->newcomer);
	const struct entry *in = book_find(b, &c->newcomer);

	if (out)
		store_entry(b, out);
	if (in)
		store_entry(b, in);
}

static void begin_contest(struct addrbook *b, const struct entry *newcomer,
			  const struct entry *holder, int64_t now)
{
	const struct contest c = {newcomer->pub.addr, holder->pub.addr, now};

	if (book_is_poor(&holder->pub, now)) {
		newcomer_wins(b, &c);
		return;
	}
	if (now - holder->pub.succeeded < HOLDER_SURE_SECONDS || b->n_contests == CONTESTS_MAX)
		return;
	for (size_t i = 0; i < b->n_contests; i++)
		if (net_addr_equal(&b->contests[i].holder, &c.holder))
			return;
	b->contests[b->n_contests++] = c;
}

/* The holder answered, or didn't, or nobody could ask it for long. */
static void settle_contests(struct addrbook *b, const struct net_addr *holder, bool answered)
{
	int64_t now = clock_unix(b->clock);

	for (size_t i = b->n_contests; i-- > 0;) {
		const struct contest c = b->contests[i];
		bool about = holder && net_addr_equal(&c.holder, holder);

		if (!about && now - c.since < CONTEST_LONG_SECONDS)
			continue;
		end_contest(b, i);
		if (!about || !answered)
			newcomer_wins(b, &c);
	}
}

/* --- what comes of dialling ------------------------------------------------------------- */

void addrbook_dialled(struct addrbook *b, const struct net_addr *a)
{
	struct entry *en = book_find(b, a);

	if (!en)
		return;
	en->pub.dialled = clock_unix(b->clock);
	store_entry(b, en);
}

void addrbook_succeeded(struct addrbook *b, const struct net_addr *a, uint64_t services)
{
	int64_t now = clock_unix(b->clock);
	struct entry *en = book_find(b, a), *holder;

	if (!en)
		en = add(b, a, now, NULL);
	if (!en)
		return;
	en->pub.seen = en->pub.succeeded = now;
	en->pub.failures = 0;
	en->pub.services = services;
	if (!en->pub.tried && !book_promote(b, en, &holder))
		begin_contest(b, en, holder, now);
	en = book_find(b, a);
	store_entry(b, en);
	settle_contests(b, a, true);
}

static bool is_hopeless(const struct addrbook_entry *en, int64_t now)
{
	if (en->succeeded == 0)
		return en->failures >= FAILURES_NEVER_SEEN;
	return en->failures >= FAILURES_SEEN && now - en->succeeded > SAMPLE_HORIZON;
}

void addrbook_failed(struct addrbook *b, const struct net_addr *a)
{
	struct entry *en = book_find(b, a);
	int64_t now = clock_unix(b->clock);

	if (!en)
		return;
	en->pub.dialled = now;
	if (en->pub.failures < UINT32_MAX)
		en->pub.failures++;
	if (is_hopeless(&en->pub, now))
		book_drop(b, en);
	else
		store_entry(b, en);
	settle_contests(b, a, false);
}

void addrbook_remove(struct addrbook *b, const struct net_addr *a)
{
	struct entry *en = book_find(b, a);

	if (en)
		book_drop(b, en);
}

bool addrbook_get(const struct addrbook *b, const struct net_addr *a, struct addrbook_entry *out)
{
	const struct entry *en = book_find(b, a);

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

/* --- whom to dial ----------------------------------------------------------------- */

struct choice {
	bool (*wanted)(void *arg, const struct net_addr *a);
	void *arg;
	int64_t now;
};

static int64_t backoff(uint32_t failures)
{
	return failures >= 9 ? BACKOFF_MAX : MIN((int64_t)BACKOFF_FIRST << failures, BACKOFF_MAX);
}

static bool may_dial(const struct choice *c, const struct addrbook_entry *en)
{
	/* A try in the future means that the clock was set back. */
	if (en->dialled != 0 && en->dialled <= c->now &&
	    c->now - en->dialled < backoff(en->failures))
		return false;
	return c->wanted(c->arg, &en->addr);
}

/* Each candidate replaces the choice so far with probability weight / sum of weights up to it, which leaves every one
 * chosen in proportion to its weight. */
static bool takes_over(struct addrbook *b, uint64_t weight, uint64_t *sum)
{
	*sum += weight;
	return rng_below(b->rng, *sum) < weight;
}

/* Of one bucket. NULL: none there may be dialled. */
static const struct entry *pick_in_bucket(struct addrbook *b, const struct choice *c,
					  const uint16_t bucket[ADDRBOOK_BUCKET_SLOTS])
{
	const struct entry *best = NULL;
	uint64_t sum = 0;

	for (size_t i = 0; i < ADDRBOOK_BUCKET_SLOTS; i++) {
		const struct entry *en = bucket[i] ? &b->entries[bucket[i] - 1] : NULL;

		if (en && may_dial(c, &en->pub) &&
		    takes_over(b, UINT64_C(64) >> MIN(en->pub.failures, 6), &sum))
			best = en;
	}
	return best;
}

/* Every bucket that has one has the same chance: filling one with many addresses gains nothing. */
static const struct entry *pick_in_table(struct addrbook *b, const struct choice *c, bool tried)
{
	size_t n = tried ? ADDRBOOK_TRIED_BUCKETS : ADDRBOOK_NEW_BUCKETS;
	const struct entry *best = NULL;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct entry *en = pick_in_bucket(b, c, book_bucket(b, tried, i));

		if (en && takes_over(b, 1, &sum))
			best = en;
	}
	return best;
}

static const struct entry *pick_holder(struct addrbook *b, const struct choice *c)
{
	for (size_t i = 0; i < b->n_contests; i++) {
		const struct entry *en = book_find(b, &b->contests[i].holder);

		if (en && may_dial(c, &en->pub))
			return en;
	}
	return NULL;
}

static bool picked(const struct entry *en, struct net_addr *out)
{
	if (en)
		*out = en->pub.addr;
	return en != NULL;
}

bool addrbook_pick_untested(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
			    void *arg, struct net_addr *out)
{
	const struct choice c = {wanted, arg, clock_unix(b->clock)};
	const struct entry *en;

	settle_contests(b, NULL, false);
	en = pick_holder(b, &c);
	return picked(en ? en : pick_in_table(b, &c, false), out);
}

bool addrbook_pick(struct addrbook *b, bool (*wanted)(void *arg, const struct net_addr *a),
		   void *arg, struct net_addr *out)
{
	const struct choice c = {wanted, arg, clock_unix(b->clock)};
	bool tried = rng_below(b->rng, 2) == 0;
	const struct entry *en;

	settle_contests(b, NULL, false);
	en = pick_holder(b, &c);
	if (!en)
		en = pick_in_table(b, &c, tried);
	if (!en)
		en = pick_in_table(b, &c, !tried);
	return picked(en, out);
}

/* --- what is told on --------------------------------------------------------------- */

static bool may_tell(const struct addrbook_entry *en, enum net_scope to, int64_t now)
{
	enum net_scope scope = net_addr_scope(&en->addr);

	if (scope == NET_LOOPBACK && to != NET_LOOPBACK)
		return false;
	if (scope == NET_PRIVATE && to != NET_LOOPBACK && to != NET_PRIVATE)
		return false;
	return en->succeeded != 0 || (en->seen != 0 && now - en->seen <= SAMPLE_HORIZON);
}

size_t addrbook_sample(struct addrbook *b, enum net_scope to, struct addrbook_entry *out,
		       size_t max)
{
	int64_t now = clock_unix(b->clock);
	size_t n = 0, met = 0;

	/* Reservoir sampling: Vitter's algorithm R. */
	for (size_t i = 0; i < b->n; i++) {
		size_t place;

		if (!may_tell(&b->entries[i].pub, to, now))
			continue;
		place = n < max ? n++ : (size_t)rng_below(b->rng, met + 1);
		met++;
		if (place < max)
			out[place] = b->entries[i].pub;
	}
	return n;
}
