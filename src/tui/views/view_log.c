/* The log, as it is written to tally.log. */
#include "tui/views/view_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/mem.h>

static size_t count(const struct tui_data *d)
{
	return d->n_logs;
}

static void id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 'l'};
	memcpy(out->b + 1, &d->logs[i].seq, sizeof(d->logs[i].seq));
}

static void words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct log_record *r = &d->logs[i];
	char when[FORMAT_BYTES];

	format_clock(when, r->unix_us, false);
	snprintf(out, size, "sub=%s level=%s %s %s", log_subsystem_name(r->sub),
		 log_level_name(r->level), when, r->text);
}

static unsigned style_of(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return ROLE_BAD;
	case LOG_WARN:
		return ROLE_WARN;
	case LOG_DEBUG:
		return ROLE_DIM;
	case LOG_INFO:
		break;
	}
	return ROLE_NORMAL;
}

static void row(const struct model *m, struct row *r, size_t i)
{
	const struct log_record *rec = &m->data.logs[i];
	char when[FORMAT_BYTES];

	format_clock(when, rec->unix_us, false);
	row_text(r, ROLE_DIM, when);
	row_gap(r, 1);
	row_field(r, style_of(rec->level), 6,
		  rec->level == LOG_INFO ? "" : log_level_name(rec->level));
	row_field(r, ROLE_DIM, 8, log_subsystem_name(rec->sub));
	row_text(r, style_of(rec->level), rec->text);
}

static void empty(const struct model *m, char *out, size_t size)
{
	(void)m;
	snprintf(out, size, "nothing logged yet");
}

const struct view view_log = {
	.name = "Log",
	.short_name = "Log",
	.stream = true,
	.count = count,
	.id = id,
	.fields = "sub level",
	.words = words,
	.row = row,
	.empty = empty,
};

char *log_detail(const struct tui_data *d, size_t i)
{
	const struct log_record *r = &d->logs[i];
	char when[FORMAT_BYTES];

	format_clock(when, r->unix_us, true);
	return mem_printf("%s  %s  %s\n%s\n", when, log_subsystem_name(r->sub),
			  log_level_name(r->level), r->text);
}
