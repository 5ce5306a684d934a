/* Which transactions leave a full pool, or are too old, and the fee rate that a new one must pay
 * since. Source: Bitcoin Core, txmempool.cpp, TrimToSize and GetMinFee. */
#include "mempool/eviction_priv.h"

#include <math.h>

#include <tally/base/checked.h>

#include "mempool/mempool_priv.h"

#define ROLLING_HALFLIFE     (12 * 3600.0) /* seconds */
#define ROLLING_STEP_SECONDS 10            /* the rate decays at most this often */
#define EXPIRY_CHECK_SECONDS 60            /* not more often, since a check reads every entry */

void eviction_block(struct mempool *m)
{
	m->eviction.rolling_since = pool_mono_seconds(m);
	m->eviction.block_since_bump = true;
}

double eviction_rolling_rate(const struct mempool *m)
{
	int64_t age = pool_mono_seconds(m) - m->eviction.rolling_since;
	double halflife = ROLLING_HALFLIFE, rate;

	if (m->eviction.rolling_rate == 0 || !m->eviction.block_since_bump ||
	    age < ROLLING_STEP_SECONDS)
		return m->eviction.rolling_rate;
	if (m->memory < m->o.max_bytes / 4)
		halflife /= 4;
	else if (m->memory < m->o.max_bytes / 2)
		halflife /= 2;
	rate = m->eviction.rolling_rate / exp2((double)age / halflife);
	return rate < MEMPOOL_MIN_RELAY_RATE / 2.0 ? 0 : rate;
}

void eviction_decay(struct mempool *m)
{
	double rate = eviction_rolling_rate(m);

	if (rate != m->eviction.rolling_rate) {
		m->eviction.rolling_rate = rate;
		m->eviction.rolling_since = pool_mono_seconds(m);
	}
}

double mempool_min_rate(const struct mempool *m)
{
	double rate = eviction_rolling_rate(m);

	return MAX(rate, (double)MEMPOOL_MIN_RELAY_RATE);
}

void eviction_trim(struct mempool *m)
{
	while (m->memory > m->o.max_bytes && m->eviction.n_heap) {
		struct pool_entry *worst = m->eviction.heap[0];
		/* A new transaction must pay for what was evicted, and for being relayed itself. */
		double rate =
			(double)worst->pub.descendant_fees / (double)worst->pub.descendant_bytes +
			MEMPOOL_MIN_RELAY_RATE;
		if (rate > m->eviction.rolling_rate) {
			m->eviction.rolling_rate = rate;
			m->eviction.block_since_bump = false;
		}
		pool_remove_tree(m, worst, "full");
	}
}

static struct pool_entry *first_expired(const struct mempool *m, int64_t before)
{
	for (size_t i = 0; i < m->n_by_seq; i++)
		if (m->by_seq[i].en && m->by_seq[i].en->entered < before)
			return m->by_seq[i].en;
	return NULL;
}

void eviction_expire(struct mempool *m)
{
	const int64_t now = pool_mono_seconds(m);
	struct pool_entry *en;

	if (now - m->eviction.expiry_checked < EXPIRY_CHECK_SECONDS)
		return;
	m->eviction.expiry_checked = now;
	while ((en = first_expired(m, now - MEMPOOL_EXPIRY_SECONDS)))
		pool_remove_tree(m, en, "expired");
}
