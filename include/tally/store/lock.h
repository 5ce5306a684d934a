/* One process a data directory. */
#ifndef TALLY_STORE_LOCK_H
#define TALLY_STORE_LOCK_H

#include <stdbool.h>

#include <tally/base/err.h>

/* Who holds a lock: a node until it is stopped, a command for a moment. */
enum lock_holder { LOCK_NOBODY, LOCK_COMMAND, LOCK_NODE };

/* How long a lock is waited for that a command holds. */
#define LOCK_WAIT_MS 10000

struct dir_lock {
	int fd; /* -1: not held */
};

/* Makes the directory (0700, parents too) and locks DIR/.lock; the process id and who it is are
 * written into it. Waits at most LOCK_WAIT_MS where a command holds it, not at all where a node does. ERR_BUSY
 * "dir-in-use" naming the process that holds it, ERR_IO where the directory can't be made or written. */
bool dir_lock_take(struct dir_lock *l, const char *dir, enum lock_holder who, struct err *e);
/* Who holds it now? */
enum lock_holder dir_lock_holder(const char *dir);
/* Is the node that holds it stopped by a signal, as ^Z sends? Then *pid is its process. */
bool dir_lock_suspended(const char *dir, unsigned long *pid);
void dir_lock_drop(struct dir_lock *l);

#endif
