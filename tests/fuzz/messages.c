/* Fuzz targets for bytes of a peer: frames, payloads, user agents, whole connections. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/net/frame.h>

#include "fuzz_peer.h"
#include "protocol/wire/codec_priv.h"
#include "protocol/wire/messages_priv.h"
#include "protocol/wire/version_priv.h"

/* Decodes one frame after another, until one is invalid or incomplete. */
static void run_frame(const uint8_t *data, size_t size)
{
	while (size >= FRAME_HEADER_BYTES) {
		struct frame_header h;
		uint8_t again[FRAME_HEADER_BYTES];
		struct span payload;

		if (!frame_decode(&h, data, NULL))
			return;
		REQUIRE(h.length <= FRAME_PAYLOAD_MAX && strlen(h.type) <= FRAME_TYPE_CHARS);
		if (h.length > size - FRAME_HEADER_BYTES)
			return;
		payload = (struct span){data + FRAME_HEADER_BYTES, h.length};
		if (!frame_check(&h, payload, NULL))
			return;
		frame_encode(again, h.type, payload);
		fuzz_require_bytes(again, sizeof again, data, sizeof again);
		data += sizeof again + h.length;
		size -= sizeof again + h.length;
	}
}

/* Reads each entry of a list like the message's handler does; encoded again, it must give the same bytes. */
static void require_same_entries(const struct msg *m)
{
	const struct msg_list *l = &m->u.list;
	struct writer w;

	writer_init(&w);
	for (size_t i = 0; i < l->n; i++) {
		struct inv_item inv;
		struct addr_item addr;
		struct block_header h;

		if (m->kind == MSG_HEADERS) {
			msg_header_at(l, i, &h);
			put_headers_item(&w, &h);
		} else if (m->kind == MSG_ADDR) {
			addr = msg_addr_at(l, i);
			put_addr_item(&w, &addr);
		} else {
			inv = msg_inv_at(l, i);
			put_inv_item(&w, inv.type, &inv.hash);
		}
	}
	fuzz_require_bytes(w.buf, w.len, l->items, w.len);
	writer_clear(&w);
}

static void require_same_version(const struct msg *m, struct span payload, const struct writer *w)
{
	const struct msg_version *v = &m->u.version;
	struct block_hash hash;
	bool found;
	struct msg again;

	/* The encoding may differ from the payload: unknown bytes at the end are dropped, and the relay flag becomes 0
	 * or 1. Fields that an old peer left out stay absent. */
	REQUIRE(v->fields <= VERSION_FIELDS && w->len <= payload.len);
	REQUIRE(msg_decode(&again, MSG_VERSION, (struct span){w->buf, w->len}, NULL));
	REQUIRE(again.u.version.fields == v->fields && again.u.version.nonce == v->nonce &&
		again.u.version.start_height == v->start_height &&
		again.u.version.relay == v->relay);
	if (v->fields > 1)
		(void)version_chain_tag(v->agent, &hash, &found);
}

/* The first byte selects the kind of message, the rest is its payload. */
static void run_message(const uint8_t *data, size_t size)
{
	const enum msg_kind kind = size > 0 ? (enum msg_kind)(data[0] % MSG_KINDS) : MSG_VERACK;
	const struct span payload = {data + 1, size > 0 ? size - 1 : 0};
	enum msg_kind found;
	struct writer w;
	struct msg m;

	if (size == 0)
		return;
	REQUIRE(msg_type_find(msg_type_name(kind), &found) && found == kind);
	if (msg_decode(&m, kind, payload, NULL)) {
		writer_init(&w);
		msg_encode(&w, &m);
		if (kind == MSG_VERSION)
			require_same_version(&m, payload, &w);
		else
			fuzz_require_bytes(w.buf, w.len, payload.p, payload.len);
		if (kind == MSG_INV || kind == MSG_GETDATA || kind == MSG_NOTFOUND ||
		    kind == MSG_HEADERS || kind == MSG_ADDR)
			require_same_entries(&m);
		writer_clear(&w);
	}
	msg_clear(&m);
}

static void run_agent(const uint8_t *data, size_t size)
{
	struct block_hash hash;
	bool found;

	if (version_chain_tag((struct span){data, size}, &hash, &found) && found)
		REQUIRE(size > 2 * HASH_BYTES);
}

const struct fuzz_target fuzz_messages[] = {
	{"frame", run_frame},
	{"message", run_message},
	{"agent", run_agent},
	{"peer", fuzz_peer},
	{0},
};
