#ifndef TALLY_TUI_SOURCE_SOURCE_NODE_PRIV_H
#define TALLY_TUI_SOURCE_SOURCE_NODE_PRIV_H

#include "tui/source/source_priv.h"

struct node;
struct rpc;

/* A source that reads a node in this process and runs commands with r, which may be NULL if the
 * source is only read. Free it with ops->free. Both are borrowed. */
struct source *source_node_new(struct node *n, struct rpc *r);

#endif
