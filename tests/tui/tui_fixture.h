/* A console without a node: a model filled by hand, a fixed clock, keys that act on it, and frames
 * as text. */
#ifndef TALLY_TESTS_TUI_FIXTURE_H
#define TALLY_TESTS_TUI_FIXTURE_H

#include "tui/model/model_priv.h"

/* Opens a model with four peers (one of them behind), a chain with a stale block, payments,
 * messages and a wallet. */
void fixture_open(struct model *m, int cols, int rows, bool utf8);
void fixture_close(struct model *m);
/* The same node without a chain; peers offer two chains. */
void fixture_no_chain(struct model *m);
/* The same node while it downloads blocks. */
void fixture_syncing(struct model *m);
/* The prompt asks about a payment, with a question longer than a line. */
void fixture_question(struct model *m);
/* From now on the prompt completes words of a fixed list. */
void fixture_completes(struct model *m);
/* One more message arrives. */
void fixture_new_message(struct model *m);
/* Presses keys: characters, or "<Esc>", "<Enter>", "<Tab>", "<Up>" and the like. */
void fixture_keys(struct model *m, const char *keys);
char *fixture_frame(struct model *m); /* mem_alloc'ed */

#endif
