#include "protocol/wire/msg_journal_priv.h"

#include <string.h>

#include <tally/base/text.h>
#include <tally/net/frame.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"

void msg_count_in(struct protocol *p, struct peer *peer, size_t payload_bytes)
{
	peer->msgs_in++;
	peer->bytes_in += FRAME_HEADER_BYTES + payload_bytes;
	peer->per_second[p->second]++;
	peer->last_recv = protocol_now_unix(p);
	peer->last_recv_ms = protocol_now_ms(p);
}

void msg_count_out(struct protocol *p, struct peer *peer, size_t payload_bytes)
{
	peer->msgs_out++;
	peer->bytes_out += FRAME_HEADER_BYTES + payload_bytes;
	peer->per_second[p->second]++;
	peer->last_send = protocol_now_unix(p);
}

void msg_record_init(struct msg_record *rec, const char *name, size_t payload_bytes)
{
	memset(rec, 0, sizeof(*rec));
	text_append(rec->command, sizeof(rec->command), "%s", name);
	rec->bytes = (uint32_t)payload_bytes;
}

static bool has_listener(const struct protocol *p)
{
	return p->o.events && p->o.events->message;
}

void msg_record_describe(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	if (has_listener(p) && p->messages[m->kind]->describe)
		p->messages[m->kind]->describe(p, m, rec);
}

void msg_record_report(struct protocol *p, const struct peer *peer, struct msg_record *rec)
{
	rec->unix_us = clock_unix_us(p->o.clock);
	rec->peer = peer->info.id;
	if (has_listener(p))
		p->o.events->message(p->o.events_arg, rec);
}
