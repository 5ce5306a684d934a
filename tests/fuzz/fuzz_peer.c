/* One connection in memory to a protocol with a real chain and mempool. Whatever the peer sends, all messages to it
 * must be well-formed, and none may be sent after the connection was closed. */
#include "fuzz_peer.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/chain/chain.h>
#include <tally/mempool/mempool.h>
#include <tally/net/addrbook.h>
#include <tally/protocol/protocol.h>

#include "fuzz.h"
#include "protocol/wire/codec_priv.h"
#include "protocol/wire/messages_priv.h"

#define T0     1700000000
#define CONN   7
#define TICKS  3
#define BUDGET 1000
#define OLD    31799 /* the last protocol version without getheaders */

enum { NO_VERSION = 1, OUTBOUND = 2, NO_CHAIN = 4, OLD_PEER = 8 }; /* see fuzz_peer.h */

struct side {
	struct store *store;
	struct chain *chain;
	struct mempool *mempool; /* NULL: no chain */
};

static struct clock_manual manual_clock;
static struct sigpool *pool;
static struct side sides[2]; /* a node with a chain, and one without */
static bool closed;

static void open_side(struct side *s, const char *name, bool with_chain)
{
	char *dir = mem_printf("%s/%s", fuzz_dir(), name);
	const struct store_options so = {.dir = dir};
	struct chain_options co = {
		.sigpool = pool, .clock = &manual_clock.clock, .cache_bytes = 1 << 20};
	struct mempool_options mo = {
		.sigpool = pool, .clock = &manual_clock.clock, .max_bytes = MEMPOOL_MAX_BYTES};
	struct chain_params p;
	struct block *b;

	REQUIRE(store_open(&s->store, &so, NULL));
	co.store = s->store;
	REQUIRE(chain_open(&s->chain, &co, NULL));
	free(dir);
	if (!with_chain)
		return;
	params_default(&p, 0);
	strcpy(p.name, "fuzz");
	p.genesis_time = T0;
	REQUIRE(genesis_make(&b, &p, NULL) && chain_set_genesis(s->chain, b, NULL));
	block_unref(b);
	mo.chain = s->chain;
	s->mempool = mempool_new(&mo);
}

static void close_sides(void)
{
	for (size_t i = 0; i < 2; i++) {
		mempool_free(sides[i].mempool);
		chain_close(sides[i].chain);
		store_close(sides[i].store);
	}
	sigpool_free(pool);
}

static void open_sides(void)
{
	if (pool)
		return;
	(void)fuzz_dir(); /* first, as atexit() works backwards: the directory is removed after the stores are closed */
	clock_manual_init(&manual_clock, T0 + 1000);
	pool = sigpool_new(0);
	open_side(&sides[0], "chain", true);
	open_side(&sides[1], "none", false);
	atexit(close_sides);
}

/* --- the transport ------------------------------------------------------------------- */

static bool on_send(void *ctx, conn_id id, const char *command, struct span payload)
{
	enum msg_kind kind;
	struct msg m;

	(void)ctx;
	REQUIRE(id == CONN);
	if (closed)
		return false;
	REQUIRE(msg_type_find(command, &kind) && msg_decode(&m, kind, payload, NULL));
	msg_clear(&m);
	return true;
}

static bool on_send_shared(void *ctx, conn_id id, const char *command, struct shared_bytes *s)
{
	const bool sent = on_send(ctx, id, command, s->bytes);

	s->release(s);
	return sent;
}

static void on_close(void *ctx, conn_id id, enum close_kind kind, const char *reason)
{
	(void)ctx, (void)kind;
	REQUIRE(id == CONN && reason[0] != '\0');
	closed = true;
}

static void on_pause(void *ctx, conn_id id, bool paused)
{
	(void)ctx, (void)id, (void)paused;
}

static size_t on_queued(void *ctx, conn_id id)
{
	(void)ctx, (void)id;
	return 0;
}

static size_t on_queued_all(void *ctx)
{
	(void)ctx;
	return 0;
}

static void on_add_listen_addr(void *ctx, conn_id id, const struct net_addr *a)
{
	(void)ctx, (void)id, (void)a;
}

static void on_clear_listen_addrs(void *ctx, conn_id id)
{
	(void)ctx, (void)id;
}

static void on_add_own_addr(void *ctx, const struct net_addr *a)
{
	(void)ctx, (void)a;
}

static bool refuse_genesis(void *arg, struct block *genesis, conn_id from)
{
	(void)arg, (void)genesis, (void)from;
	return false;
}

/* --- the connection -------------------------------------------------------------------- */

static void send_version(const struct net_handler *h, bool old)
{
	const struct msg m = {.kind = MSG_VERSION,
			      .u.version = {.version = old ? OLD : 70015,
					    .services = 1,
					    .time = T0,
					    .fields = VERSION_FIELDS,
					    .nonce = 1,
					    .start_height = 5,
					    .relay = true}};
	struct writer w;

	writer_init(&w);
	msg_encode(&w, &m);
	h->message(h->arg, CONN, "version", (struct span){w.buf, w.len});
	writer_clear(&w);
}

static void do_pending_work(struct side *s, struct protocol *p)
{
	if (s->mempool) {
		REQUIRE(chain_settle(s->chain, NULL));
		sigpool_poll(pool);
		while (mempool_work(s->mempool, BUDGET))
			;
	}
	for (unsigned i = 0; i < 100 && protocol_work(p, BUDGET); i++)
		;
}

static void send_messages(struct side *s, struct protocol *p, const struct net_handler *h,
			  struct reader *r)
{
	while (reader_left(r) >= 3 && !closed) {
		const enum msg_kind kind = (enum msg_kind)(get_u8(r) % MSG_KINDS);
		const size_t want = get_le16(r), left = reader_left(r);
		const struct span payload = get_span(r, want < left ? want : left);

		h->message(h->arg, CONN, msg_type_name(kind), payload);
		do_pending_work(s, p);
	}
}

void fuzz_peer(const uint8_t *data, size_t size)
{
	const uint8_t flags = size > 0 ? data[0] : 0;
	struct side *s = (open_sides(), &sides[(flags & NO_CHAIN) != 0]);
	const struct record_store nowhere = {0};
	const struct protocol_events events = {.adopt = refuse_genesis};
	const struct transport t = {.send = on_send,
				    .send_shared = on_send_shared,
				    .close = on_close,
				    .pause = on_pause,
				    .queued = on_queued,
				    .queued_all = on_queued_all,
				    .add_listen_addr = on_add_listen_addr,
				    .clear_listen_addrs = on_clear_listen_addrs,
				    .add_own_addr = on_add_own_addr};
	const struct conn_info info = {
		.id = CONN,
		.kind = flags & OUTBOUND ? CONN_OUTBOUND : CONN_INBOUND,
		.peer = {.ip = {[10] = 255, 255, 10, 0, 0, 9}, .port = 4000},
		.local = {.ip = {[10] = 255, 255, 10, 0, 0, 1}, .port = 3000}};
	struct protocol_options o = {.chain = s->chain,
				     .mempool = s->mempool,
				     .clock = &manual_clock.clock,
				     .events = &events,
				     .port = 3000};
	struct rng_seeded rng;
	struct net_handler h;
	struct protocol *p;
	struct reader r;

	rng_seeded_init(&rng, 1);
	o.rng = &rng.rng;
	o.book = addrbook_new(&manual_clock.clock, &rng.rng, &nowhere);
	p = protocol_new(&o);
	h = protocol_net_handler(p);
	protocol_set_transport(p, t);
	closed = false;
	h.opened(h.arg, &info);
	if (!(flags & NO_VERSION))
		send_version(&h, (flags & OLD_PEER) != 0);
	reader_init(&r, data, size);
	(void)get_u8(&r);
	send_messages(s, p, &h, &r);
	for (unsigned i = 0; i < TICKS; i++) {
		clock_manual_advance(&manual_clock, 1000000);
		protocol_tick(p);
		do_pending_work(s, p);
	}
	closed = true;
	h.closed(h.arg, CONN, "end of input");
	protocol_tick(p);
	protocol_free(p);
	addrbook_free(o.book);
}
