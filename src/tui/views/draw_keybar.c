#include "tui/views/draw_keybar_priv.h"

#include "tui/model/lists_priv.h"
#include "tui/term/key_table_priv.h"
#include "tui/term/theme_priv.h"

static bool is_view_key(const struct view *v, enum action a)
{
	for (const struct view_key *k = v->keys; k && k->action; k++)
		if (k->action == a)
			return true;
	return false;
}

static bool works_now(const struct model *m, const struct key_row *k)
{
	const struct view *v = model_view(m, m->focus);

	switch (k->bar_if) {
	case BAR_ALWAYS:
		return true;
	case BAR_DASHBOARD:
		return m->screen == SCREEN_DASHBOARD;
	case BAR_SORTED_VIEW:
		return v->sorts != NULL;
	case BAR_VIEW_KEY:
		return is_view_key(v, k->action);
	}
	return false;
}

/* The label says what the key does now: "Resume" instead of "Freeze" while the view is frozen. */
static const char *bar_label(const struct model *m, const struct key_row *k)
{
	const bool other = (k->action == ACT_FREEZE && m->frozen) ||
			   (k->action == ACT_BACK && (m->screen != SCREEN_DASHBOARD || m->zoom)) ||
			   (k->action == ACT_MINE && (m->live.mining || m->live.mining_requested));

	return other ? k->bar_other : k->bar;
}

/* False: there is no room for it. */
static bool draw_key(struct row *r, const struct model *m, const struct key_row *k)
{
	const char *label = bar_label(m, k);

	if (row_left(r) < canvas_width(r->c, k->bar_key) + 1 + canvas_width(r->c, label))
		return false;
	row_text(r, ROLE_KEY, k->bar_key);
	row_gap(r, 1);
	row_text(r, ROLE_NORMAL, label);
	row_gap(r, 2);
	return true;
}

struct key_hint {
	const char *key, *label;
	bool command_only; /* not for a search or a filter */
};

static const struct key_hint page_hints[] = {
	{.key = "q", .label = "Back"},    {.key = "j k", .label = "Scroll"},
	{.key = "PgDn", .label = "Page"}, {.key = "g G", .label = "First/last"},
	{.key = "/", .label = "Find"},    {0}};

static const struct key_hint prompt_hints[] = {
	{.key = "Enter", .label = "OK"},
	{.key = "Tab", .label = "Complete", .command_only = true},
	{.key = "Up", .label = "History", .command_only = true},
	{.key = "Esc", .label = "Cancel"},
	{0}};

static void draw_hints(struct row *row, const struct key_hint *k, bool command)
{
	for (; k->key; k++) {
		if (k->command_only && !command)
			continue;
		row_text(row, ROLE_KEY, k->key);
		row_gap(row, 1);
		row_text(row, ROLE_NORMAL, k->label);
		row_gap(row, 2);
	}
}

/* While the view is frozen, the key that ends it stands first, so that it is always visible. */
static int bar_order(const struct model *m, const struct key_row *k)
{
	return k->action == ACT_FREEZE && m->frozen ? BAR_FIRST : k->bar_order;
}

static void draw_keys(struct row *row, const struct model *m)
{
	for (int order = BAR_FIRST; order <= BAR_LAST; order++)
		for (size_t i = 0; i < n_key_rows; i++) {
			const struct key_row *k = &key_rows[i];

			if (!k->bar || bar_order(m, k) != order || !works_now(m, k))
				continue;
			if (!draw_key(row, m, k))
				return;
		}
}

void keybar_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x + 1, r->y, r->x + r->w, 0};

	if (m->prompt.kind == PROMPT_ASK)
		return;
	if (m->prompt.kind != PROMPT_CLOSED)
		draw_hints(&row, prompt_hints, m->prompt.kind == PROMPT_COMMAND);
	else if (m->over.kind != OVERLAY_NONE)
		draw_hints(&row, page_hints, true);
	else
		draw_keys(&row, m);
}
