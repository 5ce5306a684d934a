/* The messages: each one that was received or sent, with its contents. */
#include "tui/views/views_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/format_priv.h"

#define MILLIS_COLS 70 /* least width at which times have milliseconds */

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
	const struct msg_row *r = &d->msgs[i];
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

/* Columns for direction and peer, as "<12 ". Numbers of peers grow over time; columns are added
 * only when needed, because small screens have none to spare. */
static int peer_columns(const struct tui_data *d)
{
	const uint32_t n = MIN(d->snap.n_peers, SNAPSHOT_PEERS_MAX);
	uint32_t most = d->n_msgs ? d->msgs[d->n_msgs - 1].peer : 0;
	int columns = 4;

	if (n && d->snap.peers[n - 1].id > most)
		most = d->snap.peers[n - 1].id;
	for (; most > 99; most /= 10)
		columns++;
	return columns;
}

static void msgs_draw_row(const struct model *m, struct row *r, size_t i)
{
	const struct msg_row *rec = &m->data.msgs[i];
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
	snprintf(out, size, "no messages yet: no peer has connected");
}

static const char *message_meaning(const struct msg_row *r)
{
	const char *text = node_msg_meaning(r->command, r->out);

	return text ? text : "unknown message: ignored";
}

static void msgs_explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct msg_row *r = &m->data.msgs[i];

	snprintf(out, size, "%s%u %s: %s", r->out ? ">" : "<", r->peer, r->command,
		 r->ok ? message_meaning(r) : "ignored or invalid");
}

static char *msgs_detail(const struct detail_request *rq)
{
	const struct msg_row *r;
	char when[FORMAT_BYTES], about[HASH_HEX_CHARS + 1];

	if (rq->row == NO_ROW)
		return NULL;
	r = &rq->data->msgs[rq->row];
	format_clock(when, r->unix_us, true);
	hash256_hex(about, &r->about);
	return mem_printf(
		"message      %" PRIu64
		"\ntime         %s\ndirection    %s peer %u\ntype         %s\n"
		"payload      %u bytes\nmeaning      %s\ncontents     %s\nabout        %s\n",
		r->seq, when, r->out ? "out, to" : "in, from", r->peer, r->command, r->bytes,
		message_meaning(r), r->summary,
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
	.row = msgs_draw_row,
	.empty = msgs_empty,
	.explain = msgs_explain,
	.detail = msgs_detail,
};
