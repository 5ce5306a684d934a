#include <tally/base/log.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tally/base/clock.h>
#include <tally/base/text.h>

#define LOG_LINE_BYTES 2048

static void log_to_stderr(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
			  const char *text)
{
	time_t seconds = (time_t)(unix_us / 1000000);
	struct tm tm;

	(void)arg;
	gmtime_r(&seconds, &tm);
	fprintf(stderr, "%04d-%02d-%02dT%02d:%02d:%02d.%03" PRId64 "Z %s %s: %s\n",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		unix_us / 1000 % 1000, log_level_name(level), log_subsystem_name(sub), text);
}

static struct {
	log_sink *sink;
	void *arg;
	enum log_level least;
} sink = {log_to_stderr, NULL, LOG_INFO};

void log_set_sink(log_sink *fn, void *arg)
{
	sink.sink = fn ? fn : log_to_stderr;
	sink.arg = arg;
}

void log_set_level(enum log_level least)
{
	sink.least = least;
}

const char *log_subsystem_name(enum log_subsystem sub)
{
	switch (sub) {
#define X(name, text) \
	case name:    \
		return text;
		LOG_SUBSYSTEMS(X)
#undef X
	}
	return "?";
}

const char *log_level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG:
		return "debug";
	case LOG_INFO:
		return "info";
	case LOG_WARN:
		return "warn";
	case LOG_ERROR:
		return "error";
	}
	return "?";
}

void log_line(enum log_subsystem sub, enum log_level level, const char *fmt, ...)
{
	char raw[LOG_LINE_BYTES], text[LOG_LINE_BYTES];
	va_list ap;

	if (level < sink.least)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	utf8_sanitise(text, sizeof(text), raw, strlen(raw));
	sink.sink(sink.arg, clock_unix_us(clock_system()), sub, level, text);
}
