/* tally: the program. */
#include "config.h"

#include <locale.h>
#include <stdio.h>

#include "cli/cli_priv.h"

int main(int argc, char **argv)
{
	static struct invocation in;
	struct err err = {0};

	setlocale(LC_CTYPE, ""); /* letters as the person has them; numbers are 12.5 everywhere */
	if (invocation_read(&in, argc, argv, &err)) {
		if (in.version) {
			printf("tally %s\n", PACKAGE_VERSION);
			return EXIT_DONE;
		}
		if (in.help) {
			print_help(in.command);
			return EXIT_DONE;
		}
		if (!in.command) {
			print_usage();
			return EXIT_USAGE;
		}
		if (in.command->run(&in, &err))
			return EXIT_DONE;
	}
	fflush(stdout);
	fprintf(stderr, "tally: %s\n", err.detail);
	return err.cls == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}
