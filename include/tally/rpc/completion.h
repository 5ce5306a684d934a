/* Completion of a line that is being typed at the prompt. */
#ifndef TALLY_RPC_COMPLETION_H
#define TALLY_RPC_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>

struct node;

#define COMPLETION_CHARS 79
/* Completions of the last word of `line`: commands, labels, peers' numbers, NAME=. Writes at most
 * max words, each of which replaces the last word, and returns how many it wrote. None inside
 * quotes. */
size_t completion_of(const struct node *n, const char *line, char (*out)[COMPLETION_CHARS + 1],
		     size_t max);
/* Where the last word of `line` begins. *place: how many words precede it; *quoted: a quote is
 * open. */
size_t completion_last_word(const char *line, size_t *place, bool *quoted);

#endif
