/* Keys and their labels. A key is on disk before its address is returned. */
#include <tally/wallet/key_store.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/consensus/rules.h>

#include "wallet/key_store_priv.h"

#define KEY_RECORD_VERSION 1
#define KEY_RECORD_BYTES   (1 + SEED_BYTES + 8 + 4)

uint32_t keys_find(const struct wallet *w, const struct key_hash *kh)
{
	const uint64_t *at = map_get(&w->key_index, kh);

	return at ? (uint32_t)*at : NO_INDEX;
}

const char *wallet_label_of(const struct wallet *w, const struct key_hash *kh)
{
	const uint32_t k = keys_find(w, kh);

	return k != NO_INDEX && w->keys[k].label ? w->keys[k].label : "";
}

bool wallet_is_mine(const struct wallet *w, const struct key_hash *kh)
{
	return keys_find(w, kh) != NO_INDEX;
}

bool wallet_pays(const struct wallet *w, const struct tx *tx)
{
	struct coin coin;

	for (uint32_t i = 0; i < tx->n_out; i++)
		if (tx_coin(tx, i, 0, &coin) && keys_find(w, &coin.owner) != NO_INDEX)
			return true;
	return false;
}

static void label_key(char out[LABEL_MAX], const char *label)
{
	memset(out, 0, LABEL_MAX);
	memcpy(out, label, strlen(label));
}

static uint32_t find_label(const struct wallet *w, const char *label)
{
	char key[LABEL_MAX];

	if (strlen(label) > LABEL_MAX)
		return NO_INDEX;
	label_key(key, label);
	const uint64_t *at = map_get(&w->labels, key);
	return at ? (uint32_t)*at : NO_INDEX;
}

bool wallet_find_label(const struct wallet *w, const char *label, struct key_hash *out)
{
	uint32_t k = find_label(w, label);

	if (k == NO_INDEX)
		return false;
	*out = w->keys[k].owner;
	return true;
}

static uint32_t add_key(struct wallet *w, const struct key_hash *owner, const struct key_seed *seed,
			int64_t created)
{
	struct own_key *key;

	mem_reserve(&w->keys, &w->cap_keys, w->n_keys + 1, sizeof(*w->keys));
	key = &w->keys[w->n_keys];
	*key = (struct own_key){.owner = *owner, .seed = NEW(struct key_seed), .created = created};
	*key->seed = *seed;
	*(uint64_t *)map_put(&w->key_index, owner, NULL) = w->n_keys;
	return (uint32_t)w->n_keys++;
}

static void add_label(struct wallet *w, uint32_t k, const char *label)
{
	char key[LABEL_MAX];

	label_key(key, label);
	*(uint64_t *)map_put(&w->labels, key, NULL) = k;
	free(w->keys[k].label);
	w->keys[k].label = mem_strdup(label);
}

static bool put_key(struct wallet *w, const struct key_hash *owner, const struct key_seed *seed,
		    int64_t created, struct err *e)
{
	uint8_t record[KEY_RECORD_BYTES];
	struct writer out;
	bool ok;

	writer_init_fixed(&out, record, sizeof(record));
	put_u8(&out, KEY_RECORD_VERSION);
	put_bytes(&out, seed->b, SEED_BYTES);
	put_le64(&out, (uint64_t)created);
	put_le32(&out, (uint32_t)w->n_keys);
	ok = wallet_db_put(w->o.db, WALLET_KEYS, (struct span){owner->b, KEY_HASH_BYTES},
			   (struct span){record, out.len}, e);
	sodium_memzero(record, sizeof(record));
	return ok;
}

static bool put_label(struct wallet *w, const char *label, const struct key_hash *owner,
		      struct err *e)
{
	return wallet_db_put(w->o.db, WALLET_LABELS,
			     (struct span){(const uint8_t *)label, strlen(label)},
			     (struct span){owner->b, KEY_HASH_BYTES}, e);
}

bool wallet_new_address(struct wallet *w, const char *label, struct key_hash *out, struct err *e)
{
	struct key_seed seed;
	struct pubkey pub;
	int64_t created = clock_unix(w->o.clock);
	bool ok;

	if (label && !*label)
		label = NULL;
	if (label && !label_check(label, e))
		return false;
	if (label && find_label(w, label) != NO_INDEX)
		return err_set(e, ERR_KNOWN, "label-taken",
			       "the label '%s' names an address already: choose another label",
			       label);
	key_generate(&seed, &pub, w->o.rng);
	key_hash(out, &pub);
	ok = put_key(w, out, &seed, created, e) && (!label || put_label(w, label, out, e)) &&
	     wallet_db_commit(w->o.db, true, e);
	if (ok) {
		uint32_t k = add_key(w, out, &seed, created);
		if (label)
			add_label(w, k, label);
	}
	sodium_memzero(&seed, sizeof(seed));
	return ok;
}

bool wallet_label_address(struct wallet *w, const char *label, struct key_hash *out, struct err *e)
{
	if (!label_check(label, e))
		return false;
	return wallet_find_label(w, label, out) || wallet_new_address(w, label, out, e);
}

struct key_row {
	struct key_hash owner;
	struct key_seed seed;
	int64_t created;
	uint32_t seq;
};

struct key_rows {
	struct key_row *at; /* wiped before it is freed or grown */
	size_t n, cap;
	bool bad;
};

static void grow_rows(struct key_rows *rows)
{
	size_t cap = MAX(rows->cap * 2, (size_t)16);
	struct key_row *at = mem_array(cap, sizeof(*at));

	if (rows->n)
		memcpy(at, rows->at, rows->n * sizeof(*at));
	if (rows->at)
		sodium_memzero(rows->at, rows->n * sizeof(*at));
	free(rows->at);
	rows->at = at;
	rows->cap = cap;
}

static bool read_key(void *arg, struct span key, struct span value)
{
	struct key_rows *rows = arg;
	struct reader r;
	struct key_row *row;

	if (rows->n == rows->cap)
		grow_rows(rows);
	row = &rows->at[rows->n];
	reader_init(&r, value.p, value.len);
	rows->bad = key.len != KEY_HASH_BYTES || get_u8(&r) != KEY_RECORD_VERSION;
	get_bytes(&r, row->seed.b, SEED_BYTES);
	row->created = (int64_t)get_le64(&r);
	row->seq = get_le32(&r);
	rows->bad = rows->bad || !reader_done(&r);
	if (rows->bad)
		return false;
	memcpy(row->owner.b, key.p, KEY_HASH_BYTES);
	rows->n++;
	return true;
}

static bool read_label(void *arg, struct span key, struct span value)
{
	struct wallet *w = arg;
	char label[LABEL_MAX + 1] = "";
	struct key_hash owner;
	uint32_t k;

	if (key.len > LABEL_MAX || value.len != KEY_HASH_BYTES)
		return true;
	memcpy(label, key.p, key.len);
	memcpy(owner.b, value.p, KEY_HASH_BYTES);
	k = keys_find(w, &owner);
	if (k != NO_INDEX && label_check(label, NULL))
		add_label(w, k, label);
	return true;
}

static int by_key_seq(const void *a, const void *b)
{
	const struct key_row *l = a, *r = b;

	return l->seq < r->seq ? -1 : l->seq > r->seq;
}

/* The address is derived from the seed. If it differs, the record is damaged. */
static bool row_fits(const struct key_row *row)
{
	struct pubkey pub;
	struct key_hash owner;

	key_pubkey(&pub, &row->seed);
	key_hash(&owner, &pub);
	return memcmp(&owner, &row->owner, sizeof(owner)) == 0;
}

bool keys_load(struct wallet *w, struct err *e)
{
	struct key_rows rows = {0};
	bool ok;

	map_init(&w->key_index, KEY_HASH_BYTES, sizeof(uint64_t));
	map_init(&w->labels, LABEL_MAX, sizeof(uint64_t));
	ok = wallet_db_each(w->o.db, WALLET_KEYS, read_key, &rows, e);
	if (ok && rows.n)
		qsort(rows.at, rows.n, sizeof(*rows.at), by_key_seq);
	for (size_t i = 0; ok && i < rows.n; i++) {
		rows.bad = rows.bad || !row_fits(&rows.at[i]);
		add_key(w, &rows.at[i].owner, &rows.at[i].seed, rows.at[i].created);
	}
	if (ok && rows.bad)
		ok = err_set(
			e, ERR_CORRUPT, "wallet-key",
			"a key of the wallet is damaged: restore a copy of the wallet directory");
	if (rows.at)
		sodium_memzero(rows.at, rows.cap * sizeof(*rows.at));
	free(rows.at);
	return ok && wallet_db_each(w->o.db, WALLET_LABELS, read_label, w, e);
}

void keys_free(struct wallet *w)
{
	for (size_t i = 0; i < w->n_keys; i++) {
		sodium_memzero(w->keys[i].seed, sizeof(*w->keys[i].seed));
		free(w->keys[i].seed);
		free(w->keys[i].label);
	}
	free(w->keys);
	map_clear(&w->key_index);
	map_clear(&w->labels);
}
