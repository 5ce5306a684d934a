/* Checked arithmetic: true if the result fits into *out. */
#ifndef TALLY_BASE_CHECKED_H
#define TALLY_BASE_CHECKED_H

#include <stdbool.h>

#define checked_add(out, a, b) (!__builtin_add_overflow((a), (b), (out)))
#define checked_sub(out, a, b) (!__builtin_sub_overflow((a), (b), (out)))
#define checked_mul(out, a, b) (!__builtin_mul_overflow((a), (b), (out)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
