/* Short notices. One is shown in the prompt's line for 6 seconds or until the next key. */
#ifndef TALLY_TUI_MODEL_FLASH_PRIV_H
#define TALLY_TUI_MODEL_FLASH_PRIV_H

#include "tui/model/model_priv.h"

#define FLASH_US INT64_C(6000000)

void model_flash(struct model *m, enum flash_kind kind, const char *text);
/* A notice about an event that no key has caused. On a small screen it takes only one line. */
void model_flash_news(struct model *m, enum flash_kind kind, const char *text);
/* Reports that the search has found match `nth` of `all`. `wrapped`: text to append if it
 * continued at the other end, or "". */
void model_flash_match(struct model *m, size_t nth, size_t all, const char *wrapped);
bool model_flashing(const struct model *m);
/* True if a notice with the first n bytes of this text has room on the screen. */
bool model_flash_fits(const struct model *m, const char *text, size_t n);

#endif
