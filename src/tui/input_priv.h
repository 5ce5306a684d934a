/* What a person does: keys, pasted text, clicks and the wheel. */
#ifndef TALLY_TUI_INPUT_PRIV_H
#define TALLY_TUI_INPUT_PRIV_H

#include <stdint.h>

struct tui;

void input_key(struct tui *t, int32_t key);
void input_paste(struct tui *t, const char *text);
void input_click(struct tui *t, int x, int y);
void input_wheel(struct tui *t, int x, int y, int lines);

#endif
