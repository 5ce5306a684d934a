#include "node/log_format_priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

size_t log_format(char *out, size_t size, const struct log_entry *line)
{
	const time_t s = (time_t)(line->unix_us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	snprintf(out, size - 1, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %-5s %-7s %s",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)(line->unix_us / 1000 % 1000), log_level_name(line->level),
		 log_subsystem_name(line->sub), line->text);
	n = strlen(out);
	out[n] = '\n';
	out[n + 1] = '\0';
	return n + 1;
}
