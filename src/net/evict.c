#include <tally/net/evict.h>

#include <stdlib.h>

#include <tally/base/checked.h>

#define PROTECT_GROUPS      4
#define PROTECT_PINGS       8
#define PROTECT_TXS         4
#define PROTECT_BLOCKS_ONLY 8
#define PROTECT_BLOCKS      4

typedef int compare_fn(const void *, const void *);

static int compare_int64(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* Each comparison sorts the candidates to protect last. Of equal ones, that is the one connected
 * longer. */

static int longer(const void *a, const void *b)
{
	const struct evict_candidate *x = a, *y = b;
	int by_time = compare_int64(y->connected_ms, x->connected_ms);

	return by_time ? by_time : compare_int64(y->id, x->id);
}

static int by_group(const void *a, const void *b)
{
	const struct evict_candidate *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return longer(a, b);
}

static int64_t ping_of(const struct evict_candidate *c)
{
	return c->min_ping_us < 0 ? INT64_MAX : c->min_ping_us;
}

static int by_ping(const void *a, const void *b)
{
	int by_time = compare_int64(ping_of(b), ping_of(a));

	return by_time ? by_time : longer(a, b);
}

static int by_tx(const void *a, const void *b)
{
	const struct evict_candidate *x = a, *y = b;
	int by_time = compare_int64(x->last_tx_ms, y->last_tx_ms);

	return by_time ? by_time : longer(a, b);
}

static int by_block(const void *a, const void *b)
{
	const struct evict_candidate *x = a, *y = b;
	int by_time = compare_int64(x->last_block_ms, y->last_block_ms);

	return by_time ? by_time : longer(a, b);
}

static int by_blocks_only(const void *a, const void *b)
{
	const struct evict_candidate *x = a, *y = b;

	if (x->blocks_only != y->blocks_only)
		return x->blocks_only ? 1 : -1;
	return by_block(a, b);
}

/* Protects the last k in this order. Returns the number of the others, which come first. */
static size_t protect(struct evict_candidate *c, size_t n, compare_fn *order, size_t k)
{
	qsort(c, n, sizeof(*c), order);
	return n - MIN(k, n);
}

static size_t protect_blocks_only(struct evict_candidate *c, size_t n)
{
	size_t k = 0;

	qsort(c, n, sizeof(*c), by_blocks_only);
	while (k < MIN(n, PROTECT_BLOCKS_ONLY) && c[n - 1 - k].blocks_only)
		k++;
	return n - k;
}

/* If some are discouraged, only they remain candidates. */
static size_t prefer_discouraged(struct evict_candidate *c, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (c[i].discouraged)
			c[k++] = c[i];
	return k ? k : n;
}

/* The youngest candidate of the largest group. c is sorted by group, the youngest first. If several
 * groups are largest, the one with the youngest candidate is chosen. */
static const struct evict_candidate *largest_group(const struct evict_candidate *c, size_t n)
{
	const struct evict_candidate *best = NULL;
	size_t best_size = 0;

	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && c[j].group == c[i].group; j++)
			;
		if (j - i > best_size || (j - i == best_size && longer(&c[i], best) < 0)) {
			best = &c[i];
			best_size = j - i;
		}
	}
	return best;
}

conn_id evict_choose(struct evict_candidate *c, size_t n)
{
	n = protect(c, n, by_group, PROTECT_GROUPS);
	n = protect(c, n, by_ping, PROTECT_PINGS);
	n = protect(c, n, by_tx, PROTECT_TXS);
	n = protect_blocks_only(c, n);
	n = protect(c, n, by_block, PROTECT_BLOCKS);
	n = protect(c, n, longer, n / 2);
	if (n == 0)
		return 0;
	n = prefer_discouraged(c, n);
	qsort(c, n, sizeof(*c), by_group);
	return largest_group(c, n)->id;
}
