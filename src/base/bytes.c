#include <tally/base/bytes.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

uint16_t le16(const uint8_t p[2])
{
	return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t le32(const uint8_t p[4])
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t le64(const uint8_t p[8])
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

uint32_t be32(const uint8_t p[4])
{
	return p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}

uint64_t be64(const uint8_t p[8])
{
	return be32(p + 4) | (uint64_t)be32(p) << 32;
}

void set_le32(uint8_t p[4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void set_le64(uint8_t p[8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void set_be32(uint8_t p[4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[3 - i] = (uint8_t)(v >> (8 * i));
}

void set_be64(uint8_t p[8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[7 - i] = (uint8_t)(v >> (8 * i));
}

/* --- reader ----------------------------------------------------------------- */

void reader_init(struct reader *r, const void *bytes, size_t len)
{
	/* An empty buffer may be NULL, and arithmetic on NULL is undefined. */
	r->p = bytes ? bytes : (const uint8_t *)"";
	r->end = r->p + len;
	r->failed = false;
}

size_t reader_left(const struct reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->p);
}

bool reader_ok(const struct reader *r)
{
	return !r->failed;
}

bool reader_done(const struct reader *r)
{
	return !r->failed && r->p == r->end;
}

void reader_fail(struct reader *r)
{
	r->failed = true;
}

/* Consumes the next n bytes and returns them; NULL if fewer are left. */
static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > reader_left(r))
		r->failed = true;
	if (r->failed)
		return NULL;
	r->p += n;
	return p;
}

uint8_t get_u8(struct reader *r)
{
	const uint8_t *p = take(r, 1);

	return p ? *p : 0;
}

uint16_t get_le16(struct reader *r)
{
	const uint8_t *p = take(r, 2);

	return p ? le16(p) : 0;
}

uint16_t get_be16(struct reader *r)
{
	const uint8_t *p = take(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t get_le32(struct reader *r)
{
	const uint8_t *p = take(r, 4);

	return p ? le32(p) : 0;
}

uint32_t get_be32(struct reader *r)
{
	const uint8_t *p = take(r, 4);

	return p ? be32(p) : 0;
}

uint64_t get_le64(struct reader *r)
{
	const uint8_t *p = take(r, 8);

	return p ? le64(p) : 0;
}

uint64_t get_be64(struct reader *r)
{
	const uint8_t *p = take(r, 8);

	return p ? be64(p) : 0;
}

uint64_t get_compact(struct reader *r)
{
	uint8_t first = get_u8(r);
	uint64_t v;

	if (first < 0xfd)
		return first;
	if (first == 0xfd)
		v = get_le16(r);
	else if (first == 0xfe)
		v = get_le32(r);
	else
		v = get_le64(r);
	/* Only the shortest form is valid. */
	if (compact_bytes(v) != (first == 0xfd ? 3u : first == 0xfe ? 5u : 9u))
		r->failed = true;
	return r->failed ? 0 : v;
}

void get_bytes(struct reader *r, void *out, size_t n)
{
	const uint8_t *p = take(r, n);

	if (!n)
		return;
	if (p)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

struct span get_span(struct reader *r, size_t n)
{
	const uint8_t *p = take(r, n);

	return (struct span){p, p ? n : 0};
}

struct span get_var_span(struct reader *r, size_t max)
{
	uint64_t n = get_compact(r);

	if (n > max || n > reader_left(r))
		r->failed = true;
	return get_span(r, (size_t)n);
}

/* --- writer ----------------------------------------------------------------- */

void writer_init(struct writer *w)
{
	*w = (struct writer){0};
}

void writer_init_fixed(struct writer *w, void *buf, size_t cap)
{
	*w = (struct writer){.buf = buf, .cap = cap, .fixed = true};
}

void writer_clear(struct writer *w)
{
	if (!w->fixed)
		free(w->buf);
	*w = (struct writer){0};
}

void writer_reset(struct writer *w)
{
	w->len = 0;
	w->failed = false;
}

uint8_t *writer_take(struct writer *w, size_t *len)
{
	uint8_t *p;

	assert(!w->fixed);
	p = w->buf ? w->buf : mem_alloc(0);
	*len = w->len;
	*w = (struct writer){0};
	return p;
}

/* Appends n bytes whose values the caller sets; NULL if they do not fit. */
static uint8_t *room(struct writer *w, size_t n)
{
	uint8_t *p;

	if (w->failed)
		return NULL;
	if (n > w->cap - w->len) {
		if (w->fixed) {
			w->failed = true;
			return NULL;
		}
		mem_reserve(&w->buf, &w->cap, w->len + n, 1);
	}
	p = w->buf + w->len;
	w->len += n;
	return p;
}

void put_u8(struct writer *w, uint8_t v)
{
	uint8_t *p = room(w, 1);

	if (p)
		*p = v;
}

void put_le16(struct writer *w, uint16_t v)
{
	put_bytes(w, (const uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

void put_be16(struct writer *w, uint16_t v)
{
	put_bytes(w, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

void put_le32(struct writer *w, uint32_t v)
{
	uint8_t *p = room(w, 4);

	if (p)
		set_le32(p, v);
}

void put_be32(struct writer *w, uint32_t v)
{
	uint8_t *p = room(w, 4);

	if (p)
		set_be32(p, v);
}

void put_le64(struct writer *w, uint64_t v)
{
	uint8_t *p = room(w, 8);

	if (p)
		set_le64(p, v);
}

void put_be64(struct writer *w, uint64_t v)
{
	uint8_t *p = room(w, 8);

	if (p)
		set_be64(p, v);
}

size_t compact_bytes(uint64_t v)
{
	return v < 0xfd ? 1 : v <= 0xffff ? 3 : v <= 0xffffffff ? 5 : 9;
}

void put_compact(struct writer *w, uint64_t v)
{
	uint8_t b[9];
	size_t n = compact_bytes(v);

	b[0] = n == 1 ? (uint8_t)v : n == 3 ? 0xfd : n == 5 ? 0xfe : 0xff;
	for (size_t i = 1; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * (i - 1)));
	put_bytes(w, b, n);
}

void put_bytes(struct writer *w, const void *p, size_t n)
{
	uint8_t *to = n ? room(w, n) : NULL;

	if (to)
		memcpy(to, p, n);
}

void put_var_bytes(struct writer *w, const void *p, size_t n)
{
	put_compact(w, n);
	put_bytes(w, p, n);
}
