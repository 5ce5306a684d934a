/* The line of short messages to the person, which stands in the prompt's place for 6 seconds or until the next key. */
#ifndef TALLY_TUI_MODEL_FLASH_PRIV_H
#define TALLY_TUI_MODEL_FLASH_PRIV_H

#include "tui/model/model_priv.h"

#define FLASH_US INT64_C(6000000)

void model_flash(struct model *m, enum flash_kind kind, const char *text);
/* A message that no key has caused: on a small screen it takes one line only. */
void model_flash_news(struct model *m, enum flash_kind kind, const char *text);
/* The search is on match nth of all. `wrapped`: text about a search that went on at the other end, or "". */
void model_flash_match(struct model *m, size_t nth, size_t all, const char *wrapped);
bool model_flashing(const struct model *m);
/* Would the screen show all n bytes of this text as a message? */
bool model_flash_fits(const struct model *m, const char *text, size_t n);

#endif
