#include "tui/views/draw_tabs_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/model/state_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define TAB_BYTES     32
#define RATE_NAME     "msg/s "
#define RATE_GAP_COLS 3 /* blank columns around the rate */
#define RATE_COLS_MIN 4
#define RATE_COLS_MAX 30

static void tab_name(const struct model *m, int screen, char out[TAB_BYTES])
{
	const char *name = screen == SCREEN_DASHBOARD
				   ? "Dash"
				   : model_view(m, (enum panel)(screen - SCREEN_FIRST))->name;

	snprintf(out, TAB_BYTES, "%d %s", screen, name);
}

int tabs_screen_at(const struct model *m, const struct rect *r, int x)
{
	char name[TAB_BYTES];
	int end = r->x;

	for (int s = SCREEN_DASHBOARD; s < SCREEN_END; s++) {
		if (!model_has_screen(m, s))
			continue;
		tab_name(m, s, name);
		end += (int)strlen(name) + 2;
		if (x < end)
			return s;
	}
	return 0;
}

static void draw_names(struct row *row, const struct model *m)
{
	char name[TAB_BYTES];

	for (int s = SCREEN_DASHBOARD; s < SCREEN_END; s++) {
		const bool on = (int)m->screen == s;

		if (!model_has_screen(m, s))
			continue;
		tab_name(m, s, name);
		row_printf(row, on ? ROLE_TAB | STYLE_BOLD : ROLE_NORMAL, on ? "[%s]" : " %s ",
			   name);
	}
}

/* The rate of messages as a sparkline, right-aligned, if there is room for it. */
static void draw_rate(struct row *row, const struct snapshot *s)
{
	char spark[NODE_RATE_SAMPLES * 4 + 1];
	int width = row_left(row) - (int)strlen(RATE_NAME) - RATE_GAP_COLS;

	if (width > RATE_COLS_MAX)
		width = RATE_COLS_MAX;
	if (width < RATE_COLS_MIN)
		return;
	format_spark(spark, sizeof(spark), s->msg_rate, NODE_RATE_SAMPLES, width);
	row_gap(row, row_left(row) - width - (int)strlen(RATE_NAME) - RATE_GAP_COLS + 1);
	row_text(row, ROLE_DIM, RATE_NAME);
	row_text(row, ROLE_BAR, spark);
}

/* That the view is frozen matters more than the rate and the last tabs. */
void tabs_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	char frozen[FORMAT_BYTES] = "";

	if (m->frozen)
		snprintf(frozen, sizeof(frozen), "FROZEN +%" PRIu64,
			 m->live.msgs_next - m->frozen_msgs);
	if (frozen[0])
		row.end -= (int)strlen(frozen) + 2;
	draw_names(&row, m);
	draw_rate(&row, &m->live);
	row.end = r->x + r->w;
	row_gap(&row, row_left(&row) - (int)strlen(frozen) - 1);
	row_text(&row, ROLE_WARN, frozen);
}
