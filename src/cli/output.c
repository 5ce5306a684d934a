#include "cli/output_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tally/base/text.h>

void output_note(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	fputs("tally: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void output_text(const char *text)
{
	char *plain = utf8_escape(text);

	printf("%s\n", plain);
	free(plain);
}
