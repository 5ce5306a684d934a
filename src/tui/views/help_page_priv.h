/* The help page. */
#ifndef TALLY_TUI_VIEWS_HELP_PAGE_PRIV_H
#define TALLY_TUI_VIEWS_HELP_PAGE_PRIV_H

#include "tui/model/model_priv.h"

void help_open(struct model *m);
char *help_text(void); /* mem_alloc'ed */

#define HELP_KEY_BYTES 160
/* The texts of a row of the key table, for the help page and the manual. */
void help_key(const struct key_row *k, char keys[HELP_KEY_BYTES], char help[HELP_KEY_BYTES]);

#endif
