#include <tally/net/bans.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/map.h>
#include <tally/base/mem.h>

#define RECORD_VERSION 1
#define KEY_MARK       'b' /* distinguishes these keys from those of the address book */
#define KEY_BYTES      (SUBNET_KEY_BYTES + 2)
#define RECORD_BYTES   17

struct ban_list {
	struct ban *all;
	size_t n, cap;
};

struct bans {
	const struct clock *clock;
	struct record_store store;
	struct ban_list lists[2]; /* by kind, in the order of creation */
	struct map discouraged;   /* 16 bytes of IP -> int64_t: until (unix seconds) */
	int64_t next_end;         /* no entry expires before this */
};

struct bans *bans_new(const struct clock *clock, const struct record_store *store)
{
	struct bans *b = NEW(struct bans);

	b->clock = clock;
	if (store)
		b->store = *store;
	map_init(&b->discouraged, 16, sizeof(int64_t));
	b->next_end = INT64_MAX;
	return b;
}

void bans_free(struct bans *b)
{
	if (!b)
		return;
	map_clear(&b->discouraged);
	free(b->lists[BAN_MANUAL].all);
	free(b->lists[BAN_DISCOURAGED].all);
	free(b);
}

/* --- records ------------------------------------------------------------------------ */

static void encode_ban_key(uint8_t key[KEY_BYTES], const struct ban *ban)
{
	key[0] = KEY_MARK;
	key[1] = (uint8_t)ban->kind;
	subnet_pack(key + 2, &ban->net);
}

static void store_ban(struct bans *b, const struct ban *ban)
{
	uint8_t key[KEY_BYTES], record[RECORD_BYTES];
	struct writer w;

	if (!b->store.put)
		return;
	encode_ban_key(key, ban);
	writer_init_fixed(&w, record, sizeof(record));
	put_u8(&w, RECORD_VERSION);
	put_le64(&w, (uint64_t)ban->created);
	put_le64(&w, (uint64_t)ban->until);
	b->store.put(b->store.ctx, (struct span){key, sizeof(key)}, (struct span){record, w.len});
}

static void delete_record(struct bans *b, const struct ban *ban)
{
	uint8_t key[KEY_BYTES];

	if (!b->store.del)
		return;
	encode_ban_key(key, ban);
	b->store.del(b->store.ctx, (struct span){key, sizeof(key)});
}

/* --- the two lists ------------------------------------------------------------------- */

static bool same_subnet(const struct subnet *x, const struct subnet *y)
{
	return x->bits == y->bits && memcmp(x->ip, y->ip, sizeof(x->ip)) == 0;
}

static struct ban *find_ban(const struct bans *b, enum ban_kind kind, const struct subnet *s)
{
	const struct ban_list *l = &b->lists[kind];

	for (size_t i = 0; i < l->n; i++)
		if (same_subnet(&l->all[i].net, s))
			return &l->all[i];
	return NULL;
}

static void put_ban(struct bans *b, const struct ban *ban)
{
	struct ban_list *l = &b->lists[ban->kind];
	struct ban *at = find_ban(b, ban->kind, &ban->net);

	if (!at) {
		mem_reserve(&l->all, &l->cap, l->n + 1, sizeof(*l->all));
		at = &l->all[l->n++];
	}
	*at = *ban;
	if (ban->kind == BAN_DISCOURAGED)
		*(int64_t *)map_put(&b->discouraged, ban->net.ip, NULL) = ban->until;
	b->next_end = MIN(b->next_end, ban->until);
}

static void drop_ban(struct bans *b, struct ban *at)
{
	struct ban_list *l = &b->lists[at->kind];
	struct ban gone = *at;

	l->n--;
	memmove(at, at + 1, (size_t)(&l->all[l->n] - at) * sizeof(*at));
	if (gone.kind == BAN_DISCOURAGED)
		map_del(&b->discouraged, gone.net.ip);
	delete_record(b, &gone);
}

static void set_ban(struct bans *b, const struct ban *ban)
{
	put_ban(b, ban);
	store_ban(b, ban);
}

bool bans_add(struct bans *b, const struct subnet *s, int64_t until, struct err *e)
{
	struct ban ban = {*s, BAN_MANUAL, clock_unix(b->clock), until};
	char name[SUBNET_CHARS + 1];

	bans_tick(b);
	subnet_format(name, s);
	if (find_ban(b, BAN_MANUAL, s))
		return err_set(e, ERR_KNOWN, "already-banned", "%s is already banned", name);
	if (until <= ban.created || until > BAN_UNTIL_MAX)
		return err_set(
			e, ERR_USAGE, "ban-in-the-past",
			"the end of the ban of %s is in the past or too far away: give another time",
			name);
	if (b->lists[BAN_MANUAL].n >= BANS_MAX)
		return err_set(e, ERR_USAGE, "too-many-bans",
			       "there are already %d bans: remove some, or ban a subnet instead",
			       BANS_MAX);
	set_ban(b, &ban);
	return true;
}

static void drop_soonest(struct bans *b)
{
	struct ban_list *l = &b->lists[BAN_DISCOURAGED];
	struct ban *soonest = &l->all[0];

	for (size_t i = 1; i < l->n; i++)
		if (l->all[i].until < soonest->until)
			soonest = &l->all[i];
	drop_ban(b, soonest);
}

bool bans_discourage(struct bans *b, const struct net_addr *a)
{
	struct ban ban = {.kind = BAN_DISCOURAGED, .created = clock_unix(b->clock)};

	if (net_addr_scope(a) == NET_LOOPBACK)
		return false;
	subnet_of(&ban.net, a);
	ban.until = ban.created + BAN_SECONDS;
	if (b->lists[BAN_DISCOURAGED].n >= DISCOURAGED_MAX &&
	    !find_ban(b, BAN_DISCOURAGED, &ban.net))
		drop_soonest(b);
	set_ban(b, &ban);
	return true;
}

bool bans_remove(struct bans *b, const struct subnet *s)
{
	struct ban *ban = find_ban(b, BAN_MANUAL, s), *other;

	if (ban)
		drop_ban(b, ban);
	other = find_ban(b, BAN_DISCOURAGED, s);
	if (other)
		drop_ban(b, other);
	return ban || other;
}

void bans_clear(struct bans *b)
{
	for (enum ban_kind k = BAN_MANUAL; k <= BAN_DISCOURAGED; k++)
		while (b->lists[k].n > 0)
			drop_ban(b, &b->lists[k].all[b->lists[k].n - 1]);
}

bool bans_is_banned(const struct bans *b, const struct net_addr *a)
{
	const struct ban_list *l = &b->lists[BAN_MANUAL];
	int64_t now = clock_unix(b->clock);

	for (size_t i = 0; i < l->n; i++)
		if (l->all[i].until > now && subnet_has(&l->all[i].net, a))
			return true;
	return false;
}

bool bans_is_discouraged(const struct bans *b, const struct net_addr *a)
{
	const int64_t *until = map_get(&b->discouraged, a->ip);

	return until && *until > clock_unix(b->clock);
}

void bans_tick(struct bans *b)
{
	int64_t now = clock_unix(b->clock);

	if (now < b->next_end)
		return;
	b->next_end = INT64_MAX;
	for (enum ban_kind k = BAN_MANUAL; k <= BAN_DISCOURAGED; k++) {
		struct ban_list *l = &b->lists[k];

		for (size_t i = l->n; i-- > 0;)
			if (l->all[i].until <= now)
				drop_ban(b, &l->all[i]);
			else
				b->next_end = MIN(b->next_end, l->all[i].until);
	}
}

size_t bans_list(const struct bans *b, struct ban *out, size_t max)
{
	int64_t now = clock_unix(b->clock);
	size_t n = 0;

	for (enum ban_kind k = BAN_MANUAL; k <= BAN_DISCOURAGED; k++) {
		const struct ban_list *l = &b->lists[k];

		for (size_t i = 0; i < l->n; i++) {
			if (l->all[i].until <= now)
				continue;
			if (n < max)
				out[n] = l->all[i];
			n++;
		}
	}
	return n;
}

bool bans_load(struct bans *b, struct span key, struct span record)
{
	struct ban ban;
	struct reader r;

	if (key.len != KEY_BYTES || key.p[0] != KEY_MARK || key.p[1] > BAN_DISCOURAGED ||
	    !subnet_unpack(&ban.net, key.p + 2))
		return false;
	ban.kind = (enum ban_kind)key.p[1];
	reader_init(&r, record.p, record.len);
	if (get_u8(&r) != RECORD_VERSION)
		return false;
	ban.created = (int64_t)get_le64(&r);
	ban.until = (int64_t)get_le64(&r);
	if (!reader_done(&r) || ban.until < 0 || ban.until > BAN_UNTIL_MAX ||
	    (ban.kind == BAN_DISCOURAGED && ban.net.bits != SUBNET_BITS) ||
	    b->lists[ban.kind].n >= (ban.kind == BAN_MANUAL ? BANS_MAX : DISCOURAGED_MAX))
		return false;
	/* An expired entry is loaded, too: the next bans_tick deletes it and its record. */
	put_ban(b, &ban);
	return true;
}
