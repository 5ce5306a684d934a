/* The lock of a data directory: only one process at a time uses it. */
#ifndef TALLY_STORE_LOCK_H
#define TALLY_STORE_LOCK_H

#include <stdbool.h>

#include <tally/base/err.h>

/* The holder of a lock: a node holds it until it stops, a command only briefly. */
enum lock_holder { LOCK_NOBODY, LOCK_COMMAND, LOCK_NODE };

/* The longest wait for a lock that a command holds. */
#define LOCK_WAIT_MS 10000

struct dir_lock {
	int fd; /* -1: not held */
};

/* Makes the directory and missing parents (mode 0700) and locks DIR/.lock. The process id and the kind
 * of holder are written into that file. Waits at most LOCK_WAIT_MS for a command; does not wait for a
 * node. ERR_BUSY "dir-in-use" names the process that holds the lock, ERR_IO if the directory can't be
 * made or written. */
bool dir_lock_take(struct dir_lock *l, const char *dir, enum lock_holder holder, struct err *e);
/* The present holder. */
enum lock_holder dir_lock_holder(const char *dir);
/* True, and *pid set, if a node holds the lock and its process is stopped, for example by ^Z. */
bool dir_lock_suspended(const char *dir, unsigned long *pid);
void dir_lock_drop(struct dir_lock *l);

#endif
