/* A Berkeley DB environment of our making: what the chain's and the wallet's database share.
 *
 * One thread owns an environment; two more of its own only checkpoint, and flush the log. There are no
 * locks between transactions (with the default ones a batch fails at some 4,500 pages), so
 * there is never more than one write transaction, and every read made while it is open goes
 * through it. */
#ifndef TALLY_STORE_ENV_PRIV_H
#define TALLY_STORE_ENV_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <db.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>
#include <tally/base/wake.h>
#include <tally/store/store.h>

#define ENV_TABLES_MAX 8
/* What the kernel takes whole: a larger write of a process that is killed may be cut at any page of the
 * kernel's, and recovery refuses a page of ours that is half there (with 16 KB, every few hundred kills). */
#define ENV_PAGE_BYTES        4096
#define ENV_LOG_FILE_BYTES    (UINT32_C(2) << 20)
#define ENV_LOG_BUFFER_BYTES  (UINT32_C(256) << 10) /* must be below the file's size */
#define ENV_CHECKPOINT_BYTES  (UINT32_C(16) << 20)  /* of log: recovery stays around a second */
#define ENV_WAKE_BYTES        ((size_t)1 << 20)     /* committed before the checkpointer looks */
#define ENV_SPACE_CHECK_BYTES ((size_t)4 << 20)     /* written before the disk is asked again */
#define ENV_MESSAGES          8                     /* kept until the owner logs them */
#define ENV_MESSAGE_CHARS     199
#define ENV_MARKER            "tables" /* there once the tables were made */
#define ENV_CUT_SUFFIX        ".cut"   /* beside a table: what was taken off its end */

struct env;

/* Takes the tables from one schema version to the next, inside the open transaction. */
struct env_migration {
	uint32_t from;                               /* the version it finds; it leaves from + 1 */
	bool (*run)(struct env *env, struct err *e); /* NULL ends the table */
};

/* What tells one environment's use from another's. */
struct env_kind {
	const char *name;   /* "chain", for messages */
	const char *remedy; /* what to do about damage: "run 'tally reindex' …" */
	uint32_t schema;
	size_t n_tables;
	const char *tables[ENV_TABLES_MAX]; /* the file is NAME.db */
	const struct env_migration *migrations;
};

struct env {
	const struct env_kind *kind;
	struct store_options o; /* dir points at `dir` */
	char *dir;              /* absolute: log files are opened while we run */
	bool marked;            /* the tables were made, once */
	DB_ENV *db;
	DB *schema;
	DB *tables[ENV_TABLES_MAX];

	DB_TXN *txn;      /* begun by the first write after a commit */
	size_t pending;   /* bytes of log, roughly, in txn */
	size_t unchecked; /* of those, since the disk was last asked for its free space */
	size_t logged;    /* committed since the last checkpoint was asked for */
	bool unsynced;    /* a commit that was not durable is the last one */
	bool broken;      /* a write failed: the transaction may be half there */
	struct err why;   /* the first failure, told again to every later writer */

	atomic_bool failed;    /* a write to disk failed, or Berkeley DB panicked */
	atomic_bool unwritten; /* it was a write */
	atomic_bool open;      /* from here on write_failed is told */

	/* Making commits durable beside the owner's work; of the owner: */
	pthread_t flusher;
	bool flusher_runs, flushing;    /* the thread; begun and not ended */
	uint64_t commits, flush_covers; /* made; made when the flush began */
	struct wake flushed;            /* raised when it is through */

	pthread_t checkpointer;
	bool checkpointing;    /* the thread runs */
	pthread_mutex_t mutex; /* of all below */
	pthread_cond_t wake;
	pthread_cond_t flush_wake, flush_through;
	bool want_checkpoint, stop, want_flush, flush_done;
	int flush_rc;
	unsigned messages, shown; /* what Berkeley DB had to say: so many, so many looked at */
	char text[ENV_MESSAGES][ENV_MESSAGE_CHARS + 1]; /* message i is at i % ENV_MESSAGES */
};

/* env.c: opening and closing. */
bool env_open(struct env *env, const struct env_kind *kind, const struct store_options *o,
	      struct err *e);
void env_close(struct env *env); /* twice is harmless */
/* Recovery alone, whatever is wrong with the tables; it may fail, too. ERR_CORRUPT "db-newer". */
bool env_recover(const struct env_kind *kind, const char *dir, struct err *e);
bool env_schema(struct env *env, uint32_t *version, struct err *e); /* 0: none written */

/* env_dir.c: the directory and its files. */
bool dir_make(const char *dir, struct err *e); /* 0700, parents too */
bool dir_sync(const char *dir, struct err *e);
bool env_dir_prepare(struct env *env, struct err *e);
uint64_t env_dir_bytes(const char *dir); /* of all files; 0: it can't be read */
/* A disk that was full takes part of a page that is new in its file; recovery, which has the whole page in its
 * log, refuses such a file. So the part is taken off, and put beside it. */
bool env_dir_trim(const char *dir, struct err *e);
bool env_dir_tables(struct env *env, bool *fresh, struct err *e);
bool env_dir_mark(struct env *env, struct err *e);
bool env_space(const struct env *env, uint64_t floor, struct err *e);

/* env_err.c: what went wrong, in our words. */
void env_err_init(struct env *env); /* installs the callbacks */
/* Turns a return code of Berkeley DB into an error; table may be NULL. Returns false. */
bool env_err(struct env *env, int rc, const char *doing, const char *table, struct err *e);
bool env_damaged(struct env *env, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The owner's thread: has it failed, and why? */
bool env_failure(struct env *env, struct err *e);
/* Any thread: from now on nothing is acknowledged. write: a write to disk is the cause. */
void env_fail(struct env *env, bool write);
void env_log_messages(struct env *env); /* the owner's thread */
const char *env_table_name(const struct env *env, unsigned table);

/* env_checkpoint.c */
bool env_checkpoint_start(struct env *env, struct err *e);
void env_checkpoint_wake(struct env *env);
void env_checkpoint_stop(struct env *env);

/* env_flush.c */
bool env_flush_start(struct env *env, struct err *e);
void env_flush_begin(struct env *env);
bool env_flush_end(struct env *env, bool wait, bool *done, struct err *e);
void env_flush_stop(struct env *env);

/* env_txn.c: records and transactions. `table` indexes kind->tables. */
bool env_begin(struct env *env, struct err *e); /* harmless where one is open */
bool env_commit(struct env *env, bool durable, struct err *e);
/* Was the log written, by what Berkeley DB returned and by what it told of? Where not, nothing is written any more. */
bool env_flushed(struct env *env, int rc, struct err *e);
void env_abort(struct env *env);
bool env_put(struct env *env, unsigned table, struct span key, struct span value, struct err *e);
bool env_del(struct env *env, unsigned table, struct span key, struct err *e); /* absent: true */
bool env_clear(struct env *env, unsigned table, struct err *e);
/* False with ERR_NONE where absent. *n in: room, out: length; longer than the room is damage. */
bool env_get(struct env *env, unsigned table, struct span key, void *out, size_t *n, struct err *e);
bool env_get_alloc(struct env *env, unsigned table, struct span key, uint8_t **out, size_t *n,
		   struct err *e);
/* Every record after the key `after` (from the first where its p is NULL) in key order, until fn
 * returns false; *stopped (may be NULL) tells whether it did, which is no failure here. fn may not write. */
typedef bool env_fn(void *arg, struct span key, struct span value);
bool env_each(struct env *env, unsigned table, struct span after, env_fn *fn, void *arg,
	      bool *stopped, struct err *e);

#endif
