/* Fuzz targets. Each passes arbitrary bytes to one decoder and checks that the result is consistent, for example that
 * it encodes to the same bytes again. With libFuzzer the inputs come from engine.c; test_corpus (replay.c) runs the
 * targets with every file of the corpus. */
#ifndef TALLY_TESTS_FUZZ_H
#define TALLY_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name; /* also the name of its directory in corpus/ */
	void (*run)(const uint8_t *data, size_t size);
};

/* The targets of each source file; a target without a name ends the list. */
extern const struct fuzz_target fuzz_primitives[], fuzz_texts[], fuzz_messages[], fuzz_records[],
	fuzz_commands[];
const struct fuzz_target *fuzz_find(const char *name); /* NULL: there is no such target */
/* Iterates over all targets: *at starts with 0. NULL: there are no more. */
const struct fuzz_target *fuzz_next(size_t *at);

/* Aborts the program if the condition is false: libFuzzer then keeps the input. */
#define REQUIRE(x) ((x) ? (void)0 : fuzz_failed(#x, __FILE__, __LINE__))
void fuzz_failed(const char *condition, const char *file, int line) __attribute__((noreturn));
/* Requires that both are the same bytes. */
void fuzz_require_bytes(const void *a, size_t a_len, const void *b, size_t b_len);
/* A copy with a NUL at the end. The caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);
/* A temporary directory of this process, created at the first call and removed at exit. */
const char *fuzz_dir(void);

#endif
