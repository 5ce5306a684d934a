/* Bounded readers and writers of bytes. Bytes are written and read, never a
 * struct by memcpy. A reader that fails poisons itself: read on, check once. */
#ifndef TALLY_BASE_BYTES_H
#define TALLY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes. */
struct span {
	const uint8_t *p;
	size_t len;
};

struct reader {
	const uint8_t *p, *end;
	bool failed; /* once true every read gives zeros and consumes nothing */
};

void reader_init(struct reader *r, const void *bytes, size_t len);
size_t reader_left(const struct reader *r); /* bytes not read yet; 0 once failed */
bool reader_ok(const struct reader *r);     /* nothing failed so far */
bool reader_done(const struct reader *r);   /* nothing failed and nothing is left */
void reader_fail(struct reader *r);

uint8_t get_u8(struct reader *r);
uint16_t get_le16(struct reader *r);
uint16_t get_be16(struct reader *r);
uint32_t get_le32(struct reader *r);
uint32_t get_be32(struct reader *r);
uint64_t get_le64(struct reader *r);
uint64_t get_be64(struct reader *r);
/* CompactSize; a longer encoding than needed fails. Source: tally-protocol(7), DESCRIPTION. */
uint64_t get_compact(struct reader *r);
void get_bytes(struct reader *r, void *out, size_t n); /* zeros where it fails */
/* n bytes in place, valid as long as the buffer; .p NULL where it fails. */
struct span get_span(struct reader *r, size_t n);
/* A CompactSize length and that many bytes in place; fails where the length is
 * over `max` or what is left. */
struct span get_var_span(struct reader *r, size_t max);

struct writer {
	uint8_t *buf;
	size_t len, cap;
	bool fixed;  /* writes into a caller's buffer: never grows */
	bool failed; /* did not fit (fixed only) */
};

void writer_init(struct writer *w);                              /* grows as needed */
void writer_init_fixed(struct writer *w, void *buf, size_t cap); /* never grows */
void writer_clear(struct writer *w);                             /* frees; twice is harmless */
void writer_reset(struct writer *w);                             /* empty again, memory kept */
/* Hands the bytes to the caller (mem_alloc'ed) and leaves the writer empty. */
uint8_t *writer_take(struct writer *w, size_t *len);

void put_u8(struct writer *w, uint8_t v);
void put_le16(struct writer *w, uint16_t v);
void put_be16(struct writer *w, uint16_t v);
void put_le32(struct writer *w, uint32_t v);
void put_be32(struct writer *w, uint32_t v);
void put_le64(struct writer *w, uint64_t v);
void put_be64(struct writer *w, uint64_t v);
void put_compact(struct writer *w, uint64_t v);
void put_bytes(struct writer *w, const void *p, size_t n);
void put_var_bytes(struct writer *w, const void *p, size_t n); /* CompactSize length before */

size_t compact_bytes(uint64_t v); /* 1, 3, 5 or 9 */

uint16_t le16(const uint8_t p[2]);
uint32_t le32(const uint8_t p[4]);
uint64_t le64(const uint8_t p[8]);
uint32_t be32(const uint8_t p[4]);
uint64_t be64(const uint8_t p[8]);
void set_le32(uint8_t p[4], uint32_t v);
void set_le64(uint8_t p[8], uint64_t v);
void set_be32(uint8_t p[4], uint32_t v);
void set_be64(uint8_t p[8], uint64_t v);

#endif
