/* Wakes the loop from another thread: a file descriptor that can be made readable and not readable
 * again. It is an eventfd on Linux and a pipe elsewhere. */
#ifndef TALLY_BASE_WAKE_H
#define TALLY_BASE_WAKE_H

#include <stdbool.h>

struct wake {
	int fd;       /* readable while raised; -1 when closed */
	int write_fd; /* the same descriptor, or the writing end of the pipe */
};

bool wake_open(struct wake *w); /* false: the process has no descriptors left */
void wake_close(struct wake *w);
/* The caller alternates between raise and lower: a pipe holds one byte count for each raise. */
void wake_raise(struct wake *w);
void wake_lower(struct wake *w);

#endif
