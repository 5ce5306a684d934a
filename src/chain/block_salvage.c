/* Headers and bodies from a damaged database, in an order in which a chain takes them. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/chain/block_salvage.h>
#include <tally/store/salvage.h>

#include "chain/chain_priv.h"

/* So many bodies, or bytes of them, are given to the chain before it connects them. */
#define BATCH_BLOCKS 256
#define BATCH_BYTES  (8U << 20)

struct piece {
	uint32_t height, seq;
	struct salvage_place at;
	bool body;
	bool done;
	bool had_body;     /* a header whose body was in the database */
	chain_index index; /* a header that was taken over */
};

struct rebuild {
	struct chain *c;
	struct salvage *headers, *blocks; /* NULL: the file is gone */
	struct piece *pieces;
	size_t n, cap;
	bool bodies; /* of what is being collected */
	size_t batch, batch_bytes;
	struct chain_rebuilt *out;
};

/* --- collecting -------------------------------------------------------------------- */

static void collect_one(void *arg, struct span key, const struct salvage_place *at)
{
	struct rebuild *r = arg;

	if (key.len != STORE_HEADER_KEY_BYTES)
		return;
	mem_reserve(&r->pieces, &r->cap, r->n + 1, sizeof(*r->pieces));
	r->pieces[r->n++] = (struct piece){.height = be32(key.p),
					   .seq = be32(key.p + 4),
					   .at = *at,
					   .body = r->bodies,
					   .index = CHAIN_NONE};
}

static int in_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

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

static void collect(struct rebuild *r, struct salvage *from, bool bodies)
{
	r->bodies = bodies;
	if (from != NULL)
		salvage_scan(from, collect_one, r);
}

static bool never_any(const struct rebuild *r)
{
	return r->headers && r->blocks && salvage_empty(r->headers) && salvage_empty(r->blocks);
}

/* --- one piece ----------------------------------------------------------------------- */

static bool read_header(struct rebuild *r, const struct piece *p, uint8_t header[HEADER_BYTES],
			uint32_t *status)
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

static bool read_body(struct rebuild *r, const struct piece *p, struct block **out)
{
	uint8_t *bytes;
	size_t n;

	return salvage_read(r->blocks, &p->at, BLOCK_MAX_BYTES, &bytes, &n) &&
	       block_decode_take(out, bytes, n, NULL);
}

/* What an error of the chain means here: false where it is the new database's. */
static bool judge(struct piece *p, const struct err *why, struct err *e)
{
	switch (why->cls) {
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		*e = *why;
		return false;
	case ERR_ORPHAN: /* its parent may yet come */
		return true;
	default:
		p->done = true;
		return true;
	}
}

static bool take_header(struct rebuild *r, struct piece *p, struct err *e)
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
	p->had_body = (status & CHAIN_HAVE_BODY) != 0;
	if (!chain_accept_header(r->c, &h, &p->index, &why))
		return judge(p, &why, e);
	p->done = true;
	return true;
}

static bool take_body(struct rebuild *r, struct piece *p, struct err *e)
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
		ok = judge(p, &why, e);
	}
	block_unref(b);
	return ok;
}

/* --- genesis ----------------------------------------------------------------------------- */

/* The first block's hash, from whatever tells it: its header, or what the next one builds on. */
static void find_genesis_hash(struct rebuild *r)
{
	for (size_t i = 0; i < r->n && !r->out->genesis_known && r->pieces[i].height <= 1; i++) {
		const struct piece *p = &r->pieces[i];
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

static bool take_genesis(struct rebuild *r, struct err *e)
{
	for (size_t i = 0; i < r->n && r->pieces[i].height == 0 && !chain_has_genesis(r->c); i++) {
		struct err why = {0};
		struct block *b;
		bool ok;

		if (!r->pieces[i].body || !read_body(r, &r->pieces[i], &b))
			continue;
		ok = (r->out->genesis_known && !hash256_equal(&r->out->genesis.h, &b->hash.h)) ||
		     chain_set_genesis(r->c, b, &why) || judge(&r->pieces[i], &why, e);
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

/* --- all of them --------------------------------------------------------------------------- */

static bool settle(struct rebuild *r, struct err *e)
{
	r->batch = r->batch_bytes = 0;
	return chain_settle(r->c, e);
}

/* Where keys are damaged, a parent may come behind its child: again, as long as it helps. */
static bool take_all(struct rebuild *r, struct err *e)
{
	size_t left = r->n, before;

	do {
		before = left;
		left = 0;
		for (size_t i = 0; i < r->n; i++) {
			struct piece *p = &r->pieces[i];

			if (p->done)
				continue;
			if (!(p->body ? take_body(r, p, e) : take_header(r, p, e)))
				return false;
			left += !p->done;
			if ((r->batch >= BATCH_BLOCKS || r->batch_bytes >= BATCH_BYTES) &&
			    !settle(r, e))
				return false;
		}
	} while (left > 0 && left < before);
	return settle(r, e);
}

/* A body that nothing could be built on, or one that its header tells of. */
static bool is_lost(const struct rebuild *r, const struct piece *p)
{
	struct chain_entry at;

	if (p->body)
		return !p->done;
	if (!p->had_body)
		return false;
	if (p->index == CHAIN_NONE)
		return p->at.sound;
	return chain_entry_at(r->c, p->index, &at) && (at.status & CHAIN_HAVE_BODY) == 0;
}

static void count_lost(struct rebuild *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct piece *p = &r->pieces[i];

		if (!is_lost(r, p))
			continue;
		if (r->out->lost++ == 0 || p->height < r->out->first_lost)
			r->out->first_lost = p->height;
	}
}

bool chain_rebuild(struct chain *c, const char *dir, struct chain_rebuilt *out, struct err *e)
{
	struct rebuild r = {.c = c, .out = out};
	bool ok;

	*out = (struct chain_rebuilt){0};
	ok = open_file(&r.headers, dir, "headers", e) && open_file(&r.blocks, dir, "blocks", e);
	if (ok) {
		out->never = never_any(&r);
		collect(&r, r.headers, false);
		collect(&r, r.blocks, true);
		if (r.n > 0)
			qsort(r.pieces, r.n, sizeof(*r.pieces), in_order);
		find_genesis_hash(&r);
		ok = take_genesis(&r, e);
	}
	if (ok && chain_has_genesis(c)) {
		chain_set_catching_up(c, true);
		ok = take_all(&r, e) && chain_commit(c, e);
		count_lost(&r);
	}
	salvage_close(r.headers);
	salvage_close(r.blocks);
	free(r.pieces);
	return ok;
}
