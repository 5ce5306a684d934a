/* Text: hex, UTF-8, strict parsing of numbers. */
#ifndef TALLY_BASE_TEXT_H
#define TALLY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hex of n bytes and a NUL: out holds 2n + 1. */
void hex_encode(char *out, const void *bytes, size_t n);
/* The string must hold exactly 2n hex digits of either case. */
bool hex_decode(void *out, size_t n, const char *hex);
/* Any even number of hex digits: *len bytes at *out (free()). False: not hex, or more than max bytes. */
bool hex_decode_alloc(uint8_t **out, size_t *len, const char *hex, size_t max);

/* Well-formed UTF-8 (no surrogates, nothing overlong, at most U+10FFFF). */
bool utf8_valid(const void *bytes, size_t n);
/* Well-formed and without control characters (U+0000..1F, 7F..9F). */
bool utf8_printable(const void *bytes, size_t n);
/* Printable, and without characters that change the writing direction or break a line. Such
 * characters could make a name or a memo look like another one. */
bool utf8_plain(const void *bytes, size_t n);
/* Copies text of a peer or a person so that it can be shown safely: each malformed byte and each
 * character that is not plain becomes '?'. Cuts only between characters. out_size includes the NUL. */
void utf8_sanitise(char *out, size_t out_size, const void *bytes, size_t n);
/* A copy of the text (free()) in which every character that is not plain is written as \uXXXX, except
 * newlines. In JSON the copy means the same as the original. */
char *utf8_escape(const char *text);

/* A decimal number within lo..hi, with nothing before or after it. */
bool parse_u64(const char *s, uint64_t lo, uint64_t hi, uint64_t *out);
/* As parse_u64, and hexadecimal after 0x. */
bool parse_u64_any(const char *s, uint64_t lo, uint64_t hi, uint64_t *out);

/* 1, true, yes, on; 0, false, no, off. */
bool parse_flag(const char *s, bool *out);

/* Number of dashes that begin an option: 2 for --name, 1 for -name, 0 for any other word. */
size_t option_dashes(const char *word);

/* Finds the known word that a mistyped word was probably meant to be. Set .to to the mistyped word and
 * call nearest_try with each known word. */
struct nearest {
	const char *to;
	const char *word; /* the nearest so far, borrowed; NULL: none is near enough */
	size_t distance;  /* of .word, in single-letter edits */
};
void nearest_try(struct nearest *n, const char *word);

/* Appends like snprintf to the NUL-terminated text in buf, whose size is `size` bytes; cuts the text
 * if it does not fit. */
void text_append(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
