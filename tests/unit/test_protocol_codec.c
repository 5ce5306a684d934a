/* Payloads: encoding reverses decoding, and malformed payloads are rejected with an error that
 * names the field. */
#include "protocol_net.h"

static struct rng_seeded rng;

static struct net_addr random_addr(void)
{
	struct net_addr a;

	rng_fill(&rng.rng, a.ip, sizeof(a.ip));
	a.port = (uint16_t)rng_u64(&rng.rng);
	return a;
}

/* Decodes, encodes again, and compares. */
static void assert_identity(enum msg_kind kind, const struct writer *w)
{
	struct writer again;
	struct msg m;
	struct err e = {0};

	assert_ok(msg_decode(&m, kind, (struct span){w->buf, w->len}, &e), e);
	writer_init(&again);
	msg_encode(&again, &m);
	assert_int_equal(again.len, w->len);
	if (w->len)
		assert_memory_equal(again.buf, w->buf, w->len);
	writer_clear(&again);
	msg_clear(&m);
}

static void assert_malformed(enum msg_kind kind, const void *p, size_t n, const char *part)
{
	struct msg m;
	struct err e = {0};

	if (msg_decode(&m, kind, (struct span){p, n}, &e))
		fail_msg("%s of %zu bytes decodes", msg_type_name(kind), n);
	assert_int_equal(e.cls, ERR_DECODE);
	if (!strstr(e.detail, msg_type_name(kind)) || !strstr(e.detail, part))
		fail_msg("\"%s\" names not %s and %s", e.detail, msg_type_name(kind), part);
	msg_clear(&m);
}

/* No shorter part of it decodes, and nothing with one more byte. */
static void assert_exact(enum msg_kind kind, const struct writer *w)
{
	uint8_t *more = mem_alloc(w->len + 1);

	for (size_t n = 0; n < w->len; n++)
		assert_malformed(kind, w->buf, n, "");
	if (w->len)
		memcpy(more, w->buf, w->len);
	more[w->len] = 0;
	assert_malformed(kind, more, w->len + 1, "");
	free(more);
}

static void encode_random_version(struct writer *w, struct msg_version *v, unsigned fields)
{
	static const char agent[] = "/random:1(a; b)/";

	memset(v, 0, sizeof(*v));
	v->version = (int32_t)rng_u64(&rng.rng);
	v->services = rng_u64(&rng.rng);
	v->time = (int64_t)rng_u64(&rng.rng);
	v->to = (struct msg_service){rng_u64(&rng.rng), random_addr()};
	v->from = (struct msg_service){rng_u64(&rng.rng), random_addr()};
	v->fields = fields;
	v->nonce = rng_u64(&rng.rng);
	v->agent = (struct span){(const uint8_t *)agent, rng_below(&rng.rng, sizeof(agent))};
	v->start_height = (int32_t)rng_u64(&rng.rng);
	v->relay = rng_below(&rng.rng, 2);
	msg_encode(w, &(struct msg){.kind = MSG_VERSION, .u.version = *v});
}

static void version_encodes_and_decodes_with_any_number_of_fields(void **state)
{
	struct writer w;
	struct msg_version v;

	(void)state;
	writer_init(&w);
	for (unsigned i = 0; i < 200; i++) {
		writer_reset(&w);
		encode_random_version(&w, &v, i % (VERSION_FIELDS + 1));
		assert_identity(MSG_VERSION, &w);
	}
	writer_clear(&w);
}

static void version_may_end_only_after_a_complete_field(void **state)
{
	struct writer w;
	struct msg_version v;
	struct msg m;

	(void)state;
	writer_init(&w);
	encode_random_version(&w, &v, VERSION_FIELDS);
	for (size_t n = 0; n < w.len; n++) {
		size_t agent_end = 80 + 1 + v.agent.len;
		bool whole = n == 72 || n == 80 || n == agent_end || n == agent_end + 4;

		assert_int_equal(msg_decode(&m, MSG_VERSION, (struct span){w.buf, n}, NULL), whole);
	}
	/* Fields that a newer version adds are ignored. */
	put_u8(&w, 1);
	put_u8(&w, 2);
	assert_true(msg_decode(&m, MSG_VERSION, (struct span){w.buf, w.len}, NULL));
	assert_malformed(MSG_VERSION, w.buf, 71, "addresses");
	assert_malformed(MSG_VERSION, w.buf, 79, "nonce");
	assert_malformed(MSG_VERSION, w.buf, 80 + v.agent.len, "user-agent");
	assert_malformed(MSG_VERSION, w.buf, 80 + 1 + v.agent.len + 3, "start-height");
	writer_clear(&w);
}

static void omitted_fields_of_version_have_defaults(void **state)
{
	struct writer w;
	struct msg_version v;
	struct msg m;

	(void)state;
	writer_init(&w);
	encode_random_version(&w, &v, 0);
	assert_true(msg_decode(&m, MSG_VERSION, (struct span){w.buf, w.len}, NULL));
	assert_int_equal(m.u.version.fields, 0);
	assert_int_equal(m.u.version.start_height, 0);
	assert_true(m.u.version.relay);
	assert_int_equal(m.u.version.agent.len, 0);
	writer_clear(&w);
}

static void a_long_user_agent_is_malformed(void **state)
{
	uint8_t long_agent[PEER_AGENT_MAX + 1] = {0};
	struct msg m = {.kind = MSG_VERSION};
	struct writer w;

	(void)state;
	writer_init(&w);
	m.u.version.fields = 2;
	m.u.version.agent = (struct span){long_agent, PEER_AGENT_MAX};
	msg_encode(&w, &m);
	assert_identity(MSG_VERSION, &w);
	writer_reset(&w);
	m.u.version.agent.len++;
	msg_encode(&w, &m);
	assert_malformed(MSG_VERSION, w.buf, w.len, "user-agent");
	writer_clear(&w);
}

static void random_bytes(struct writer *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_u8(w, (uint8_t)rng_u64(&rng.rng));
}

static void put_random_locator(struct writer *w, size_t n)
{
	put_le32(w, (uint32_t)rng_u64(&rng.rng));
	put_compact(w, n);
	random_bytes(w, (n + 1) * HASH_BYTES);
}

static void locators_encode_and_decode_and_are_bounded(void **state)
{
	static const size_t counts[] = {0, 1, 2, 32, CHAIN_LOCATOR_MAX};
	struct writer w;

	(void)state;
	writer_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		writer_reset(&w);
		put_random_locator(&w, counts[i]);
		assert_identity(MSG_GETBLOCKS, &w);
		assert_identity(MSG_GETHEADERS, &w);
		if (counts[i] < 3) {
			assert_exact(MSG_GETBLOCKS, &w);
			assert_exact(MSG_GETHEADERS, &w);
		}
	}
	writer_reset(&w);
	put_random_locator(&w, CHAIN_LOCATOR_MAX + 1);
	assert_malformed(MSG_GETBLOCKS, w.buf, w.len, "102");
	assert_malformed(MSG_GETHEADERS, w.buf, w.len, "102");
	writer_clear(&w);
}

static void lists_encode_and_decode_and_are_bounded(void **state)
{
	static const struct {
		enum msg_kind kind;
		size_t max, item;
	} lists[] = {
		{MSG_INV, INV_MAX, INV_ITEM_BYTES},
		{MSG_GETDATA, INV_MAX, INV_ITEM_BYTES},
		{MSG_NOTFOUND, INV_MAX, INV_ITEM_BYTES},
		{MSG_ADDR, ADDR_MAX, ADDR_ITEM_BYTES},
	};
	struct writer w;

	(void)state;
	writer_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (size_t n = 0; n < 4; n++) {
			writer_reset(&w);
			put_compact(&w, n);
			random_bytes(&w, n * lists[i].item);
			assert_identity(lists[i].kind, &w);
			assert_exact(lists[i].kind, &w);
		}
		writer_reset(&w);
		put_compact(&w, lists[i].max);
		random_bytes(&w, lists[i].max * lists[i].item);
		assert_identity(lists[i].kind, &w);
		/* The count is rejected before any entry is read. */
		writer_reset(&w);
		put_compact(&w, lists[i].max + 1);
		assert_malformed(lists[i].kind, w.buf, w.len, "at most");
		writer_reset(&w);
		put_compact(&w, UINT64_MAX);
		assert_malformed(lists[i].kind, w.buf, w.len, "at most");
		/* CompactSize must be in its shortest form. */
		assert_malformed(lists[i].kind, (const uint8_t[]){0xfd, 0, 0}, 3, "count");
	}
	writer_clear(&w);
}

static void headers_encode_and_decode_and_have_no_transactions(void **state)
{
	struct writer w;

	(void)state;
	writer_init(&w);
	for (size_t n = 0; n < 3; n++) {
		writer_reset(&w);
		put_compact(&w, n);
		for (size_t i = 0; i < n; i++) {
			random_bytes(&w, HEADER_BYTES);
			put_u8(&w, 0);
		}
		assert_identity(MSG_HEADERS, &w);
		assert_exact(MSG_HEADERS, &w);
	}
	w.buf[w.len - 1] = 1;
	assert_malformed(MSG_HEADERS, w.buf, w.len, "transaction-count");
	writer_reset(&w);
	put_compact(&w, HEADERS_MAX + 1);
	assert_malformed(MSG_HEADERS, w.buf, w.len, "at most");
	writer_clear(&w);
}

static void ping_and_pong_have_eight_bytes(void **state)
{
	struct writer w;

	(void)state;
	writer_init(&w);
	put_le64(&w, rng_u64(&rng.rng));
	assert_identity(MSG_PING, &w);
	assert_identity(MSG_PONG, &w);
	assert_exact(MSG_PING, &w);
	assert_exact(MSG_PONG, &w);
	writer_clear(&w);
}

static void messages_without_payload_have_no_bytes(void **state)
{
	static const enum msg_kind kinds[] = {MSG_VERACK, MSG_GETADDR, MSG_MEMPOOL,
					      MSG_SENDHEADERS};
	struct writer w;

	(void)state;
	writer_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_identity(kinds[i], &w);
		assert_malformed(kinds[i], (const uint8_t[]){0}, 1, "length");
	}
	writer_clear(&w);
}

static void blocks_and_transactions_encode_and_decode_exactly(void **state)
{
	struct block *b = test_genesis("codec");
	struct writer w;

	(void)state;
	writer_init(&w);
	msg_encode(&w, &(struct msg){.kind = MSG_BLOCK, .u.block = b});
	assert_identity(MSG_BLOCK, &w);
	assert_exact(MSG_BLOCK, &w);
	writer_reset(&w);
	put_bytes(&w, b->tx[0].raw.p, b->tx[0].raw.len);
	assert_identity(MSG_TX, &w);
	assert_exact(MSG_TX, &w);
	writer_clear(&w);
	block_unref(b);
}

static void entries_of_lists_encode_and_decode(void **state)
{
	struct inv_item inv;
	struct addr_item addr = {.time = 12345, .s = {5, ipv4(10, 1, 2, 3, 4567)}}, got;
	struct hash256 h;
	struct writer w;

	(void)state;
	rng_fill(&rng.rng, h.b, sizeof(h.b));
	writer_init(&w);
	put_inv_item(&w, INV_TX, &h);
	put_inv_item(&w, INV_BLOCK, &h);
	inv = msg_inv_at(&(struct msg_list){2, w.buf}, 1);
	assert_int_equal(inv.type, INV_BLOCK);
	assert_memory_equal(inv.hash.b, h.b, sizeof(h.b));
	writer_reset(&w);
	put_addr_item(&w, &addr);
	got = msg_addr_at(&(struct msg_list){1, w.buf}, 0);
	assert_int_equal(got.time, 12345);
	assert_int_equal(got.s.services, 5);
	assert_true(net_addr_equal(&got.s.addr, &addr.s.addr));
	writer_clear(&w);
}

static bool tag(const char *agent, struct block_hash *out, bool *found)
{
	return version_chain_tag(text_span(agent), out, found);
}

static void a_malformed_chain_tag_is_rejected(void **state)
{
#define H63 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef"
	struct block_hash h;
	bool found;
	char hex[HASH_HEX_CHARS + 1];

	(void)state;
	assert_true(tag("/tally:0.1.0(chain=" H63 "0)/", &h, &found));
	assert_true(found);
	hash256_hex(hex, &h.h);
	assert_string_equal(hex, H63 "0");
	assert_true(tag("/x:1(a; chain=" H63 "1; b)/", &h, &found));
	assert_true(found);
	assert_true(tag("", &h, &found));
	assert_false(found);
	assert_true(tag("/Satoshi:0.21.0/", &h, &found));
	assert_false(found);
	assert_true(tag("/blockchain=3/", &h, &found));
	assert_false(found);
	assert_false(tag("/tally:0.1.0(chain=" H63 ")/", &h, &found));
	assert_false(tag("/tally:0.1.0(chain=" H63 "00)/", &h, &found));
	assert_false(tag("/tally:0.1.0(chain=" H63 "g)/", &h, &found));
	assert_false(tag("/tally:0.1.0(chain=" H63 "0", &h, &found));
	assert_false(tag("/tally:0.1.0(chain=)/", &h, &found));
#undef H63
}

static int setup(void **state)
{
	rng_seeded_init(&rng, 7);
	return group_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_encodes_and_decodes_with_any_number_of_fields),
		cmocka_unit_test(version_may_end_only_after_a_complete_field),
		cmocka_unit_test(omitted_fields_of_version_have_defaults),
		cmocka_unit_test(a_long_user_agent_is_malformed),
		cmocka_unit_test(locators_encode_and_decode_and_are_bounded),
		cmocka_unit_test(lists_encode_and_decode_and_are_bounded),
		cmocka_unit_test(headers_encode_and_decode_and_have_no_transactions),
		cmocka_unit_test(ping_and_pong_have_eight_bytes),
		cmocka_unit_test(messages_without_payload_have_no_bytes),
		cmocka_unit_test(blocks_and_transactions_encode_and_decode_exactly),
		cmocka_unit_test(entries_of_lists_encode_and_decode),
		cmocka_unit_test(a_malformed_chain_tag_is_rejected),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
