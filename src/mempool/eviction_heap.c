#include "mempool/eviction_heap_priv.h"

#include <assert.h>

#include <tally/base/mem.h>

/* Compares fee a / bytes a with fee b / bytes b, without rounding. */
static int cmp_rate(int64_t fee_a, uint64_t bytes_a, int64_t fee_b, uint64_t bytes_b)
{
	__int128 l = (__int128)fee_a * (int64_t)bytes_b, r = (__int128)fee_b * (int64_t)bytes_a;

	return l < r ? -1 : l > r;
}

/* The better of the entry's own fee rate and the rate with all of its descendants. So a child that
 * pays more protects its parent, and a child that pays less does not harm it. Source: Bitcoin Core,
 * CompareTxMemPoolEntryByDescendantScore. */
static void evict_score(const struct mempool_entry *en, int64_t *fee, uint64_t *bytes)
{
	*fee = en->fee;
	*bytes = en->tx->raw.len;
	if (cmp_rate(en->descendant_fees, en->descendant_bytes, *fee, *bytes) > 0) {
		*fee = en->descendant_fees;
		*bytes = en->descendant_bytes;
	}
}

/* Is a evicted before b? At equal rates the newest is. */
static bool evicted_before(const struct pool_entry *a, const struct pool_entry *b)
{
	int64_t fee_a, fee_b;
	uint64_t bytes_a, bytes_b;

	evict_score(&a->pub, &fee_a, &bytes_a);
	evict_score(&b->pub, &fee_b, &bytes_b);
	int cmp = cmp_rate(fee_a, bytes_a, fee_b, bytes_b);
	return cmp ? cmp < 0 : a->pub.seq > b->pub.seq;
}

static void evict_put_at(struct eviction *ev, size_t i, struct pool_entry *en)
{
	ev->heap[i] = en;
	en->heap_at = i;
}

static void evict_sift(struct eviction *ev, size_t i)
{
	struct pool_entry *en = ev->heap[i];

	while (i > 0 && evicted_before(en, ev->heap[(i - 1) / 2])) {
		evict_put_at(ev, i, ev->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= ev->n_heap)
			break;
		if (child + 1 < ev->n_heap && evicted_before(ev->heap[child + 1], ev->heap[child]))
			child++;
		if (!evicted_before(ev->heap[child], en))
			break;
		evict_put_at(ev, i, ev->heap[child]);
		i = child;
	}
	evict_put_at(ev, i, en);
}

void eviction_heap_insert(struct eviction *ev, struct pool_entry *en)
{
	mem_reserve(&ev->heap, &ev->cap_heap, ev->n_heap + 1, sizeof(*ev->heap));
	evict_put_at(ev, ev->n_heap++, en);
	evict_sift(ev, en->heap_at);
}

void eviction_heap_erase(struct eviction *ev, struct pool_entry *en)
{
	size_t i = en->heap_at;

	assert(ev->heap[i] == en);
	ev->n_heap--;
	if (i == ev->n_heap)
		return;
	evict_put_at(ev, i, ev->heap[ev->n_heap]);
	evict_sift(ev, i);
}

void eviction_heap_update(struct eviction *ev, struct pool_entry *en)
{
	evict_sift(ev, en->heap_at);
}
