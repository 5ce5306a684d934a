/* Fuzz targets: each gives bytes from anywhere to one decoder and asserts what must hold whatever they are.
 * libFuzzer drives them (engine.c), and without it their corpus is played again (replay.c). */
#ifndef TALLY_TESTS_FUZZ_H
#define TALLY_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name; /* and its corpus' directory */
	void (*run)(const uint8_t *data, size_t size);
};

/* By subject; each ends with name NULL. */
extern const struct fuzz_target fuzz_primitives[], fuzz_texts[], fuzz_messages[], fuzz_records[],
	fuzz_commands[];
const struct fuzz_target *fuzz_find(const char *name); /* NULL: none */
const struct fuzz_target *fuzz_next(size_t *at);       /* all, from *at 0 on; NULL: no more */

/* Must hold; ends the program otherwise. */
#define REQUIRE(x) ((x) ? (void)0 : fuzz_failed(#x, __FILE__, __LINE__))
void fuzz_failed(const char *what, const char *file, int line) __attribute__((noreturn));
void fuzz_require_bytes(const void *a, size_t a_len, const void *b, size_t b_len);
/* As a text: NUL-terminated, cut at the first NUL. free it. */
char *fuzz_text(const uint8_t *data, size_t size);
/* A directory of this process, removed at its end. */
const char *fuzz_dir(void);

#endif
