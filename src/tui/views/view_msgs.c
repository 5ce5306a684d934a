/* The message log: every message, in and out, and what is in it. */
#include "tui/views/views_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define MILLIS_COLS 70 /* columns from which times have milliseconds */

static void msgs_read(struct tui_data *d, const struct source *s)
{
	struct record_window *w = &d->msgs_window;
	struct record_range missing;
	void *to;

	if (!w->base)
		record_window_init(w, sizeof(*d->msgs), NODE_MSGS_KEPT);
	to = record_window_advance(w, d->snap.msgs_first, d->snap.msgs_next, &missing);
	w->n += s->ops->msgs(s, missing.first, to, missing.max);
	d->msgs = record_window_first(w);
	d->n_msgs = w->n;
}

static size_t msgs_count(const struct tui_data *d)
{
	return d->n_msgs;
}

static void msgs_id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 'm'};
	memcpy(out->b + 1, &d->msgs[i].seq, sizeof(d->msgs[i].seq));
}

static void msgs_words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct msg_record *r = &d->msgs[i];
	char when[FORMAT_BYTES], bytes[FORMAT_BYTES];

	format_clock(when, r->unix_us, true);
	format_size(bytes, r->bytes);
	snprintf(out, size, "peer=%u dir=%s cmd=%s %s %s %s%u %s", r->peer, r->out ? "out" : "in",
		 r->command, r->summary, when, r->out ? ">" : "<", r->peer, bytes);
}

static void msgs_note(const struct model *m, char *out, size_t size)
{
	const uint64_t all = m->data.snap.msgs_next ? m->data.snap.msgs_next - 1 : 0;

	snprintf(out, size, "%" PRIu64, all);
}

/* "<12 ": peers' numbers grow in a long life, and in a small pane no room is kept for that before. */
static int peer_columns(const struct tui_data *d)
{
	const uint32_t n = MIN(d->snap.n_peers, SNAPSHOT_PEERS_MAX);
	conn_id most = d->n_msgs ? d->msgs[d->n_msgs - 1].peer : 0;
	int columns = 4;

	if (n && d->snap.peers[n - 1].id > most)
		most = d->snap.peers[n - 1].id;
	for (; most > 99; most /= 10)
		columns++;
	return columns;
}

static void msgs_row(const struct model *m, struct row *r, size_t i)
{
	const struct msg_record *rec = &m->data.msgs[i];
	char when[FORMAT_BYTES], bytes[FORMAT_BYTES];

	format_clock(when, rec->unix_us, row_left(r) >= MILLIS_COLS);
	format_size(bytes, rec->bytes);
	row_text(r, ROLE_DIM, when);
	row_gap(r, 1);
	row_fieldf(r, (rec->out ? ROLE_OUT : ROLE_IN) | STYLE_BOLD, peer_columns(&m->data), "%s%u",
		   rec->out ? ">" : "<", rec->peer);
	row_field(r, rec->ok ? STYLE_BOLD : ROLE_BAD | STYLE_BOLD, 11, rec->command);
	row_field(r, ROLE_DIM, -6, bytes);
	row_gap(r, 1);
	row_text(r, hash256_is_zero(&rec->about) ? ROLE_NORMAL : theme_hash(&rec->about),
		 rec->summary);
}

static void msgs_empty(const struct model *m, char *out, size_t size)
{
	(void)m;
	snprintf(out, size, "no messages yet: they come with the first peer");
}

/* What each message means, as it comes in and as it goes out. */
static const struct {
	const char *command, *in, *out;
} meanings[] = {
	{"version", "the peer says who it is and how high its chain is",
	 "we say who we are and how high our chain is"},
	{"verack", "the peer has our version: the greeting is done",
	 "we have the peer's version: the greeting is done"},
	{"getblocks", "the peer tells where it is and asks what comes next",
	 "we tell where we are and ask what comes next"},
	{"getheaders", "the peer asks for headers after those it names",
	 "we ask for headers after those we name"},
	{"headers", "headers without bodies, in order", "headers without bodies, in order"},
	{"inv", "the peer tells what it has: blocks or transactions",
	 "we tell what we have: blocks or transactions"},
	{"getdata", "the peer asks for these in full", "we ask for these in full"},
	{"notfound", "the peer hasn't what we asked for", "we haven't what the peer asked for"},
	{"block", "a whole block: we check it and add it", "a whole block, as the peer asked"},
	{"tx", "a transaction: we check it and keep it for a block",
	 "a transaction, as the peer asked"},
	{"ping", "the peer asks whether we are there",
	 "we ask whether the peer is there, and how fast it answers"},
	{"pong", "the peer is there: the time between is its ping", "we are there"},
	{"addr", "addresses of other nodes: we may dial them",
	 "addresses of other nodes, for the peer to dial"},
	{"getaddr", "the peer asks for addresses of other nodes",
	 "we ask for addresses of other nodes"},
	{"mempool", "the peer asks what waits in our mempool",
	 "we ask what waits in the peer's mempool"},
	{"sendheaders", "the peer wants new blocks told of by headers",
	 "we want new blocks told of by headers"},
};

static const char *message_meaning(const char *command, bool out)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (strcmp(meanings[i].command, command) == 0)
			return out ? meanings[i].out : meanings[i].in;
	return "not a message this program knows: ignored";
}

static void msgs_explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct msg_record *r = &m->data.msgs[i];

	snprintf(out, size, "%s%u %s: %s", r->out ? ">" : "<", r->peer, r->command,
		 r->ok ? message_meaning(r->command, r->out)
		       : "ignored, or not as the protocol has it");
}

static char *msgs_detail(const struct detail_request *rq)
{
	const struct msg_record *r;
	char when[FORMAT_BYTES], about[HASH_HEX_CHARS + 1];

	if (rq->row == NO_ROW)
		return NULL;
	r = &rq->data->msgs[rq->row];
	format_clock(when, r->unix_us, true);
	hash256_hex(about, &r->about);
	return mem_printf(
		"message      %" PRIu64
		"\ntime         %s\ndirection    %s peer %u\ncommand      %s\n"
		"payload      %u bytes\nwhat it is   %s\nin it        %s\nabout        %s\n",
		r->seq, when, r->out ? "out, to" : "in, from", r->peer, r->command, r->bytes,
		message_meaning(r->command, r->out), r->summary,
		hash256_is_zero(&r->about) ? "no single block or transaction" : about);
}

const struct view view_msgs = {
	.name = "Msgs",
	.help_word = "messages",
	.newest = NEWEST_LAST,
	.read = msgs_read,
	.count = msgs_count,
	.id = msgs_id,
	.fields = "peer dir cmd",
	.words = msgs_words,
	.note = msgs_note,
	.row = msgs_row,
	.empty = msgs_empty,
	.explain = msgs_explain,
	.detail = msgs_detail,
};
