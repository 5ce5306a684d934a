/* Errors of system calls in words: the reason, and the advice that fits it. */
#ifndef TALLY_BASE_SYS_ERR_H
#define TALLY_BASE_SYS_ERR_H

#include <stdbool.h>

#include <tally/base/err.h>

/* Limits that are enough for a node with all its peers; error messages name them. */
#define SYS_FILES_ENOUGH     256 /* descriptors */
#define SYS_MEMORY_ENOUGH_MB 128 /* of address space */

/* Sets *e to "FMT...: reason: advice" for an errno value. Its class is ERR_LIMIT (files, memory,
 * threads), ERR_PERMISSION, ERR_NOSPACE, or ERR_IO for all others. Returns false. If a limit of
 * this process is the reason (ulimit), the text names the limit, its value and a value that is enough. */
bool sys_err(struct err *e, int error, const char *token, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
