/* In a class with laptops, a wrong clock is the usual reason why a block is refused. Source:
 * tally-protocol(7), CONDUCT. */
#include "node/clock_warning_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <tally/base/log.h>

#include "node/node_priv.h"

#define CLOCK_WARN_S 30 /* seconds */

bool clock_warning(int64_t offset, char *out, size_t size)
{
	if (imaxabs(offset) <= CLOCK_WARN_S)
		return false;
	snprintf(out, size,
		 "this clock is %" PRIdMAX " s %s its peers' clocks: set it, or blocks are refused",
		 imaxabs(offset), offset > 0 ? "behind" : "ahead of");
	return true;
}

void clock_warning_tick(struct node *n)
{
	char text[160];
	int64_t offset;
	bool off;

	if (!protocol_clock_offset(n->protocol, &offset))
		return;
	off = clock_warning(offset, text, sizeof(text));
	if (off && !n->clock_warned)
		log_warn(LOG_NODE, "%s", text);
	if (!off && n->clock_warned)
		log_info(LOG_NODE, "this clock agrees with its peers' clocks again");
	n->clock_warned = off;
}
