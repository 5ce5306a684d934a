#include "mempool/pool_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include <tally/chain/query.h>
#include <tally/consensus/rules.h>

#include "mempool/eviction_heap_priv.h"
#include "mempool/mempool_priv.h"

int64_t pool_mono_seconds(const struct mempool *m)
{
	return clock_mono_us(m->o.clock) / 1000000;
}

struct pool_entry *pool_find(const struct mempool *m, const struct txid *id)
{
	struct pool_entry **at = map_get(&m->by_id, id);

	return at ? *at : NULL;
}

struct pool_entry *pool_spender(const struct mempool *m, const struct outpoint *o)
{
	uint8_t key[OUTPOINT_BYTES];
	outpoint_pack(key, o);
	struct pool_entry **at = map_get(&m->by_spent, key);

	return at ? *at : NULL;
}

struct visited {
	uint64_t mark;
	struct pool_entry **out;
	size_t n, max;
};

/* False: there is no room for all. */
static bool visit(struct visited *v, struct pool_entry *const *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (entries[i]->mark == v->mark)
			continue;
		if (v->n == v->max)
			return false;
		entries[i]->mark = v->mark;
		v->out[v->n++] = entries[i];
	}
	return true;
}

size_t pool_walk_up(struct mempool *m, struct pool_entry *const *from, size_t n,
		    struct pool_entry **out, size_t max)
{
	struct visited v = {.mark = ++m->next_mark, .out = out, .max = max};
	bool ok = visit(&v, from, n);

	for (size_t at = 0; ok && at < v.n; at++)
		ok = visit(&v, out[at]->parents, out[at]->n_parents);
	return ok ? v.n : SIZE_MAX;
}

size_t pool_walk_down(struct mempool *m, struct pool_entry *const *from, size_t n,
		      struct pool_entry **out, size_t max)
{
	struct visited v = {.mark = ++m->next_mark, .out = out, .max = max};
	bool ok = visit(&v, from, n);

	for (size_t at = 0; ok && at < v.n; at++)
		ok = visit(&v, out[at]->children, out[at]->n_children);
	return ok ? v.n : SIZE_MAX;
}

/* Memory of an entry: the transaction and its share of the indexes. */
static size_t entry_memory(const struct tx *tx)
{
	size_t slots = 2 * (OUTPOINT_BYTES + sizeof(void *)); /* a map is at least half full */

	return sizeof(struct pool_entry) + sizeof(struct tx) + tx->raw.len + slots +
	       sizeof(struct seq_slot) + 3 * sizeof(void *) +
	       tx->n_in * (sizeof(struct txin) + slots) + tx->n_out * sizeof(struct txout);
}

static void add_child(struct pool_entry *parent, struct pool_entry *child)
{
	mem_reserve(&parent->children, &parent->cap_children, parent->n_children + 1,
		    sizeof(*parent->children));
	parent->children[parent->n_children++] = child;
}

static void drop_link(struct pool_entry **at, size_t *n, const struct pool_entry *gone)
{
	for (size_t i = 0; i < *n; i++) {
		if (at[i] == gone) {
			memmove(&at[i], &at[i + 1], (*n - i - 1) * sizeof(*at));
			(*n)--;
			return;
		}
	}
}

static void count_descendant(struct mempool *m, struct pool_entry *ancestor,
			     const struct pool_entry *en, int sign)
{
	ancestor->pub.n_descendants += (uint32_t)sign;
	ancestor->pub.descendant_bytes += (uint64_t)(sign * (int64_t)en->pub.tx->raw.len);
	ancestor->pub.descendant_fees += sign * en->pub.fee;
	eviction_heap_update(&m->eviction, ancestor);
}

static void count_ancestor(struct pool_entry *descendant, const struct pool_entry *en, int sign)
{
	descendant->pub.n_ancestors += (uint32_t)sign;
	descendant->pub.ancestor_bytes += (uint64_t)(sign * (int64_t)en->pub.tx->raw.len);
	descendant->pub.ancestor_fees += sign * en->pub.fee;
}

static void index_entry(struct mempool *m, struct pool_entry *en)
{
	const struct tx *tx = en->pub.tx;

	*(struct pool_entry **)map_put(&m->by_id, &tx->id, NULL) = en;
	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint8_t key[OUTPOINT_BYTES];
		outpoint_pack(key, &tx->in[i].prev);
		*(struct pool_entry **)map_put(&m->by_spent, key, NULL) = en;
	}
	mem_reserve(&m->by_seq, &m->cap_by_seq, m->n_by_seq + 1, sizeof(*m->by_seq));
	m->by_seq[m->n_by_seq++] = (struct seq_slot){.seq = en->pub.seq, .en = en};
	m->bytes += tx->raw.len;
	m->memory += en->memory;
	m->fees += en->pub.fee;
	eviction_heap_insert(&m->eviction, en);
}

struct pool_entry *pool_add(struct mempool *m, struct tx *tx, const struct candidate *c,
			    int64_t since)
{
	struct pool_entry *en = NEW(struct pool_entry);
	struct pool_entry *up[RELATIVES_MAX];
	size_t n_up = pool_walk_up(m, c->parents, c->n_parents, up, RELATIVES_MAX);
	const uint64_t bytes = tx->raw.len;
	const int64_t now = clock_unix(m->o.clock);

	assert(n_up != SIZE_MAX);
	en->pub = (struct mempool_entry){
		.tx = tx_ref(tx),
		.fee = c->fee,
		.time = since ? MIN(since, now) : now,
		.height = chain_height(m->o.chain),
		.seq = m->next_seq++,
		.n_ancestors = 1,
		.n_descendants = 1,
		.ancestor_bytes = bytes,
		.descendant_bytes = bytes,
		.ancestor_fees = c->fee,
		.descendant_fees = c->fee,
	};
	en->coinbase_height = c->coinbase_height;
	en->bytes = (uint32_t)bytes;
	en->always_final = !en->coinbase_height && tx->lock_time == 0;
	en->entered = pool_mono_seconds(m) - (now - en->pub.time);
	en->memory = entry_memory(tx);
	if (c->n_parents) {
		en->parents = mem_array(c->n_parents, sizeof(*en->parents));
		memcpy(en->parents, c->parents, c->n_parents * sizeof(*en->parents));
		en->n_parents = c->n_parents;
	}
	index_entry(m, en);
	for (size_t i = 0; i < c->n_parents; i++)
		add_child(c->parents[i], en);
	for (size_t i = 0; i < n_up; i++) {
		count_ancestor(en, up[i], 1);
		count_descendant(m, up[i], en, 1);
	}
	return en;
}

static size_t slot_after_seq(const struct mempool *m, uint64_t seq)
{
	size_t lo = 0, hi = m->n_by_seq;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (m->by_seq[mid].seq > seq)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Removes the empty slots when they are at least half of all. */
static void close_gaps(struct mempool *m)
{
	size_t n = 0;

	if (m->n_by_seq < 64 || m->n_by_seq < 2 * map_len(&m->by_id))
		return;
	for (size_t i = 0; i < m->n_by_seq; i++)
		if (m->by_seq[i].en)
			m->by_seq[n++] = m->by_seq[i];
	m->n_by_seq = n;
}

static void unindex_entry(struct mempool *m, struct pool_entry *en)
{
	const struct tx *tx = en->pub.tx;

	eviction_heap_erase(&m->eviction, en);
	map_del(&m->by_id, &tx->id);
	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint8_t key[OUTPOINT_BYTES];
		outpoint_pack(key, &tx->in[i].prev);
		map_del(&m->by_spent, key);
	}
	m->by_seq[slot_after_seq(m, en->pub.seq) - 1].en = NULL;
	m->bytes -= tx->raw.len;
	m->memory -= en->memory;
	m->fees -= en->pub.fee;
	close_gaps(m);
}

static void free_entry(struct pool_entry *en)
{
	tx_unref(en->pub.tx);
	free(en->parents);
	free(en->children);
	free(en);
}

void pool_remove(struct mempool *m, struct pool_entry *en, const char *reason)
{
	struct pool_entry *kin[RELATIVES_MAX];

	/* Removing one in the middle of a chain would leave its descendants counted by ancestors
	 * that they are no longer linked to. */
	assert(!en->n_parents || !en->n_children);
	size_t n_up = pool_walk_up(m, en->parents, en->n_parents, kin, RELATIVES_MAX);
	assert(n_up != SIZE_MAX);
	for (size_t i = 0; i < n_up; i++)
		count_descendant(m, kin[i], en, -1);
	size_t n_down = pool_walk_down(m, en->children, en->n_children, kin, RELATIVES_MAX);
	assert(n_down != SIZE_MAX);
	for (size_t i = 0; i < n_down; i++)
		count_ancestor(kin[i], en, -1);
	for (size_t i = 0; i < en->n_parents; i++)
		drop_link(en->parents[i]->children, &en->parents[i]->n_children, en);
	for (size_t i = 0; i < en->n_children; i++)
		drop_link(en->children[i]->parents, &en->children[i]->n_parents, en);
	unindex_entry(m, en);
	sig_cache_add(&m->sig_cache, &en->pub.tx->id);
	if (m->eviction.newcomer == en)
		m->eviction.newcomer = NULL;
	else if (m->o.events && m->o.events->removed)
		m->o.events->removed(m->o.events_arg, &en->pub, reason);
	free_entry(en);
}

void pool_remove_tree(struct mempool *m, struct pool_entry *en, const char *reason)
{
	/* The youngest first, so that each has no descendants left when it is removed. */
	for (;;) {
		struct pool_entry *tree[RELATIVES_MAX + 1], *last;
		size_t n = pool_walk_down(m, &en, 1, tree, RELATIVES_MAX + 1);

		assert(n != SIZE_MAX);
		last = tree[0];
		for (size_t i = 1; i < n; i++)
			if (tree[i]->pub.seq > last->pub.seq)
				last = tree[i];
		pool_remove(m, last, reason);
		if (last == en)
			return;
	}
}

bool pool_valid_at(const struct pool_entry *en, const struct chain_params *p, uint32_t height,
		   uint32_t parent_time)
{
	if (en->always_final)
		return true;
	return coinbase_mature(p, en->coinbase_height, height) &&
	       tx_final(en->pub.tx, height, parent_time);
}

void pool_free(struct mempool *m)
{
	for (size_t i = 0; i < m->n_by_seq; i++)
		if (m->by_seq[i].en)
			free_entry(m->by_seq[i].en);
	free(m->by_seq);
	map_clear(&m->by_spent);
	map_clear(&m->by_id);
}

size_t mempool_count(const struct mempool *m)
{
	return map_len(&m->by_id);
}

uint64_t mempool_bytes(const struct mempool *m)
{
	return m->bytes;
}

uint64_t mempool_memory(const struct mempool *m)
{
	return m->memory;
}

int64_t mempool_total_fee(const struct mempool *m)
{
	return m->fees;
}

bool mempool_get(const struct mempool *m, const struct txid *id, struct mempool_entry *out)
{
	const struct pool_entry *en = pool_find(m, id);

	if (!en)
		return false;
	*out = en->pub;
	return true;
}

int pool_cmp_seq(const void *a, const void *b)
{
	const struct pool_entry *const *l = a, *const *r = b;

	return (*l)->pub.seq < (*r)->pub.seq ? -1 : (*l)->pub.seq > (*r)->pub.seq;
}

bool mempool_verified(const struct mempool *m, const struct txid *id)
{
	return pool_find(m, id) || sig_cache_has(&m->sig_cache, id);
}

size_t mempool_list(const struct mempool *m, uint64_t after, struct mempool_entry *out, size_t max)
{
	size_t n = 0;

	for (size_t i = slot_after_seq(m, after); i < m->n_by_seq && n < max; i++)
		if (m->by_seq[i].en)
			out[n++] = m->by_seq[i].en->pub;
	return n;
}

size_t mempool_list_newest(const struct mempool *m, size_t skip, struct mempool_entry *out,
			   size_t max)
{
	size_t n = 0;

	for (size_t i = m->n_by_seq; i-- > 0 && n < max;) {
		if (!m->by_seq[i].en)
			continue;
		if (skip > 0)
			skip--;
		else
			out[n++] = m->by_seq[i].en->pub;
	}
	return n;
}

static size_t copy_ids(struct pool_entry *const *from, size_t n, struct txid *out, size_t max)
{
	n = MIN(n, max);
	for (size_t i = 0; i < n; i++)
		out[i] = from[i]->pub.tx->id;
	return n;
}

size_t mempool_parents(const struct mempool *m, const struct txid *id, struct txid *out, size_t max)
{
	const struct pool_entry *en = pool_find(m, id);

	return en ? copy_ids(en->parents, en->n_parents, out, max) : 0;
}

bool mempool_spends(const struct mempool *m, const struct outpoint *o, struct txid *by)
{
	const struct pool_entry *en = pool_spender(m, o);

	if (en && by)
		*by = en->pub.tx->id;
	return en;
}
