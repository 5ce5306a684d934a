/* Headers and blocks from a damaged database, given to a chain in an order in which it accepts
 * them. */
#include <tally/chain/block_salvage.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/chain/block_accept.h>
#include <tally/chain/chain_open.h>
#include <tally/chain/connect.h>
#include <tally/chain/query.h>
#include <tally/store/salvage.h>
#include <tally/store/store.h>

/* The chain connects the blocks given to it after this many, or after this many bytes. */
#define BATCH_BLOCKS 256
#define BATCH_BYTES  (8U << 20)

/* A header or a block in the damaged database. */
struct record {
	uint32_t height, seq;
	struct salvage_place at;
	bool body;          /* a block; else a header */
	bool done;          /* accepted, or useless */
	bool body_expected; /* a header whose status says that its block was stored */
	chain_index index;  /* of a header in the new chain */
};

struct block_salvage {
	struct chain *c;
	struct salvage *headers, *blocks; /* NULL: there is no such file */
	struct record *records;
	size_t n, cap;
	bool bodies; /* collect is reading blocks, not headers */
	size_t batch, batch_bytes;
	struct block_salvage_result *out;
};

/* --- collecting -------------------------------------------------------------------- */

static void collect_one(void *arg, struct span key, const struct salvage_place *at)
{
	struct block_salvage *r = arg;

	if (key.len != STORE_HEADER_KEY_BYTES)
		return;
	mem_reserve(&r->records, &r->cap, r->n + 1, sizeof(*r->records));
	r->records[r->n++] = (struct record){.height = be32(key.p),
					     .seq = be32(key.p + 4),
					     .at = *at,
					     .body = r->bodies,
					     .index = CHAIN_NONE};
}

static int in_order(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->height != y->height)
		return x->height < y->height ? -1 : 1;
	if (x->body != y->body)
		return x->body ? 1 : -1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool open_file(struct salvage **out, const char *dir, const char *table, struct err *e)
{
	struct err why = {0};

	if (salvage_open(out, dir, table, &why) || why.cls == ERR_NOTFOUND)
		return true;
	if (e != NULL)
		*e = why;
	return false;
}

static void collect(struct block_salvage *r, struct salvage *from, bool bodies)
{
	r->bodies = bodies;
	if (from != NULL)
		salvage_scan(from, collect_one, r);
}

static bool never_used(const struct block_salvage *r)
{
	return r->headers && r->blocks && salvage_empty(r->headers) && salvage_empty(r->blocks);
}

/* --- one record ---------------------------------------------------------------------- */

static bool read_header(struct block_salvage *r, const struct record *p,
			uint8_t header[HEADER_BYTES], uint32_t *status)
{
	uint8_t *bytes;
	size_t n;
	bool ok;

	if (!salvage_read(r->headers, &p->at, STORE_HEADER_RECORD_MAX, &bytes, &n))
		return false;
	ok = store_header_record((struct span){bytes, n}, header, status);
	free(bytes);
	return ok;
}

static bool read_body(struct block_salvage *r, const struct record *p, struct block **out)
{
	uint8_t *bytes;
	size_t n;

	return salvage_read(r->blocks, &p->at, BLOCK_MAX_BYTES, &bytes, &n) &&
	       block_decode_take(out, bytes, n, NULL);
}

/* What to do after an error of the chain. False: the new database failed, so stop. */
static bool handle_error(struct record *p, const struct err *why, struct err *e)
{
	switch (why->cls) {
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_LIMIT:
	case ERR_PERMISSION:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		*e = *why;
		return false;
	case ERR_ORPHAN: /* try again, the parent may stand behind it */
		return true;
	default:
		p->done = true;
		return true;
	}
}

static bool take_header(struct block_salvage *r, struct record *p, struct err *e)
{
	uint8_t header[HEADER_BYTES];
	struct block_header h;
	struct err why = {0};
	uint32_t status;

	if (!read_header(r, p, header, &status) || (status & CHAIN_ANY_FAILED) != 0) {
		p->done = true;
		return true;
	}
	header_decode(&h, header);
	p->body_expected = (status & CHAIN_HAVE_BODY) != 0;
	if (!chain_accept_header(r->c, &h, &p->index, &why))
		return handle_error(p, &why, e);
	p->done = true;
	return true;
}

static bool take_body(struct block_salvage *r, struct record *p, struct err *e)
{
	struct err why = {0};
	struct block *b;
	bool ok = true;

	if (!read_body(r, p, &b)) {
		p->done = true;
		return true;
	}
	if (chain_accept_block(r->c, b, &why)) {
		p->done = true;
		r->out->blocks++;
		r->batch++;
		r->batch_bytes += b->raw.len;
	} else {
		ok = handle_error(p, &why, e);
	}
	block_unref(b);
	return ok;
}

/* --- genesis ----------------------------------------------------------------------------- */

/* The hash of genesis, from its header, its block, or the parent of a block at height 1. */
static void find_genesis_hash(struct block_salvage *r)
{
	for (size_t i = 0; i < r->n && !r->out->genesis_known && r->records[i].height <= 1; i++) {
		const struct record *p = &r->records[i];
		struct block_header h;
		uint8_t header[HEADER_BYTES];
		struct block *b = NULL;
		uint32_t status;

		if (!p->at.sound ||
		    (p->body ? !read_body(r, p, &b) : !read_header(r, p, header, &status)))
			continue;
		if (b != NULL)
			h = b->header;
		else
			header_decode(&h, header);
		r->out->genesis_known = true;
		if (p->height == 0)
			header_hash(&r->out->genesis, &h);
		else
			r->out->genesis = h.prev;
		block_unref(b);
	}
}

static bool take_genesis(struct block_salvage *r, struct err *e)
{
	for (size_t i = 0; i < r->n && r->records[i].height == 0 && !chain_has_genesis(r->c); i++) {
		struct err why = {0};
		struct block *b;
		bool ok;

		if (!r->records[i].body || !read_body(r, &r->records[i], &b))
			continue;
		ok = (r->out->genesis_known && !hash256_equal(&r->out->genesis.h, &b->hash.h)) ||
		     chain_set_genesis(r->c, b, &why) || handle_error(&r->records[i], &why, e);
		block_unref(b);
		if (!ok)
			return false;
	}
	if (chain_has_genesis(r->c)) {
		r->out->genesis_known = true;
		r->out->genesis = chain_params(r->c)->genesis_hash;
		r->out->blocks = 1;
	}
	return true;
}

/* --- all records --------------------------------------------------------------------------- */

static bool connect_batch(struct block_salvage *r, struct err *e)
{
	r->batch = r->batch_bytes = 0;
	return chain_settle(r->c, e);
}

/* If keys are damaged, a parent may stand behind its child. So this repeats as long as a pass
 * accepts something. */
static bool take_all(struct block_salvage *r, struct err *e)
{
	size_t left = r->n, before;

	do {
		before = left;
		left = 0;
		for (size_t i = 0; i < r->n; i++) {
			struct record *p = &r->records[i];

			if (p->done)
				continue;
			if (!(p->body ? take_body(r, p, e) : take_header(r, p, e)))
				return false;
			left += !p->done;
			if ((r->batch >= BATCH_BLOCKS || r->batch_bytes >= BATCH_BYTES) &&
			    !connect_batch(r, e))
				return false;
		}
	} while (left > 0 && left < before);
	return connect_batch(r, e);
}

/* Was a block stored under this key that the new chain does not have? Either its own record can't
 * be used, or its header's status says that it was stored. */
static bool is_missing(const struct block_salvage *r, const struct record *p)
{
	struct chain_entry at;

	if (p->body)
		return !p->done;
	if (!p->body_expected)
		return false;
	if (p->index == CHAIN_NONE)
		return p->at.sound;
	return chain_entry_at(r->c, p->index, &at) && (at.status & CHAIN_HAVE_BODY) == 0;
}

static void count_missing(struct block_salvage *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct record *p = &r->records[i];

		if (!is_missing(r, p))
			continue;
		if (r->out->missing++ == 0 || p->height < r->out->first_missing)
			r->out->first_missing = p->height;
	}
}

bool chain_salvage_blocks(struct chain *c, const char *dir, struct block_salvage_result *out,
			  struct err *e)
{
	struct block_salvage r = {.c = c, .out = out};
	bool ok;

	*out = (struct block_salvage_result){0};
	ok = open_file(&r.headers, dir, "headers", e) && open_file(&r.blocks, dir, "blocks", e);
	if (ok) {
		out->never_used = never_used(&r);
		collect(&r, r.headers, false);
		collect(&r, r.blocks, true);
		if (r.n > 0)
			qsort(r.records, r.n, sizeof(*r.records), in_order);
		find_genesis_hash(&r);
		ok = take_genesis(&r, e);
	}
	if (ok && chain_has_genesis(c)) {
		chain_set_catching_up(c, true);
		ok = take_all(&r, e) && chain_commit(c, e);
		count_missing(&r);
	}
	salvage_close(r.headers);
	salvage_close(r.blocks);
	free(r.records);
	return ok;
}
