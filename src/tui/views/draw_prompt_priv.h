/* The prompt, and in its place messages and the command that is running; the line about the text in the prompt. */
#ifndef TALLY_TUI_VIEWS_DRAW_PROMPT_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_PROMPT_PRIV_H

#include "tui/model/layout_priv.h"
#include "tui/model/model_priv.h"

/* Sets the model's cursor. Without a key bar, the keys stand in the line while nothing else does. */
void prompt_line_draw(struct canvas *c, const struct layout *l, struct model *m);
bool usage_shown(const struct model *m);
/* The usage of the command that is being typed, or its completions. */
void usage_draw(struct canvas *c, const struct rect *r, const struct model *m);

#endif
