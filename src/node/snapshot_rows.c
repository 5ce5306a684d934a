#include <tally/node/snapshot.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/protocol/msg_meaning.h>

#include "node/block_stats_priv.h"
#include "node/journal_priv.h"
#include "node/node_priv.h"

/* Reading bodies blocks the loop, so a call reads only so many. */
#define BODIES_PER_CALL 64
#define BYTES_PER_CALL  500000
#define ROWS_AT_HEIGHT  16

_Static_assert(SNAPSHOT_LABEL_CHARS == LABEL_MAX, "a label fits");

/* --- blocks --------------------------------------------------------------------------------- */

/* Shared by all rows of one call. */
struct row_sources {
	struct peer_info *peers;
	size_t n_peers;
	chain_index tip, best_header;
	unsigned bodies; /* read so far */
	size_t bytes;    /* of these bodies */
};

static void row_peers(const struct row_sources *s, struct chain_row *row)
{
	for (size_t i = 0; i < s->n_peers; i++) {
		const struct peer_info *p = &s->peers[i];

		if (!p->handshaken || !hash256_equal(&p->best.h, &row->hash.h))
			continue;
		if (row->n_peers < ARRAY_LEN(row->peers))
			row->peers[row->n_peers] = p->id;
		row->n_peers++;
	}
}

/* All zeros if it can't be read. The caller caches these, too, so that reading is not tried for
 * every frame. */
static struct block_stats read_body(const struct node *n, chain_index at, struct row_sources *s)
{
	struct block_stats r = {0};
	struct block *b;

	s->bodies++;
	if (!chain_read_block(n->chain, at, &b, NULL))
		return r;
	r = (struct block_stats){.n_tx = b->n_tx, .bytes = (uint32_t)b->raw.len};
	r.mine = wallet_pays(n->wallet, &b->tx[0]);
	s->bytes += b->raw.len;
	block_unref(b);
	return r;
}

static void row_body(const struct node *n, chain_index at, struct row_sources *s,
		     struct chain_row *row)
{
	struct block_stats r = {0};

	if (!block_stats_get(n->block_stats, &row->hash, &r) && row->have_body) {
		row->unread = s->bodies >= BODIES_PER_CALL || s->bytes >= BYTES_PER_CALL;
		if (!row->unread) {
			r = read_body(n, at, s);
			block_stats_add(n->block_stats, &row->hash, &r);
		}
	}
	row->n_tx = r.n_tx;
	row->bytes = r.bytes;
	row->mine = r.mine;
}

static void fill_row(const struct node *n, chain_index at, struct row_sources *s,
		     struct chain_row *row)
{
	struct chain_entry en, prev;

	*row = (struct chain_row){0};
	if (!chain_entry_at(n->chain, at, &en))
		return;
	if (chain_entry_at(n->chain, en.prev, &prev))
		row->prev = prev.hash;
	row->hash = en.hash;
	row->height = en.height;
	row->time = en.time;
	row->bits = en.bits;
	row->on_best = chain_on_best(n->chain, at);
	row->is_tip = at == s->tip;
	row->pending = !row->on_best && chain_ancestor(n->chain, s->best_header, en.height) == at;
	row->failed = (en.status & CHAIN_ANY_FAILED) != 0;
	row->have_body = (en.status & CHAIN_HAVE_BODY) != 0;
	row_body(n, at, s, row);
	row_peers(s, row);
}

/* The blocks at a height: that of the best chain first, the others in order of arrival. Returns how
 * many. */
static size_t at_height(const struct node *n, uint32_t height, chain_index out[ROWS_AT_HEIGHT])
{
	chain_index all[ROWS_AT_HEIGHT];
	struct chain_entry best;
	const size_t found =
		MIN(chain_all_at_height(n->chain, height, all, ROWS_AT_HEIGHT), ROWS_AT_HEIGHT);
	const bool has_best = chain_at_height(n->chain, height, &best);
	size_t count = 0;

	if (has_best)
		out[count++] = best.index;
	for (size_t i = 0; i < found && count < ROWS_AT_HEIGHT; i++)
		if (!has_best || all[i] != best.index)
			out[count++] = all[i];
	return count;
}

size_t node_chain_rows(const struct node *n, uint32_t top, struct chain_row *out, size_t max)
{
	chain_index at[ROWS_AT_HEIGHT];
	struct row_sources s = {0};
	size_t count = 0;

	if (!chain_has_genesis(n->chain))
		return 0;
	if (n->protocol)
		s.peers = node_peers(n, &s.n_peers);
	s.tip = chain_tip(n->chain).index;
	s.best_header = chain_best_header(n->chain).index;
	for (int64_t h = top; h >= 0 && count < max; h--) {
		const size_t found = at_height(n, (uint32_t)h, at);

		for (size_t i = 0; i < found && count < max; i++)
			fill_row(n, at[i], &s, &out[count++]);
	}
	free(s.peers);
	return count;
}

/* --- transactions ------------------------------------------------------------------------ */

static void fill_mempool_row(const struct node *n, const struct mempool_entry *en,
			     struct mempool_row *row)
{
	*row = (struct mempool_row){
		.id = en->tx->id,
		.bytes = (uint32_t)en->tx->raw.len,
		.n_in = en->tx->n_in,
		.n_out = en->tx->n_out,
		.fee = en->fee,
		.time = en->time,
		.seq = en->seq,
		.mine = wallet_has_tx(n->wallet, &en->tx->id),
	};
	for (size_t i = 0; i < en->tx->n_out; i++)
		row->value += en->tx->out[i].value;
}

size_t node_mempool_rows(const struct node *n, size_t skip, struct mempool_row *out, size_t max)
{
	struct mempool_entry *entries;
	size_t count;

	if (!n->mempool || max == 0)
		return 0;
	entries = mem_array(max, sizeof(*entries));
	count = mempool_list_newest(n->mempool, skip, entries, max);
	for (size_t i = 0; i < count; i++)
		fill_mempool_row(n, &entries[i], &out[i]);
	free(entries);
	return count;
}

/* --- the wallet ----------------------------------------------------------------------------- */

static void fill_payment_row(struct payment_row *row, const struct wallet_tx *t)
{
	*row = (struct payment_row){
		.id = t->id,
		.unconfirmed = t->height == MEMPOOL_HEIGHT,
		.height = t->height,
		.time = t->time,
		.received = t->received,
		.sent = t->sent,
		.coinbase = t->coinbase,
		.abandoned = t->abandoned,
		.parent_abandoned = t->parent_abandoned,
		.to_self = t->to_self,
		.to = t->to,
	};
	memcpy(row->memo, t->memo, sizeof(row->memo));
}

size_t node_payment_rows(const struct node *n, size_t skip, struct payment_row *out, size_t max)
{
	struct wallet_tx *txs = mem_array(max + 1, sizeof(*txs));
	const size_t count = wallet_history(n->wallet, txs, skip, max);

	for (size_t i = 0; i < max && skip + i < count; i++)
		fill_payment_row(&out[i], &txs[i]);
	free(txs);
	return count;
}

size_t node_address_rows(const struct node *n, size_t skip, struct address_row *out, size_t max)
{
	struct wallet_address *all = mem_array(max + 1, sizeof(*all));
	const size_t count = wallet_addresses(n->wallet, all, skip, max);

	for (size_t i = 0; i < max && skip + i < count; i++) {
		out[i] = (struct address_row){.owner = all[i].owner,
					      .created = all[i].created,
					      .spendable = all[i].spendable};
		memcpy(out[i].label, all[i].label, sizeof(out[i].label));
	}
	free(all);
	return count;
}

/* --- the journal ---------------------------------------------------------------------------- */

size_t node_msgs(const struct node *n, uint64_t first, struct msg_row *out, size_t max)
{
	return journal_msgs(n->journal, first, out, max);
}

const char *node_msg_meaning(const char *name, bool out)
{
	return protocol_msg_meaning(name, out);
}

size_t node_logs(const struct node *n, uint64_t first, struct log_row *out, size_t max)
{
	return journal_logs(n->journal, first, out, max);
}
