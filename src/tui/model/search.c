#include "tui/model/search_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/model/state_priv.h"

#define TEXT_BYTES 1024

struct row_search {
	const struct model *m;
	const struct list_state *list;
	const struct view *view;
	struct canvas row;    /* a canvas of one row, as wide as the panel */
	bool for_height;      /* the search text is the height of a block */
	bool listed;          /* if for_height: the list has a block of that height */
	unsigned long height; /* if for_height */
};

/* The row as the panel draws it; runs of blanks become one blank. */
static void shown_text(struct row_search *s, size_t i, char *out, size_t size)
{
	struct row r = {&s->row, 0, 0, s->row.cols, 0};
	char *text;
	size_t n = 0;

	canvas_wipe(&s->row);
	s->view->row(s->m, &r, s->list->order[i]);
	text = canvas_to_text(&s->row);
	for (const char *at = text; *at && n + 1 < size; at++)
		if (*at != ' ' || !n || out[n - 1] != ' ')
			out[n++] = *at;
	out[n] = '\0';
	free(text);
}

static bool has_height(const struct row_search *s, size_t i)
{
	return s->view->height(&s->m->data, s->list->order[i]) == s->height;
}

/* A full hash or address is found although rows show it shortened. */
static bool has_full_value(const struct row_search *s, size_t i)
{
	char words[TEXT_BYTES];
	const char *at;
	const size_t n = strlen(s->m->search);

	if (n < FILTER_LONG_VALUE_CHARS)
		return false;
	s->view->words(&s->m->data, s->list->order[i], words, sizeof(words));
	at = strcasestr(words, s->m->search);
	return at && at > words && at[-1] == '=' && (at[n] == ' ' || !at[n]);
}

static bool row_matches(struct row_search *s, size_t i)
{
	char text[TEXT_BYTES];

	if (s->for_height)
		return has_height(s, i);
	shown_text(s, i, text, sizeof(text));
	return strcasestr(text, s->m->search) || has_full_value(s, i);
}

/* In a list of blocks, a number up to the height of the highest block is a height. A greater
 * number, or one with leading zeros, is text, for example a part of a hash. */
static bool is_height(const struct row_search *s, unsigned long *height)
{
	const char *text = s->m->search;
	const struct tui_data *d = &s->m->data;

	*height = strtoul(text, NULL, 10);
	return s->view->height && s->view->count(d) && !text[strspn(text, "0123456789")] &&
	       (text[0] != '0' || !text[1]) && *height <= s->view->height(d, 0);
}

static void search_begin(struct row_search *s, const struct model *m)
{
	struct rect in;
	struct layout l;

	*s = (struct row_search){
		.m = m, .list = &m->lists[m->focus], .view = model_view(m, m->focus)};
	model_layout(m, &l);
	in = layout_inner(&l, &l.panel[m->focus]);
	canvas_init(&s->row, rect_empty(&in) ? m->cols : in.w, 1, m->utf8);
	s->for_height = is_height(s, &s->height);
	for (size_t i = 0; s->for_height && i < s->list->n && !s->listed; i++)
		s->listed = has_height(s, i);
}

/* Searches for a block that is not in the list. If it is below the last row, asks the next read
 * for more rows; the search continues then, with `again` set. */
static void search_below(struct model *m, const struct row_search *s, bool again)
{
	const size_t n = s->view->count(&m->data);
	const uint32_t lowest = s->view->height(&m->data, n - 1);
	const size_t want = s->height < lowest ? lowest - s->height + n : 0;
	char text[FLASH_BYTES];

	if (!want) {
		model_flash(m, FLASH_BAD, "no match"); /* the filter excludes it */
	} else if (again || m->frozen || want > CHAIN_WANTED_MAX) {
		snprintf(text, sizeof(text),
			 "block %lu is not in the list: ':getblock %lu' shows it", s->height,
			 s->height);
		model_flash(m, FLASH_NOTE, text);
	} else {
		m->data.chain_wanted = MIN(want + CHAIN_WANTED_MIN, CHAIN_WANTED_MAX);
		m->search_pending = true;
	}
}

static void report_match(struct model *m, struct row_search *s, const char *wrapped)
{
	size_t nth = 0, all = 0;

	for (size_t i = 0; i < s->list->n; i++)
		if (row_matches(s, i)) {
			all++;
			nth += i <= s->list->at;
		}
	model_flash_match(m, nth, all, wrapped);
}

/* Selects the next match in that direction. from_here: the selected row counts, too. */
static bool select_match(struct model *m, struct row_search *s, bool up, bool from_here)
{
	const size_t n = s->list->n, was = s->list->at;

	for (size_t step = from_here ? 0 : 1; n && step <= n; step++) {
		const size_t i = (up ? was + n - step % n : was + step) % n;

		if (!row_matches(s, i))
			continue;
		list_move_to(m, i, false);
		report_match(m, s,
			     step == 0         ? ""
			     : up && i >= was  ? ", past the beginning"
			     : !up && i <= was ? ", past the end"
					       : "");
		return true;
	}
	model_flash(m, FLASH_BAD, "no match");
	return false;
}

bool model_search_goes_up(const struct model *m)
{
	return m->over.kind == OVERLAY_NONE && model_view(m, m->focus)->newest == NEWEST_LAST &&
	       m->lists[m->focus].follow;
}

/* again: more of the chain was read for this search. */
static bool search_rows(struct model *m, bool backward, bool from_here, bool again)
{
	struct list_state *l = &m->lists[m->focus];
	struct row_search s;
	bool found = false;

	m->search_pending = false;
	if (from_here || l->follow)
		l->search_up = model_search_goes_up(m);
	search_begin(&s, m);
	if (s.for_height && !s.listed)
		search_below(m, &s, again);
	else
		found = select_match(m, &s, backward != l->search_up, from_here);
	canvas_clear(&s.row);
	return found;
}

bool model_search(struct model *m, bool backward, bool from_here)
{
	if (m->over.kind != OVERLAY_NONE)
		return overlay_search(m, backward, from_here);
	return m->search[0] && search_rows(m, backward, from_here, false);
}

void model_search_continue(struct model *m)
{
	if (m->search_pending && m->search[0] && model_view(m, m->focus)->height &&
	    m->over.kind == OVERLAY_NONE)
		search_rows(m, false, true, true);
	m->search_pending = false;
}
