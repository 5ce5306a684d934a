/* The transactions of the next block: always the package (a transaction with its ancestors that are not
 * in the block yet) of the best fee rate. Source: Bitcoin Core node/miner.cpp addPackageTxs. */
#include <assert.h>
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>

#include "mempool/mempool_priv.h"

/* Not in the heap: */
#define TAKEN    SIZE_MAX       /* in the block */
#define EXCLUDED (SIZE_MAX - 1) /* may not be in it */
#define SKIPPED \
	(SIZE_MAX - 2) /* its package did not fit; tried again when that has become smaller */

/* When the block is this full, and this many packages in a row did not fit, it is left at that. */
#define NEARLY_FULL_BYTES 1000
#define MISSES_MAX        1000

/* What is compared stands here, and not behind pointers: in a full pool every one of those is a wait for
 * memory. */
struct work {
	struct pool_entry *en;
	uint64_t seq;
	uint64_t bytes; /* of its package */
	int64_t fees;
	uint64_t own_bytes;
	int64_t own_fee;
	size_t heap_at;
};

struct assembly {
	struct mempool *m;
	struct work *works;
	size_t n_works;
	uint32_t *heap; /* the best first */
	size_t n_heap;
	size_t room;
	struct tx **txs;
	size_t n_txs, cap_txs;
	int64_t fees;
};

/* The worse of its own rate and its package's, as a fraction. An ancestor that pays better than the rest goes
 * by itself. */
static void score(const struct work *w, int64_t *fee, uint64_t *bytes)
{
	*fee = w->fees;
	*bytes = w->bytes;
	if (w->bytes != w->own_bytes &&
	    (__int128)w->own_fee * (int64_t)w->bytes < (__int128)w->fees * (int64_t)w->own_bytes) {
		*fee = w->own_fee;
		*bytes = w->own_bytes;
	}
}

static bool better(const struct assembly *a, uint32_t i, uint32_t j)
{
	int64_t fee_i, fee_j;
	uint64_t bytes_i, bytes_j;

	score(&a->works[i], &fee_i, &bytes_i);
	score(&a->works[j], &fee_j, &bytes_j);
	__int128 l = (__int128)fee_i * (int64_t)bytes_j, r = (__int128)fee_j * (int64_t)bytes_i;
	return l != r ? l > r : a->works[i].seq < a->works[j].seq;
}

static void put_at(struct assembly *a, size_t at, uint32_t i)
{
	a->heap[at] = i;
	a->works[i].heap_at = at;
}

static void sift_up(struct assembly *a, size_t at)
{
	uint32_t i = a->heap[at];

	while (at > 0 && better(a, i, a->heap[(at - 1) / 2])) {
		put_at(a, at, a->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put_at(a, at, i);
}

static void sift_down(struct assembly *a, size_t at)
{
	uint32_t i = a->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= a->n_heap)
			break;
		if (child + 1 < a->n_heap && better(a, a->heap[child + 1], a->heap[child]))
			child++;
		if (!better(a, a->heap[child], i))
			break;
		put_at(a, at, a->heap[child]);
		at = child;
	}
	put_at(a, at, i);
}

static void heap_remove(struct assembly *a, uint32_t i, size_t why)
{
	size_t at = a->works[i].heap_at;

	a->works[i].heap_at = why;
	if (at == --a->n_heap)
		return;
	put_at(a, at, a->heap[a->n_heap]);
	sift_up(a, at);
	sift_down(a, a->works[a->heap[at]].heap_at);
}

static void load(struct assembly *a)
{
	struct mempool *m = a->m;

	a->works = mem_array(MAX(mempool_count(m), (size_t)1), sizeof(*a->works));
	for (size_t i = 0; i < m->n_slots; i++) {
		struct pool_entry *en = m->slots[i].en;
		if (!en)
			continue;
		en->work = (uint32_t)a->n_works;
		a->works[a->n_works++] = (struct work){.en = en,
						       .seq = en->pub.seq,
						       .bytes = en->pub.ancestor_bytes,
						       .fees = en->pub.ancestor_fees,
						       .own_bytes = en->bytes,
						       .own_fee = en->pub.fee,
						       .heap_at = SKIPPED};
	}
}

/* What may not be in the next block yet (blocks were disconnected a moment ago), nor anything that
 * depends on it. Parents come before children. */
static void exclude(struct assembly *a)
{
	struct chain_entry tip = chain_tip(a->m->o.chain);
	const struct chain_params *p = chain_params(a->m->o.chain);

	for (size_t i = 0; i < a->n_works; i++) {
		const struct pool_entry *en = a->works[i].en;
		bool out = !pool_spendable_at(en, p, tip.height + 1, tip.time);
		for (size_t k = 0; k < en->n_parents && !out; k++)
			out = a->works[en->parents[k]->work].heap_at == EXCLUDED;
		if (out)
			a->works[i].heap_at = EXCLUDED;
	}
}

static void build_heap(struct assembly *a)
{
	a->heap = mem_array(MAX(a->n_works, (size_t)1), sizeof(*a->heap));
	for (size_t i = 0; i < a->n_works; i++)
		if (a->works[i].heap_at != EXCLUDED)
			put_at(a, a->n_heap++, (uint32_t)i);
	for (size_t at = a->n_heap / 2; at > 0; at--)
		sift_down(a, at - 1);
}

/* One transaction is in the block now: its descendants' packages are smaller. */
static void take(struct assembly *a, struct pool_entry *en)
{
	struct pool_entry *down[RELATIVES_MAX];
	size_t n = pool_walk(a->m, en->children, en->n_children, false, down, RELATIVES_MAX);

	assert(n != SIZE_MAX);
	if (a->works[en->work].heap_at < a->n_heap)
		heap_remove(a, en->work, TAKEN);
	a->works[en->work].heap_at = TAKEN;
	mem_reserve(&a->txs, &a->cap_txs, a->n_txs + 1, sizeof(struct tx *));
	a->txs[a->n_txs++] = tx_ref(en->pub.tx);
	a->fees += en->pub.fee;
	a->room -= en->pub.tx->raw.len;
	for (size_t i = 0; i < n; i++) {
		struct work *w = &a->works[down[i]->work];
		w->bytes -= en->pub.tx->raw.len;
		w->fees -= en->pub.fee;
		if (w->heap_at == EXCLUDED || w->heap_at == TAKEN)
			continue;
		if (w->heap_at == SKIPPED)
			put_at(a, a->n_heap++, down[i]->work);
		size_t at = w->heap_at;
		sift_up(a, at);
		sift_down(a, w->heap_at);
	}
}

static void take_package(struct assembly *a, uint32_t i)
{
	struct pool_entry *en = a->works[i].en, *up[RELATIVES_MAX + 1];
	size_t n = pool_walk(a->m, &en, 1, true, up, RELATIVES_MAX + 1), left = 0;

	assert(n != SIZE_MAX);
	for (size_t k = 0; k < n; k++)
		if (a->works[up[k]->work].heap_at != TAKEN)
			up[left++] = up[k];
	qsort(up, left, sizeof(struct pool_entry *), pool_by_seq);
	for (size_t k = 0; k < left; k++)
		take(a, up[k]);
}

void mempool_assemble(struct mempool *m, size_t max_bytes, struct tx ***txs, size_t *n,
		      int64_t *fees)
{
	struct assembly a = {.m = m, .room = max_bytes};
	size_t misses = 0;

	load(&a);
	exclude(&a);
	build_heap(&a);
	while (a.n_heap && a.room) {
		uint32_t best = a.heap[0];
		if (a.works[best].bytes <= a.room) {
			take_package(&a, best);
			misses = 0;
			continue;
		}
		heap_remove(&a, best, SKIPPED);
		if (++misses > MISSES_MAX && a.room < NEARLY_FULL_BYTES)
			break;
	}
	free(a.works);
	free(a.heap);
	*txs = a.txs ? a.txs : mem_alloc(1);
	*n = a.n_txs;
	*fees = a.fees;
}
