/* Filling what the panels show from a node. */
#ifndef TALLY_TUI_DATA_PRIV_H
#define TALLY_TUI_DATA_PRIV_H

#include <tui/model_priv.h>

struct node;

/* Takes the node's state into m->live, and into m->data too unless the view is frozen; then settles. */
void data_read(struct model *m, const struct node *n);

#endif
