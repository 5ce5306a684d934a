#include "tui/model/refresh_priv.h"

#include <tally/base/checked.h>
#include "tui/model/lists_priv.h"
#include "tui/model/search_priv.h"

void model_refresh(struct model *m, const struct source *s)
{
	s->ops->snapshot(s, &m->live);
	if (m->frozen)
		return;
	m->data.snap = m->live;
	for (int p = 0; p < PANELS; p++)
		if (model_view(m, (enum panel)p)->read)
			model_view(m, (enum panel)p)->read(&m->data, s);
	lists_update(m);
	model_search_continue(m);
}

static bool shows_incomplete(const struct model *m, enum panel p)
{
	const struct list_state *l = &m->lists[p];
	const struct view *v = model_view(m, p);

	for (size_t i = l->top; v->incomplete && i < MIN(l->n, l->top + l->page); i++)
		if (v->incomplete(&m->data, l->order[i]))
			return true;
	return false;
}

bool model_refresh_incomplete(const struct model *m)
{
	for (int p = 0; p < PANELS && !m->frozen; p++)
		if (shows_incomplete(m, (enum panel)p))
			return true;
	return false;
}
