/* tally.log in the data directory. */
#ifndef TALLY_NODE_LOG_FILE_PRIV_H
#define TALLY_NODE_LOG_FILE_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/base/log.h>

struct log_file;

/* Appends to DIR/tally.log. At 5 MB it is renamed to tally.log.1, which replaces an older one.
 * NULL: ERR_IO "log-open". */
struct log_file *log_file_open(const char *dir, struct err *e);
/* NULL is harmless. */
void log_file_close(struct log_file *l);
/* A line that can't be written is lost. */
void log_file_line(struct log_file *l, int64_t unix_us, enum log_subsystem sub,
		   enum log_level level, const char *text);

/* A line as it stands in the file and on standard output, without newline:
 * "2026-01-02T03:04:05.678Z info  chain   text". Cut to size - 1 bytes. */
void log_format(char *out, size_t size, int64_t unix_us, enum log_subsystem sub,
		enum log_level level, const char *text);

#endif
