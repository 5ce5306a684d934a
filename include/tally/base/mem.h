/* Allocation. Ours may not fail (the program stops with a message); what is the
 * size of a peer's wish is asked for with mem_try and its failure handled. */
#ifndef TALLY_BASE_MEM_H
#define TALLY_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t bytes) __attribute__((malloc, returns_nonnull));
/* n * size, overflow checked. */
void *mem_array(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks to n * size bytes; new bytes are not cleared. */
void *mem_resize(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
/* NULL where there is not enough memory. */
void *mem_try(size_t bytes) __attribute__((malloc));

/* Grows *array (elements of `size` bytes, *cap of them allocated) so that at
 * least `want` fit; doubles. */
void mem_reserve(void *array_ptr, size_t *cap, size_t want, size_t size);

#define NEW(type)                       ((type *)mem_zalloc(sizeof(type)))
#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
