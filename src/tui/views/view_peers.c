/* The connected peers. */
#include "tui/views/views_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define WIDE        56 /* least width at which addresses get more columns */
#define RATE_COLS   4
#define AGENT_LEAST 8
#define HEIGHT_COLS 7
#define PING_COLS   6

static size_t peers_count(const struct tui_data *d)
{
	return MIN(d->snap.n_peers, SNAPSHOT_PEERS_MAX);
}

static void peers_id(const struct tui_data *d, size_t i, struct row_id *out)
{
	const uint32_t n = d->snap.peers[i].id;

	*out = (struct row_id){.b[0] = 'p'};
	memcpy(out->b + 1, &n, sizeof(n));
}

/* The list shows the first letter of this name. */
static const char *kind_name(enum peer_kind kind)
{
	switch (kind) {
	case PEER_INBOUND:
		return "inbound";
	case PEER_OUTBOUND:
		return "outbound";
	case PEER_MANUAL:
		return "manual";
	case PEER_FEELER:
		return "feeler";
	}
	return "";
}

/* The address at which the peer listens, if known. The source port of an inbound connection is of
 * no use to a reader. */
static const char *peer_address(const struct peer_row *p)
{
	return p->listens[0] ? p->listens : p->addr;
}

static void peers_words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct peer_row *p = &d->snap.peers[i];

	snprintf(out, size, "peer=%u addr=%s dir=%s height=%u %s", p->id, peer_address(p),
		 p->kind == PEER_INBOUND ? "in" : "out", p->best_height, p->agent);
}

static int compare_height(const struct tui_data *d, size_t a, size_t b)
{
	const uint32_t x = d->snap.peers[a].best_height, y = d->snap.peers[b].best_height;

	return x < y ? -1 : x > y;
}

static int compare_ping(const struct tui_data *d, size_t a, size_t b)
{
	const int64_t x = d->snap.peers[a].ping_us, y = d->snap.peers[b].ping_us;

	return x < y ? -1 : x > y;
}

static int compare_traffic(const struct tui_data *d, size_t a, size_t b)
{
	const uint32_t x = d->snap.peers[a].msgs_per_10s, y = d->snap.peers[b].msgs_per_10s;

	return x > y ? -1 : x < y;
}

static int compare_number(const struct tui_data *d, size_t a, size_t b)
{
	const uint32_t x = d->snap.peers[a].id, y = d->snap.peers[b].id;

	return x < y ? -1 : x > y;
}

static const struct view_sort peers_sorts[] = {
	{.name = "number", .compare = compare_number},
	{.name = "height", .compare = compare_height},
	{.name = "ping", .compare = compare_ping},
	{.name = "traffic", .greatest_first = true, .compare = compare_traffic},
	{0},
};

static int peers_head(const struct model *m, struct canvas *c, const struct rect *r)
{
	struct row row = {c, r->x, r->y, r->x + r->w, 0};

	(void)m;
	row_field(&row, ROLE_DIM, -3, "#");
	row_gap(&row, 3);
	row_field(&row, ROLE_DIM, r->w >= WIDE ? 22 : 15, "address");
	row_column(&row, ROLE_DIM, -HEIGHT_COLS, "height");
	row_column(&row, ROLE_DIM, -PING_COLS, "ping");
	row_column(&row, ROLE_DIM, -RATE_COLS, "m/s");
	if (row_left(&row) >= AGENT_LEAST + 2) {
		row_gap(&row, 2);
		row_text(&row, ROLE_DIM, "agent");
	}
	return 1;
}

/* The height, or during a download from this peer how much of it we have. */
static void height_column(const struct snapshot *s, struct row *r, const struct peer_row *p)
{
	const bool differs = s->has_chain && p->handshaken && p->best_height != s->tip.height;
	char text[24];

	if (p->syncing && s->has_chain && s->tip.height < p->best_height) {
		snprintf(text, sizeof(text), "%.0f%% ", 100.0 * s->tip.height / p->best_height);
		row_column(r, ROLE_BAR, -HEIGHT_COLS, text);
		return;
	}
	snprintf(text, sizeof(text), p->handshaken ? "%" PRIu32 "%s" : "-", p->best_height,
		 differs ? "!" : " ");
	row_column(r, differs ? ROLE_WARN : theme_hash(&p->best.h), -HEIGHT_COLS, text);
}

/* Messages per second. */
static void rate_column(struct row *r, const struct peer_row *p)
{
	char text[24];

	if (p->msgs_per_10s < 9995)
		snprintf(text, sizeof(text), p->msgs_per_10s < 100 ? "%.1f" : "%.0f",
			 p->msgs_per_10s / 10.0);
	else
		snprintf(text, sizeof(text), "%uk", (p->msgs_per_10s + 5) / 10000);
	row_column(r, ROLE_NORMAL, -RATE_COLS, text);
}

/* The user agent without its slashes and comments, or the number of blocks in flight. */
static void agent_column(struct row *r, const struct peer_row *p)
{
	const char *agent = p->agent + (p->agent[0] == '/');

	if (row_left(r) < AGENT_LEAST + 2)
		return;
	row_gap(r, 2);
	if (p->in_flight)
		row_printf(r, ROLE_BAR, "fetch %u", p->in_flight);
	else
		row_printf(r, ROLE_DIM, "%.*s", (int)strcspn(agent, "/("), agent);
}

static void peers_draw_row(const struct model *m, struct row *r, size_t i)
{
	const struct peer_row *p = &m->data.snap.peers[i];
	const bool wide = row_left(r) >= WIDE;
	char ping[FORMAT_BYTES];

	format_ping(ping, p->ping_us);
	row_fieldf(r, STYLE_BOLD, -3, "%u", p->id);
	row_gap(r, 1);
	row_fieldf(r, p->kind == PEER_INBOUND ? ROLE_IN : ROLE_OUT, 2, "%.1s", kind_name(p->kind));
	row_field(r, ROLE_NORMAL, wide ? 22 : 15, peer_address(p));
	height_column(&m->data.snap, r, p);
	row_column(r, ROLE_NORMAL, -PING_COLS, ping);
	rate_column(r, p);
	agent_column(r, p);
}

static void peers_empty(const struct model *m, char *out, size_t size)
{
	const struct snapshot *s = &m->data.snap;

	if (s->other_chain_addr[0])
		snprintf(out, size, "no peers: %s has another chain", s->other_chain_addr);
	else if (s->n_dials)
		snprintf(out, size, "no peers yet: dialling %s; c connects to another node",
			 s->dials[0].addr);
	else
		snprintf(out, size, "no peers yet: c connects to a node");
}

static void peers_explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct peer_row *p = &m->data.snap.peers[i];
	const uint32_t tip = m->data.snap.tip.height;

	if (!p->handshaken)
		snprintf(out, size, "peer %u, %s: the handshake is not finished", p->id,
			 kind_name(p->kind));
	else if (p->in_flight)
		snprintf(out, size, "peer %u, %s: %u blocks requested, not received yet", p->id,
			 kind_name(p->kind), p->in_flight);
	else
		snprintf(out, size, "peer %u, %s: best block %u, %s", p->id, kind_name(p->kind),
			 p->best_height,
			 p->best_height > tip   ? "ahead of ours"
			 : p->best_height < tip ? "behind ours"
						: "as high as ours");
}

static void peers_strip(const struct model *m, struct canvas *c, const struct rect *r)
{
	const struct snapshot *s = &m->data.snap;
	struct row row = {c, r->x, r->y, r->x + r->w, 0};

	row_text(&row, ROLE_DIM, "Peers");
	if (!peers_count(&m->data))
		row_text(&row, ROLE_DIM, " none yet");
	for (size_t i = 0; i < peers_count(&m->data); i++)
		row_printf(&row, s->peers[i].best_height == s->tip.height ? ROLE_NORMAL : ROLE_WARN,
			   " %u%s%u%s", s->peers[i].id,
			   s->peers[i].kind == PEER_INBOUND ? "i" : "o", s->peers[i].best_height,
			   s->peers[i].best_height == s->tip.height ? "" : "!");
}

static char *peers_detail(const struct detail_request *rq)
{
	const struct peer_row *p;
	char ping[FORMAT_BYTES], best[HASH_HEX_CHARS + 1] = "unknown: not announced yet";

	if (rq->row == NO_ROW)
		return NULL;
	p = &rq->data->snap.peers[rq->row];
	format_ping(ping, p->ping_us);
	if (!hash256_is_zero(&p->best.h))
		hash256_hex(best, &p->best.h);
	return mem_printf("peer         %u\naddress      %s\nlistens at   %s\nour address  %s\n"
			  "connection   %s\nuser agent   %s\n"
			  "protocol     %d, services %" PRIx64 "\nstart height %d\n"
			  "best block   %u\n             %s\n"
			  "ping         %s\nclock        %+" PRId64 " s from ours\n"
			  "received     %" PRIu64 " messages, %" PRIu64 " bytes\n"
			  "sent         %" PRIu64 " messages, %" PRIu64 " bytes\n"
			  "in flight    %u blocks\n",
			  p->id, p->addr, p->listens[0] ? p->listens : "unknown", p->local,
			  kind_name(p->kind), p->agent, p->version, p->services, p->start_height,
			  p->best_height, best, ping, p->clock_offset, p->msgs_in, p->bytes_in,
			  p->msgs_out, p->bytes_out, p->in_flight);
}

static void drop_command(const struct tui_data *d, size_t i, char *out, size_t size)
{
	snprintf(out, size, "drop %u", d->snap.peers[i].id);
}

static const struct view_key peers_keys[] = {
	{.action = ACT_DROP, .command = drop_command},
	{0},
};

const struct view view_peers = {
	.name = "Peers",
	.help_word = "peers",
	.newest = NEWEST_ANYWHERE,
	.detail_kind = DETAIL_LIVE,
	.sorts = peers_sorts,
	.keys = peers_keys,
	.count = peers_count,
	.id = peers_id,
	.fields = "peer addr dir height",
	.words = peers_words,
	.head = peers_head,
	.row = peers_draw_row,
	.empty = peers_empty,
	.strip = peers_strip,
	.explain = peers_explain,
	.detail = peers_detail,
};
