/* A file descriptor that can be made readable and quiet again: an eventfd, or a
 * pipe where there is none. */
#ifndef TALLY_BASE_WAKE_H
#define TALLY_BASE_WAKE_H

#include <stdbool.h>

struct wake {
	int fd;       /* readable while raised; -1 where there is none */
	int write_fd; /* the same, or the pipe's other end */
};

bool wake_open(struct wake *w); /* false: no descriptors left */
void wake_close(struct wake *w);
/* Raise and lower in turn: never twice the same. */
void wake_raise(struct wake *w);
void wake_lower(struct wake *w);

#endif
