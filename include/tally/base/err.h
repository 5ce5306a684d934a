/* Errors as values. A function that can fail returns bool and takes a struct err * as its last
 * parameter; false means that it set the error. The caller may pass NULL if it does not need the
 * reason. */
#ifndef TALLY_BASE_ERR_H
#define TALLY_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* The kinds of failure. An invalid block (ERR_INVALID) is a different thing from a block that could
 * not be checked, for example because the disk failed (ERR_IO). */
#define ERR_CLASSES(X)                                                                             \
	X(ERR_NONE, "none")                                                                        \
	X(ERR_USAGE, "usage")       /* a person's request is impossible or malformed */            \
	X(ERR_DECODE, "decode")     /* malformed bytes */                                          \
	X(ERR_MUTATED, "mutated")   /* wrong bytes under a header that may be valid: the sender */ \
				    /* is to blame, the block hash must not be marked invalid */   \
	X(ERR_INVALID, "invalid")   /* a consensus rule is broken */                               \
	X(ERR_POLICY, "policy")     /* valid, but this node does not accept it */                  \
	X(ERR_FUTURE, "future")     /* not valid yet: try again later */                           \
	X(ERR_ORPHAN, "orphan")     /* its parent is unknown */                                    \
	X(ERR_KNOWN, "known")       /* already known */                                            \
	X(ERR_NOTFOUND, "notfound") /* no such object */                                           \
	X(ERR_BUSY, "busy")         /* in use by another process, or impossible at this moment */  \
	X(ERR_FUNDS, "funds")       /* not enough coins */                                         \
	X(ERR_IO, "io")             /* a system call failed */                                     \
	X(ERR_NOSPACE, "nospace")   /* disk too full to write safely */                            \
	X(ERR_LIMIT, "limit")       /* too few files, threads or too little memory */              \
	X(ERR_PERMISSION, "permission") /* the system does not allow it */                         \
	X(ERR_CORRUPT, "corrupt")       /* stored data is damaged */                               \
	X(ERR_INTERNAL, "internal")     /* a bug in Tally */

enum err_class {
#define X(name, text) name,
	ERR_CLASSES(X)
#undef X
};

#define ERR_TOKEN_CHARS  39
#define ERR_DETAIL_CHARS 319

struct err {
	enum err_class cls;
	/* Stable, for programs: "bad-cb-height". */
	char token[ERR_TOKEN_CHARS + 1];
	/* For people, one line: "what is wrong: what would be right". */
	char detail[ERR_DETAIL_CHARS + 1];
};

/* Sets *e (which may be NULL) and always returns false, so that a function can end with
 * `return err_set(e, ERR_INVALID, "bad-cb-height", "want %u got %u", w, g);`
 * The token is cut after ERR_TOKEN_CHARS bytes, the detail after ERR_DETAIL_CHARS. Control characters
 * in the detail become '?'. */
bool err_set(struct err *e, enum err_class cls, const char *token, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Inserts "PREFIX: " before the detail of an error that is already set. Returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *e);
const char *err_class_name(enum err_class cls);

#endif
