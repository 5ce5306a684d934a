/* A console without a node: a model filled by hand, with a fixed clock, keys that act on it, frames as text. */
#ifndef TALLY_TESTS_TUI_FIXTURE_H
#define TALLY_TESTS_TUI_FIXTURE_H

#include "tui/model/model_priv.h"

/* Four peers (one syncing, one behind), a chain with a stale branch, payments, messages, a wallet. */
void fixture_open(struct model *m, int cols, int rows, bool utf8);
void fixture_close(struct model *m);
/* The same node before it has a chain: two are offered. */
void fixture_no_chain(struct model *m);
/* Catching up with its peers. */
void fixture_syncing(struct model *m);
/* A payment is asked about: the question is longer than a line. */
void fixture_asked(struct model *m);
/* The prompt completes words from here on. */
void fixture_completes(struct model *m);
/* One more message and block come in. */
void fixture_goes_on(struct model *m);
/* Presses keys: characters as they are, "<Esc>", "<Enter>", "<Tab>", "<Up>" and the like; prompts are typed into. */
void fixture_keys(struct model *m, const char *keys);
char *fixture_frame(struct model *m); /* mem_alloc'ed */

#endif
