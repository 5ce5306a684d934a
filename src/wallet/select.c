/* Coin selection: first a set that needs no change (branch and bound, as Bitcoin Core's
 * coinselection.cpp has it), then the smallest single coin that is enough, then the largest
 * coins first. Change too small to be worth spending goes to the fee. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "wallet/wallet_priv.h"

#define TRIES_MAX     100000
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

static int by_value_down(const void *a, const void *b, void *arg)
{
	const struct own_coin *const *coins = arg;
	const struct own_coin *x = coins[*(const size_t *)a], *y = coins[*(const size_t *)b];

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

static size_t *sorted(const struct selection *s)
{
	size_t *order = mem_array(s->n_coins + 1, sizeof(*order));

	for (size_t i = 0; i < s->n_coins; i++)
		order[i] = i;
	qsort_r(order, s->n_coins, sizeof(*order), by_value_down, (void *)(uintptr_t)s->coins);
	return order;
}

static int64_t value_at(const struct selection *s, const size_t *order, size_t i)
{
	return s->coins[order[i]]->value;
}

/* Takes what is chosen, as indices into `order`. */
static void take(struct selection *s, const size_t *order, const size_t *picked, size_t n,
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

/* What change costs: making it now and spending it later. Below the cost of spending it is dust. */
static int64_t dust(const struct selection *s)
{
	return INPUT_BYTES * s->rate;
}

/* Does this sum, from n coins, pay without change worth having? */
static bool fits_exactly(const struct selection *s, int64_t sum, size_t n)
{
	const int64_t need = s->amount + fee_of(s, n, false);

	return sum >= need && sum - need <= OUTPUT_BYTES * s->rate + dust(s);
}

/* Depth first over "with the next coin" and "without it", largest first; bounded. */
static bool select_exact(struct selection *s, const size_t *order)
{
	const size_t most = MIN(s->n_coins, BNB_COINS_MAX);
	size_t *picked = mem_array(most + 1, sizeof(*picked));
	int64_t *rest = mem_array(most + 1, sizeof(*rest)); /* sum from i to the end */
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
		if (i < most && sum + rest[i] >= need && sum < need) { /* with coin i */
			picked[n++] = i;
			sum += value_at(s, order, i++);
			continue;
		}
		if (n == 0)
			break;
		i = picked[--n]; /* back: without the last one taken */
		sum -= value_at(s, order, i++);
	}
	if (found)
		take(s, order, picked, n, false);
	free(picked);
	free(rest);
	return found;
}

static bool select_single(struct selection *s, const size_t *order)
{
	const int64_t need = s->amount + fee_of(s, 1, true) + dust(s);
	size_t best = s->n_coins;

	for (size_t i = 0; i < s->n_coins && value_at(s, order, i) >= need; i++)
		best = i; /* values fall: the last is the smallest that is enough */
	if (best < s->n_coins)
		take(s, order, &best, 1, true);
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
			take(s, order, picked, n, sum - s->amount - fee_of(s, n, true) >= dust(s));
	}
	free(picked);
	return found;
}

bool select_coins(struct selection *s)
{
	size_t *order = sorted(s);
	const bool ok =
		select_exact(s, order) || select_single(s, order) || select_largest(s, order);

	free(order);
	return ok;
}
