/* The lists of the panels: which rows pass the filter, in what order, and which one is selected, whatever comes and goes. */
#include <tui/lists_priv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tally/base/mem.h>
#include <tui/overlay_priv.h>
#include <tui/view_priv.h>

#define CHAIN_WANT_MOST 4096
#define WORDS_BYTES     1024

/* --- filters ------------------------------------------------------------------ */

static bool has_word(const char *words, const char *word, size_t n)
{
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, " ");

		if (len == n && !strncasecmp(at, word, n))
			return true;
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

static bool term_passes(const char *term, const char *words)
{
	char name[FILTER_BYTES];
	const char *not_equal = strstr(term, "!=");

	if (not_equal && not_equal != term) {
		snprintf(name, sizeof(name), "%.*s=%s", (int)(not_equal - term), term,
			 not_equal + 2);
		return !has_word(words, name, strlen(name));
	}
	if (term[0] == '!' && term[1])
		return !strcasestr(words, term + 1);
	if (strchr(term, '='))
		return has_word(words, term, strlen(term));
	return strcasestr(words, term) != NULL;
}

bool filter_passes(const char *filter, const char *words)
{
	char terms[FILTER_BYTES], *save, *term;

	snprintf(terms, sizeof(terms), "%s", filter);
	for (term = strtok_r(terms, " ", &save); term; term = strtok_r(NULL, " ", &save))
		if (!term_passes(term, words))
			return false;
	return true;
}

/* --- order and selection --------------------------------------------------------- */

struct sorting {
	const struct view *view;
	const struct tui_data *data;
	unsigned key;
	bool reverse;
};

static int by_sort(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = s->view->compare(s->data, s->key, x, y);

	if (s->reverse)
		c = -c;
	return c ? c : x < y ? -1 : 1; /* stable */
}

static void order_rows(struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];
	const struct view *v = view_of(p);
	size_t n = v->count(&m->data);
	char words[WORDS_BYTES];

	mem_reserve(&l->order, &l->cap, n, sizeof(*l->order));
	l->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (l->filter[0]) {
			v->words(&m->data, i, words, sizeof(words));
			if (!filter_passes(l->filter, words))
				continue;
		}
		l->order[l->n++] = i;
	}
	if (v->sorts && l->n > 1) {
		struct sorting s = {v, &m->data, l->sort, l->reverse};

		qsort_r(l->order, l->n, sizeof(*l->order), by_sort, &s);
	}
}

static size_t newest(const struct list_state *l, const struct view *v)
{
	return v->stream && l->n ? l->n - 1 : 0;
}

static void select_at(struct model *m, enum panel p, size_t at)
{
	struct list_state *l = &m->lists[p];

	if (!l->n) {
		l->at = 0;
		return;
	}
	l->at = at < l->n ? at : l->n - 1;
	view_of(p)->id(&m->data, l->order[l->at], &l->sel);
	l->has_sel = true;
}

/* Finds the selection by what it is; where that is gone, its neighbour takes its place. Looks
 * around the old place first: there it nearly always is. */
static void find_selection(struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];
	const struct view *v = view_of(p);

	if (l->follow || !l->has_sel || !l->n) {
		select_at(m, p, l->follow ? newest(l, v) : l->at);
		return;
	}
	for (size_t d = 0; d < l->n || d <= l->at; d++) {
		struct row_id id;

		for (int side = 0; side < 2; side++) {
			size_t i = side ? l->at - d : l->at + d;

			if ((side && (d == 0 || d > l->at)) || i >= l->n)
				continue;
			v->id(&m->data, l->order[i], &id);
			if (!memcmp(&id, &l->sel, sizeof(id))) {
				l->at = i;
				return;
			}
		}
	}
	select_at(m, p, l->at);
}

void model_settle(struct model *m)
{
	for (int p = 0; p < PANELS; p++) {
		if (!view_of(p)->count)
			continue;
		order_rows(m, p);
		find_selection(m, p);
	}
}

bool model_selected(const struct model *m, size_t *row)
{
	const struct list_state *l = &m->lists[m->focus];

	if (!l->n || !l->has_sel)
		return false;
	*row = l->order[l->at];
	return true;
}

static bool grows(enum panel p)
{
	return view_of(p)->stream || p == PANEL_CHAIN;
}

void list_move_to(struct model *m, size_t at, bool may_follow)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = view_of(m->focus);

	select_at(m, m->focus, at);
	/* A list that grows at one end is followed while its newest row is selected. */
	l->follow = may_follow && l->n && l->at == newest(l, v) && grows(m->focus);
	if (m->focus == PANEL_CHAIN) {
		if (l->at + 32 > l->n && m->chain_want < CHAIN_WANT_MOST)
			m->chain_want *= 4;
		else if (l->follow)
			m->chain_want = CHAIN_WANT_LEAST;
	}
}

void list_move_by(struct model *m, long by)
{
	struct list_state *l = &m->lists[m->focus];
	long at = (long)l->at + by;

	list_move_to(m, at < 0 ? 0 : (size_t)at, true);
}

bool list_left(const struct model *m, enum panel p, size_t *newer)
{
	const struct list_state *l = &m->lists[p];
	const size_t seen = l->top + l->page;

	*newer = !view_of(p)->stream ? l->top : l->n > seen ? l->n - seen : 0;
	return !l->follow && l->n && grows(p);
}

static bool matches(const struct model *m, size_t i)
{
	char words[WORDS_BYTES];

	view_of(m->focus)->words(&m->data, m->lists[m->focus].order[i], words, sizeof(words));
	return strcasestr(words, m->search) != NULL;
}

/* Which one of how many it stands on; `wrapped`: that it went on at the other end, or "". */
static void tell_match(struct model *m, const char *wrapped)
{
	const struct list_state *l = &m->lists[m->focus];
	size_t nth = 0, all = 0;

	for (size_t i = 0; i < l->n; i++)
		if (matches(m, i)) {
			all++;
			nth += i <= l->at;
		}
	model_flash_match(m, nth, all, wrapped);
}

bool model_search(struct model *m, bool backward, bool from_here)
{
	const struct list_state *l = &m->lists[m->focus];
	const size_t was = l->at;

	if (m->over.kind != OVERLAY_NONE)
		return overlay_search(m, backward, from_here);
	if (!m->search[0])
		return false;
	for (size_t step = from_here ? 0 : 1; l->n && step <= l->n; step++) {
		size_t i = (backward ? was + l->n - step % l->n : was + step) % l->n;

		if (!matches(m, i))
			continue;
		list_move_to(m, i, false);
		tell_match(m, step == 0               ? ""
			      : backward && i >= was  ? ", past the beginning"
			      : !backward && i <= was ? ", past the end"
						      : "");
		return true;
	}
	model_flash(m, FLASH_BAD, "no match");
	return false;
}

/* The first field of the filter that these rows don't have, in `out`. */
static bool unknown_field(const char *filter, const char *fields, char *out, size_t size)
{
	char terms[FILTER_BYTES], *save, *term;

	snprintf(terms, sizeof(terms), "%s", filter);
	for (term = strtok_r(terms, " ", &save); term; term = strtok_r(NULL, " ", &save)) {
		const size_t n = strcspn(term, "!=");

		if (n && strchr(term + n, '=') && !has_word(fields, term, n)) {
			snprintf(out, size, "%.*s", (int)n, term);
			return true;
		}
	}
	return false;
}

void model_set_filter(struct model *m, const char *filter)
{
	struct list_state *l = &m->lists[m->focus];
	const char *fields = view_of(m->focus)->fields;
	char field[FILTER_BYTES], text[FLASH_BYTES];

	snprintf(l->filter, FILTER_BYTES, "%s", filter);
	model_settle(m);
	if (l->n || !unknown_field(l->filter, fields, field, sizeof(field)))
		return;
	snprintf(text, sizeof(text), "no row has a field '%s': there are %s", field, fields);
	model_flash(m, FLASH_BAD, text);
}
