/* The lists of the panels: which rows pass the filter, in what order, and which one is selected, whatever comes and goes. */
#include "tui/model/lists_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include "tui/model/overlay_priv.h"
#include "tui/views/view_priv.h"

#define CHAIN_WANT_MOST 4096
#define WORDS_BYTES     1024
#define FILTER_COLS \
	160 /* of a row, as a filter sees it: whatever the panel's width it passes the same */
#define SEARCH_VALUE_CHARS 16 /* from here on a search is also for a whole value */

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

/* A term of a filter. Two signs come before one that begins like them. */
enum term_op { TERM_IS_NOT, TERM_LEAST, TERM_MOST, TERM_IS, TERM_LESS, TERM_MORE, TERM_WORD };
static const char *const term_signs[] = {"!=", ">=", "<=", "=", "<", ">"};

/* *n: the bytes of the field's name; *value: what stands behind the sign. */
static enum term_op term_parse(const char *term, size_t *n, const char **value)
{
	*n = strcspn(term, "!=<>");
	*value = term;
	for (size_t i = 0; *n && i < ARRAY_LEN(term_signs); i++)
		if (strncmp(term + *n, term_signs[i], strlen(term_signs[i])) == 0) {
			*value = term + *n + strlen(term_signs[i]);
			return (enum term_op)i;
		}
	return TERM_WORD;
}

static bool is_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end > text && (*end == ' ' || *end == '\0');
}

/* Is there a field of this name whose number stands so to the one wanted? */
static bool has_number(const char *words, const char *name, size_t n, enum term_op op,
		       const char *value)
{
	double want, is;

	if (!is_number(value, &want))
		return false;
	for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncasecmp(at, name, n) != 0 || at[n] != '=' || !is_number(at + n + 1, &is))
			continue;
		if (op == TERM_LESS   ? is < want
		    : op == TERM_MORE ? is > want
		    : op == TERM_MOST ? is <= want
				      : is >= want)
			return true;
	}
	return false;
}

/* A hash or an address may be wanted as rows show it: how it begins, or begins..ends. */
static bool shortens(const char *value, size_t bytes, const char *is, size_t n)
{
	const char *gap = memmem(value, bytes, "..", 2);
	const size_t begin = gap ? (size_t)(gap - value) : bytes;
	const size_t end = gap ? bytes - begin - 2 : 0;

	if (n < SEARCH_VALUE_CHARS && !memchr(is, ':', n))
		return false;
	return begin + end && begin + end <= n && !strncasecmp(is, value, begin) &&
	       !strncasecmp(is + n - end, value + bytes - end, end);
}

static bool has_value(const char *words, const char *name, size_t n, const char *value)
{
	const size_t bytes = strlen(value);

	for (const char *at = words; *at; at += strspn(at, " ")) {
		const size_t len = strcspn(at, " ");
		const char *is = len > n && at[n] == '=' ? at + n + 1 : NULL;

		if (is && !strncasecmp(at, name, n) &&
		    ((len - n - 1 == bytes && !strncasecmp(is, value, bytes)) ||
		     shortens(value, bytes, is, len - n - 1)))
			return true;
		at += len;
	}
	return false;
}

static bool term_passes(const char *term, const char *words)
{
	const char *value;
	size_t n;
	const enum term_op op = term_parse(term, &n, &value);

	switch (op) {
	case TERM_IS:
	case TERM_IS_NOT:
		return has_value(words, term, n, value) == (op == TERM_IS);
	case TERM_LESS:
	case TERM_MORE:
	case TERM_MOST:
	case TERM_LEAST:
		return has_number(words, term, n, op, value);
	case TERM_WORD:
		break;
	}
	if (term[0] == '!' && term[1])
		return !strcasestr(words, term + 1);
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

/* What a filter looks at: the row in words, and as it is drawn where there is room for all of it. Streams are long and
 * have all of it in their words. */
static void all_words(const struct model *m, const struct view *v, size_t i, struct canvas *c,
		      char *out, size_t size)
{
	struct row r = {c, 0, 0, c->cols, 0};
	char *drawn;

	v->words(&m->data, i, out, size);
	if (v->stream)
		return;
	canvas_wipe(c);
	v->row(m, &r, i);
	drawn = canvas_to_text(c);
	text_append(out, size, " %s", drawn);
	free(drawn);
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
	char words[2 * WORDS_BYTES];
	struct canvas drawn;

	canvas_init(&drawn, FILTER_COLS, 1, m->utf8);
	mem_reserve(&l->order, &l->cap, n, sizeof(*l->order));
	l->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (l->filter[0]) {
			all_words(m, v, i, &drawn, words, sizeof(words));
			if (!filter_passes(l->filter, words))
				continue;
		}
		l->order[l->n++] = i;
	}
	canvas_clear(&drawn);
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

/* Do new rows come at one end of it? The mempool's do where it is sorted by age, the newest first. */
static bool grows(const struct model *m, enum panel p)
{
	const struct list_state *l = &m->lists[p];

	return view_of(p)->stream || p == PANEL_CHAIN || p == PANEL_WALLET ||
	       (p == PANEL_MEMPOOL && !l->sort && !l->reverse);
}

void list_move_to(struct model *m, size_t at, bool may_follow)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = view_of(m->focus);

	select_at(m, m->focus, at);
	/* A list that grows at one end is followed while its newest row is selected. */
	l->follow = may_follow && l->n && l->at == newest(l, v) && grows(m, m->focus);
	if (m->focus == PANEL_CHAIN) {
		if (l->at + 32 > l->n && m->chain_want < CHAIN_WANT_MOST)
			m->chain_want = MIN(4 * m->chain_want, CHAIN_WANT_MOST);
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
	return !l->follow && l->n && grows(m, p);
}

/* --- searching ------------------------------------------------------------------- */

/* What is searched for, and where: in the rows as they are drawn, or in the heights of blocks. */
struct hunt {
	const struct model *m;
	const struct list_state *list;
	const struct view *view;
	struct canvas row; /* one row of the panel's width */
	bool of_chain;     /* what is searched for is the height of a block, */
	bool listed;       /* which is in the list */
	unsigned long height;
};

/* The row as it is seen, runs of blanks as one. */
static void seen_text(struct hunt *h, size_t i, char *out, size_t size)
{
	struct row r = {&h->row, 0, 0, h->row.cols, 0};
	char *text;
	size_t n = 0;

	canvas_wipe(&h->row);
	h->view->row(h->m, &r, h->list->order[i]);
	text = canvas_to_text(&h->row);
	for (const char *at = text; *at && n + 1 < size; at++)
		if (*at != ' ' || !n || out[n - 1] != ' ')
			out[n++] = *at;
	out[n] = '\0';
	free(text);
}

static bool is_height(const struct hunt *h, size_t i)
{
	return h->m->data.chain[h->list->order[i]].height == h->height;
}

/* In full a hash or an address is found, too, where it is drawn short. */
static bool is_value(const struct hunt *h, size_t i)
{
	char words[WORDS_BYTES];
	const char *at;
	const size_t n = strlen(h->m->search);

	if (n < SEARCH_VALUE_CHARS)
		return false;
	h->view->words(&h->m->data, h->list->order[i], words, sizeof(words));
	at = strcasestr(words, h->m->search);
	return at && at > words && at[-1] == '=' && (at[n] == ' ' || !at[n]);
}

static bool matches(struct hunt *h, size_t i)
{
	char text[WORDS_BYTES];

	if (h->of_chain)
		return is_height(h, i);
	seen_text(h, i, text, sizeof(text));
	return strcasestr(text, h->m->search) || is_value(h, i);
}

/* In the chain a whole number up to the height of its newest block is a height, written without zeros before it; else
 * it is digits of whatever is seen. */
static bool names_block(const struct model *m, unsigned long *height)
{
	const char *s = m->search;

	*height = strtoul(s, NULL, 10);
	return m->focus == PANEL_CHAIN && m->data.n_chain && !s[strspn(s, "0123456789")] &&
	       (s[0] != '0' || !s[1]) && *height <= m->data.chain[0].height;
}

static void hunt_begin(struct hunt *h, const struct model *m)
{
	struct rect in;
	struct layout l;

	*h = (struct hunt){.m = m, .list = &m->lists[m->focus], .view = view_of(m->focus)};
	model_layout(m, &l);
	in = layout_inner(&l, &l.panel[m->focus]);
	canvas_init(&h->row, rect_empty(&in) ? m->cols : in.w, 1, m->utf8);
	h->of_chain = names_block(m, &h->height);
	for (size_t i = 0; h->of_chain && i < h->list->n && !h->listed; i++)
		h->listed = is_height(h, i);
}

/* A block that is not listed. Further down than those that are: they are listed that far with the next frame, where the
 * search goes on, or `again` comes here. */
static void hunt_deeper(struct model *m, const struct hunt *h, bool again)
{
	const size_t n = m->data.n_chain;
	const uint32_t lowest = m->data.chain[n - 1].height;
	const size_t want = h->height < lowest ? lowest - h->height + n : 0;
	char text[FLASH_BYTES];

	if (!want) {
		model_flash(m, FLASH_BAD, "no match"); /* it does not pass the filter */
	} else if (again || m->frozen || want > CHAIN_WANT_MOST) {
		snprintf(text, sizeof(text),
			 "block %lu is further down than the list goes: :getblock %lu shows it",
			 h->height, h->height);
		model_flash(m, FLASH_NOTE, text);
	} else {
		m->chain_want = MIN(want + CHAIN_WANT_LEAST, CHAIN_WANT_MOST);
		m->search_due = true;
	}
}

/* Which one of how many it stands on; `wrapped`: that it went on at the other end, or "". */
static void tell_match(struct model *m, struct hunt *h, const char *wrapped)
{
	size_t nth = 0, all = 0;

	for (size_t i = 0; i < h->list->n; i++)
		if (matches(h, i)) {
			all++;
			nth += i <= h->list->at;
		}
	model_flash_match(m, nth, all, wrapped);
}

/* From the selected row, or the one beside it, to the next match in that direction. */
static bool hunt_on(struct model *m, struct hunt *h, bool up, bool from_here)
{
	const size_t n = h->list->n, was = h->list->at;

	for (size_t step = from_here ? 0 : 1; n && step <= n; step++) {
		const size_t i = (up ? was + n - step % n : was + step) % n;

		if (!matches(h, i))
			continue;
		list_move_to(m, i, false);
		tell_match(m, h,
			   step == 0         ? ""
			   : up && i >= was  ? ", past the beginning"
			   : !up && i <= was ? ", past the end"
					     : "");
		return true;
	}
	model_flash(m, FLASH_BAD, "no match");
	return false;
}

bool model_search_up(const struct model *m)
{
	const struct list_state *l = &m->lists[m->focus];

	return m->over.kind == OVERLAY_NONE && view_of(m->focus)->stream && l->follow;
}

/* `again`: after more of the chain was read for it. */
static bool search_rows(struct model *m, bool backward, bool from_here, bool again)
{
	struct list_state *l = &m->lists[m->focus];
	struct hunt h;
	bool found = false;

	m->search_due = false;
	if (from_here || l->follow)
		l->search_up = model_search_up(m);
	hunt_begin(&h, m);
	if (h.of_chain && !h.listed)
		hunt_deeper(m, &h, again);
	else
		found = hunt_on(m, &h, backward != l->search_up, from_here);
	canvas_clear(&h.row);
	return found;
}

bool model_search(struct model *m, bool backward, bool from_here)
{
	if (m->over.kind != OVERLAY_NONE)
		return overlay_search(m, backward, from_here);
	return m->search[0] && search_rows(m, backward, from_here, false);
}

void model_search_deeper(struct model *m)
{
	if (m->search_due && m->search[0] && m->focus == PANEL_CHAIN &&
	    m->over.kind == OVERLAY_NONE)
		search_rows(m, false, true, true);
	m->search_due = false;
}

/* --- setting a filter -------------------------------------------------------------- */

/* What is wrong with the first term that no row can pass: a field that these rows don't have, a number that is none;
 * in `out`. */
static bool wrong_term(const char *filter, const char *fields, char *out, size_t size)
{
	char terms[FILTER_BYTES], *save, *term;
	const char *value;
	double number;
	size_t n;

	snprintf(terms, sizeof(terms), "%s", filter);
	for (term = strtok_r(terms, " ", &save); term; term = strtok_r(NULL, " ", &save)) {
		const enum term_op op = term_parse(term, &n, &value);

		if (op == TERM_WORD)
			continue;
		if (!has_word(fields, term, n))
			snprintf(out, size, "no row has a field '%.*s': there are %s", (int)n, term,
				 fields);
		else if (op != TERM_IS && op != TERM_IS_NOT && !is_number(value, &number))
			snprintf(out, size, "%s compares numbers: %.*s%s5", term_signs[op], (int)n,
				 term, term_signs[op]);
		else
			continue;
		return true;
	}
	return false;
}

void model_set_filter(struct model *m, const char *filter)
{
	struct list_state *l = &m->lists[m->focus];
	char text[FLASH_BYTES];

	snprintf(l->filter, FILTER_BYTES, "%s", filter);
	model_settle(m);
	if (!l->n && wrong_term(l->filter, view_of(m->focus)->fields, text, sizeof(text)))
		model_flash(m, FLASH_BAD, text);
}
