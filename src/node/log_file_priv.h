/* tally.log in the data directory. */
#ifndef TALLY_NODE_LOG_FILE_PRIV_H
#define TALLY_NODE_LOG_FILE_PRIV_H

#include <tally/base/err.h>

#include "node/log_format_priv.h"

struct log_file;

/* Appends to DIR/tally.log. At 5 MB it is renamed to tally.log.1, which replaces an older one.
 * NULL: ERR_IO "log-open". */
struct log_file *log_file_open(const char *dir, struct err *e);
/* NULL is harmless. */
void log_file_close(struct log_file *l);
/* A line that can't be written is lost. */
void log_file_write(struct log_file *l, const struct log_entry *line);

#endif
