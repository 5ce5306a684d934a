#include "protocol/wire/codec_priv.h"

#include <string.h>

#include <tally/base/text.h>

#include "protocol/wire/messages_priv.h"

bool msg_malformed(struct err *e, const char *name, const char *field)
{
	char token[ERR_TOKEN_CHARS + 1] = "";

	text_append(token, sizeof(token), "%s-%s", name, field);
	return err_set(e, ERR_DECODE, token, "%s: malformed %s", name, field);
}

bool msg_decode_list(struct msg *m, const struct msg_type *type, struct span payload, struct err *e)
{
	struct reader r;
	uint64_t n;

	reader_init(&r, payload.p, payload.len);
	n = get_compact(&r);
	if (!reader_ok(&r))
		return msg_malformed(e, type->name, "count");
	if (n > type->items_max) {
		char token[ERR_TOKEN_CHARS + 1] = "";

		text_append(token, sizeof(token), "%s-count", type->name);
		return err_set(e, ERR_DECODE, token, "%s: %llu entries: at most %zu", type->name,
			       (unsigned long long)n, type->items_max);
	}
	m->u.list.n = n;
	m->u.list.items = get_span(&r, n * type->item_bytes).p;
	if (!reader_done(&r))
		return msg_malformed(e, type->name, "length");
	return true;
}

void msg_encode_list(struct writer *w, const struct msg *m, const struct msg_type *type)
{
	put_compact(w, m->u.list.n);
	put_bytes(w, m->u.list.items, m->u.list.n * type->item_bytes);
}

bool msg_decode_empty(struct msg *m, const struct msg_type *type, struct span payload,
		      struct err *e)
{
	(void)m;
	return payload.len == 0 || msg_malformed(e, type->name, "length");
}

void get_service(struct reader *r, struct msg_service *s)
{
	s->services = get_le64(r);
	get_bytes(r, s->addr.ip, sizeof(s->addr.ip));
	s->addr.port = get_be16(r);
}

void put_service(struct writer *w, const struct msg_service *s)
{
	put_le64(w, s->services);
	put_bytes(w, s->addr.ip, sizeof(s->addr.ip));
	put_be16(w, s->addr.port);
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
	put_u8(w, 0); /* the count of transactions, always 0 */
}
