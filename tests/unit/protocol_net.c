#include "protocol_net.h"

#include <time.h>

/* --- blocks ------------------------------------------------------------------------ */

struct key_seed test_seed(uint8_t n)
{
	struct key_seed s;

	memset(s.b, n, sizeof(s.b));
	return s;
}

struct key_hash test_owner(uint8_t n)
{
	struct key_seed s = test_seed(n);
	struct pubkey pub;
	struct key_hash kh;

	key_pubkey(&pub, &s);
	key_hash(&kh, &pub);
	return kh;
}

struct block *test_genesis_at(const char *name, int64_t time)
{
	struct chain_params p;
	struct block *b = NULL;
	struct err e = {0};

	params_default(&p, 0);
	snprintf(p.name, sizeof(p.name), "%s", name);
	p.creator = test_owner(1);
	p.genesis_time = (uint32_t)time;
	assert_ok(genesis_make(&b, &p, &e), e);
	return b;
}

struct block *test_genesis(const char *name)
{
	return test_genesis_at(name, NET_T0);
}

struct block *mine(struct block_header h, const struct span *raws, size_t n)
{
	struct u256 target;
	struct block *b = block_make(&h, raws, n);
	uint8_t raw[HEADER_BYTES], le[32];
	uint64_t tried;

	h.merkle_root = b->tx[0].id.h;
	if (n > 1) {
		/* The merkle root is made for at most two transactions. */
		assert_int_equal(n, 2);
		sha256d_pair(&h.merkle_root, &b->tx[0].id.h, &b->tx[1].id.h);
	}
	block_unref(b);
	assert_true(target_from_bits(&target, h.bits));
	u256_to_le(le, &target);
	header_encode(raw, &h);
	assert_true(pow_scan(raw, le, 0, UINT64_C(1) << 32, &h.nonce, &tried));
	return block_make(&h, raws, n);
}

struct block *block_upon(const struct block *prev, uint32_t height, uint8_t salt,
			 const struct tx *tx)
{
	struct key_hash to = test_owner(1);
	uint8_t script[SCRIPT_HEIGHT_MAX + 8] = {0}, pay[SCRIPT_PAY_BYTES];
	size_t len = script_height(script, height);
	struct txin in = {.prev.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL};
	struct txout out = {.value = 50 * COIN, .script = {pay, sizeof(pay)}};
	struct block_header h = {.version = BLOCK_VERSION,
				 .prev = prev->hash,
				 .time = prev->header.time + 1,
				 .bits = POW_LIMIT_BITS_INSTANT};
	struct span raws[2];
	struct writer w;
	struct block *b;

	script[len] = salt;
	in.script = (struct span){script, len + 8};
	script_pay(pay, &to);
	writer_init(&w);
	tx_write(&w, &in, 1, &out, 1, 0);
	raws[0] = (struct span){w.buf, w.len};
	if (tx)
		raws[1] = tx->raw;
	b = mine(h, raws, tx ? 2 : 1);
	writer_clear(&w);
	return b;
}

struct block **chain_make(const struct block *from, uint32_t from_height, size_t n, uint8_t salt)
{
	struct block **all = mem_array(n + 1, sizeof(struct block *));

	all[0] = from ? block_ref((struct block *)(uintptr_t)from) : test_genesis("test");
	for (size_t i = 1; i <= n; i++)
		all[i] = block_upon(all[i - 1], from_height + (uint32_t)i, salt, NULL);
	return all;
}

void chain_drop(struct block **all, size_t n)
{
	for (size_t i = 0; i <= n; i++)
		block_unref(all[i]);
	free(all);
}

struct tx *pay_from(const struct tx *from, const struct block_hash *genesis, int64_t fee,
		    bool good_signature)
{
	struct key_seed seed = test_seed(1);
	struct key_hash to = test_owner(1);
	struct coin coin = {.value = from->out[0].value, .owner = to};
	uint8_t pay[SCRIPT_PAY_BYTES], script[SCRIPT_INPUT_BYTES] = {0};
	struct txin in = {.prev = {from->id, 0}, .sequence = SEQUENCE_FINAL};
	struct txout out = {.value = from->out[0].value - fee, .script = {pay, sizeof(pay)}};
	struct signature sig;
	struct sighash sums;
	struct hash256 digest;
	struct pubkey pub;
	struct writer w;
	struct tx *tx = NULL;

	script_pay(pay, &to);
	in.script = (struct span){script, sizeof(script)};
	writer_init(&w);
	tx_write(&w, &in, 1, &out, 1, 0);
	assert_true(tx_decode(&tx, w.buf, w.len, NULL));
	sighash_init(&sums, tx, genesis);
	sighash_input(&digest, &sums, 0, &coin);
	key_pubkey(&pub, &seed);
	key_sign(&sig, &seed, &digest);
	if (!good_signature)
		sig.b[3] ^= 1;
	script_input(script, &sig, &pub);
	tx_unref(tx);
	writer_reset(&w);
	tx_write(&w, &in, 1, &out, 1, 0);
	assert_true(tx_decode(&tx, w.buf, w.len, NULL));
	writer_clear(&w);
	return tx;
}

/* --- the transport ------------------------------------------------------------------- */

static struct tconn *conn_of(struct tnode *n, conn_id id)
{
	for (size_t i = 0; i < n->net->n_conns; i++)
		if (n->net->conns[i]->node == n && n->net->conns[i]->info.id == id)
			return n->net->conns[i];
	return NULL;
}

void inbox_put(struct tconn *to, const char *command, struct span payload)
{
	struct tmsg *m = mem_alloc(sizeof(*m) + payload.len);

	snprintf(m->command, sizeof(m->command), "%s", command);
	m->len = payload.len;
	if (payload.len)
		memcpy(m->payload, payload.p, payload.len);
	list_add(&to->inbox, &m->link);
	to->inbox_bytes += payload.len;
}

static bool fake_send(void *ctx, conn_id id, const char *command, struct span payload)
{
	struct tconn *c = conn_of(ctx, id);

	if (!c || !c->open)
		return false;
	c->node->sent_blocks += strcmp(command, "block") == 0;
	inbox_put(c->other, command, payload);
	if (c->other->inbox_bytes > (1u << 20))
		c->above = true;
	return true;
}

static bool fake_send_shared(void *ctx, conn_id id, const char *command, struct shared_bytes *s)
{
	const bool sent = fake_send(ctx, id, command, s->bytes);

	s->release(s);
	return sent;
}

void fake_close(void *ctx, conn_id id, enum close_kind kind, const char *reason)
{
	struct tconn *c = conn_of(ctx, id);

	if (!c || !c->open)
		return;
	c->open = false;
	c->kind = kind;
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
	inbox_put(c, "", (struct span){0});
	inbox_put(c->other, "", (struct span){0});
}

static void fake_pause(void *ctx, conn_id id, bool paused)
{
	conn_of(ctx, id)->paused = paused;
}

static size_t fake_queued(void *ctx, conn_id id)
{
	struct tconn *c = conn_of(ctx, id);

	return c ? c->other->inbox_bytes : 0;
}

/* The test sets what the transport reports: it fills no real queues. */
static size_t fake_queued_all(void *ctx)
{
	struct tnode *n = ctx;

	return n->queued_all;
}

/* Kept in the connection, where tests read it. */
static void fake_add_listen_addr(void *ctx, conn_id id, const struct net_addr *a)
{
	conn_of(ctx, id)->listens = *a;
}

static void fake_clear_listen_addrs(void *ctx, conn_id id)
{
	conn_of(ctx, id)->listens = (struct net_addr){0};
}

static void fake_add_own_addr(void *ctx, const struct net_addr *a)
{
	struct tnode *n = ctx;

	n->own = *a;
}

/* --- a node --------------------------------------------------------------------------- */

static void on_connected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct tnode *n = arg;

	if (n->mempool)
		mempool_block_connected(n->mempool, b);
	if (n->protocol)
		protocol_block_connected(n->protocol, at, b);
}

static void on_disconnected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct tnode *n = arg;

	(void)at;
	if (n->mempool)
		mempool_block_disconnected(n->mempool, b);
	if (n->protocol)
		protocol_block_disconnected(n->protocol);
}

static void on_tip(void *arg, const struct chain_entry *tip)
{
	struct tnode *n = arg;

	if (n->mempool)
		mempool_tip_changed(n->mempool);
	if (n->protocol)
		protocol_tip_changed(n->protocol, tip);
}

static void on_invalid(void *arg, const struct block_hash *hash, const struct err *why)
{
	struct tnode *n = arg;

	protocol_block_invalid(n->protocol, hash, why);
}

static void on_added(void *arg, const struct mempool_entry *en)
{
	struct tnode *n = arg;

	protocol_tx_added(n->protocol, en);
}

static void on_verdict(void *arg, const struct tx *tx, uint64_t origin, const struct err *err)
{
	struct tnode *n = arg;

	protocol_tx_verdict(n->protocol, tx, origin, err);
}

static void want_chain(void *arg)
{
	((struct tnode *)arg)->work_chain = true;
}

static void want_mempool(void *arg)
{
	((struct tnode *)arg)->work_mempool = true;
}

static void want_protocol(void *arg)
{
	((struct tnode *)arg)->work_protocol = true;
}

static void on_offers(void *arg)
{
	((struct tnode *)arg)->offers_events++;
}

static void on_message(void *arg, const struct msg_record *rec)
{
	struct tnode *n = arg;

	if (n->n_records < NET_RECORDS)
		n->records[n->n_records++] = *rec;
}

static void make_mempool(struct tnode *n)
{
	n->mempool_events = (struct mempool_events){.added = on_added, .verdict = on_verdict};
	n->mempool = mempool_new(&(struct mempool_options){.chain = n->chain,
							   .sigpool = n->sigpool,
							   .clock = &n->net->clock.clock,
							   .max_bytes = MEMPOOL_MAX_BYTES,
							   .events = &n->mempool_events,
							   .events_arg = n});
}

static bool on_adopt(void *arg, struct block *genesis, conn_id from)
{
	struct tnode *n = arg;
	struct err e = {0};

	(void)from;
	if (n->refuse)
		return false;
	n->adopted++;
	assert_ok(chain_set_genesis(n->chain, genesis, &e), e);
	make_mempool(n);
	protocol_chain_ready(n->protocol, n->mempool);
	return true;
}

struct tnet *net_of(void **state)
{
	static unsigned nets;
	struct tnet *net = NEW(struct tnet);

	net->at = nets++;
	net->dir = *state;
	clock_manual_init(&net->clock, NET_NOW);
	return net;
}

struct tnode *node_add_with(struct tnet *net, struct block **all, size_t n_blocks,
			    const struct block_hash *wanted)
{
	struct tnode *n = &net->nodes[net->n_nodes];
	struct protocol_options o = {0};
	struct store_options so = net->dir->o;
	char dir[320];
	struct err e = {0};

	assert_true(net->n_nodes < NET_NODES);
	n->net = net;
	n->at = (unsigned)net->n_nodes++;
	snprintf(dir, sizeof(dir), "%s/net%u.node%u", net->dir->dir, net->at, n->at);
	so.dir = dir;
	n->records = mem_array(NET_RECORDS, sizeof(*n->records));
	rng_seeded_init(&n->rng, 100 + n->at);
	assert_ok(store_open(&n->store, &so, &e), e);
	n->sigpool = sigpool_new(0);
	n->chain_events = (struct chain_events){.connected = on_connected,
						.disconnected = on_disconnected,
						.tip = on_tip,
						.invalid = on_invalid};
	assert_ok(chain_open(&n->chain,
			     &(struct chain_options){.store = n->store,
						     .sigpool = n->sigpool,
						     .clock = &net->clock.clock,
						     .cache_bytes = UINT64_C(4) << 20,
						     .events = &n->chain_events,
						     .events_arg = n},
			     &e),
		  e);
	if (all) {
		assert_ok(chain_set_genesis(n->chain, all[0], &e), e);
		chain_set_catching_up(n->chain, true);
		for (size_t i = 1; i <= n_blocks; i++)
			assert_ok(chain_accept_block(n->chain, all[i], &e), e);
		assert_ok(chain_settle(n->chain, &e), e);
		chain_set_catching_up(n->chain, false);
		make_mempool(n);
	}
	n->events = (struct protocol_events){.chain_work = want_chain,
					     .mempool_work = want_mempool,
					     .protocol_work = want_protocol,
					     .adopt = on_adopt,
					     .offers = on_offers,
					     .message = on_message};
	n->book = addrbook_new(&net->clock.clock, &n->rng.rng, NULL);
	o.chain = n->chain;
	o.mempool = n->mempool;
	o.book = n->book;
	o.clock = &net->clock.clock;
	o.rng = &n->rng.rng;
	o.port = (uint16_t)(3000 + n->at);
	o.sync = net->sync;
	if (wanted) {
		o.want_chain = true;
		o.wanted = *wanted;
	}
	o.events = &n->events;
	o.events_arg = n;
	n->protocol = protocol_new(&o);
	protocol_set_transport(n->protocol,
			       (struct transport){.send = fake_send,
						  .send_shared = fake_send_shared,
						  .close = fake_close,
						  .pause = fake_pause,
						  .queued = fake_queued,
						  .queued_all = fake_queued_all,
						  .add_listen_addr = fake_add_listen_addr,
						  .clear_listen_addrs = fake_clear_listen_addrs,
						  .add_own_addr = fake_add_own_addr,
						  .ctx = n});
	return n;
}

struct tnode *node_add(struct tnet *net, struct block **all, size_t n_blocks)
{
	return node_add_with(net, all, n_blocks, NULL);
}

void inbox_clear(struct tconn *c)
{
	list_each_safe (it, &c->inbox) {
		list_del(it);
		free(list_entry(it, struct tmsg, link));
	}
	c->inbox_bytes = 0;
}

void net_drop(struct tnet *net)
{
	for (size_t i = 0; i < net->n_nodes; i++) {
		struct tnode *n = &net->nodes[i];

		protocol_free(n->protocol);
		if (n->mempool)
			mempool_free(n->mempool);
		chain_close(n->chain);
		sigpool_free(n->sigpool);
		addrbook_free(n->book);
		store_close(n->store);
		free(n->records);
	}
	for (size_t i = 0; i < net->n_conns; i++) {
		inbox_clear(net->conns[i]);
		free(net->conns[i]);
	}
	free(net);
}

/* --- connections ------------------------------------------------------------------------ */

struct net_addr loopback(uint16_t port)
{
	struct net_addr a = {.port = port};

	a.ip[10] = a.ip[11] = 0xff;
	a.ip[12] = 127;
	a.ip[15] = 1;
	return a;
}

struct net_addr ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	struct net_addr x = {.port = port};

	x.ip[10] = x.ip[11] = 0xff;
	x.ip[12] = a;
	x.ip[13] = b;
	x.ip[14] = c;
	x.ip[15] = d;
	return x;
}

struct tconn *conn_end(struct tnet *net, struct tnode *node, enum conn_kind kind,
		       struct net_addr peer, struct net_addr local)
{
	struct tconn *c = NEW(struct tconn);

	assert_true(net->n_conns < NET_CONNS);
	list_init(&c->inbox);
	c->node = node;
	c->open = true;
	c->info = (struct conn_info){++net->next_id, kind, peer, local};
	net->conns[net->n_conns++] = c;
	return c;
}

void conn_opened(struct tconn *c)
{
	struct net_handler h;

	if (!c->node)
		return;
	h = protocol_net_handler(c->node->protocol);
	h.opened(h.arg, &c->info);
}

struct tconn *conn_between(struct tnet *net, struct tnode *from, struct tnode *to,
			   enum conn_kind kind, struct net_addr there)
{
	struct net_addr here = there;
	struct tconn *a, *b;

	here.port = (uint16_t)(50000 + net->next_id);
	a = conn_end(net, from, kind, there, here);
	b = conn_end(net, to, CONN_INBOUND, here, there);
	a->other = b;
	b->other = a;
	conn_opened(b);
	conn_opened(a);
	return a;
}

struct tconn *dial(struct tnode *from, struct tnode *to)
{
	return conn_between(from->net, from, to, CONN_OUTBOUND,
			    loopback((uint16_t)(3000 + to->at)));
}

struct tconn *raw_dials(struct tnode *to)
{
	return conn_between(to->net, NULL, to, CONN_INBOUND, loopback((uint16_t)(3000 + to->at)));
}

struct tconn *raw_dialled(struct tnode *from, uint16_t port)
{
	return conn_between(from->net, from, NULL, CONN_OUTBOUND, loopback(port))->other;
}

bool deliver_one(struct tconn *c)
{
	struct net_handler h = protocol_net_handler(c->node->protocol);
	struct tmsg *m = list_first(&c->inbox, struct tmsg, link);

	list_del(&m->link);
	c->inbox_bytes -= m->len;
	if (m->command[0] == '\0') {
		if (!c->reason[0])
			snprintf(c->reason, sizeof(c->reason), "closed by peer");
		c->open = false;
		inbox_clear(c);
		h.closed(h.arg, c->info.id, c->reason);
	} else if (c->open) {
		h.message(h.arg, c->info.id, m->command, (struct span){m->payload, m->len});
	}
	free(m);
	if (c->other->above && c->inbox_bytes < (1u << 19)) {
		c->other->above = false;
		if (c->other->node && c->other->open) {
			h = protocol_net_handler(c->other->node->protocol);
			h.drained(h.arg, c->other->info.id);
		}
	}
	return true;
}

static bool node_turn(struct tnode *n)
{
	enum chain_work_state state;
	struct err e = {0};
	bool did = false;

	if (n->work_chain) {
		n->work_chain = false;
		did = true;
		assert_ok(chain_work(n->chain, 1000, &state, &e), e);
		if (state != CHAIN_IDLE) {
			sigpool_poll(n->sigpool);
			n->work_chain = true;
			/* While the disk writes, a slow one must not use up the rounds of run(). */
			if (state == CHAIN_WAITING)
				nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
		} else {
			protocol_chain_idle(n->protocol);
			n->work_mempool = true;
		}
	}
	if (n->work_mempool && n->mempool) {
		n->work_mempool = mempool_work(n->mempool, 1000);
		sigpool_poll(n->sigpool);
		did = true;
	}
	if (n->work_protocol) {
		n->work_protocol = protocol_work(n->protocol, 1000);
		did = true;
	}
	n->catching_seen += chain_has_genesis(n->chain) && chain_catching_up(n->chain);
	return did;
}

void run(struct tnet *net)
{
	bool did;

	for (unsigned rounds = 0;; rounds++) {
		did = false;
		for (size_t i = 0; i < net->n_conns; i++) {
			struct tconn *c = net->conns[i];

			for (int k = 0; k < 64; k++) {
				if (!c->node || (c->paused && c->open) || list_empty(&c->inbox))
					break;
				did = deliver_one(c);
			}
		}
		for (size_t i = 0; i < net->n_nodes; i++)
			did = node_turn(&net->nodes[i]) || did;
		if (!did)
			return;
		assert_true(rounds < 1000000);
	}
}

void pass(struct tnet *net, unsigned seconds)
{
	for (unsigned s = 0; s < seconds; s++) {
		clock_manual_advance(&net->clock, 1000000);
		for (size_t i = 0; i < net->n_nodes; i++) {
			protocol_tick(net->nodes[i].protocol);
			if (chain_has_genesis(net->nodes[i].chain) &&
			    chain_retry_future(net->nodes[i].chain))
				net->nodes[i].work_chain = true;
		}
		run(net);
	}
}

/* --- peers that the test plays ----------------------------------------------------------- */

void raw_send(struct tconn *raw, const char *command, const void *payload, size_t n)
{
	if (raw->other->open)
		inbox_put(raw->other, command, (struct span){payload, n});
}

void raw_msg(struct tconn *raw, const struct msg *m)
{
	struct writer w;

	writer_init(&w);
	msg_encode(&w, m);
	raw_send(raw, msg_type_name(m->kind), w.buf, w.len);
	writer_clear(&w);
}

void raw_version(struct tconn *raw, struct raw_version v)
{
	struct msg m = {.kind = MSG_VERSION};
	char agent[200] = "/other:1/", hex[HASH_HEX_CHARS + 1];

	if (v.tag) {
		hash256_hex(hex, &v.tag->h);
		snprintf(agent, sizeof(agent), "/tally:9.9.9(chain=%s)/", hex);
	}
	if (v.agent)
		snprintf(agent, sizeof(agent), "%s", v.agent);
	m.u.version = (struct msg_version){.version = v.version ? v.version : PROTOCOL_VERSION,
					   .services = SERVICE_NETWORK,
					   .time = NET_NOW + v.clock_ahead,
					   .fields = VERSION_FIELDS,
					   .nonce = v.nonce ? v.nonce : 77 + raw->info.id,
					   .agent = {(uint8_t *)agent, strlen(agent)},
					   .start_height = v.height,
					   .relay = true};
	m.u.version.to.addr = loopback(1);
	m.u.version.from.addr = loopback(v.port);
	raw_msg(raw, &m);
}

void raw_inv(struct tconn *raw, enum msg_kind kind, enum inv_type type,
	     const struct hash256 *hashes, size_t n)
{
	struct msg m = {.kind = kind};
	struct writer w;

	writer_init(&w);
	for (size_t i = 0; i < n; i++)
		put_inv_item(&w, type, &hashes[i]);
	m.u.list = (struct msg_list){n, w.buf};
	raw_msg(raw, &m);
	writer_clear(&w);
}

void raw_block(struct tconn *raw, struct block *b)
{
	raw_msg(raw, &(struct msg){.kind = MSG_BLOCK, .u.block = b});
}

struct tmsg *raw_next(struct tconn *raw, const char *command)
{
	list_each_safe (it, &raw->inbox) {
		struct tmsg *m = list_entry(it, struct tmsg, link);

		list_del(&m->link);
		raw->inbox_bytes -= m->len;
		if (!command || strcmp(m->command, command) == 0)
			return m;
		free(m);
	}
	return NULL;
}

bool raw_got(struct tconn *raw, const char *command)
{
	struct tmsg *m = raw_next(raw, command);

	free(m);
	return m != NULL;
}

struct tconn *raw_peer(struct tnode *to)
{
	struct tconn *raw = raw_dials(to);

	raw_version(raw, (struct raw_version){.height = 0});
	/* It answers the first getheaders with no headers. */
	raw_send(raw, "headers", "", 1);
	run(to->net);
	assert_true(raw->other->open);
	inbox_clear(raw);
	return raw;
}

/* --- assertions -------------------------------------------------------------------------- */

bool same_tip(const struct tnode *a, const struct tnode *b)
{
	struct chain_entry x = chain_tip(a->chain), y = chain_tip(b->chain);

	return hash256_equal(&x.hash.h, &y.hash.h);
}

size_t count_msgs(const struct tnode *n, bool out, const char *command)
{
	size_t count = 0;

	for (size_t i = 0; i < n->n_records; i++)
		count += n->records[i].out == out && strcmp(n->records[i].command, command) == 0;
	return count;
}

void assert_closed(const struct tconn *raw, enum close_kind kind, const char *part)
{
	const struct tconn *c = raw->other;

	if (c->open)
		fail_msg("still open, expected: %s", part);
	assert_int_equal(c->kind, kind);
	if (!strstr(c->reason, part))
		fail_msg("closed because \"%s\", expected \"%s\"", c->reason, part);
}

int group_setup(void **state)
{
	(void)state;
	return crypto_start(NULL) ? 0 : -1;
}
