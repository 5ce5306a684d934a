/* The wallet's database: keys, labels, transactions, coins and metadata. It has an environment of its
 * own, DIR/wallet, so that damage to the chain's database can't destroy keys. Modes: directory 0700,
 * files 0600. */
#ifndef TALLY_STORE_WALLET_DB_H
#define TALLY_STORE_WALLET_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/store/store.h>

#define WALLET_SCHEMA 1

/* The tables. The wallet layer defines their records. */
enum wallet_table { WALLET_KEYS, WALLET_LABELS, WALLET_TXS, WALLET_META, WALLET_TABLES };

struct wallet_db;

/* As store_open. */
bool wallet_db_open(struct wallet_db **out, const struct store_options *o, struct err *e);
bool wallet_db_failed(struct wallet_db *w, struct err *e); /* as store_failed */
void wallet_db_close(struct wallet_db *w);
bool wallet_db_commit(struct wallet_db *w, bool durable, struct err *e);

bool wallet_db_put(struct wallet_db *w, enum wallet_table t, struct span key, struct span value,
		   struct err *e);
bool wallet_db_del(struct wallet_db *w, enum wallet_table t, struct span key,
		   struct err *e); /* true if absent */
/* The caller frees *bytes. False with ERR_NONE if absent. */
bool wallet_db_get(struct wallet_db *w, enum wallet_table t, struct span key, uint8_t **bytes,
		   size_t *n, struct err *e);
/* Visits all records in key order until fn returns false, which is not an error. fn must not write. */
typedef bool wallet_db_fn(void *arg, struct span key, struct span value);
bool wallet_db_each(struct wallet_db *w, enum wallet_table t, wallet_db_fn *fn, void *arg,
		    struct err *e);

#endif
