#include <tally/base/mem.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>

static void out_of_memory(size_t bytes) __attribute__((noreturn));

static void out_of_memory(size_t bytes)
{
	fprintf(stderr,
		"tally: out of memory: %zu more bytes are needed: close other programs, or raise the "
		"limit (ulimit -v)\n",
		bytes);
	abort();
}

void *mem_alloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_zalloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_array(size_t n, size_t size)
{
	size_t bytes;

	if (!checked_mul(&bytes, n, size))
		out_of_memory(SIZE_MAX);
	return mem_alloc(bytes);
}

void *mem_resize(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (!checked_mul(&bytes, n, size))
		out_of_memory(SIZE_MAX);
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		out_of_memory(bytes);
	return p;
}

char *mem_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(mem_alloc(n), s, n);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	s = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

void *mem_try(size_t bytes)
{
	return malloc(bytes ? bytes : 1);
}

void mem_reserve(void *array_ptr, size_t *cap, size_t want, size_t size)
{
	size_t n = *cap;
	void *p;

	if (want <= n)
		return;
	while (n < want)
		if (!checked_mul(&n, n ? n : 4, (size_t)2))
			out_of_memory(SIZE_MAX);
	/* Copied with memcpy: the caller's pointer has another type than void *. */
	memcpy(&p, array_ptr, sizeof(p));
	p = mem_resize(p, n, size);
	memcpy(array_ptr, &p, sizeof(p));
	*cap = n;
}
