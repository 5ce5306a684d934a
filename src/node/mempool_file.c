/* mempool.dat is rewritten every 5 minutes if the mempool has changed, a slice per turn of the
 * loop, and once more when the node stops. At start each transaction in it is checked as if a peer
 * had sent it.
 *
 * The file: "TLYP", version (u32), genesis hash; for each transaction, in order of entry: the unix
 * time of its entry (i64) and its bytes, preceded by their length as a CompactSize; at the end a
 * time of 0 and a length of 0; sha256d of everything before. */
#include "node/mempool_file_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "node/node_priv.h"

#define MAGIC       "TLYP"
#define VERSION     1
#define FRAME_BYTES (4 + 4 + HASH_BYTES + 8 + 1 + HASH_BYTES)
#define SAVE_MS     (5 * 60 * 1000)
#define SLICE_TXS   64
#define SLICE_BYTES (256U << 10)

struct mempool_file {
	struct node *node;
	char *path, *new_path;

	/* Reading: */
	uint8_t *bytes; /* of the file; NULL: nothing is left to submit */
	struct reader rest;
	size_t submitted;  /* transactions, so far */
	size_t unverified; /* of these, not yet accepted or rejected by the mempool */

	/* Writing: */
	int fd;          /* of the new file; -1: none is being written */
	uint64_t after;  /* sequence number of the last mempool entry written */
	size_t deferred; /* deferred transactions written; they follow the entries */
	struct sha256d sum;
	bool changed;     /* the mempool differs from the file */
	bool unsynced;    /* the last file was written without waiting for the disk */
	int64_t saved_ms; /* monotonic */
};

/* --- reading -------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *len)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;

	*len = 0;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		bytes = mem_try((size_t)st.st_size + 1);
	while (bytes && *len < (size_t)st.st_size) {
		const ssize_t k = read(fd, bytes + *len, (size_t)st.st_size - *len);

		if (k == 0 || (k < 0 && errno != EINTR))
			break;
		*len += k > 0 ? (size_t)k : 0;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

static bool is_whole(const uint8_t *bytes, size_t len)
{
	struct hash256 sum;

	if (len < FRAME_BYTES)
		return false;
	sha256d(&sum, bytes, len - HASH_BYTES);
	return memcmp(&sum, bytes + len - HASH_BYTES, HASH_BYTES) == 0;
}

/* Leaves f->bytes NULL if the file can't be used. */
static void load_file(struct mempool_file *f)
{
	const struct block_hash *genesis = &chain_params(f->node->chain)->genesis_hash;
	struct block_hash of;
	size_t len;
	char magic[4];

	f->bytes = read_file(f->path, &len);
	if (!f->bytes)
		return;
	reader_init(&f->rest, f->bytes, is_whole(f->bytes, len) ? len - HASH_BYTES : 0);
	get_bytes(&f->rest, magic, sizeof(magic));
	if (get_le32(&f->rest) == VERSION && memcmp(magic, MAGIC, sizeof(magic)) == 0) {
		get_bytes(&f->rest, &of, sizeof(of));
		if (hash256_equal(&of.h, &genesis->h))
			return;
		log_info(LOG_MEMPOOL, "%s is ignored: it belongs to another chain", f->path);
	} else {
		log_warn(LOG_MEMPOOL,
			 "%s is damaged and ignored: peers will announce its transactions again",
			 f->path);
	}
	free(f->bytes);
	f->bytes = NULL;
}

static void check_loaded(struct mempool_file *f)
{
	if (f->bytes || f->unverified)
		return;
	f->changed = mempool_count(f->node->mempool) != f->submitted;
	if (f->submitted)
		log_info(LOG_MEMPOOL, "%zu transactions in the mempool, %zu were in mempool.dat",
			 mempool_count(f->node->mempool), f->submitted);
}

bool mempool_file_submit(struct mempool_file *f)
{
	const int64_t now = clock_unix(&f->node->clock.clock);
	const size_t before = f->submitted;

	while (f->bytes && !mempool_queue_full(f->node->mempool, MEMPOOL_FILE_ORIGIN)) {
		const int64_t since = (int64_t)get_le64(&f->rest);
		const struct span raw = get_var_span(&f->rest, TX_MAX_BYTES);
		struct tx *tx;

		if (raw.len == 0 || !tx_decode(&tx, raw.p, raw.len, NULL)) {
			free(f->bytes);
			f->bytes = NULL;
			check_loaded(f);
			break;
		}
		if (now - since < MEMPOOL_EXPIRY_SECONDS &&
		    mempool_submit_since(f->node->mempool, tx, MEMPOOL_FILE_ORIGIN, since, NULL)) {
			f->submitted++;
			f->unverified++;
		}
		tx_unref(tx);
	}
	return f->submitted > before;
}

/* Counts one verdict for each transaction. Only an orphan transaction would get two verdicts, but the
 * file has no orphans: parents are written before their children. */

void mempool_file_verdict(struct mempool_file *f)
{
	if (f->unverified > 0 && --f->unverified == 0)
		check_loaded(f);
}

bool mempool_file_loaded(const struct mempool_file *f)
{
	return !f->bytes && !f->unverified;
}

/* --- writing --------------------------------------------------------------------------- */

static void abort_write(struct mempool_file *f)
{
	close(f->fd);
	f->fd = -1;
	unlink(f->new_path);
	f->changed = true;
}

static bool write_error(struct mempool_file *f, const char *what, struct err *e)
{
	const int error = errno;

	if (f->fd >= 0)
		abort_write(f);
	return err_set(e, ERR_IO, "mempool-file", "cannot %s %s: %s: check that the disk has room",
		       what, f->new_path, strerror(error));
}

/* Writes and clears w. */
static bool flush_writer(struct mempool_file *f, struct writer *w, struct err *e)
{
	size_t done = 0;

	sha256d_update(&f->sum, w->buf, w->len);
	while (done < w->len) {
		const ssize_t k = write(f->fd, w->buf + done, w->len - done);

		if (k < 0 && errno != EINTR)
			break;
		done += k > 0 ? (size_t)k : 0;
	}
	const bool ok = done == w->len;
	writer_clear(w);
	return ok || write_error(f, "write", e);
}

static bool begin_file(struct mempool_file *f, struct err *e)
{
	struct writer w;

	f->saved_ms = clock_mono_ms(&f->node->clock.clock);
	unlink(f->new_path); /* if it is a link, its target must not be written */
	f->fd = open(f->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return write_error(f, "make", e);
	f->changed = false;
	f->after = f->deferred = 0;
	sha256d_init(&f->sum);
	writer_init(&w);
	put_bytes(&w, MAGIC, 4);
	put_le32(&w, VERSION);
	put_bytes(&w, &chain_params(f->node->chain)->genesis_hash, HASH_BYTES);
	return flush_writer(f, &w, e);
}

/* wait: for the disk. Without waiting, a power failure may leave an incomplete file; then its
 * checksum is wrong and it is ignored. */
static bool finish_file(struct mempool_file *f, bool wait, struct err *e)
{
	struct writer w;
	struct sha256d sum;
	struct hash256 hash;

	writer_init(&w);
	put_le64(&w, 0);
	put_compact(&w, 0);
	sum = f->sum;
	sha256d_update(&sum, w.buf, w.len);
	sha256d_final(&sum, &hash);
	put_bytes(&w, &hash, HASH_BYTES);
	if (!flush_writer(f, &w, e))
		return false;
	if ((wait && fsync(f->fd) != 0) || rename(f->new_path, f->path) != 0)
		return write_error(f, "write", e);
	f->unsynced = !wait;
	close(f->fd);
	f->fd = -1;
	return true;
}

static void put_tx(struct writer *w, int64_t since, const struct tx *tx)
{
	put_le64(w, (uint64_t)since);
	put_var_bytes(w, tx->raw.p, tx->raw.len);
}

static size_t put_entries(struct mempool_file *f, struct writer *w)
{
	struct mempool_entry some[SLICE_TXS];
	const size_t n = mempool_list(f->node->mempool, f->after, some, SLICE_TXS);

	for (size_t i = 0; i < n && w->len < SLICE_BYTES; i++) {
		put_tx(w, some[i].time, some[i].tx);
		f->after = some[i].seq;
	}
	return n;
}

static size_t put_deferred(struct mempool_file *f, struct writer *w)
{
	const int64_t now = clock_unix(&f->node->clock.clock);
	struct tx *tx;
	size_t n = 0;

	for (; w->len < SLICE_BYTES && mempool_deferred(f->node->mempool, &f->deferred, &tx, 1);
	     n++)
		put_tx(w, now, tx);
	return n;
}

/* *more is set to false when the file is complete and has its name. */
static bool write_slice(struct mempool_file *f, bool wait, bool *more, struct err *e)
{
	struct writer w;

	writer_init(&w);
	*more = put_entries(f, &w) > 0 || put_deferred(f, &w) > 0;
	return *more ? flush_writer(f, &w, e) : finish_file(f, wait, e);
}

bool mempool_file_turn(struct mempool_file *f)
{
	struct err err = {0};
	bool more = false;

	if (f->fd < 0)
		return false;
	if (write_slice(f, false, &more, &err))
		return more;
	log_warn(LOG_MEMPOOL, "%s", err.detail);
	return false;
}

bool mempool_file_due(struct mempool_file *f)
{
	const int64_t now = clock_mono_ms(&f->node->clock.clock);
	struct err err = {0};

	if (!f->changed || f->fd >= 0 || !mempool_file_loaded(f) || now - f->saved_ms < SAVE_MS)
		return false;
	if (begin_file(f, &err))
		return true;
	log_warn(LOG_MEMPOOL, "%s", err.detail);
	return false;
}

bool mempool_file_save(struct mempool_file *f, struct err *e)
{
	bool more = true;

	if (!mempool_file_loaded(f))
		return err_set(e, ERR_BUSY, "not-loaded",
			       "mempool.dat is still being read: try again in a few seconds");
	if (f->fd < 0 && !begin_file(f, e))
		return false;
	while (more)
		if (!write_slice(f, true, &more, e))
			return false;
	return true;
}

void mempool_file_save_changed(struct mempool_file *f)
{
	struct err err = {0};

	if (mempool_file_loaded(f) && (f->changed || f->unsynced || f->fd >= 0) &&
	    !mempool_file_save(f, &err))
		log_warn(LOG_MEMPOOL, "%s", err.detail);
}

/* --- opening and closing -------------------------------------------------------------------------------- */

void mempool_file_changed(struct mempool_file *f)
{
	f->changed = true;
}

const char *mempool_file_path(const struct mempool_file *f)
{
	return f->path;
}

struct mempool_file *mempool_file_open(struct node *n)
{
	struct mempool_file *f = NEW(struct mempool_file);

	f->node = n;
	f->path = mem_printf("%s/mempool.dat", n->config.dir);
	f->new_path = mem_printf("%s/mempool.dat.new", n->config.dir);
	f->fd = -1;
	f->saved_ms = clock_mono_ms(&n->clock.clock);
	load_file(f);
	return f;
}

void mempool_file_close(struct mempool_file *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		abort_write(f);
	free(f->bytes);
	free(f->path);
	free(f->new_path);
	free(f);
}
