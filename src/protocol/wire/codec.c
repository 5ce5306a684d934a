#include "protocol/wire/codec_priv.h"

#include <string.h>

#include <tally/base/text.h>

#include "protocol/wire/messages_priv.h"

#define SERVICE_BYTES 26

static void get_service(struct reader *r, struct msg_service *s)
{
	s->services = get_le64(r);
	get_bytes(r, s->addr.ip, sizeof(s->addr.ip));
	s->addr.port = get_be16(r);
}

static void put_service(struct writer *w, const struct msg_service *s)
{
	put_le64(w, s->services);
	put_bytes(w, s->addr.ip, sizeof(s->addr.ip));
	put_be16(w, s->addr.port);
}

static bool bad(struct err *e, const char *command, const char *field)
{
	char token[ERR_TOKEN_CHARS + 1] = "";

	text_append(token, sizeof(token), "%s-%s", command, field);
	return err_set(e, ERR_DECODE, token, "%s: malformed %s", command, field);
}

/* Everything from the nonce on may be missing, and what follows the relay flag is the business of
 * later versions. A field that is begun must be whole. */
static bool decode_version(struct msg_version *v, struct reader *r, struct err *e)
{
	v->version = (int32_t)get_le32(r);
	v->services = get_le64(r);
	v->time = (int64_t)get_le64(r);
	get_service(r, &v->to);
	get_service(r, &v->from);
	if (!reader_ok(r))
		return bad(e, "version", "addresses");
	v->relay = true;
	if (reader_left(r) == 0)
		return true;
	v->nonce = get_le64(r);
	if (!reader_ok(r))
		return bad(e, "version", "nonce");
	v->fields = 1;
	if (reader_left(r) == 0)
		return true;
	v->agent = get_var_span(r, PEER_AGENT_MAX);
	if (!reader_ok(r))
		return bad(e, "version", "user-agent");
	v->fields = 2;
	if (reader_left(r) == 0)
		return true;
	v->start_height = (int32_t)get_le32(r);
	if (!reader_ok(r))
		return bad(e, "version", "start-height");
	v->fields = 3;
	if (reader_left(r) == 0)
		return true;
	v->relay = get_u8(r) != 0;
	v->fields = VERSION_FIELDS;
	return true;
}

static void encode_version(struct writer *w, const struct msg_version *v)
{
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

static bool decode_locator(struct msg_locator *l, struct reader *r, const char *command,
			   struct err *e)
{
	l->version = get_le32(r);
	uint64_t n = get_compact(r);

	if (!reader_ok(r))
		return bad(e, command, "count");
	if (n > CHAIN_LOCATOR_MAX)
		return err_set(e, ERR_DECODE, "locator-count",
			       "%s: a locator of %llu hashes: at most %d", command,
			       (unsigned long long)n, CHAIN_LOCATOR_MAX);
	l->n = n;
	l->hashes = get_span(r, n * HASH_BYTES).p;
	get_bytes(r, l->stop.h.b, HASH_BYTES);
	if (!reader_done(r))
		return bad(e, command, "length");
	return true;
}

static bool decode_list(struct msg_list *l, struct reader *r, const char *command, size_t max,
			size_t item_bytes, struct err *e)
{
	uint64_t n = get_compact(r);

	if (!reader_ok(r))
		return bad(e, command, "count");
	if (n > max) {
		char token[ERR_TOKEN_CHARS + 1] = "";

		text_append(token, sizeof(token), "%s-count", command);
		return err_set(e, ERR_DECODE, token, "%s: %llu entries: at most %zu", command,
			       (unsigned long long)n, max);
	}
	l->n = n;
	l->items = get_span(r, n * item_bytes).p;
	if (!reader_done(r))
		return bad(e, command, "length");
	return true;
}

/* Each header is followed by a count of transactions that is always zero. */
static bool check_headers(const struct msg_list *l, struct err *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i * HEADERS_ITEM_BYTES + HEADER_BYTES] != 0)
			return bad(e, "headers", "transaction-count");
	return true;
}

static bool decode_nonce(uint64_t *nonce, struct reader *r, const char *command, struct err *e)
{
	*nonce = get_le64(r);
	return reader_done(r) || bad(e, command, "nonce");
}

bool msg_decode(struct msg *m, enum msg_kind kind, struct span payload, struct err *e)
{
	const char *command = msg_type_name(kind);
	struct reader r;

	memset(m, 0, sizeof(*m));
	m->kind = kind;
	reader_init(&r, payload.p, payload.len);
	switch (kind) {
	case MSG_VERSION:
		return decode_version(&m->u.version, &r, e);
	case MSG_GETBLOCKS:
	case MSG_GETHEADERS:
		return decode_locator(&m->u.locator, &r, command, e);
	case MSG_INV:
	case MSG_GETDATA:
	case MSG_NOTFOUND:
		return decode_list(&m->u.list, &r, command, INV_MAX, INV_ITEM_BYTES, e);
	case MSG_HEADERS:
		return decode_list(&m->u.list, &r, command, HEADERS_MAX, HEADERS_ITEM_BYTES, e) &&
		       check_headers(&m->u.list, e);
	case MSG_ADDR:
		return decode_list(&m->u.list, &r, command, ADDR_MAX, ADDR_ITEM_BYTES, e);
	case MSG_BLOCK:
		return block_decode(&m->u.block, payload.p, payload.len, e) ||
		       err_prefix(e, "%s", command);
	case MSG_TX:
		return tx_decode(&m->u.tx, payload.p, payload.len, e) ||
		       err_prefix(e, "%s", command);
	case MSG_PING:
	case MSG_PONG:
		return decode_nonce(&m->u.nonce, &r, command, e);
	case MSG_VERACK:
	case MSG_GETADDR:
	case MSG_MEMPOOL:
	case MSG_SENDHEADERS:
		return reader_done(&r) || bad(e, command, "length");
	case MSG_KINDS:
		break;
	}
	return err_set(e, ERR_INTERNAL, "msg-kind", "no such message");
}

void msg_clear(struct msg *m)
{
	if (m->kind == MSG_BLOCK) {
		block_unref(m->u.block);
		m->u.block = NULL;
	} else if (m->kind == MSG_TX) {
		tx_unref(m->u.tx);
		m->u.tx = NULL;
	}
}

static void encode_list(struct writer *w, const struct msg_list *l, size_t item_bytes)
{
	put_compact(w, l->n);
	put_bytes(w, l->items, l->n * item_bytes);
}

void msg_encode(struct writer *w, const struct msg *m)
{
	switch (m->kind) {
	case MSG_VERSION:
		encode_version(w, &m->u.version);
		break;
	case MSG_GETBLOCKS:
	case MSG_GETHEADERS:
		put_le32(w, m->u.locator.version);
		put_compact(w, m->u.locator.n);
		put_bytes(w, m->u.locator.hashes, m->u.locator.n * HASH_BYTES);
		put_bytes(w, m->u.locator.stop.h.b, HASH_BYTES);
		break;
	case MSG_INV:
	case MSG_GETDATA:
	case MSG_NOTFOUND:
		encode_list(w, &m->u.list, INV_ITEM_BYTES);
		break;
	case MSG_HEADERS:
		encode_list(w, &m->u.list, HEADERS_ITEM_BYTES);
		break;
	case MSG_ADDR:
		encode_list(w, &m->u.list, ADDR_ITEM_BYTES);
		break;
	case MSG_BLOCK:
		put_bytes(w, m->u.block->raw.p, m->u.block->raw.len);
		break;
	case MSG_TX:
		put_bytes(w, m->u.tx->raw.p, m->u.tx->raw.len);
		break;
	case MSG_PING:
	case MSG_PONG:
		put_le64(w, m->u.nonce);
		break;
	case MSG_VERACK:
	case MSG_GETADDR:
	case MSG_MEMPOOL:
	case MSG_SENDHEADERS:
	case MSG_KINDS:
		break;
	}
}

struct inv_item msg_inv_at(const struct msg_list *l, size_t i)
{
	const uint8_t *p = l->items + i * INV_ITEM_BYTES;
	struct inv_item it = {.type = le32(p)};

	memcpy(it.hash.b, p + 4, HASH_BYTES);
	return it;
}

void put_inv_item(struct writer *w, uint32_t type, const struct hash256 *hash)
{
	put_le32(w, type);
	put_bytes(w, hash->b, HASH_BYTES);
}

struct addr_item msg_addr_at(const struct msg_list *l, size_t i)
{
	struct addr_item a;
	struct reader r;

	reader_init(&r, l->items + i * ADDR_ITEM_BYTES, ADDR_ITEM_BYTES);
	a.time = get_le32(&r);
	get_service(&r, &a.s);
	return a;
}

void put_addr_item(struct writer *w, const struct addr_item *a)
{
	put_le32(w, a->time);
	put_service(w, &a->s);
}

void msg_header_at(const struct msg_list *l, size_t i, struct block_header *out)
{
	header_decode(out, l->items + i * HEADERS_ITEM_BYTES);
}

void put_headers_item(struct writer *w, const struct block_header *h)
{
	uint8_t raw[HEADER_BYTES];

	header_encode(raw, h);
	put_bytes(w, raw, sizeof(raw));
	put_u8(w, 0);
}

bool agent_chain(struct span agent, struct block_hash *out, bool *found)
{
	static const char key[] = "chain=";
	const size_t key_n = sizeof(key) - 1;

	*found = false;
	for (size_t i = 1; i + key_n <= agent.len; i++) {
		char hex[HASH_HEX_CHARS + 1] = "";
		size_t at = i + key_n;

		/* Comments stand in parentheses, separated by semicolons (BIP 14). */
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
