/* Nothing goes round this file: every message in and out is counted, described and told here. */
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/text.h>
#include <tally/net/frame.h>

#include "protocol/protocol_priv.h"

static void journal(struct protocol *p, const struct peer *peer, struct msg_record *rec)
{
	const struct protocol_events *ev = p->o.events;

	rec->unix_us = clock_unix_us(p->o.clock);
	rec->peer = peer->info.id;
	if (ev && ev->message)
		ev->message(p->o.events_arg, rec);
}

static void record_init(struct msg_record *rec, const char *command, size_t bytes)
{
	memset(rec, 0, sizeof(*rec));
	text_append(rec->command, sizeof(rec->command), "%s", command);
	rec->bytes = (uint32_t)bytes;
}

static bool is_watched(const struct protocol *p)
{
	return p->o.events && p->o.events->message;
}

static void count_in(struct protocol *p, struct peer *peer, size_t payload)
{
	peer->msgs_in++;
	peer->bytes_in += FRAME_HEADER_BYTES + payload;
	peer->per_second[p->second]++;
	peer->last_recv = now_unix(p);
	peer->last_recv_ms = now_ms(p);
}

static void count_out(struct protocol *p, struct peer *peer, size_t payload)
{
	peer->msgs_out++;
	peer->bytes_out += FRAME_HEADER_BYTES + payload;
	peer->per_second[p->second]++;
	peer->last_send = now_unix(p);
}

/* Why a message is not handled, or NULL. */
static const char *refusal(const struct peer *peer, const struct msg_type *c)
{
	if (!(c->dir & DIR_IN))
		return "not ours to receive";
	if (c->first && peer->handshaken)
		return "repeated";
	if (!c->first && !peer->handshaken)
		return "before version";
	if (c->min_version && peer->version < c->min_version)
		return "of an old peer";
	return NULL;
}

static void ignore(struct protocol *p, struct peer *peer, struct msg_record *rec, const char *why)
{
	text_append(rec->summary, sizeof(rec->summary), "ignored: %s", why);
	journal(p, peer, rec);
}

void gate_receive(struct protocol *p, struct peer *peer, const char *command, struct span payload)
{
	struct msg_record rec;
	enum msg_kind kind;
	const char *why;
	struct err e;
	struct msg m;

	if (peer->closing)
		return;
	count_in(p, peer, payload.len);
	record_init(&rec, command, payload.len);
	if (!msg_type_find(command, &kind)) {
		p->unknown++;
		ignore(p, peer, &rec, "not known here");
		return;
	}
	why = refusal(peer, msg_type_at(kind));
	if (why) {
		ignore(p, peer, &rec, why);
		return;
	}
	if (kind == MSG_BLOCK && !block_look(p, peer, payload, &rec)) {
		journal(p, peer, &rec);
		return;
	}
	err_clear(&e);
	if (!msg_decode(&m, kind, payload, &e)) {
		utf8_sanitise(rec.summary, sizeof(rec.summary), e.detail, strlen(e.detail));
		journal(p, peer, &rec);
		/* That we have no memory for it is not its fault. */
		peer_close(p, peer, e.cls == ERR_DECODE ? CLOSE_DISCOURAGE : CLOSE_PLAIN,
			   e.cls == ERR_DECODE ? "malformed %s" : "not read: %s", e.detail);
		return;
	}
	rec.ok = true;
	if (is_watched(p))
		msg_describe(p, &m, rec.summary, &rec.about);
	journal(p, peer, &rec);
	msg_type_at(kind)->handle(p, peer, &m);
	msg_clear(&m);
}

static struct span payload_of(struct protocol *p, const struct msg *m)
{
	if (m->kind == MSG_BLOCK)
		return m->u.block->raw;
	if (m->kind == MSG_TX)
		return m->u.tx->raw;
	writer_reset(&p->out);
	msg_encode(&p->out, m);
	return (struct span){p->out.buf, p->out.len};
}

bool gate_send(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const char *command = msg_type_name(m->kind);
	struct msg_record rec;
	struct span payload;

	if (peer->closing)
		return false;
	payload = payload_of(p, m);
	count_out(p, peer, payload.len);
	record_init(&rec, command, payload.len);
	rec.out = true;
	rec.ok = true;
	if (is_watched(p))
		msg_describe(p, m, rec.summary, &rec.about);
	journal(p, peer, &rec);
	if (m->kind == MSG_BLOCK)
		return lend_block(p, peer, m->u.block);
	return p->net.send(p->net.ctx, peer->info.id, command, payload);
}

void gate_send_empty(struct protocol *p, struct peer *peer, enum msg_kind kind)
{
	gate_send(p, peer, &(struct msg){.kind = kind});
}

static size_t item_bytes(enum msg_kind kind)
{
	if (kind == MSG_HEADERS)
		return HEADERS_ITEM_BYTES;
	return kind == MSG_ADDR ? ADDR_ITEM_BYTES : INV_ITEM_BYTES;
}

void gate_send_list(struct protocol *p, struct peer *peer, enum msg_kind kind)
{
	struct msg m = {.kind = kind};

	m.u.list.items = p->list.buf;
	m.u.list.n = p->list.len / item_bytes(kind);
	if (m.u.list.n > 0)
		gate_send(p, peer, &m);
	writer_reset(&p->list);
}
