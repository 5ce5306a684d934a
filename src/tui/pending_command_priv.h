/* Commands that were sent to the node, their answers, and the questions that the prompt asks. */
#ifndef TALLY_TUI_PENDING_COMMAND_PRIV_H
#define TALLY_TUI_PENDING_COMMAND_PRIV_H

#include <stdbool.h>

#include "tui/app_priv.h"

/* Sends a line to the node. typed: it was typed at the prompt, which shows it again if it fails at
 * once. */
void command_run(struct tui *t, const char *line, bool typed);
/* Call it when the console closes. Later answers are ignored. */
void command_forget_all(struct tui *t);

void question_ask(struct tui *t, enum question q, const char *text);
void question_confirmed(struct tui *t);
/* Call it when a question was answered with no, or the prompt was left. */
void question_cancelled(struct tui *t);

#endif
