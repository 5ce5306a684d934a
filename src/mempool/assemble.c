/* The transactions of the next block. A package is a transaction with those of its ancestors that
 * are not in the block yet; the package of the best fee rate is added next. Source: Bitcoin Core,
 * node/miner.cpp, addPackageTxs. */
#include <tally/mempool/assemble.h>

#include <assert.h>
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/chain/query.h>
#include <tally/consensus/rules.h>

#include "mempool/mempool_priv.h"

/* Values of package.heap_at if the package is not in the heap. */
#define TAKEN    SIZE_MAX       /* in the block */
#define EXCLUDED (SIZE_MAX - 1) /* may not be in it */
#define SKIPPED  (SIZE_MAX - 2) /* it did not fit; tried again when an ancestor is taken */

/* Assembling stops when fewer than this many bytes are free and this many packages in a row did not
 * fit. */
#define NEARLY_FULL_BYTES 1000
#define MISSES_MAX        1000

/* The values that are compared are stored here, not behind pointers, since in a full pool each pointer
 * is a cache miss. */
struct package {
	struct pool_entry *en;
	uint64_t seq;
	uint64_t bytes; /* of the package */
	int64_t fees;
	uint64_t own_bytes; /* of the transaction */
	int64_t own_fee;
	size_t heap_at;
};

struct assembly {
	struct mempool *m;
	struct package *packages;
	size_t n_packages;
	uint32_t *heap; /* the best first */
	size_t n_heap;
	size_t room;
	struct tx **txs;
	size_t n_txs, cap_txs;
	int64_t fees;
};

/* The worse of the package's fee rate and the transaction's own, as a fraction. So an ancestor that
 * pays more than its descendants is taken without them. */
static void package_score(const struct package *p, int64_t *fee, uint64_t *bytes)
{
	*fee = p->fees;
	*bytes = p->bytes;
	if (p->bytes != p->own_bytes &&
	    (__int128)p->own_fee * (int64_t)p->bytes < (__int128)p->fees * (int64_t)p->own_bytes) {
		*fee = p->own_fee;
		*bytes = p->own_bytes;
	}
}

static bool better(const struct assembly *a, uint32_t i, uint32_t j)
{
	int64_t fee_i, fee_j;
	uint64_t bytes_i, bytes_j;

	package_score(&a->packages[i], &fee_i, &bytes_i);
	package_score(&a->packages[j], &fee_j, &bytes_j);
	__int128 l = (__int128)fee_i * (int64_t)bytes_j, r = (__int128)fee_j * (int64_t)bytes_i;
	return l != r ? l > r : a->packages[i].seq < a->packages[j].seq;
}

static void heap_put_at(struct assembly *a, size_t at, uint32_t i)
{
	a->heap[at] = i;
	a->packages[i].heap_at = at;
}

static void sift_up(struct assembly *a, size_t at)
{
	uint32_t i = a->heap[at];

	while (at > 0 && better(a, i, a->heap[(at - 1) / 2])) {
		heap_put_at(a, at, a->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put_at(a, at, i);
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
		heap_put_at(a, at, a->heap[child]);
		at = child;
	}
	heap_put_at(a, at, i);
}

static void heap_remove(struct assembly *a, uint32_t i, size_t why)
{
	size_t at = a->packages[i].heap_at;

	a->packages[i].heap_at = why;
	if (at == --a->n_heap)
		return;
	heap_put_at(a, at, a->heap[a->n_heap]);
	sift_up(a, at);
	sift_down(a, a->packages[a->heap[at]].heap_at);
}

static void load_packages(struct assembly *a)
{
	struct mempool *m = a->m;

	a->packages = mem_array(MAX(mempool_count(m), (size_t)1), sizeof(*a->packages));
	for (size_t i = 0; i < m->n_by_seq; i++) {
		struct pool_entry *en = m->by_seq[i].en;
		if (!en)
			continue;
		en->assembly_index = (uint32_t)a->n_packages;
		a->packages[a->n_packages++] = (struct package){.en = en,
								.seq = en->pub.seq,
								.bytes = en->pub.ancestor_bytes,
								.fees = en->pub.ancestor_fees,
								.own_bytes = en->bytes,
								.own_fee = en->pub.fee,
								.heap_at = SKIPPED};
	}
}

/* Excludes transactions that can't be in the next block, and their descendants: while the mempool
 * readmits deferred transactions, it may still have entries that are immature. Parents come before
 * children. */
static void exclude(struct assembly *a)
{
	struct chain_entry tip = chain_tip(a->m->o.chain);
	const struct chain_params *p = chain_params(a->m->o.chain);

	for (size_t i = 0; i < a->n_packages; i++) {
		const struct pool_entry *en = a->packages[i].en;
		bool out = !pool_valid_at(en, p, tip.height + 1, tip.time);
		for (size_t k = 0; k < en->n_parents && !out; k++)
			out = a->packages[en->parents[k]->assembly_index].heap_at == EXCLUDED;
		if (out)
			a->packages[i].heap_at = EXCLUDED;
	}
}

static void build_heap(struct assembly *a)
{
	a->heap = mem_array(MAX(a->n_packages, (size_t)1), sizeof(*a->heap));
	for (size_t i = 0; i < a->n_packages; i++)
		if (a->packages[i].heap_at != EXCLUDED)
			heap_put_at(a, a->n_heap++, (uint32_t)i);
	for (size_t at = a->n_heap / 2; at > 0; at--)
		sift_down(a, at - 1);
}

/* Puts a transaction into the block; the packages of its descendants become smaller. */
static void take(struct assembly *a, struct pool_entry *en)
{
	struct pool_entry *down[RELATIVES_MAX];
	size_t n = pool_walk_down(a->m, en->children, en->n_children, down, RELATIVES_MAX);

	assert(n != SIZE_MAX);
	if (a->packages[en->assembly_index].heap_at < a->n_heap)
		heap_remove(a, en->assembly_index, TAKEN);
	a->packages[en->assembly_index].heap_at = TAKEN;
	mem_reserve(&a->txs, &a->cap_txs, a->n_txs + 1, sizeof(struct tx *));
	a->txs[a->n_txs++] = tx_ref(en->pub.tx);
	a->fees += en->pub.fee;
	a->room -= en->pub.tx->raw.len;
	for (size_t i = 0; i < n; i++) {
		struct package *p = &a->packages[down[i]->assembly_index];
		p->bytes -= en->pub.tx->raw.len;
		p->fees -= en->pub.fee;
		if (p->heap_at == EXCLUDED || p->heap_at == TAKEN)
			continue;
		if (p->heap_at == SKIPPED)
			heap_put_at(a, a->n_heap++, down[i]->assembly_index);
		size_t at = p->heap_at;
		sift_up(a, at);
		sift_down(a, p->heap_at);
	}
}

static void take_package(struct assembly *a, uint32_t i)
{
	struct pool_entry *en = a->packages[i].en, *up[RELATIVES_MAX + 1];
	size_t n = pool_walk_up(a->m, &en, 1, up, RELATIVES_MAX + 1), left = 0;

	assert(n != SIZE_MAX);
	for (size_t k = 0; k < n; k++)
		if (a->packages[up[k]->assembly_index].heap_at != TAKEN)
			up[left++] = up[k];
	qsort(up, left, sizeof(struct pool_entry *), pool_cmp_seq);
	for (size_t k = 0; k < left; k++)
		take(a, up[k]);
}

void mempool_assemble(struct mempool *m, size_t max_bytes, struct tx ***txs, size_t *n,
		      int64_t *fees)
{
	struct assembly a = {.m = m, .room = max_bytes};
	size_t misses = 0;

	load_packages(&a);
	exclude(&a);
	build_heap(&a);
	while (a.n_heap && a.room) {
		uint32_t best = a.heap[0];
		if (a.packages[best].bytes <= a.room) {
			take_package(&a, best);
			misses = 0;
			continue;
		}
		heap_remove(&a, best, SKIPPED);
		if (++misses > MISSES_MAX && a.room < NEARLY_FULL_BYTES)
			break;
	}
	free(a.packages);
	free(a.heap);
	*txs = a.txs ? a.txs : mem_alloc(1);
	*n = a.n_txs;
	*fees = a.fees;
}
