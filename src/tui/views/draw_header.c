#include "tui/views/draw_header_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/model/lists_priv.h"
#include "tui/model/state_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define SEGMENTS_MAX  24
#define SEGMENT_BYTES 128

/* A part of the header. If there is no room for all, the part with the greatest rank is left out
 * first. Rank 0 always stays. */
struct segment {
	int rank;
	unsigned style;
	char text[SEGMENT_BYTES];
};

struct segments {
	struct segment s[SEGMENTS_MAX];
	size_t n;
};

static void add_segment(struct segments *all, int rank, unsigned style, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add_segment(struct segments *all, int rank, unsigned style, const char *fmt, ...)
{
	struct segment *s;
	va_list ap;

	if (all->n == SEGMENTS_MAX)
		return;
	s = &all->s[all->n++];
	s->rank = rank;
	s->style = style;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
}

static int total_width(const struct canvas *c, const struct segments *all)
{
	int w = 0;

	for (size_t i = 0; i < all->n; i++)
		w += canvas_width(c, all->s[i].text) + (i ? 1 : 0);
	return w;
}

static bool drop_least(struct segments *all)
{
	size_t least = 0;

	for (size_t i = 1; i < all->n; i++)
		if (all->s[i].rank >= all->s[least].rank)
			least = i;
	if (!all->s[least].rank)
		return false;
	memmove(&all->s[least], &all->s[least + 1], (all->n - least - 1) * sizeof(all->s[0]));
	all->n--;
	return true;
}

static void sync_segments(struct segments *all, const struct snapshot *s, int width)
{
	uint32_t target = s->sync.target > s->tip.height ? s->sync.target : s->tip.height;
	double part = target ? (double)s->tip.height / target : 1;
	/* One missing block is normal: it is being downloaded. */
	bool behind = s->sync.active && target > s->tip.height + 1;
	char bar[SEGMENT_BYTES], rate[FORMAT_BYTES], age[FORMAT_BYTES];

	if (!behind)
		part = 1;
	format_bar(bar, sizeof(bar), width >= 110 ? 20 : width >= 76 ? 10 : 4, part);
	if (!behind && !s->n_handshaken)
		return; /* no peer to compare with */
	add_segment(all, behind ? 2 : 9, behind ? ROLE_BAR : ROLE_GOOD, "[%s]%.0f%%", bar,
		    behind && part > 0.99 ? 99.0 : part * 100);
	if (!behind)
		return;
	add_segment(all, 3, ROLE_BAR, "%" PRIu32 "/%" PRIu32, s->tip.height, target);
	if (s->sync.blocks_per_s > 0) {
		format_count(rate, s->sync.blocks_per_s);
		add_segment(all, 8, ROLE_DIM, "%s/s", rate);
	}
	if (s->sync.eta_s >= 0) {
		format_age(age, s->sync.eta_s);
		add_segment(all, 7, ROLE_DIM, "eta %s", age);
	}
}

static void chain_segments(struct segments *all, const struct snapshot *s, int width)
{
	char hash[HASH_SHORT_CHARS + 1], age[FORMAT_BYTES];

	if (!s->has_chain) {
		add_segment(all, 2, ROLE_WARN,
			    s->n_offers > 1 ? "no chain: choose one" : "no chain yet");
		return;
	}
	add_segment(all, 9, ROLE_TITLE, "%s", s->params.name);
	add_segment(all, 1, STYLE_BOLD, "h%" PRIu32, s->tip.height);
	hash256_short(hash, &s->tip.hash.h);
	if (width < 76)
		hash[6] = '\0';
	add_segment(all, 5, theme_hash(&s->tip.hash.h) | STYLE_BOLD, "%s", hash);
	format_age(age, s->now_us / 1000000 - s->tip.time);
	add_segment(all, 4, ROLE_DIM, "%s", age);
	sync_segments(all, s, width);
}

static void node_segments(struct segments *all, const struct snapshot *s, int width)
{
	char text[FORMAT_BYTES], coming[FORMAT_BYTES] = "";

	add_segment(all, 3, s->n_peers ? ROLE_NORMAL : ROLE_WARN, "%" PRIu32 "%s", s->n_peers,
		    width >= 110 ? (s->n_peers == 1 ? " peer" : " peers") : "p");
	if (s->has_chain) {
		add_segment(all, 7, ROLE_NORMAL, "%" PRIu32 "%s", s->mempool_count,
			    width >= 110 ? " unconfirmed" : "tx");
		format_coins(text, s->balance.spendable);
		if (s->balance.pending > 0)
			format_coins(coming, s->balance.pending);
		add_segment(all, 6, ROLE_MONEY, "%s%s%s%s", text, coming[0] ? "+" : "", coming,
			    width >= 110 ? " coins" : "");
	}
	if (s->mining || s->mining_requested) {
		format_rate(text, s->hash_rate);
		add_segment(all, 9, ROLE_GOOD, "%s", text);
	}
}

/* On a small screen, which has no tabs: the view that is shown. */
static void view_segments(struct segments *all, const struct model *m)
{
	size_t newer;
	uint64_t waits = m->live.msgs_next - m->frozen_msgs;

	if (m->over.kind == OVERLAY_NONE)
		add_segment(all, 6, ROLE_TAB, " %d:%s ", m->focus + SCREEN_FIRST,
			    model_view(m, m->focus)->name);
	if (m->frozen)
		add_segment(all, 4, ROLE_WARN, "FROZEN +%" PRIu64, waits);
	else if (m->over.kind == OVERLAY_NONE && list_paused(m, m->focus, &newer) && newer)
		add_segment(all, 6, ROLE_DIM, "+%zu", newer);
}

void header_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	const struct snapshot *s = &m->live;
	struct segments all = {.n = 0};
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	struct layout l;

	add_segment(&all, 0, ROLE_FOCUS | STYLE_BOLD, "%sn%" PRIu32, r->w >= 76 ? " " : "",
		    s->node_id);
	add_segment(&all, 8, ROLE_NORMAL, "%s", s->mining ? "MINER" : s->role ? s->role : "");
	chain_segments(&all, s, r->w);
	node_segments(&all, s, r->w);
	model_layout(m, &l);
	if (rect_empty(&l.tabs) && !l.one_line)
		view_segments(&all, m);
	while (total_width(c, &all) > r->w && drop_least(&all))
		;
	for (size_t i = 0; i < all.n; i++) {
		row_gap(&row, i ? 1 : 0);
		row_text(&row, all.s[i].style, all.s[i].text);
	}
}
