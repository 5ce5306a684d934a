/* Entries lie in an array, so that a seeded generator makes the same choices in every run (the
 * order of a map differs from run to run). */
#include <tally/net/addrbook.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/map.h>
#include <tally/base/mem.h>

#define RECORD_VERSION      1
#define TIME_MAX            (INT64_C(1) << 40) /* what a stored time may be */
#define DAY                 (24 * 3600)
#define SAMPLE_HORIZON      (30 * DAY)
#define BACKOFF_FIRST       10
#define BACKOFF_MAX         3600
#define DISCOURAGED_MAX     1000 /* addresses whose every port is discouraged; in memory alone */
#define FAILURES_NEVER_SEEN 6    /* give up on an address that never answered */
#define FAILURES_SEEN       20   /* and on one that used to, after SAMPLE_HORIZON */

struct addrbook {
	const struct clock *clock;
	const struct rng *rng;
	struct addrbook_store store;
	struct addrbook_entry *entries;
	size_t n, cap;
	struct map index;       /* packed address -> uint32_t place in entries */
	struct map discouraged; /* 16 bytes of address -> int64_t unix seconds: until when */
};

struct addrbook *addrbook_new(const struct clock *clock, const struct rng *rng,
			      const struct addrbook_store *store)
{
	struct addrbook *b = NEW(struct addrbook);

	b->clock = clock;
	b->rng = rng;
	if (store)
		b->store = *store;
	map_init(&b->index, NET_ADDR_KEY_BYTES, sizeof(uint32_t));
	map_init(&b->discouraged, 16, sizeof(int64_t));
	return b;
}

void addrbook_free(struct addrbook *b)
{
	if (!b)
		return;
	map_clear(&b->discouraged);
	map_clear(&b->index);
	free(b->entries);
	free(b);
}

/* --- entries -------------------------------------------------------------------- */

static struct addrbook_entry *find(const struct addrbook *b, const struct net_addr *a)
{
	uint8_t key[NET_ADDR_KEY_BYTES];
	const uint32_t *at;

	net_addr_pack(key, a);
	at = map_get(&b->index, key);
	return at ? &b->entries[*at] : NULL;
}

static void store_entry(struct addrbook *b, const struct addrbook_entry *en)
{
	if (b->store.put)
		b->store.put(b->store.ctx, en);
}

static void set_index(struct addrbook *b, size_t at)
{
	uint8_t key[NET_ADDR_KEY_BYTES];

	net_addr_pack(key, &b->entries[at].addr);
	*(uint32_t *)map_put(&b->index, key, NULL) = (uint32_t)at;
}

static struct addrbook_entry *append(struct addrbook *b, const struct net_addr *a)
{
	mem_reserve(&b->entries, &b->cap, b->n + 1, sizeof(*b->entries));
	b->entries[b->n] = (struct addrbook_entry){.addr = *a};
	set_index(b, b->n);
	return &b->entries[b->n++];
}

static void drop(struct addrbook *b, struct addrbook_entry *en)
{
	uint8_t key[NET_ADDR_KEY_BYTES];
	struct net_addr a = en->addr;
	size_t at = (size_t)(en - b->entries);

	net_addr_pack(key, &a);
	map_del(&b->index, key);
	b->n--;
	if (at != b->n) {
		b->entries[at] = b->entries[b->n];
		set_index(b, at);
	}
	if (b->store.del)
		b->store.del(b->store.ctx, &a);
}

/* How much we would miss it; the least goes first. Proven ones above all others, within a kind by
 * failures and then by when it was last known to be there. */
static int64_t usefulness(const struct addrbook_entry *en, int64_t now)
{
	int64_t age_hours = MAX(0, MIN(now - MAX(en->seen, en->succeeded), 400 * DAY) / 3600);
	int64_t proven = en->succeeded != 0 && en->discouraged_until <= now ? 1 : 0;

	return proven * 1000000 - (int64_t)MIN(en->failures, 40) * 1000 * 10 - age_hours;
}

/* Makes room for an entry of the given usefulness. False: all that is here is worth more. */
static bool make_room(struct addrbook *b, int64_t newcomer, int64_t now)
{
	struct addrbook_entry *worst = NULL;
	int64_t least = INT64_MAX;

	if (b->n < ADDRBOOK_MAX)
		return true;
	for (size_t i = 0; i < b->n; i++) {
		int64_t u = usefulness(&b->entries[i], now);

		if (u < least) {
			least = u;
			worst = &b->entries[i];
		}
	}
	if (!worst || newcomer < least)
		return false;
	drop(b, worst);
	return true;
}

/* A peer's clock can't be trusted: what claims to be from the future is taken as five days old.
 * Source: Bitcoin Core net_processing.cpp, ADDR. */
static int64_t plausible_time(int64_t seen, int64_t now)
{
	if (seen > now + 600)
		return now - 5 * DAY;
	return MIN(MAX(seen, 0), now);
}

static struct addrbook_entry *add(struct addrbook *b, const struct net_addr *a, int64_t seen)
{
	int64_t now = clock_unix(b->clock);
	struct addrbook_entry fresh = {.addr = *a, .seen = seen}, *en;

	if (a->port == 0 || net_addr_scope(a) == NET_NOWHERE ||
	    !make_room(b, usefulness(&fresh, now), now))
		return NULL;
	en = append(b, a);
	en->seen = seen;
	return en;
}

bool addrbook_add(struct addrbook *b, const struct net_addr *a, uint64_t services, int64_t seen)
{
	struct addrbook_entry *en = find(b, a);
	bool changed = false;

	seen = plausible_time(seen, clock_unix(b->clock));
	if (!en) {
		en = add(b, a, seen);
		if (!en)
			return false;
		changed = true;
	}
	/* Every mention is not worth a write: an hour is near enough. */
	if (seen > en->seen + 3600) {
		en->seen = seen;
		changed = true;
	}
	if (services != 0 && services != en->services && en->succeeded == 0) {
		en->services = services;
		changed = true;
	}
	if (changed)
		store_entry(b, en);
	return true;
}

void addrbook_dialled(struct addrbook *b, const struct net_addr *a)
{
	struct addrbook_entry *en = find(b, a);

	if (!en)
		return;
	en->tried = clock_unix(b->clock);
	store_entry(b, en);
}

void addrbook_succeeded(struct addrbook *b, const struct net_addr *a, uint64_t services)
{
	int64_t now = clock_unix(b->clock);
	struct addrbook_entry *en = find(b, a);

	if (!en)
		en = add(b, a, now);
	if (!en)
		return;
	en->seen = en->succeeded = now;
	en->failures = 0;
	en->services = services;
	store_entry(b, en);
}

static bool hopeless(const struct addrbook_entry *en, int64_t now)
{
	if (en->discouraged_until > now)
		return false; /* kept, so that it stays discouraged after a restart */
	if (en->succeeded == 0)
		return en->failures >= FAILURES_NEVER_SEEN;
	return en->failures >= FAILURES_SEEN && now - en->succeeded > SAMPLE_HORIZON;
}

void addrbook_failed(struct addrbook *b, const struct net_addr *a)
{
	struct addrbook_entry *en = find(b, a);
	int64_t now = clock_unix(b->clock);

	if (!en)
		return;
	en->tried = now;
	if (en->failures < UINT32_MAX)
		en->failures++;
	if (hopeless(en, now))
		drop(b, en);
	else
		store_entry(b, en);
}

void addrbook_remove(struct addrbook *b, const struct net_addr *a)
{
	struct addrbook_entry *en = find(b, a);

	if (en)
		drop(b, en);
}

bool addrbook_get(const struct addrbook *b, const struct net_addr *a, struct addrbook_entry *out)
{
	const struct addrbook_entry *en = find(b, a);

	if (en)
		*out = *en;
	return en != NULL;
}

size_t addrbook_count(const struct addrbook *b)
{
	return b->n;
}

/* --- discouraged ------------------------------------------------------------------ */

static void forget_discouraged(struct addrbook *b, int64_t now)
{
	uint8_t soonest[16];

	while (map_len(&b->discouraged) >= DISCOURAGED_MAX) {
		int64_t least = INT64_MAX;
		const void *key;
		void *value;
		size_t at = 0;

		while (map_next(&b->discouraged, &at, &key, &value)) {
			int64_t until;

			memcpy(&until, value, sizeof(until));
			if (until < least) {
				least = until;
				memcpy(soonest, key, sizeof(soonest));
			}
			if (until <= now)
				break;
		}
		map_del(&b->discouraged, soonest);
	}
}

static void discourage_ip(struct addrbook *b, const struct net_addr *a, int64_t until)
{
	forget_discouraged(b, clock_unix(b->clock));
	*(int64_t *)map_put(&b->discouraged, a->ip, NULL) = until;
}

void addrbook_discourage(struct addrbook *b, const struct net_addr *a, int64_t seconds)
{
	struct addrbook_entry *en = find(b, a);
	int64_t until = clock_unix(b->clock) + seconds;

	if (net_addr_scope(a) == NET_LOOPBACK)
		return;
	discourage_ip(b, a, until);
	if (en) {
		en->discouraged_until = until;
		store_entry(b, en);
	}
}

bool addrbook_is_discouraged(const struct addrbook *b, const struct net_addr *a)
{
	const int64_t *until = map_get(&b->discouraged, a->ip);

	return net_addr_scope(a) != NET_LOOPBACK && until && *until > clock_unix(b->clock);
}

/* --- whom to dial ----------------------------------------------------------------- */

static int64_t backoff(uint32_t failures)
{
	return failures >= 9 ? BACKOFF_MAX : MIN((int64_t)BACKOFF_FIRST << failures, BACKOFF_MAX);
}

/* May this one be dialled? On a public address every port counts as one culprit; a private one may
 * be a school's server with many programs, there only the port that misbehaved is left out. */
static bool may_dial(const struct addrbook *b, const struct addrbook_entry *en, int64_t now)
{
	if (en->discouraged_until > now && net_addr_scope(&en->addr) != NET_LOOPBACK)
		return false;
	if (net_addr_scope(&en->addr) == NET_PUBLIC && addrbook_is_discouraged(b, &en->addr))
		return false;
	/* A try in the future means that the clock was set back. */
	return en->tried == 0 || en->tried > now || now - en->tried >= backoff(en->failures);
}

static bool group_busy(const uint64_t *busy, size_t n, const struct net_addr *a)
{
	uint64_t group = net_addr_group(a);

	for (size_t i = 0; i < n; i++)
		if (busy[i] == group)
			return true;
	return false;
}

static uint64_t weight(const struct addrbook_entry *en, int64_t now)
{
	uint64_t w = en->succeeded != 0 && now - en->succeeded < 7 * DAY ? 64 : 16;

	return MAX(w >> MIN(en->failures, 6), 1);
}

bool addrbook_pick(struct addrbook *b, const uint64_t *busy_groups, size_t n_busy,
		   struct net_addr *out)
{
	int64_t now = clock_unix(b->clock);
	uint64_t total = 0;

	/* Each candidate replaces the choice so far with probability weight / sum of weights up to it,
	 * which leaves every one chosen in proportion to its weight. */
	for (size_t i = 0; i < b->n; i++) {
		const struct addrbook_entry *en = &b->entries[i];
		uint64_t w;

		if (!may_dial(b, en, now) || group_busy(busy_groups, n_busy, &en->addr))
			continue;
		w = weight(en, now);
		total += w;
		if (rng_below(b->rng, total) < w)
			*out = en->addr;
	}
	return total > 0;
}

/* --- what is told on --------------------------------------------------------------- */

static bool may_tell(const struct addrbook_entry *en, enum net_scope to, int64_t now)
{
	enum net_scope scope = net_addr_scope(&en->addr);

	if (en->discouraged_until > now)
		return false;
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

		if (!may_tell(&b->entries[i], to, now))
			continue;
		place = n < max ? n++ : (size_t)rng_below(b->rng, met + 1);
		met++;
		if (place < max)
			out[place] = b->entries[i];
	}
	return n;
}

/* --- records ------------------------------------------------------------------------ */

size_t addrbook_encode(uint8_t out[ADDRBOOK_RECORD_MAX], const struct addrbook_entry *en)
{
	struct writer w;

	writer_init_fixed(&w, out, ADDRBOOK_RECORD_MAX);
	put_u8(&w, RECORD_VERSION);
	put_le64(&w, en->services);
	put_le64(&w, (uint64_t)en->seen);
	put_le64(&w, (uint64_t)en->tried);
	put_le64(&w, (uint64_t)en->succeeded);
	put_le32(&w, en->failures);
	put_le64(&w, (uint64_t)en->discouraged_until);
	return w.len;
}

static bool time_ok(int64_t t)
{
	return t >= 0 && t <= TIME_MAX;
}

bool addrbook_load(struct addrbook *b, const uint8_t *key, size_t key_n, const uint8_t *record,
		   size_t n)
{
	struct addrbook_entry en = {0}, *at;
	struct reader r;

	if (key_n != NET_ADDR_KEY_BYTES)
		return false;
	net_addr_unpack(&en.addr, key);
	reader_init(&r, record, n);
	if (get_u8(&r) != RECORD_VERSION)
		return false;
	en.services = get_le64(&r);
	en.seen = (int64_t)get_le64(&r);
	en.tried = (int64_t)get_le64(&r);
	en.succeeded = (int64_t)get_le64(&r);
	en.failures = get_le32(&r);
	en.discouraged_until = (int64_t)get_le64(&r);
	if (!reader_done(&r) || en.addr.port == 0 || net_addr_scope(&en.addr) == NET_NOWHERE ||
	    !time_ok(en.seen) || !time_ok(en.tried) || !time_ok(en.succeeded) ||
	    !time_ok(en.discouraged_until))
		return false;
	at = find(b, &en.addr);
	if (!at && b->n >= ADDRBOOK_MAX)
		return false;
	if (!at)
		at = append(b, &en.addr);
	*at = en;
	if (en.discouraged_until > clock_unix(b->clock) && net_addr_scope(&en.addr) != NET_LOOPBACK)
		discourage_ip(b, &en.addr, en.discouraged_until);
	return true;
}
