#include "protocol/wire/dispatch_priv.h"

#include <string.h>

#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/messages_priv.h"
#include "protocol/wire/msg_journal_priv.h"

/* Why a message is ignored, or NULL. */
static const char *ignored_because(const struct peer *peer, const struct msg_type *type)
{
	if (!(type->directions & DIR_IN))
		return "this node only sends it";
	if (type->first && peer->handshaken)
		return "sent twice";
	if (!type->first && !peer->handshaken)
		return "sent before version";
	if (type->min_version && peer->version < type->min_version)
		return "the peer's version is too old";
	return NULL;
}

static void ignore(struct protocol *p, struct peer *peer, struct msg_record *rec, const char *why)
{
	text_append(rec->summary, sizeof(rec->summary), "ignored: %s", why);
	msg_record_report(p, peer, rec);
}

static void malformed(struct protocol *p, struct peer *peer, struct msg_record *rec,
		      const struct err *e)
{
	utf8_sanitise(rec->summary, sizeof(rec->summary), e->detail, strlen(e->detail));
	msg_record_report(p, peer, rec);
	/* Any other error, such as too little memory, is not the peer's fault. */
	if (e->cls == ERR_DECODE)
		peer_close(p, peer, CLOSE_DISCOURAGE, "malformed %s", e->detail);
	else
		peer_close(p, peer, CLOSE_PLAIN, "cannot read %s", e->detail);
}

static void handle(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_type *type = p->messages[m->kind];

	if (protocol_has_chain(p)) {
		if (type->handle)
			type->handle(p, peer, m);
	} else if (type->handle_without_chain) {
		type->handle_without_chain(p, peer, m);
	}
}

/* A message that is in the table and expected now. */
static void receive_known(struct protocol *p, struct peer *peer, enum msg_kind kind,
			  struct span payload, struct msg_record *rec)
{
	const struct msg_type *type = p->messages[kind];
	struct err e;
	struct msg m;

	if (type->precheck && !type->precheck(p, peer, payload, rec)) {
		msg_record_report(p, peer, rec);
		return;
	}
	err_clear(&e);
	if (msg_decode(&m, kind, payload, &e)) {
		rec->ok = true;
		msg_record_describe(p, &m, rec);
		msg_record_report(p, peer, rec);
		handle(p, peer, &m);
	} else {
		malformed(p, peer, rec, &e);
	}
	msg_clear(&m);
}

void dispatch_receive(struct protocol *p, struct peer *peer, const char *name, struct span payload)
{
	struct msg_record rec;
	enum msg_kind kind;
	const char *why;

	if (peer->closing)
		return;
	msg_count_in(p, peer, payload.len);
	msg_record_init(&rec, name, payload.len);
	if (!msg_type_find(name, &kind)) {
		p->unknown++;
		ignore(p, peer, &rec, "unknown message");
		return;
	}
	why = ignored_because(peer, p->messages[kind]);
	if (why)
		ignore(p, peer, &rec, why);
	else
		receive_known(p, peer, kind, payload, &rec);
}
