#ifndef TALLY_TUI_SOURCE_SOURCE_NODE_PRIV_H
#define TALLY_TUI_SOURCE_SOURCE_NODE_PRIV_H

#include "tui/source/source_priv.h"

struct node;

/* A source that reads a node of this process. Free it with ops->free. The node is borrowed. */
struct source *source_node_new(struct node *n);

#endif
