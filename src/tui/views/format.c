#include "tui/views/format_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tally/base/text.h>
#include <tally/primitives/amount.h>

void format_age(char out[FORMAT_BYTES], int64_t s)
{
	if (s < 0)
		s = 0;
	if (s < 100)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "s", s);
	else if (s < 10 * 60)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "m%02d", s / 60, (int)(s % 60));
	else if (s < 100 * 60)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "m", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "h", s / 3600);
	else
		snprintf(out, FORMAT_BYTES, "%" PRId64 "d", s / 86400);
}

static void scaled(char *out, double n, double step, const char *const *units)
{
	size_t u = 0;

	while (n >= 999.5 && units[u + 1]) {
		n /= step;
		u++;
	}
	snprintf(out, FORMAT_BYTES, u && n < 9.95 ? "%.1f%s" : "%.0f%s", n, units[u]);
}

void format_size(char out[FORMAT_BYTES], uint64_t bytes)
{
	static const char *const units[] = {"B", "K", "M", "G", "T", NULL};

	scaled(out, (double)bytes, 1000, units);
}

void format_count(char out[FORMAT_BYTES], double n)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E", NULL};

	scaled(out, n > 0 ? n : 0, 1000, units);
}

void format_rate(char out[FORMAT_BYTES], double per_second)
{
	static const char *const units[] = {"H/s", "kH/s", "MH/s", "GH/s", "TH/s", NULL};

	scaled(out, per_second > 0 ? per_second : 0, 1000, units);
}

void format_ping(char out[FORMAT_BYTES], int64_t us)
{
	if (us < 0)
		snprintf(out, FORMAT_BYTES, "-");
	else if (us < 1000)
		snprintf(out, FORMAT_BYTES, "<1ms");
	else if (us < 10 * 1000 * 1000)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "ms", us / 1000);
	else
		snprintf(out, FORMAT_BYTES, "%" PRId64 "s", us / 1000000);
}

/* At least two decimals; more only if they are not zero. */
void format_coins(char out[FORMAT_BYTES], int64_t units)
{
	char exact[AMOUNT_CHARS + 1], *point;

	amount_format(exact, units);
	out[0] = 0;
	point = strchr(exact, '.');
	text_append(out, FORMAT_BYTES, "%s%s", exact,
		    !point               ? ".00"
		    : strlen(point) == 2 ? "0"
					 : "");
}

void format_clock(char out[FORMAT_BYTES], int64_t unix_us, bool millis)
{
	time_t s = (time_t)(unix_us / 1000000);
	struct tm tm;

	if (!localtime_r(&s, &tm))
		memset(&tm, 0, sizeof(tm));
	if (millis)
		snprintf(out, FORMAT_BYTES, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
			 (int)(unix_us / 1000 % 1000));
	else
		snprintf(out, FORMAT_BYTES, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void format_bar(char *out, size_t size, int width, double part)
{
	int full = (int)(part * width + 1e-9);

	full = part >= 1 ? width : full < 0 ? 0 : full;
	out[0] = '\0';
	for (int i = 0; i < width; i++)
		text_append(out, size, "%s", i < full ? "█" : "░");
}

void format_spark(char *out, size_t size, const uint16_t *samples, size_t n, int width)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	size_t from = (size_t)width < n ? n - (size_t)width : 0;
	unsigned most = 7;

	out[0] = '\0';
	for (size_t i = from; i < n; i++)
		if (samples[i] > most)
			most = samples[i];
	for (size_t i = from; i < n; i++)
		text_append(out, size, "%s", blocks[samples[i] * 7u / most]);
}
