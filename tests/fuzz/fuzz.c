/* The list of all fuzz targets, and helpers for them. */
#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/mem.h>

static const struct fuzz_target *const groups[] = {fuzz_primitives, fuzz_texts, fuzz_messages,
						   fuzz_records, fuzz_commands};

const struct fuzz_target *fuzz_next(size_t *at)
{
	size_t left = (*at)++;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (const struct fuzz_target *t = groups[g]; t->name; t++)
			if (left-- == 0)
				return t;
	return NULL;
}

const struct fuzz_target *fuzz_find(const char *name)
{
	const struct fuzz_target *t;
	size_t at = 0;

	while ((t = fuzz_next(&at)) != NULL && strcmp(t->name, name) != 0)
		;
	return t;
}

void fuzz_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: requirement failed: %s\n", file, line, condition);
	abort();
}

void fuzz_require_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	REQUIRE(a_len == b_len);
	REQUIRE(a_len == 0 || memcmp(a, b, a_len) == 0);
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = mem_alloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* --- the temporary directory --------------------------------------------------------- */

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_dir(void)
{
	if (dir[0] == '\0') {
		/* A file system in memory is preferred: commits to it are fast. */
		snprintf(dir, sizeof dir, "%s/tally-fuzz-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		REQUIRE(mkdtemp(dir) != NULL);
		atexit(remove_dir);
	}
	return dir;
}
