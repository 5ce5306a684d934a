#include "protocol/wire/version_priv.h"

#include <inttypes.h>
#include <string.h>

#include <tally/base/text.h>

#define AGENT_SHOWN_CHARS 60

/* Everything from the nonce on may be missing, and bytes after the relay flag are ignored: newer
 * versions may add fields. A field that has begun must be complete. */
static bool decode(struct msg_version *v, struct reader *r, struct err *e)
{
	v->version = (int32_t)get_le32(r);
	v->services = get_le64(r);
	v->time = (int64_t)get_le64(r);
	get_service(r, &v->to);
	get_service(r, &v->from);
	if (!reader_ok(r))
		return msg_malformed(e, "version", "addresses");
	v->relay = true;
	if (reader_left(r) == 0)
		return true;
	v->nonce = get_le64(r);
	if (!reader_ok(r))
		return msg_malformed(e, "version", "nonce");
	v->fields = 1;
	if (reader_left(r) == 0)
		return true;
	v->agent = get_var_span(r, PEER_AGENT_MAX);
	if (!reader_ok(r))
		return msg_malformed(e, "version", "user-agent");
	v->fields = 2;
	if (reader_left(r) == 0)
		return true;
	v->start_height = (int32_t)get_le32(r);
	if (!reader_ok(r))
		return msg_malformed(e, "version", "start-height");
	v->fields = 3;
	if (reader_left(r) == 0)
		return true;
	v->relay = get_u8(r) != 0;
	v->fields = VERSION_FIELDS;
	return true;
}

bool version_decode(struct msg *m, const struct msg_type *type, struct span payload, struct err *e)
{
	struct reader r;

	(void)type;
	reader_init(&r, payload.p, payload.len);
	return decode(&m->u.version, &r, e);
}

void version_encode(struct writer *w, const struct msg *m, const struct msg_type *type)
{
	const struct msg_version *v = &m->u.version;

	(void)type;
	put_le32(w, (uint32_t)v->version);
	put_le64(w, v->services);
	put_le64(w, (uint64_t)v->time);
	put_service(w, &v->to);
	put_service(w, &v->from);
	if (v->fields > 0)
		put_le64(w, v->nonce);
	if (v->fields > 1)
		put_var_bytes(w, v->agent.p, v->agent.len);
	if (v->fields > 2)
		put_le32(w, (uint32_t)v->start_height);
	if (v->fields > 3)
		put_u8(w, v->relay ? 1 : 0);
}

/* The user agent is shown without the chain's tag, which is the same for every peer that stays
 * connected. */
static void cut_chain_tag(char *agent)
{
	char *from = strstr(agent, "(chain=");
	char *to = from ? strchr(from, ')') : NULL;

	if (to)
		memmove(from, to + 1, strlen(to + 1) + 1);
}

void version_describe(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	char agent[PEER_AGENT_MAX + 1], shown[AGENT_SHOWN_CHARS + 1];
	const struct msg_version *v = &m->u.version;
	const size_t size = sizeof(rec->summary);

	(void)p;
	text_append(rec->summary, size, "v%" PRId32, v->version);
	utf8_sanitise(agent, sizeof(agent), v->agent.p, v->agent.len);
	cut_chain_tag(agent);
	utf8_sanitise(shown, sizeof(shown), agent, strlen(agent));
	if (shown[0])
		text_append(rec->summary, size, " %s", shown);
	if (v->fields > 2 && v->start_height < 0)
		text_append(rec->summary, size, " no chain");
	else if (v->fields > 2)
		text_append(rec->summary, size, " h=%" PRId32, v->start_height);
	if (v->services == 0)
		text_append(rec->summary, size, " wallet");
}

bool version_chain_tag(struct span agent, struct block_hash *out, bool *found)
{
	static const char key[] = "chain=";
	const size_t key_n = sizeof(key) - 1;

	*found = false;
	for (size_t i = 1; i + key_n <= agent.len; i++) {
		char hex[HASH_HEX_CHARS + 1] = "";
		size_t at = i + key_n;

		/* Comments are in parentheses, separated by semicolons (BIP 14). */
		if (memcmp(agent.p + i, key, key_n) != 0 || !memchr("(; ", agent.p[i - 1], 3))
			continue;
		*found = true;
		if (agent.len - at < HASH_HEX_CHARS + 1 ||
		    (agent.p[at + HASH_HEX_CHARS] != ')' && agent.p[at + HASH_HEX_CHARS] != ';'))
			return false;
		memcpy(hex, agent.p + at, HASH_HEX_CHARS);
		return hash256_parse(&out->h, hex);
	}
	return true;
}
