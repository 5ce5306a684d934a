#include "protocol/wire/msg_send_priv.h"

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/shared_payload_priv.h"
#include "protocol/wire/msg_journal_priv.h"

static struct span payload_of(struct protocol *p, const struct msg *m)
{
	const struct msg_type *type = p->messages[m->kind];

	if (type->raw)
		return type->raw(m);
	writer_reset(&p->out);
	if (type->encode)
		type->encode(&p->out, m, type);
	return (struct span){p->out.buf, p->out.len};
}

bool msg_send(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const char *name = p->messages[m->kind]->name;
	struct msg_record rec;
	struct span payload;

	if (peer->closing)
		return false;
	payload = payload_of(p, m);
	msg_count_out(p, peer, payload.len);
	msg_record_init(&rec, name, payload.len);
	rec.out = true;
	rec.ok = true;
	msg_record_describe(p, m, &rec);
	msg_record_report(p, peer, &rec);
	if (m->kind == MSG_BLOCK)
		return shared_payload_send(p, peer->info.id, name, m->u.block);
	return p->net.send(p->net.ctx, peer->info.id, name, payload);
}

void msg_send_empty(struct protocol *p, struct peer *peer, enum msg_kind kind)
{
	msg_send(p, peer, &(struct msg){.kind = kind});
}

void msg_send_list(struct protocol *p, struct peer *peer, enum msg_kind kind)
{
	struct msg m = {.kind = kind};

	m.u.list.items = p->list.buf;
	m.u.list.n = p->list.len / p->messages[kind]->item_bytes;
	if (m.u.list.n > 0)
		msg_send(p, peer, &m);
	writer_reset(&p->list);
}
