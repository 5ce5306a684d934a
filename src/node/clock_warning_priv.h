/* A warning if this machine's clock differs from its peers' clocks. */
#ifndef TALLY_NODE_CLOCK_WARNING_PRIV_H
#define TALLY_NODE_CLOCK_WARNING_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

/* offset: seconds by which the peers' median is ahead of our clock. False, and nothing is written,
 * if it is at most 30 s either way. */
bool clock_warning(int64_t offset, char *out, size_t size);
/* Once a second: logs when the warning begins and when it ends. Online only. */
void clock_warning_tick(struct node *n);

#endif
