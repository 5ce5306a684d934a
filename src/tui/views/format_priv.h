/* Formats numbers as short texts. */
#ifndef TALLY_TUI_VIEWS_FORMAT_PRIV_H
#define TALLY_TUI_VIEWS_FORMAT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORMAT_BYTES 24
void format_age(char out[FORMAT_BYTES], int64_t seconds);    /* "12s", "1m40", "12m", "3h", "2d" */
void format_size(char out[FORMAT_BYTES], uint64_t bytes);    /* "612B", "14K", "1.2M" */
void format_count(char out[FORMAT_BYTES], double n);         /* "950", "2.1M" */
void format_rate(char out[FORMAT_BYTES], double per_second); /* "2.1MH/s" */
void format_ping(char out[FORMAT_BYTES], int64_t us);        /* "1ms"; "-" if us < 0 */
void format_coins(char out[FORMAT_BYTES], int64_t units);    /* "148.50" */
/* Local time: "12:01:07", or with millis "12:01:07.114". */
void format_clock(char out[FORMAT_BYTES], int64_t unix_us, bool millis);
/* A progress bar of `width` columns; 0 <= part <= 1. It is full only if part is 1. */
void format_bar(char *out, size_t size, int width, double part);
/* The last `width` samples as a sparkline of eight heights. */
void format_spark(char *out, size_t size, const uint16_t *samples, size_t n, int width);

#endif
