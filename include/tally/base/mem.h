/* Allocation. If one of these functions finds no memory, the program stops with a message, except
 * mem_try: memory whose size a peer chooses is allocated with mem_try, and the caller handles NULL. */
#ifndef TALLY_BASE_MEM_H
#define TALLY_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t bytes) __attribute__((malloc, returns_nonnull));
/* n * size bytes. An overflow of the product stops the program. */
void *mem_array(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* realloc to n * size bytes; added bytes are not zeroed. */
void *mem_resize(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
/* NULL if there is not enough memory. */
void *mem_try(size_t bytes) __attribute__((malloc));

/* Grows an array until at least `want` elements of `size` bytes fit, by doubling. array_ptr is the
 * address of the array's pointer, *cap the number of elements that it has room for. */
void mem_reserve(void *array_ptr, size_t *cap, size_t want, size_t size);

#define NEW(type)                       ((type *)mem_zalloc(sizeof(type)))
#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
