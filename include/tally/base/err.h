/* Errors as values. A fallible function returns bool and takes a struct err *
 * last; false means the error was set. A caller that only wants to know whether
 * it worked passes NULL. */
#ifndef TALLY_BASE_ERR_H
#define TALLY_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* What kind of failure it is: "invalid" (a rule says no) is not "failed". */
#define ERR_CLASSES(X)                                                                             \
	X(ERR_NONE, "none")                                                                        \
	X(ERR_USAGE, "usage")     /* a person asked for something impossible */                    \
	X(ERR_DECODE, "decode")   /* bytes do not have the form they claim */                      \
	X(ERR_MUTATED, "mutated") /* wrong bytes under an honest header: blame the sender alone */ \
	X(ERR_INVALID, "invalid") /* a consensus rule says no */                                   \
	X(ERR_POLICY, "policy")   /* valid, but not wanted here */                                 \
	X(ERR_FUTURE, "future")   /* not valid yet: try again later */                             \
	X(ERR_ORPHAN, "orphan")   /* what it refers to is not known here */                        \
	X(ERR_KNOWN, "known")     /* already here */                                               \
	X(ERR_NOTFOUND, "notfound") /* no such thing */                                            \
	X(ERR_BUSY, "busy")         /* in use by another process, or not now */                    \
	X(ERR_FUNDS, "funds")       /* not enough coins */                                         \
	X(ERR_IO, "io")             /* the system said no */                                       \
	X(ERR_NOSPACE, "nospace")   /* disk too full to write safely */                            \
	X(ERR_CORRUPT, "corrupt")   /* what is stored is damaged */                                \
	X(ERR_INTERNAL, "internal") /* a mistake of ours */

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
	/* For people, one line: "what was wrong: what would be right". */
	char detail[ERR_DETAIL_CHARS + 1];
};

/* Fills in *e (which may be NULL) and returns false, so that
 * `return err_set(e, ERR_INVALID, "bad-cb-height", "want %u got %u", w, g);`
 * reads as it runs. The token is cut at ERR_TOKEN_CHARS, the detail at
 * ERR_DETAIL_CHARS bytes; control characters in the detail become '?'. */
bool err_set(struct err *e, enum err_class cls, const char *token, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "PREFIX: " before the detail of an error already set. Returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *e);
const char *err_class_name(enum err_class cls);

#endif
