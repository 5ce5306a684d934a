/* Coins: packed outpoint -> value, owner, height and the coinbase flag, 32 bytes. */
#include <string.h>

#include <tally/base/bytes.h>

#include "store/store_priv.h"

#define COIN_BYTES     32
#define COIN_OWNER_AT  8
#define COIN_HEIGHT_AT 28
#define COIN_COINBASE  UINT32_C(0x80000000) /* flag in the height's field; heights have 31 bits */

static void coin_write(uint8_t out[COIN_BYTES], const struct coin *c)
{
	_Static_assert(sizeof c->owner == COIN_HEIGHT_AT - COIN_OWNER_AT,
		       "a key hash has 20 bytes");
	set_le64(out, (uint64_t)c->value);
	memcpy(out + COIN_OWNER_AT, &c->owner, sizeof c->owner);
	set_le32(out + COIN_HEIGHT_AT, c->height | (c->coinbase ? COIN_COINBASE : 0));
}

static void coin_read(struct coin *c, const uint8_t in[COIN_BYTES])
{
	uint32_t height = le32(in + COIN_HEIGHT_AT);

	c->value = (int64_t)le64(in);
	memcpy(&c->owner, in + COIN_OWNER_AT, sizeof c->owner);
	c->height = height & ~COIN_COINBASE;
	c->coinbase = (height & COIN_COINBASE) != 0;
}

bool store_get_coin(struct store *s, const struct outpoint *o, struct coin *out, struct err *e)
{
	uint8_t key[OUTPOINT_BYTES], value[COIN_BYTES];
	size_t n = sizeof value;

	outpoint_pack(key, o);
	if (!env_get(&s->env, STORE_COINS, (struct span){key, sizeof key}, value, &n, e))
		return false;
	if (n != sizeof value)
		return env_damaged(&s->env, e, "coins.db has a record of %zu bytes", n);
	coin_read(out, value);
	return true;
}

bool store_put_coin(struct store *s, const struct outpoint *o, const struct coin *c, struct err *e)
{
	uint8_t key[OUTPOINT_BYTES], value[COIN_BYTES];

	outpoint_pack(key, o);
	coin_write(value, c);
	return env_put(&s->env, STORE_COINS, (struct span){key, sizeof key},
		       (struct span){value, sizeof value}, e);
}

bool store_del_coin(struct store *s, const struct outpoint *o, struct err *e)
{
	uint8_t key[OUTPOINT_BYTES];

	outpoint_pack(key, o);
	return env_del(&s->env, STORE_COINS, (struct span){key, sizeof key}, e);
}

struct scan {
	struct store_coin *out;
	size_t max, n;
	bool damaged;
};

static bool scan_one(void *arg, struct span key, struct span value)
{
	struct scan *scan = arg;
	struct store_coin *c = &scan->out[scan->n];

	if (key.len != OUTPOINT_BYTES || value.len != COIN_BYTES) {
		scan->damaged = true;
		return false;
	}
	outpoint_unpack(&c->outpoint, key.p);
	coin_read(&c->coin, value.p);
	return ++scan->n < scan->max;
}

bool store_scan_coins(struct store *s, const uint8_t after[OUTPOINT_BYTES], bool from_start,
		      struct store_coin *out, size_t max, size_t *n, struct err *e)
{
	struct scan scan = {.out = out, .max = max};
	struct span from = {from_start ? NULL : after, OUTPOINT_BYTES};

	*n = 0;
	if (max == 0)
		return true;
	if (!env_each(&s->env, STORE_COINS, from, scan_one, &scan, NULL, e))
		return false;
	if (scan.damaged)
		return env_damaged(&s->env, e, "a record in coins.db has the wrong size");
	*n = scan.n;
	return true;
}

bool store_clear_coins(struct store *s, struct err *e)
{
	return env_clear(&s->env, STORE_COINS, e);
}
