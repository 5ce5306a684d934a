/* Filling what the panels show from a node. */
#ifndef TALLY_TUI_MODEL_DATA_PRIV_H
#define TALLY_TUI_MODEL_DATA_PRIV_H

#include "tui/model/model_priv.h"

struct node;

/* Takes the node's state into m->live, and into m->data too unless the view is frozen; then settles. */
void data_read(struct model *m, const struct node *n);
/* Does the list of blocks, as last drawn, show one that was not read yet? */
bool data_goes_on(const struct model *m);
/* The height of the chain's first row: the tip, or what stands just above it on a branch of less work or as headers
 * alone; not the far end of the headers that are there before their blocks. */
uint32_t data_chain_top(const struct snapshot *s);

#endif
