/* The log: the newest lines of tally.log. */
#include "tui/views/views_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/mem.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

static void log_read(struct tui_data *d, const struct source *s)
{
	struct record_window *w = &d->logs_window;
	struct record_range missing;
	void *to;

	if (!w->base)
		record_window_init(w, sizeof(*d->logs), NODE_LOGS_KEPT);
	to = record_window_advance(w, d->snap.logs_first, d->snap.logs_next, &missing);
	w->n += s->ops->logs(s, missing.first, to, missing.max);
	d->logs = record_window_first(w);
	d->n_logs = w->n;
}

static size_t log_count(const struct tui_data *d)
{
	return d->n_logs;
}

static void log_id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 'l'};
	memcpy(out->b + 1, &d->logs[i].seq, sizeof(d->logs[i].seq));
}

static void log_words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct log_row *r = &d->logs[i];
	char when[FORMAT_BYTES];

	format_clock(when, r->unix_us, false);
	snprintf(out, size, "sub=%s level=%s %s %s", log_subsystem_name(r->sub),
		 log_level_name(r->level), when, r->text);
}

static unsigned log_style(enum log_level level)
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

static void log_draw_row(const struct model *m, struct row *r, size_t i)
{
	const struct log_row *rec = &m->data.logs[i];
	char when[FORMAT_BYTES];

	format_clock(when, rec->unix_us, false);
	row_text(r, ROLE_DIM, when);
	row_gap(r, 1);
	row_field(r, log_style(rec->level), 6,
		  rec->level == LOG_INFO ? "" : log_level_name(rec->level));
	row_field(r, ROLE_DIM, 8, log_subsystem_name(rec->sub));
	row_text(r, log_style(rec->level), rec->text);
}

static void log_empty(const struct model *m, char *out, size_t size)
{
	(void)m;
	snprintf(out, size, "no log lines yet");
}

static char *log_detail(const struct detail_request *rq)
{
	const struct log_row *r;
	char when[FORMAT_BYTES];

	if (rq->row == NO_ROW)
		return NULL;
	r = &rq->data->logs[rq->row];
	format_clock(when, r->unix_us, true);
	return mem_printf("%s  %s  %s\n%s\n", when, log_subsystem_name(r->sub),
			  log_level_name(r->level), r->text);
}

const struct view view_log = {
	.name = "Log",
	.help_word = "log",
	.newest = NEWEST_LAST,
	.read = log_read,
	.count = log_count,
	.id = log_id,
	.fields = "sub level",
	.words = log_words,
	.row = log_draw_row,
	.empty = log_empty,
	.detail = log_detail,
};
