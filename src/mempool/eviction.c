/* What leaves the pool when it is full or old, and the rate a newcomer must pay since.
 * Source: Bitcoin Core txmempool.cpp TrimToSize, GetMinFee. */
#include <assert.h>
#include <math.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "mempool/mempool_priv.h"

#define ROLLING_HALFLIFE     (12 * 3600.0) /* seconds */
#define EXPIRY_LOOK_SECONDS  60            /* the whole pool is looked through */
#define ROLLING_STEP_SECONDS 10            /* it is not worth decaying more often */

/* fee a / bytes a < fee b / bytes b, exactly. */
static int cmp_rate(int64_t fee_a, uint64_t bytes_a, int64_t fee_b, uint64_t bytes_b)
{
	__int128 l = (__int128)fee_a * (int64_t)bytes_b, r = (__int128)fee_b * (int64_t)bytes_a;

	return l < r ? -1 : l > r;
}

/* The better of its own rate and that of it with its descendants: a child that pays well protects its
 * parent, one that pays badly does it no harm. Source: CompareTxMemPoolEntryByDescendantScore. */
static void score(const struct mempool_entry *en, int64_t *fee, uint64_t *bytes)
{
	*fee = en->fee;
	*bytes = en->tx->raw.len;
	if (cmp_rate(en->descendant_fees, en->descendant_bytes, *fee, *bytes) > 0) {
		*fee = en->descendant_fees;
		*bytes = en->descendant_bytes;
	}
}

/* Does a go before b? Among equals the latest goes. */
static bool goes_first(const struct pool_entry *a, const struct pool_entry *b)
{
	int64_t fee_a, fee_b;
	uint64_t bytes_a, bytes_b;

	score(&a->pub, &fee_a, &bytes_a);
	score(&b->pub, &fee_b, &bytes_b);
	int cmp = cmp_rate(fee_a, bytes_a, fee_b, bytes_b);
	return cmp ? cmp < 0 : a->pub.seq > b->pub.seq;
}

static void put_at(struct mempool *m, size_t i, struct pool_entry *en)
{
	m->heap[i] = en;
	en->heap_at = i;
}

static void sift(struct mempool *m, size_t i)
{
	struct pool_entry *en = m->heap[i];

	while (i > 0 && goes_first(en, m->heap[(i - 1) / 2])) {
		put_at(m, i, m->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= m->n_heap)
			break;
		if (child + 1 < m->n_heap && goes_first(m->heap[child + 1], m->heap[child]))
			child++;
		if (!goes_first(m->heap[child], en))
			break;
		put_at(m, i, m->heap[child]);
		i = child;
	}
	put_at(m, i, en);
}

void limits_insert(struct mempool *m, struct pool_entry *en)
{
	mem_reserve(&m->heap, &m->cap_heap, m->n_heap + 1, sizeof(*m->heap));
	put_at(m, m->n_heap++, en);
	sift(m, en->heap_at);
}

void limits_erase(struct mempool *m, struct pool_entry *en)
{
	size_t i = en->heap_at;

	assert(m->heap[i] == en);
	m->n_heap--;
	if (i == m->n_heap)
		return;
	put_at(m, i, m->heap[m->n_heap]);
	sift(m, i);
}

void limits_moved(struct mempool *m, struct pool_entry *en)
{
	sift(m, en->heap_at);
}

void limits_block(struct mempool *m)
{
	m->rolling_since = pool_mono_seconds(m);
	m->block_since_bump = true;
}

double limits_rolling_rate(const struct mempool *m)
{
	int64_t age = pool_mono_seconds(m) - m->rolling_since;
	double halflife = ROLLING_HALFLIFE, rate;

	if (m->rolling_rate == 0 || !m->block_since_bump || age < ROLLING_STEP_SECONDS)
		return m->rolling_rate;
	if (m->memory < m->o.max_bytes / 4)
		halflife /= 4;
	else if (m->memory < m->o.max_bytes / 2)
		halflife /= 2;
	rate = m->rolling_rate / exp2((double)age / halflife);
	return rate < MEMPOOL_MIN_RELAY_RATE / 2.0 ? 0 : rate;
}

void limits_decay(struct mempool *m)
{
	double rate = limits_rolling_rate(m);

	if (rate != m->rolling_rate) {
		m->rolling_rate = rate;
		m->rolling_since = pool_mono_seconds(m);
	}
}

double mempool_min_rate(const struct mempool *m)
{
	double rate = limits_rolling_rate(m);

	return MAX(rate, (double)MEMPOOL_MIN_RELAY_RATE);
}

void limits_trim(struct mempool *m)
{
	while (m->memory > m->o.max_bytes && m->n_heap) {
		struct pool_entry *worst = m->heap[0];
		/* A newcomer pays for what went and for its own relay. */
		double rate =
			(double)worst->pub.descendant_fees / (double)worst->pub.descendant_bytes +
			MEMPOOL_MIN_RELAY_RATE;
		if (rate > m->rolling_rate) {
			m->rolling_rate = rate;
			m->block_since_bump = false;
		}
		pool_remove_tree(m, worst, "full");
	}
}

static struct pool_entry *first_expired(const struct mempool *m, int64_t before)
{
	for (size_t i = 0; i < m->n_slots; i++)
		if (m->slots[i].en && m->slots[i].en->entered < before)
			return m->slots[i].en;
	return NULL;
}

void mempool_expire(struct mempool *m)
{
	const int64_t now = pool_mono_seconds(m);
	struct pool_entry *en;

	orphans_expire(m);
	if (now - m->expiry_looked < EXPIRY_LOOK_SECONDS)
		return;
	m->expiry_looked = now;
	while ((en = first_expired(m, now - MEMPOOL_EXPIRY_SECONDS)))
		pool_remove_tree(m, en, "expired");
}
