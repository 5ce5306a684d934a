/* Own transactions and the last block processed, on disk. */
#include <tally/wallet/tx_db.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include <tally/chain/query.h>

#include "wallet/tx_db_priv.h"
#include "wallet/tx_state_priv.h"

#define TX_RECORD_VERSION  1
#define TIP_RECORD_VERSION 1
#define TIP_NAME           "tip"

struct tx_row {
	uint64_t seq;
	enum tx_state state;
	uint32_t height;
	struct block_hash block;
	int64_t first_seen, block_time;
	struct tx *tx;
};

static void encode_tx(struct writer *out, const struct wallet *w, uint32_t t)
{
	const struct own_tx *own = &w->txs[t];

	put_u8(out, TX_RECORD_VERSION);
	put_le64(out, (uint64_t)t + 1);
	put_u8(out, own->state == TX_PENDING ? TX_INACTIVE : own->state);
	put_le32(out, own->height);
	put_bytes(out, &own->block, sizeof(own->block));
	put_le64(out, (uint64_t)own->first_seen);
	put_le64(out, (uint64_t)own->block_time);
	put_var_bytes(out, own->raw->raw.p, own->raw->raw.len);
}

static bool decode_tx(struct tx_row *row, struct span key, struct span value)
{
	struct reader r;
	struct span raw;
	uint8_t state;

	reader_init(&r, value.p, value.len);
	if (get_u8(&r) != TX_RECORD_VERSION)
		return false;
	row->seq = get_le64(&r);
	state = get_u8(&r);
	row->state = (enum tx_state)state;
	row->height = get_le32(&r);
	get_bytes(&r, &row->block, sizeof(row->block));
	row->first_seen = (int64_t)get_le64(&r);
	row->block_time = (int64_t)get_le64(&r);
	raw = get_var_span(&r, TX_MAX_BYTES);
	if (!reader_done(&r) || state > TX_ABANDONED)
		return false;
	if (!tx_decode(&row->tx, raw.p, raw.len, NULL))
		return false;
	if (key.len == sizeof(struct txid) && memcmp(key.p, &row->tx->id, key.len) == 0)
		return true;
	tx_unref(row->tx);
	return false;
}

struct tx_rows {
	struct tx_row *at;
	size_t n, cap;
	bool bad;
};

static bool read_tx(void *arg, struct span key, struct span value)
{
	struct tx_rows *rows = arg;

	mem_reserve(&rows->at, &rows->cap, rows->n + 1, sizeof(*rows->at));
	if (!decode_tx(&rows->at[rows->n], key, value)) {
		rows->bad = true;
		return false;
	}
	rows->n++;
	return true;
}

static int cmp_seq(const void *a, const void *b)
{
	const struct tx_row *l = a, *r = b;

	return l->seq < r->seq ? -1 : l->seq > r->seq;
}

static bool bad_record(struct err *e)
{
	return err_set(
		e, ERR_CORRUPT, "wallet-record",
		"a record of the wallet's history is damaged: restore a copy of the wallet directory");
}

/* Adds all transactions before it sets their states, since a child may stand before its parent. */
static void place_rows(struct wallet *w, const struct tx_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		tx_state_add(w, rows->at[i].tx, rows->at[i].first_seen);
	for (size_t i = 0; i < rows->n; i++) {
		const struct tx_row *row = &rows->at[i];
		struct chain_entry at = {.hash = row->block,
					 .height = row->height,
					 .time = (uint32_t)row->block_time};
		if (row->state == TX_CONFIRMED)
			tx_state_set_confirmed(w, (uint32_t)i, row->tx, &at);
		else if (row->state == TX_INACTIVE)
			tx_state_set_inactive(w, (uint32_t)i, row->tx);
		else
			tx_state_load_abandoned(w, (uint32_t)i, row->tx);
	}
}

/* After a commit: only unconfirmed transactions keep their bytes in memory, since they may be sent
 * again. */
static void release_written(struct wallet *w)
{
	for (size_t i = 0; i < w->n_dirty; i++) {
		struct own_tx *own = &w->txs[w->dirty[i]];
		own->dirty = false;
		if (tx_is_unconfirmed(own))
			continue;
		tx_unref(own->raw);
		own->raw = NULL;
	}
	w->n_dirty = 0;
	w->must_sync = false;
}

static bool load_txs(struct wallet *w, struct err *e)
{
	struct tx_rows rows = {0};
	bool ok = wallet_db_each(w->o.db, WALLET_TXS, read_tx, &rows, e);

	if (ok && rows.n)
		qsort(rows.at, rows.n, sizeof(*rows.at), cmp_seq);
	for (size_t i = 0; i < rows.n; i++)
		rows.bad = rows.bad || rows.at[i].seq != i + 1;
	if (ok && rows.bad)
		ok = bad_record(e);
	if (ok) {
		place_rows(w, &rows);
		release_written(w);
	}
	for (size_t i = 0; i < rows.n; i++)
		tx_unref(rows.at[i].tx);
	free(rows.at);
	return ok;
}

struct tip_row {
	struct wallet *w;
	bool bad;
};

static bool read_tip(void *arg, struct span key, struct span value)
{
	struct tip_row *row = arg;
	struct wallet *w = row->w;
	struct reader r;

	if (key.len != strlen(TIP_NAME) || memcmp(key.p, TIP_NAME, key.len) != 0)
		return true;
	reader_init(&r, value.p, value.len);
	row->bad = get_u8(&r) != TIP_RECORD_VERSION;
	w->synced.known = get_u8(&r);
	w->synced.height = get_le32(&r);
	get_bytes(&r, &w->synced.hash, sizeof(w->synced.hash));
	w->n_locator = get_u8(&r);
	if (row->bad || reader_left(&r) != w->n_locator * sizeof(struct block_hash)) {
		w->n_locator = 0;
		row->bad = true;
		return false;
	}
	free(w->locator);
	w->locator = mem_array(CHAIN_LOCATOR_MAX, sizeof(*w->locator));
	if (w->n_locator > CHAIN_LOCATOR_MAX)
		w->n_locator = CHAIN_LOCATOR_MAX;
	for (size_t i = 0; i < w->n_locator; i++)
		get_bytes(&r, &w->locator[i], sizeof(w->locator[i]));
	return false;
}

bool tx_db_load(struct wallet *w, struct err *e)
{
	struct tip_row tip = {.w = w};

	w->synced.index = CHAIN_NONE;
	if (!wallet_db_each(w->o.db, WALLET_META, read_tip, &tip, e))
		return false;
	if (tip.bad)
		return bad_record(e);
	return load_txs(w, e);
}

bool tx_db_forget_all(struct wallet *w, struct err *e)
{
	for (size_t t = 0; t < w->n_txs; t++) {
		struct span key = {w->txs[t].id.h.b, sizeof(w->txs[t].id.h.b)};
		if (!wallet_db_del(w->o.db, WALLET_TXS, key, e))
			return false;
	}
	tx_state_clear(w);
	w->n_locator = 0;
	return true;
}

bool tx_is_stale(const struct wallet *w, const struct own_tx *tx)
{
	struct chain_entry at;

	if (tx->state != TX_CONFIRMED)
		return false;
	return !chain_find(w->chain, &tx->block, &at) || !chain_on_best(w->chain, at.index);
}

static bool read_stale(void *arg, struct span key, struct span value)
{
	struct wallet *w = arg;
	struct txid id;
	struct tx_row row;
	uint32_t t;

	if (key.len != sizeof(id))
		return true;
	memcpy(&id, key.p, sizeof(id));
	t = tx_state_find(w, &id);
	if (t == NO_INDEX || w->txs[t].raw || !tx_is_stale(w, &w->txs[t]))
		return true;
	if (decode_tx(&row, key, value))
		w->txs[t].raw = row.tx;
	return true;
}

bool tx_db_load_stale(struct wallet *w, struct err *e)
{
	if (!wallet_db_each(w->o.db, WALLET_TXS, read_stale, w, e))
		return false;
	for (size_t i = 0; i < w->n_txs; i++)
		if (!w->txs[i].raw && tx_is_stale(w, &w->txs[i]))
			return bad_record(e);
	return true;
}

struct tx *wallet_own_tx(const struct wallet *w, const struct txid *id)
{
	const uint32_t t = tx_state_find(w, id);
	const struct span key = {id->h.b, sizeof(id->h.b)};
	struct tx_row row = {.tx = NULL};
	uint8_t *bytes;
	size_t n;

	if (t == NO_INDEX)
		return NULL;
	if (w->txs[t].raw)
		return tx_ref(w->txs[t].raw);
	if (!wallet_db_get(w->o.db, WALLET_TXS, key, &bytes, &n, NULL))
		return NULL;
	if (!decode_tx(&row, key, (struct span){bytes, n}))
		row.tx = NULL;
	free(bytes);
	return row.tx;
}

static bool write_txs(struct wallet *w, struct err *e)
{
	struct writer out;
	bool ok = true;

	writer_init(&out);
	for (size_t i = 0; ok && i < w->n_dirty; i++) {
		const struct own_tx *own = &w->txs[w->dirty[i]];
		struct span key = {own->id.h.b, sizeof(own->id.h.b)};
		writer_reset(&out);
		encode_tx(&out, w, w->dirty[i]);
		ok = wallet_db_put(w->o.db, WALLET_TXS, key, (struct span){out.buf, out.len}, e);
	}
	writer_clear(&out);
	return ok;
}

static bool write_tip(struct wallet *w, struct err *e)
{
	struct writer out;
	bool ok;

	if (w->chain && w->synced.known && w->synced.index != CHAIN_NONE) {
		if (!w->locator)
			w->locator = mem_array(CHAIN_LOCATOR_MAX, sizeof(*w->locator));
		w->n_locator = chain_locator(w->chain, w->synced.index, w->locator);
	}
	writer_init(&out);
	put_u8(&out, TIP_RECORD_VERSION);
	put_u8(&out, w->synced.known);
	put_le32(&out, w->synced.height);
	put_bytes(&out, &w->synced.hash, sizeof(w->synced.hash));
	put_u8(&out, (uint8_t)w->n_locator);
	for (size_t i = 0; i < w->n_locator; i++)
		put_bytes(&out, &w->locator[i], sizeof(w->locator[i]));
	ok = wallet_db_put(w->o.db, WALLET_META,
			   (struct span){(const uint8_t *)TIP_NAME, strlen(TIP_NAME)},
			   (struct span){out.buf, out.len}, e);
	writer_clear(&out);
	return ok;
}

bool wallet_commit(struct wallet *w, struct err *e)
{
	if (!w->n_dirty && !w->synced_dirty)
		return true;
	if (!write_txs(w, e) || (w->synced_dirty && !write_tip(w, e)))
		return false;
	/* After a crash wallet_catch_up restores everything that comes from the chain, so that need
	 * not wait for the disk. */
	if (!wallet_db_commit(w->o.db, w->must_sync, e))
		return false;
	release_written(w);
	w->synced_dirty = false;
	return true;
}
