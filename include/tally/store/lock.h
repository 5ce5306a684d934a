/* One process a data directory. */
#ifndef TALLY_STORE_LOCK_H
#define TALLY_STORE_LOCK_H

#include <stdbool.h>

#include <tally/base/err.h>

struct dir_lock {
	int fd; /* -1: not held */
};

/* Makes the directory (0700, parents too) and locks DIR/.lock without waiting; the process id is written
 * into it. ERR_BUSY "dir-in-use" naming the process that holds it, ERR_IO where the directory can't be
 * made or written. */
bool dir_lock_take(struct dir_lock *l, const char *dir, struct err *e);
/* Is it held by a process now? */
bool dir_lock_held(const char *dir);
void dir_lock_drop(struct dir_lock *l);

#endif
