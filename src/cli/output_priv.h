/* What commands print. */
#ifndef TALLY_CLI_OUTPUT_PRIV_H
#define TALLY_CLI_OUTPUT_PRIV_H

/* Prints a remark for a person on standard error. Prints nothing if that is not a terminal, so that
 * scripts get only results and errors. */
void output_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints text and a newline on standard output. Escapes characters that would change the terminal or
 * the direction of writing, because labels and memos may come from strangers. */
void output_text(const char *text);

#endif
