/* Draws the line of the prompt, which shows a notice or the running command if the prompt is closed,
 * and the line that explains the text in the prompt. */
#ifndef TALLY_TUI_VIEWS_DRAW_PROMPT_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_PROMPT_PRIV_H

#include "tui/model/layout_priv.h"
#include "tui/model/model_priv.h"

/* Sets the model's cursor. If nothing else needs the line and the screen has no key bar, it shows
 * the keys. */
void prompt_line_draw(struct canvas *c, const struct layout *l, struct model *m);
bool usage_shown(const struct model *m);
/* Draws the usage of the command that is being typed, or its completions. */
void usage_draw(struct canvas *c, const struct rect *r, const struct model *m);

#endif
