/* The form of a log line in tally.log and on standard output. */
#ifndef TALLY_NODE_LOG_FORMAT_PRIV_H
#define TALLY_NODE_LOG_FORMAT_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include <tally/base/log.h>

struct log_entry {
	int64_t unix_us; /* unix time, microseconds */
	enum log_subsystem sub;
	enum log_level level;
	const char *text; /* borrowed */
};

/* Writes "2026-01-02T03:04:05.678Z info  chain   text\n" and a NUL. A line that does not fit loses the
 * end of its text. Returns the bytes without the NUL. size is at least 64. */
size_t log_format(char *out, size_t size, const struct log_entry *line);

#endif
