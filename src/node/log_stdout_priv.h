/* Log lines on standard output. A pipe or terminal may stop reading for any time; the node must not
 * wait for it. */
#ifndef TALLY_NODE_LOG_STDOUT_PRIV_H
#define TALLY_NODE_LOG_STDOUT_PRIV_H

#include "node/log_format_priv.h"

struct log_stdout;

/* A thread writes to fd, except if fd is a regular file. fd is borrowed and must stay open until
 * the program ends. */
struct log_stdout *log_stdout_new(int fd);
/* Waits at most 500 ms for the queue to be written. NULL is harmless. */
void log_stdout_free(struct log_stdout *p);
/* Never blocks, except on a regular file. While the queue of 1 MB is full lines are dropped; a line
 * then reports how many. */
void log_stdout_write(struct log_stdout *p, const struct log_entry *line);

#endif
