/* Above the files that define the rows. Files below reach a row through protocol.messages. */
#include "protocol/wire/messages_priv.h"

#include <string.h>

#include <tally/base/mem.h>
#include <tally/protocol/msg_meaning.h>

const struct msg_type *const msg_types[MSG_KINDS] = {
#define X(kind, row) [MSG_##kind] = &msg_type_##row,
	MSG_TABLE(X)
#undef X
};

const char *msg_type_name(enum msg_kind kind)
{
	return kind < MSG_KINDS ? msg_types[kind]->name : "";
}

bool msg_type_find(const char *name, enum msg_kind *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(msg_types); i++)
		if (strcmp(msg_types[i]->name, name) == 0) {
			*kind = (enum msg_kind)i;
			return true;
		}
	return false;
}

bool msg_decode(struct msg *m, enum msg_kind kind, struct span payload, struct err *e)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	return msg_types[kind]->decode(m, msg_types[kind], payload, e);
}

void msg_clear(struct msg *m)
{
	if (msg_types[m->kind]->clear)
		msg_types[m->kind]->clear(m);
}

void msg_encode(struct writer *w, const struct msg *m)
{
	const struct msg_type *type = msg_types[m->kind];

	if (type->raw) {
		struct span raw = type->raw(m);

		put_bytes(w, raw.p, raw.len);
	} else if (type->encode) {
		type->encode(w, m, type);
	}
}

const char *protocol_msg_meaning(const char *name, bool out)
{
	enum msg_kind kind;

	if (!msg_type_find(name, &kind))
		return NULL;
	return out ? msg_types[kind]->meaning_out : msg_types[kind]->meaning_in;
}
