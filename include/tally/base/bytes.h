/* Bounded readers and writers of bytes. A struct is never copied to or from bytes with memcpy: its
 * layout depends on the machine. After a reader has failed once, every further read fails, too, so a
 * decoder reads all fields and checks the reader once at the end. */
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
	bool failed; /* once true, every read returns zeros and consumes nothing */
};

void reader_init(struct reader *r, const void *bytes, size_t len);
size_t reader_left(const struct reader *r); /* bytes not read yet; 0 once failed */
bool reader_ok(const struct reader *r);     /* no read has failed */
bool reader_done(const struct reader *r);   /* no read has failed and no byte is left */
void reader_fail(struct reader *r);

uint8_t get_u8(struct reader *r);
uint16_t get_le16(struct reader *r);
uint16_t get_be16(struct reader *r);
uint32_t get_le32(struct reader *r);
uint32_t get_be32(struct reader *r);
uint64_t get_le64(struct reader *r);
uint64_t get_be64(struct reader *r);
/* A CompactSize. Fails if the encoding is longer than necessary. Source: tally-protocol(7), DESCRIPTION. */
uint64_t get_compact(struct reader *r);
void get_bytes(struct reader *r, void *out, size_t n); /* writes zeros if it fails */
/* Borrows n bytes of the reader's buffer. .p is NULL if it fails. */
struct span get_span(struct reader *r, size_t n);
/* A CompactSize length, then borrows that many bytes of the reader's buffer. Fails if the length is
 * greater than `max` or than the number of bytes left. */
struct span get_var_span(struct reader *r, size_t max);

struct writer {
	uint8_t *buf;
	size_t len, cap;
	bool fixed;  /* writes into a caller's buffer: never grows */
	bool failed; /* did not fit (fixed only) */
};

void writer_init(struct writer *w);                              /* grows as needed */
void writer_init_fixed(struct writer *w, void *buf, size_t cap); /* never grows */
void writer_clear(struct writer *w); /* frees the buffer; calling it twice is harmless */
void writer_reset(struct writer *w); /* empties the writer and keeps its memory */
/* The caller owns the returned bytes (free()); the writer is empty afterwards. */
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
void put_var_bytes(struct writer *w, const void *p, size_t n); /* after their CompactSize length */

size_t compact_bytes(uint64_t v); /* length of the CompactSize of v: 1, 3, 5 or 9 */

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
