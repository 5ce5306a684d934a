/* The miner and the difficulty. Shown only on a wide dashboard. */
#include "tui/views/views_priv.h"

#include <stdio.h>
#include <string.h>

#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define NAME_COLS 12

/* Where the next line goes. */
struct line_writer {
	struct canvas *c;
	struct rect left; /* the room that is left */
};

static void miner_line(struct line_writer *w, const char *name, unsigned style, const char *value)
{
	struct row row = {w->c, w->left.x, w->left.y, w->left.x + w->left.w, 0};

	if (w->left.h <= 0)
		return;
	row_field(&row, ROLE_DIM, NAME_COLS, name);
	row_text(&row, style, value);
	w->left.y++;
	w->left.h--;
}

/* The hash rate of the network is estimated from the times between blocks, which are random. It is
 * at least that of this node. */
static void network_rate(const struct snapshot *s, char *out, size_t size)
{
	const double own = s->mining ? s->hash_rate : 0;
	char rate[FORMAT_BYTES];

	format_rate(rate, own > s->expected_hash_rate ? own : s->expected_hash_rate);
	if (s->expected_hash_rate <= 0)
		snprintf(out, size, "unknown");
	else if (own > s->expected_hash_rate)
		snprintf(out, size, "at least %s", rate);
	else
		snprintf(out, size, "~%s estimated", rate);
}

static void own_lines(struct line_writer *w, const struct snapshot *s)
{
	const bool mines = s->mining || s->mining_requested;
	char text[64], rate[FORMAT_BYTES];

	format_rate(rate, s->hash_rate);
	if (mines)
		snprintf(text, sizeof(text), "%s, %u thread%s", rate, s->mining_threads,
			 s->mining_threads == 1 ? "" : "s");
	else
		snprintf(text, sizeof(text), "%s", s->has_chain ? "off: m starts" : "no chain yet");
	miner_line(w, "this node", mines ? ROLE_GOOD : ROLE_DIM, text);
	snprintf(text, sizeof(text), "%u of %u blocks", s->mining_mined, s->mining_requested);
	if (s->mining_requested)
		miner_line(w, "requested", ROLE_NORMAL, text);
	snprintf(text, sizeof(text), "%u block%s", s->blocks_found,
		 s->blocks_found == 1 ? "" : "s");
	miner_line(w, "found", ROLE_NORMAL, text);
	if (s->mining)
		miner_line(w, "reward to", ROLE_MONEY, s->mining_to);
}

static void network_lines(struct line_writer *w, const struct snapshot *s)
{
	char text[64];

	network_rate(s, text, sizeof(text));
	miner_line(w, "network", ROLE_NORMAL, text);
	snprintf(text, sizeof(text), "%.4g (bits %08x)", s->difficulty, s->next_bits);
	if (canvas_width(w->c, text) > w->left.w - NAME_COLS)
		text[strcspn(text, " ")] = '\0';
	miner_line(w, "difficulty", ROLE_NORMAL, text);
	snprintf(text, sizeof(text), "a block every %u s", s->params.spacing);
	miner_line(w, "target", ROLE_NORMAL, s->params.spacing ? text : "none: instant");
}

static void miner_draw(const struct model *m, struct canvas *c, const struct rect *r)
{
	struct line_writer w = {c, *r};

	own_lines(&w, &m->data.snap);
	if (m->data.snap.has_chain)
		network_lines(&w, &m->data.snap);
}

const struct view view_miner = {
	.name = "Miner",
	.draw = miner_draw,
};
