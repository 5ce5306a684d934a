/* Coin selection: first a set that needs no change (branch and bound; source: Bitcoin Core,
 * coinselection.cpp), then the smallest single coin that is enough, then the largest coins first.
 * Change that would cost more to spend than it is worth goes to the fee. */
#include "wallet/select_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "wallet/wallet_priv.h"

#define TRIES_MAX     100000 /* bounds the time of the branch and bound search */
#define BNB_COINS_MAX 2000

size_t select_bytes(const struct selection *s, size_t n_in, bool change)
{
	return s->fixed_bytes + compact_bytes(n_in) + n_in * INPUT_BYTES +
	       (change ? OUTPUT_BYTES : 0);
}

size_t select_max_inputs(const struct selection *s)
{
	return (s->max_bytes - s->fixed_bytes - 3 - OUTPUT_BYTES) / INPUT_BYTES;
}

static int64_t fee_of(const struct selection *s, size_t n_in, bool change)
{
	return (int64_t)select_bytes(s, n_in, change) * s->rate;
}

static int by_value_falling(const void *a, const void *b, void *arg)
{
	const struct own_coin *const *coins = arg;
	const struct own_coin *x = coins[*(const size_t *)a], *y = coins[*(const size_t *)b];

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

static size_t *sort_coins(const struct selection *s)
{
	size_t *order = mem_array(s->n_coins + 1, sizeof(*order));

	for (size_t i = 0; i < s->n_coins; i++)
		order[i] = i;
	qsort_r(order, s->n_coins, sizeof(*order), by_value_falling, (void *)(uintptr_t)s->coins);
	return order;
}

static int64_t value_at(const struct selection *s, const size_t *order, size_t i)
{
	return s->coins[order[i]]->value;
}

/* Sets the result. picked: indices into `order`. */
static void set_chosen(struct selection *s, const size_t *order, const size_t *picked, size_t n,
		       bool change)
{
	int64_t sum = 0;

	s->chosen = mem_array(n, sizeof(*s->chosen));
	s->n_chosen = n;
	for (size_t i = 0; i < n; i++) {
		s->chosen[i] = order[picked[i]];
		sum += value_at(s, order, picked[i]);
	}
	s->change = change ? sum - s->amount - fee_of(s, n, true) : 0;
	s->fee = sum - s->amount - s->change;
}

/* The cost of spending the change later. Change of a lower value is dust. */
static int64_t dust(const struct selection *s)
{
	return INPUT_BYTES * s->rate;
}

/* Does this sum of n coins pay without change, or with change that is worth less than its cost? */
static bool fits_exactly(const struct selection *s, int64_t sum, size_t n)
{
	const int64_t need = s->amount + fee_of(s, n, false);

	return sum >= need && sum - need <= OUTPUT_BYTES * s->rate + dust(s);
}

/* Depth first, from the largest coin to the smallest: first with the next coin, then without it. */
static bool select_exact(struct selection *s, const size_t *order)
{
	const size_t most = MIN(s->n_coins, BNB_COINS_MAX);
	size_t *picked = mem_array(most + 1, sizeof(*picked));
	int64_t *rest = mem_array(most + 1, sizeof(*rest)); /* rest[i]: sum of coins i to the end */
	int64_t sum = 0;
	size_t n = 0, i = 0;
	bool found = false;

	rest[most] = 0;
	for (size_t k = most; k-- > 0;)
		rest[k] = rest[k + 1] + value_at(s, order, k);
	for (unsigned tries = 0; tries < TRIES_MAX && !found; tries++) {
		const int64_t need = s->amount + fee_of(s, n, false);

		found = n > 0 && n <= select_max_inputs(s) && fits_exactly(s, sum, n);
		if (found)
			break;
		if (i < most && sum + rest[i] >= need && sum < need) {
			picked[n++] = i;
			sum += value_at(s, order, i++);
			continue;
		}
		if (n == 0)
			break;
		i = picked[--n]; /* try again without the last coin picked */
		sum -= value_at(s, order, i++);
	}
	if (found)
		set_chosen(s, order, picked, n, false);
	free(picked);
	free(rest);
	return found;
}

static bool select_single(struct selection *s, const size_t *order)
{
	const int64_t need = s->amount + fee_of(s, 1, true) + dust(s);
	size_t best = s->n_coins;

	for (size_t i = 0; i < s->n_coins && value_at(s, order, i) >= need; i++)
		best = i; /* sorted: the last one that is enough is the smallest */
	if (best < s->n_coins)
		set_chosen(s, order, &best, 1, true);
	return best < s->n_coins;
}

static bool select_largest(struct selection *s, const size_t *order)
{
	const size_t most = MIN(s->n_coins, select_max_inputs(s));
	size_t *picked = mem_array(most + 1, sizeof(*picked));
	int64_t sum = 0;
	bool found = false;

	for (size_t n = 0; n < most && !found;) {
		picked[n] = n;
		sum += value_at(s, order, n++);
		found = sum >= s->amount + fee_of(s, n, false);
		if (found)
			set_chosen(s, order, picked, n,
				   sum - s->amount - fee_of(s, n, true) >= dust(s));
	}
	free(picked);
	return found;
}

bool select_coins(struct selection *s)
{
	size_t *order = sort_coins(s);
	const bool ok =
		select_exact(s, order) || select_single(s, order) || select_largest(s, order);

	free(order);
	return ok;
}
