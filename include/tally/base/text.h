/* Text: hex, UTF-8, numbers read strictly. */
#ifndef TALLY_BASE_TEXT_H
#define TALLY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hex of n bytes and a NUL: out holds 2n + 1. */
void hex_encode(char *out, const void *bytes, size_t n);
/* Exactly 2n hex digits of either case and the end of the string. */
bool hex_decode(void *out, size_t n, const char *hex);
/* Any even number of digits; *len bytes at *out (mem_alloc'ed). False: not hex, or over max bytes. */
bool hex_decode_alloc(uint8_t **out, size_t *len, const char *hex, size_t max);

/* Well-formed UTF-8 (no surrogates, nothing overlong, at most U+10FFFF). */
bool utf8_valid(const void *bytes, size_t n);
/* Well-formed and without control characters (U+0000..1F, 7F..9F). */
bool utf8_printable(const void *bytes, size_t n);
/* Printable, and without characters that turn the direction of writing or break a line, which show other
 * text than was meant. */
bool utf8_plain(const void *bytes, size_t n);
/* Copies what a peer or a person sent so that it can be shown: malformed bytes, control characters and
 * what is not plain become '?'; cut at whole characters. out_size counts the NUL. */
void utf8_sanitise(char *out, size_t out_size, const void *bytes, size_t n);
/* JSON or lines of text, in well-formed UTF-8, with what is not plain written as \uXXXX, which in JSON means the same;
 * ends of lines stay. mem_alloc'ed. */
char *utf8_escape(const char *text);

/* Whole decimal number within lo .. hi, nothing before or after it. */
bool parse_u64(const char *s, uint64_t lo, uint64_t hi, uint64_t *out);
/* As parse_u64, with 0x hex too. */
bool parse_u64_any(const char *s, uint64_t lo, uint64_t hi, uint64_t *out);

/* 1, true, yes, on; 0, false, no, off. */
bool parse_flag(const char *s, bool *out);

/* The word that was perhaps meant: begin with .to, try every word there is. */
struct nearest {
	const char *to;
	const char *word; /* the nearest so far, by letters that differ; NULL: none is near */
	size_t distance;
};
void nearest_try(struct nearest *n, const char *word);

/* snprintf that appends to the text in buf (of `size` bytes, NUL-terminated) and never overruns. */
void text_append(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
