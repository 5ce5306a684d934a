#include "tui/views/draw_tabs_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/model/state_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define TAB_BYTES     32
#define RATE_NAME     "msg/s "
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

void tabs_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	char spark[NODE_RATE_SAMPLES * 4 + 1], right[FORMAT_BYTES] = "";
	const struct snapshot *s = &m->live;
	int width, after;

	draw_names(&row, m);
	if (m->frozen)
		snprintf(right, sizeof(right), "FROZEN +%" PRIu64, s->msgs_next - m->frozen_msgs);
	after = (int)strlen(right) + (right[0] ? 2 : 0);
	width = row_left(&row) - 9 - after;
	if (width > RATE_COLS_MAX)
		width = RATE_COLS_MAX;
	if (width >= RATE_COLS_MIN) {
		format_spark(spark, sizeof(spark), s->msg_rate, NODE_RATE_SAMPLES, width);
		row_gap(&row, row_left(&row) - width - 8 - after);
		row_text(&row, ROLE_DIM, RATE_NAME);
		row_text(&row, ROLE_BAR, spark);
		row_gap(&row, right[0] ? 2 : 1);
	}
	row_gap(&row, row_left(&row) - (int)strlen(right) - 1);
	row_text(&row, ROLE_WARN, right);
}
