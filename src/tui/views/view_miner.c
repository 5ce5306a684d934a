/* The miner and the difficulty. Shown only on a wide dashboard. */
#include "tui/views/views_priv.h"

#include <stdio.h>
#include <string.h>

#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define NAME_COLS 12

static void miner_line(struct canvas *c, const struct rect *r, int *y, const char *name,
		       unsigned style, const char *value)
{
	struct row row = {c, r->x, r->y + *y, r->x + r->w, 0};

	if (*y >= r->h)
		return;
	row_field(&row, ROLE_DIM, NAME_COLS, name);
	row_text(&row, style, value);
	++*y;
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

static void miner_draw(const struct model *m, struct canvas *c, const struct rect *r)
{
	const struct snapshot *s = &m->data.snap;
	const bool mines = s->mining || s->mining_want;
	char text[128], rate[FORMAT_BYTES];
	int y = 0;

	format_rate(rate, s->hash_rate);
	if (mines)
		snprintf(text, sizeof(text), "%s, %u thread%s", rate, s->mining_threads,
			 s->mining_threads == 1 ? "" : "s");
	miner_line(c, r, &y, "this node", mines ? ROLE_GOOD : ROLE_DIM,
		   mines          ? text
		   : s->has_chain ? "off: m starts"
				  : "no chain yet");
	snprintf(text, sizeof(text), "%u of %u blocks", s->mining_made, s->mining_want);
	if (s->mining_want)
		miner_line(c, r, &y, "requested", ROLE_NORMAL, text);
	snprintf(text, sizeof(text), "%u block%s", s->blocks_found,
		 s->blocks_found == 1 ? "" : "s");
	miner_line(c, r, &y, "found", ROLE_NORMAL, text);
	if (s->mining)
		miner_line(c, r, &y, "reward to", ROLE_MONEY, s->mining_to);
	if (!s->has_chain)
		return;
	network_rate(s, text, sizeof(text));
	miner_line(c, r, &y, "network", ROLE_NORMAL, text);
	snprintf(text, sizeof(text), "%.4g (bits %08x)", s->difficulty, s->next_bits);
	if (canvas_width(c, text) > r->w - NAME_COLS)
		text[strcspn(text, " ")] = '\0';
	miner_line(c, r, &y, "difficulty", ROLE_NORMAL, text);
	snprintf(text, sizeof(text), "a block every %u s", s->params.spacing);
	if (s->params.spacing)
		miner_line(c, r, &y, "target", ROLE_NORMAL, text);
	else
		miner_line(c, r, &y, "target", ROLE_NORMAL, "none: instant");
}

const struct view view_miner = {
	.name = "Miner",
	.draw = miner_draw,
};
