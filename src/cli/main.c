/* The program: parses the command line, runs a command, prints its error. */
#include "config.h"

#include <locale.h>
#include <stdio.h>

#include "cli/help_priv.h"
#include "cli/options_priv.h"

int main(int argc, char **argv)
{
	static struct invocation in; /* static: too large for a small stack */
	struct err err = {0};

	/* Only LC_CTYPE: numbers keep a decimal point in every locale. */
	setlocale(LC_CTYPE, "");
	if (options_parse(&in, argc, argv, &err)) {
		if (in.version) {
			printf("tally %s\n", PACKAGE_VERSION);
			return EXIT_DONE;
		}
		if (in.help) {
			help_print(in.command);
			return EXIT_DONE;
		}
		if (!in.command) {
			help_print_usage();
			return EXIT_USAGE;
		}
		if (in.command->run(&in, &err))
			return EXIT_DONE;
	}
	fflush(stdout);
	fprintf(stderr, "tally: %s\n", err.detail);
	return err.cls == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}
