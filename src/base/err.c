#include <tally/base/err.h>

#include <stdio.h>
#include <string.h>

#include <tally/base/text.h>

bool err_set(struct err *e, enum err_class cls, const char *token, const char *fmt, ...)
{
	char text[ERR_DETAIL_CHARS + 1];
	va_list ap;

	if (!e)
		return false;
	/* Formatted into a copy: an argument may point to the old detail of this error. */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e->cls = cls;
	snprintf(e->token, sizeof(e->token), "%s", token);
	utf8_sanitise(e->detail, sizeof(e->detail), text, strlen(text));
	return false;
}

bool err_prefix(struct err *e, const char *fmt, ...)
{
	char prefix[ERR_DETAIL_CHARS + 1], text[2 * ERR_DETAIL_CHARS + 3];
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%s: %s", prefix, e->detail);
	utf8_sanitise(e->detail, sizeof(e->detail), text, strlen(text));
	return false;
}

void err_clear(struct err *e)
{
	if (e)
		*e = (struct err){0};
}

const char *err_class_name(enum err_class cls)
{
	switch (cls) {
#define X(name, text) \
	case name:    \
		return text;
		ERR_CLASSES(X)
#undef X
	}
	return "?";
}
