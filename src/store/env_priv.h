/* A Berkeley DB environment with the settings that the chain's and the wallet's database share.
 *
 * One thread owns an environment. Two more threads only make checkpoints and flush the log. Berkeley
 * DB's locking is off: with its default limits a batch fails at about 4,500 pages. So there is at most
 * one transaction at a time, and while it is open every read goes through it. */
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
/* The page size of the kernel. SIGKILL may end a larger write between two pages of the kernel; recovery
 * then refuses the half-written page (with pages of 16 KB, once in some hundred kills). */
#define ENV_PAGE_BYTES       4096
#define ENV_SCHEMA_KEY       "version" /* the only record of the schema table */
#define ENV_SCHEMA_BYTES     4         /* its value, u32 little-endian */
#define ENV_LOG_FILE_BYTES   (UINT32_C(2) << 20)
#define ENV_LOG_BUFFER_BYTES (UINT32_C(256) << 10) /* must be less than ENV_LOG_FILE_BYTES */
#define ENV_CHECKPOINT_BYTES \
	(UINT32_C(16) << 20) /* log between checkpoints: recovery takes about 1 s */
#define ENV_WAKE_BYTES        ((size_t)1 << 20) /* committed before the checkpoint thread wakes */
#define ENV_SPACE_CHECK_BYTES ((size_t)4 << 20) /* written before free space is checked again */
#define ENV_MESSAGES          8 /* Berkeley DB messages kept until they are logged */
#define ENV_MESSAGE_CHARS     199
#define ENV_MARKER            "tables" /* this file exists once the tables have been made */
#define ENV_CUT_SUFFIX        ".cut"   /* TABLE.db.cut: bytes removed from the end of TABLE.db */

struct env;

/* Migrates the tables from one schema version to the next, within the open transaction. */
struct env_migration {
	uint32_t from;                               /* migrates to from + 1 */
	bool (*run)(struct env *env, struct err *e); /* NULL: the end of the table */
};

/* The properties in which the environments differ. */
struct env_kind {
	const char *name;   /* "chain", for messages */
	const char *remedy; /* advice for a damaged one: "run 'tally reindex' …" */
	uint32_t schema;
	size_t n_tables;
	const char *tables[ENV_TABLES_MAX]; /* the file is NAME.db */
	const struct env_migration *migrations;
	/* The table that can't be rebuilt: if it is present, a copy without log files is adopted.
	 * Without one, such a copy counts as damaged. */
	unsigned essential;
	bool has_essential;
};

struct env {
	const struct env_kind *kind;
	struct store_options o; /* o.dir is `dir` */
	char *dir;              /* absolute, because log files are opened later, too */
	bool marked;            /* ENV_MARKER exists */
	DB_ENV *db;
	DB *schema;
	DB *tables[ENV_TABLES_MAX];

	DB_TXN *txn;      /* begun by the first write after a commit */
	size_t pending;   /* approximate bytes of log in txn */
	size_t unchecked; /* bytes of log since free space was last checked */
	size_t logged;    /* bytes of log committed since the last checkpoint was requested */
	bool unsynced;    /* the last commit is not durable yet */
	bool broken;      /* a write failed: txn may be incomplete and is never committed */
	struct err why;   /* the first failure; every later write fails with it */

	atomic_bool failed;    /* a write to disk failed, or Berkeley DB panicked */
	atomic_bool unwritten; /* a write to disk failed */
	atomic_int refusal;    /* errno of the system call that made it fail; 0: unknown */
	atomic_bool open;      /* opened: a failure is reported through o.write_failed */

	/* Flushing on another thread. These fields belong to the owner's thread: */
	pthread_t flusher;
	bool flusher_runs;     /* the thread exists */
	bool flushing;         /* a flush was begun and not ended */
	uint64_t commits;      /* number of commits so far */
	uint64_t flush_covers; /* `commits` at the beginning of the flush */
	struct wake flushed;   /* raised at the end of a flush */

	pthread_t checkpointer;
	bool checkpointing;    /* the thread exists */
	pthread_mutex_t mutex; /* guards all fields below */
	pthread_cond_t wake;
	pthread_cond_t flush_wake, flush_ended;
	bool want_checkpoint, stop, want_flush, flush_done;
	int flush_rc;
	unsigned messages,
		shown; /* number of Berkeley DB messages received, and of those handled */
	char text[ENV_MESSAGES][ENV_MESSAGE_CHARS + 1]; /* message i is at i % ENV_MESSAGES */
};

/* env.c: opening and closing. */
bool env_open(struct env *env, const struct env_kind *kind, const struct store_options *o,
	      struct err *e);
void env_close(struct env *env); /* calling it twice is harmless */
/* Runs recovery without opening tables, which may be damaged. A failed recovery is not an
 * error: the caller then salvages the files as they are. ERR_CORRUPT "db-newer". */
bool env_recover(const struct env_kind *kind, const char *dir, struct err *e);
/* The schema version of the tables. ERR_CORRUPT "db-damaged" if none is stored. */
bool env_schema(struct env *env, uint32_t *version, struct err *e);

/* env_dir.c: the directory and its files. */
/* Makes the directory and missing parents, mode 0700. */
bool dir_make(const char *dir, struct err *e);
/* fsync of the directory, so that names made or changed in it survive a power cut. */
bool dir_sync(const char *dir, struct err *e);
/* Before recovery: the files are readable and writable by the owner only, and no table is missing. */
bool env_dir_prepare(struct env *env, struct err *e);
uint64_t env_dir_bytes(const char *dir); /* the size of all files; 0 if it can't be read */
/* Removes an incomplete page from the end of each table and appends it to TABLE.db.cut. A full disk
 * leaves such pages. The log has them complete, but recovery refuses a file that ends within a page. */
bool env_dir_trim(const char *dir, struct err *e);
/* After recovery: *fresh says that the tables have to be made. ERR_CORRUPT if one is missing or too
 * short. */
bool env_dir_tables(struct env *env, bool *fresh, struct err *e);
bool env_has_table(const struct env *env, unsigned table);
/* True if the directory has the essential table but no log files. */
bool env_is_copy(const struct env *env);
/* Writes ENV_MARKER. */
bool env_dir_mark(struct env *env, struct err *e);

/* The settings of every new table, before it is opened. Checksums detect bytes that the disk changed. */
static inline int env_table_settings(DB *db)
{
	int rc = db->set_pagesize(db, ENV_PAGE_BYTES);

	return rc != 0 ? rc : db->set_flags(db, DB_CHKSUM);
}

/* env_copy.c: makes a copy without log files (env_is_copy) usable, before it is opened: missing tables start empty. ERR_CORRUPT if a table
 * is damaged. */
bool env_copy_adopt(struct env *env, struct err *e);

/* env_space.c: ERR_NOSPACE if the disk of the environment has fewer than `floor` free bytes. */
bool env_space(const struct env *env, uint64_t floor, struct err *e);

/* env_err.c: errors of Berkeley DB as struct err. */
/* Makes env->db, with callbacks for its errors, events and messages. The next step is db->open. */
bool env_create(struct env *env, struct err *e);
/* Sets *e for a return code of Berkeley DB. doing: a verb, "open". table may be NULL. Returns false. */
bool env_err(struct env *env, int rc, const char *doing, const char *table, struct err *e);
bool env_damaged(struct env *env, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* True with the reason if the environment has failed. Only for the owner's thread. */
bool env_failure(struct env *env, struct err *e);
/* Marks the environment as failed: nothing is acknowledged from now on. write: a write to disk is the
 * cause. Any thread may call it. */
void env_fail(struct env *env, bool write);
void env_log_messages(struct env *env); /* only for the owner's thread */
const char *env_table_name(const struct env *env, unsigned table);

/* env_checkpoint.c: the thread that makes checkpoints. wake requests one. */
bool env_checkpoint_start(struct env *env, struct err *e);
void env_checkpoint_wake(struct env *env);
void env_checkpoint_stop(struct env *env);

/* env_flush.c: the thread that makes commits durable; see store_flush_begin and store_flush_end. */
bool env_flush_start(struct env *env, struct err *e);
void env_flush_begin(struct env *env);
bool env_flush_end(struct env *env, bool wait, bool *done, struct err *e);
void env_flush_stop(struct env *env);

/* env_txn.c: records and transactions. `table` indexes kind->tables. */
bool env_commit(struct env *env, bool durable, struct err *e);
/* True if the log was written: both Berkeley DB's return code `rc` and its events must say so. If not,
 * no later write is accepted. */
bool env_flushed(struct env *env, int rc, struct err *e);
void env_abort(struct env *env);
bool env_put(struct env *env, unsigned table, struct span key, struct span value, struct err *e);
bool env_del(struct env *env, unsigned table, struct span key, struct err *e); /* true if absent */
bool env_clear(struct env *env, unsigned table, struct err *e);
/* *n is the size of `out` before and the length of the value after the call; a longer value is damage.
 * False with ERR_NONE if absent. env_get_alloc allocates *out instead; the caller frees it. */
bool env_get(struct env *env, unsigned table, struct span key, void *out, size_t *n, struct err *e);
bool env_get_alloc(struct env *env, unsigned table, struct span key, uint8_t **out, size_t *n,
		   struct err *e);
/* Visits the records after the key `after` (all, if after.p is NULL) in key order until fn returns
 * false. *stopped (may be NULL) says whether fn did; that is not an error. fn must not write. */
typedef bool env_fn(void *arg, struct span key, struct span value);
bool env_each(struct env *env, unsigned table, struct span after, env_fn *fn, void *arg,
	      bool *stopped, struct err *e);

#endif
