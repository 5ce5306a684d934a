/* The chain: blocks of all branches, from the tip downward. */
#include "tui/views/view_chain_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/detail_priv.h"
#include "tui/views/format_priv.h"
#include "tui/views/views_priv.h"

/* Least width of rows with the size of blocks and longer hashes. */
#define WIDE_BLOCK_COLS 50
#define SENDERS_LISTED  6
/* Headers above the tip that are listed although their blocks are missing. */
#define HEADERS_ABOVE_MAX 6

uint32_t chain_view_top(const struct snapshot *s)
{
	const uint32_t tip = s->tip.height, headers = s->headers_height;

	return headers > tip && headers - tip <= HEADERS_ABOVE_MAX ? headers : tip;
}

static void chain_read(struct tui_data *d, const struct source *s)
{
	mem_reserve(&d->chain, &d->chain_cap, d->chain_wanted, sizeof(*d->chain));
	d->n_chain = s->ops->chain_rows(s, chain_view_top(&d->snap), d->chain, d->chain_wanted);
}

static size_t chain_count(const struct tui_data *d)
{
	return d->n_chain;
}

static void chain_id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 'b'};
	memcpy(out->b + 1, d->chain[i].hash.h.b, HASH_BYTES);
}

static const char *block_state(const struct chain_row *b)
{
	return b->failed      ? "invalid"
	       : b->is_tip    ? "tip"
	       : b->on_best   ? "best"
	       : b->pending   ? "pending"
	       : b->have_body ? "stale"
			      : "header";
}

static void chain_words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct chain_row *b = &d->chain[i];
	char hex[HASH_HEX_CHARS + 1];

	hash256_hex(hex, &b->hash.h);
	snprintf(out, size, "height=%u hash=%s tx=%u state=%s %utx %s %s", b->height, hex, b->n_tx,
		 block_state(b), b->n_tx, block_state(b), b->mine ? "mine me" : "");
}

static bool chain_incomplete(const struct tui_data *d, size_t i)
{
	return d->chain[i].unread;
}

static uint32_t height_of_row(const struct tui_data *d, size_t i)
{
	return d->chain[i].height;
}

/* True if several blocks are missing. One missing block is normal: it is being downloaded. */
static bool catching_up(const struct snapshot *s)
{
	return s->has_chain && s->sync.active && s->sync.target > s->tip.height + 1;
}

/* From which peers headers and blocks are being downloaded. */
static void sync_text(const struct snapshot_sync *s, char *out, size_t size)
{
	const uint32_t listed = MIN(s->n_senders, SENDERS_LISTED);

	if (s->headers_from && s->headers < s->target)
		text_append(out, size, "headers %" PRIu32 " from %u", s->headers, s->headers_from);
	if (!s->n_senders)
		return;
	text_append(out, size, "%sgetting %" PRIu32 " blocks from", out[0] ? ", " : "",
		    s->in_flight);
	for (uint32_t i = 0; i < listed; i++)
		text_append(out, size, " %u", s->senders[i]);
	if (s->n_senders > listed)
		text_append(out, size, " +%" PRIu32, s->n_senders - listed);
}

static void chain_note(const struct model *m, char *out, size_t size)
{
	out[0] = '\0';
	if (catching_up(&m->data.snap))
		sync_text(&m->data.snap.sync, out, size);
	else if (m->data.snap.has_chain)
		snprintf(out, size, "work 2^%.1f", m->data.snap.work_log2);
}

static void peers_at(const struct chain_row *b, char *out, size_t size)
{
	out[0] = '\0';
	for (uint32_t k = 0; k < b->n_peers && k < 8; k++)
		text_append(out, size, " %u", b->peers[k]);
	if (b->n_peers > 8)
		text_append(out, size, " +%u", b->n_peers - 8);
}

/* The block's mark and height. */
static void place_columns(struct row *r, const struct chain_row *b)
{
	unsigned style = ROLE_WARN;
	const char *mark = "\\";

	if (b->on_best) {
		style = ROLE_NORMAL;
		mark = "o";
	} else if (b->pending) {
		style = ROLE_BAR;
		mark = "+";
	}
	if (b->is_tip)
		row_text(r, ROLE_FOCUS | STYLE_BOLD, "*");
	else
		row_text(r, style, mark);
	row_fieldf(r, b->on_best ? STYLE_BOLD : style, 7, "%" PRIu32 "%s", b->height,
		   b->on_best || b->pending ? "" : "'");
}

static void count_columns(struct row *r, const struct chain_row *b, bool wide)
{
	char bytes[FORMAT_BYTES] = "";

	if (b->n_tx)
		row_fieldf(r, ROLE_NORMAL, -6, "%utx", b->n_tx);
	else
		row_gap(r, 6);
	if (b->bytes)
		format_size(bytes, b->bytes);
	if (wide)
		row_field(r, ROLE_DIM, -6, bytes);
}

static void chain_draw_row(const struct model *m, struct row *r, size_t i)
{
	const struct chain_row *b = &m->data.chain[i];
	char hash[HASH_SHORT_CHARS + 1], age[FORMAT_BYTES], peers[64];
	const bool wide = row_left(r) >= WIDE_BLOCK_COLS;

	hash256_short(hash, &b->hash.h);
	if (!wide)
		hash[6] = '\0';
	format_age(age, m->data.snap.now_us / 1000000 - b->time);
	peers_at(b, peers, sizeof(peers));
	place_columns(r, b);
	row_field(r, theme_hash(&b->hash.h), wide ? 11 : 7, hash);
	count_columns(r, b, wide);
	row_field(r, ROLE_DIM, -5, age);
	row_gap(r, 1);
	if (!b->on_best)
		row_printf(r,
			   b->failed    ? ROLE_BAD
			   : b->pending ? ROLE_BAR
					: ROLE_WARN,
			   " %s", block_state(b));
	if (b->mine)
		row_text(r, ROLE_GOOD, " me");
	row_text(r, ROLE_DIM, peers);
}

static void chain_empty(const struct model *m, char *out, size_t size)
{
	const uint32_t offers = m->data.snap.n_offers;

	if (offers > 1)
		snprintf(out, size, "%u chains are offered: ':choose NAME' joins one", offers);
	else if (offers && m->data.snap.offers[0].future)
		snprintf(out, size,
			 "the offered chain starts in the future: check this machine's clock");
	else if (offers)
		snprintf(out, size, "one chain is offered: joining it");
	else
		snprintf(
			out, size,
			"no chain yet: c connects to a node that has one; tally createblockchain makes one");
}

/* The number of lines that the text of chain_empty takes. The list of offered chains stands below
 * it. */
static int empty_lines(const struct model *m, int width)
{
	char text[160];
	int n = 0;

	chain_empty(m, text, sizeof(text));
	for (const char *at = text; *at; n++) {
		at += canvas_line_bytes(at, width);
		at += strspn(at, " ");
	}
	return n;
}

static void draw_offers(const struct model *m, struct canvas *c, const struct rect *r)
{
	const struct snapshot *s = &m->data.snap;
	const int above = empty_lines(m, r->w - 1);

	for (uint32_t i = 0; i < s->n_offers && (int)i * 2 + above < r->h; i++) {
		struct row row = {c, r->x, r->y + above + (int)i * 2, r->x + r->w, 0};
		char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];

		hash256_hex(hex, &s->offers[i].params.genesis_hash.h);
		hash256_short(brief, &s->offers[i].params.genesis_hash.h);
		row_printf(&row, ROLE_TITLE, " %s %s, from %u peer%s%s", brief,
			   s->offers[i].params.name, s->offers[i].peers,
			   s->offers[i].peers == 1 ? "" : "s",
			   s->offers[i].future ? ", starts in the future" : "");
		row = (struct row){c, r->x, r->y + above + 1 + (int)i * 2, r->x + r->w, 0};
		row_printf(&row, theme_hash(&s->offers[i].params.genesis_hash.h), " %s", hex);
	}
}

static int chain_head(const struct model *m, struct canvas *c, const struct rect *r)
{
	if (!m->data.snap.has_chain && m->data.snap.n_offers)
		draw_offers(m, c, r);
	return 0;
}

/* This list does not know whether the best chain has the payments of a stale block. */
static void explain_stale(const struct chain_row *b, char *out, size_t size)
{
	snprintf(out, size, "block %u is stale: ", b->height);
	if (!b->n_tx)
		text_append(out, size, "it is not on the best chain");
	else if (b->n_tx == 1)
		text_append(out, size, "it has no payments");
	else if (b->n_tx == 2)
		text_append(out, size, "its payment counts only if the best chain has it");
	else
		text_append(out, size, "its %u payments count only if the best chain has them",
			    b->n_tx - 1);
}

static void chain_explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct chain_row *b = &m->data.chain[i];

	if (b->failed)
		snprintf(out, size, "block %u is invalid: no honest node builds on it", b->height);
	else if (b->pending)
		snprintf(
			out, size,
			b->have_body
				? "block %u is downloaded, and will be connected next"
				: "block %u: only its header is known, the block is being downloaded",
			b->height);
	else if (!b->on_best && !b->have_body)
		snprintf(
			out, size,
			"block %u: only its header is known; its branch has no more work than ours",
			b->height);
	else if (!b->on_best)
		explain_stale(b, out, size);
	else if (b->is_tip)
		snprintf(out, size, "the tip: the next block builds on it; %u peer%s it too",
			 b->n_peers, b->n_peers == 1 ? " has" : "s have");
	else
		snprintf(out, size, "block %u, %u confirmations: %s", b->height,
			 m->data.snap.tip.height - b->height + 1,
			 b->mine ? "its reward is ours" : "Enter shows its contents");
}

static void sync_strip(struct row *row, const struct snapshot_sync *s)
{
	char text[160] = "", number[FORMAT_BYTES];

	row_text(row, ROLE_DIM, "Sync");
	if (s->eta_s >= 0) {
		format_count(number, s->blocks_per_s);
		row_printf(row, ROLE_BAR, " %s/s", number);
		format_age(number, s->eta_s);
		row_printf(row, ROLE_BAR, " %s left", number);
	}
	sync_text(s, text, sizeof(text));
	row_printf(row, ROLE_NORMAL, " %s", text);
}

/* The newest blocks from left to right; while blocks are missing, the progress of the download. */
static void chain_strip(const struct model *m, struct canvas *c, const struct rect *r)
{
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	size_t first = 0;

	if (catching_up(&m->data.snap)) {
		sync_strip(&row, &m->data.snap.sync);
		return;
	}

	row_text(&row, ROLE_DIM, "Chain");
	if (!m->data.n_chain)
		row_text(&row, ROLE_DIM, " none yet");
	while (first < m->data.n_chain && (int)(first + 1) * 9 < row_left(&row))
		first++;
	for (size_t i = first; i-- > 0;) {
		const struct chain_row *b = &m->data.chain[i];

		row_printf(&row, b->on_best ? theme_hash(&b->hash.h) : ROLE_WARN, " %s%u%s",
			   b->is_tip    ? "*"
			   : b->pending ? "+"
					: "",
			   b->height, b->on_best || b->pending ? "" : "'");
	}
}

const struct view view_chain = {
	.name = "Chain",
	.help_word = "chain",
	.newest = NEWEST_FIRST,
	.detail_kind = DETAIL_SLOW,
	.read = chain_read,
	.count = chain_count,
	.id = chain_id,
	.incomplete = chain_incomplete,
	.height = height_of_row,
	.fields = "height hash tx state",
	.fields_help = "state        of a block: tip, best, pending, stale, header or invalid",
	.words = chain_words,
	.note = chain_note,
	.head = chain_head,
	.row = chain_draw_row,
	.empty = chain_empty,
	.strip = chain_strip,
	.explain = chain_explain,
	.detail = detail_of_block,
};
