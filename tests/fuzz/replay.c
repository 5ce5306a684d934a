/* Runs every target with its corpus. So make check tries each input that a fuzzer has found, without libFuzzer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>

#include <tally/base/mem.h>
#include <tally/crypto/key.h>

#include "fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

/* Called by LeakSanitizer. Berkeley DB never frees some of its memory. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdb-5.3\n";
}

static void run_file(const struct fuzz_target *t, const char *path)
{
	uint8_t *data = mem_alloc(INPUT_MAX);
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	/* Exactly as large as the input, so that AddressSanitizer reports a read beyond its end. */
	data = mem_resize(data, n > 0 ? n : 1, 1);
	t->run(data, n);
	free(data);
}

static unsigned run_corpus(const struct fuzz_target *t)
{
	const char *src = getenv("TALLY_SRC");
	char *dir = mem_printf("%s/tests/fuzz/corpus/%s", src != NULL ? src : ".", t->name);
	DIR *d = opendir(dir);
	struct dirent *at;
	unsigned n = 0;

	if (d == NULL)
		fail_msg("cannot open the corpus %s", dir);
	while ((at = readdir(d)) != NULL) {
		char *path;

		if (at->d_name[0] == '.')
			continue;
		path = mem_printf("%s/%s", dir, at->d_name);
		run_file(t, path);
		free(path);
		n++;
	}
	closedir(d);
	free(dir);
	return n;
}

/* Simple inputs that need no corpus: empty, one byte, and 300 equal bytes. */
static void run_simple_inputs(const struct fuzz_target *t)
{
	uint8_t bytes[300] = {0};

	t->run(bytes, 0);
	for (unsigned v = 0; v < 256; v += 51) {
		memset(bytes, (int)v, sizeof bytes);
		t->run(bytes, 1);
		t->run(bytes, sizeof bytes);
	}
}

static void corpus_meets_all_requirements(void **state)
{
	const struct fuzz_target *t = *state;

	assert_true(run_corpus(t) > 0);
	run_simple_inputs(t);
}

int main(void)
{
	struct CMUnitTest tests[64] = {0};
	const struct fuzz_target *t;
	size_t n = 0;
	int failed;

	if (!crypto_start(NULL))
		return 1;
	while (n < ARRAY_LEN(tests) && (t = fuzz_next(&n)) != NULL)
		tests[n - 1] = (struct CMUnitTest){
			.name = mem_printf("corpus_of_%s_meets_all_requirements", t->name),
			.test_func = corpus_meets_all_requirements,
			.initial_state = (void *)(uintptr_t)t};
	failed = _cmocka_run_group_tests("corpus", tests, n - 1, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		free((void *)(uintptr_t)tests[i].name);
	return failed;
}
