/* Entry points for libFuzzer. The environment variable FUZZ_TARGET names the target. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include <tally/crypto/key.h>

static const struct fuzz_target *target;

/* Called by LeakSanitizer. Berkeley DB never frees some of its memory. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdb-5.3\n";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");

	(void)argc, (void)argv;
	target = name ? fuzz_find(name) : NULL;
	if (!target) {
		size_t at = 0;

		fprintf(stderr, "FUZZ_TARGET must be one of:");
		while ((target = fuzz_next(&at)) != NULL)
			fprintf(stderr, " %s", target->name);
		fprintf(stderr, "\n");
		exit(2);
	}
	REQUIRE(crypto_start(NULL));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run(data, size);
	return 0;
}
