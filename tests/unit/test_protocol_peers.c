/* Handshake, duplicate connections, malformed messages, pings, and the summaries of messages. */
#include "protocol_net.h"

static struct block **blocks; /* heights 0 .. 10 */

static int setup(void **state)
{
	if (group_setup(state) != 0)
		return -1;
	blocks = chain_make(NULL, 0, 10, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_drop(blocks, 10);
	return 0;
}

static struct peer_info info_of(const struct tconn *raw)
{
	struct peer_info pi;

	assert_true(protocol_peer(raw->other->node->protocol, raw->other->info.id, &pi));
	return pi;
}

/* --- handshake ------------------------------------------------------------------- */

static void the_dialling_node_sends_version_first(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *in = raw_dials(a), *out = raw_dialled(a, 4000);
	struct tmsg *m;

	run(net);
	assert_true(list_empty(&in->inbox));
	m = raw_next(out, NULL);
	assert_string_equal(m->command, "version");
	free(m);
	raw_version(in, (struct raw_version){.height = 0});
	run(net);
	m = raw_next(in, NULL);
	assert_string_equal(m->command, "version");
	free(m);
	m = raw_next(in, NULL);
	assert_string_equal(m->command, "verack");
	free(m);
	net_drop(net);
}

static void our_version_contains_chain_height_and_port(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3), *none = node_add(net, NULL, 0);
	struct tmsg *m = raw_next(raw_dialled(a, 4000), "version");
	struct block_hash tag;
	struct msg msg;
	bool found;

	assert_non_null(m);
	assert_true(msg_decode(&msg, MSG_VERSION, (struct span){m->payload, m->len}, NULL));
	assert_int_equal(msg.u.version.version, 70015);
	assert_int_equal(msg.u.version.services, SERVICE_NETWORK);
	assert_int_equal(msg.u.version.start_height, 3);
	assert_int_equal(msg.u.version.from.addr.port, 3000);
	assert_int_equal(msg.u.version.time, NET_NOW);
	assert_true(version_chain_tag(msg.u.version.agent, &tag, &found) && found);
	assert_memory_equal(tag.h.b, blocks[0]->hash.h.b, HASH_BYTES);
	free(m);
	m = raw_next(raw_dialled(none, 4000), "version");
	assert_non_null(m);
	assert_true(msg_decode(&msg, MSG_VERSION, (struct span){m->payload, m->len}, NULL));
	assert_int_equal(msg.u.version.start_height, -1);
	assert_true(version_chain_tag(msg.u.version.agent, &tag, &found) && !found);
	free(m);
	net_drop(net);
}

static void the_handshake_is_complete_without_verack(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dials(a);
	struct hash256 h = blocks[2]->hash.h;

	raw_version(raw, (struct raw_version){.height = 0});
	raw_inv(raw, MSG_GETDATA, INV_BLOCK, &h, 1);
	run(net);
	assert_true(info_of(raw).handshaken);
	assert_true(raw_got(raw, "block"));
	net_drop(net);
}

static void messages_before_version_and_repeated_versions_are_ignored(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dials(a);
	struct hash256 h = blocks[2]->hash.h;

	raw_inv(raw, MSG_GETDATA, INV_BLOCK, &h, 1);
	raw_send(raw, "verack", NULL, 0);
	raw_send(raw, "inv", "\xff", 1); /* malformed, but not decoded */
	run(net);
	assert_true(list_empty(&raw->inbox));
	assert_true(raw->other->open);
	raw_version(raw, (struct raw_version){.height = 7});
	run(net);
	inbox_clear(raw);
	raw_version(raw, (struct raw_version){.height = 9, .version = 106});
	run(net);
	assert_true(list_empty(&raw->inbox));
	assert_int_equal(info_of(raw).start_height, 7);
	assert_int_equal(info_of(raw).version, PROTOCOL_VERSION);
	assert_false(a->records[0].ok);
	net_drop(net);
}

static void the_fields_of_version_are_reported(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dials(a);
	struct peer_info pi;

	raw_version(raw, (struct raw_version){.height = 3,
					      .port = 4321,
					      .agent = "/evil\x1b[2J\xff:1/",
					      .clock_ahead = 40});
	run(net);
	pi = info_of(raw);
	assert_string_equal(pi.agent, "/evil?[2J?:1/");
	assert_int_equal(pi.clock_offset, 40);
	assert_int_equal(pi.listens.port, 4321);
	assert_int_equal(pi.best_height, 3);
	assert_true(pi.relay);
	assert_int_equal(pi.kind, CONN_INBOUND);
	net_drop(net);
}

static void a_connection_to_ourselves_is_closed_at_both_ends(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *out;
	struct net_addr self = loopback(3000);

	addrbook_add(a->book, &self, 1, NET_NOW, NULL);
	out = dial(a, a);
	run(net);
	assert_closed(out->other, CLOSE_PLAIN, "ourselves");
	assert_false(out->other->open);
	assert_int_equal(protocol_peers(a->protocol, NULL, 0), 0);
	assert_int_equal(addrbook_count(a->book), 0);
	/* Noted, so that the address is not dialled when a peer announces it again. */
	assert_true(net_addr_equal(&a->own, &self));
	net_drop(net);
}

static void the_second_connection_to_a_node_is_closed_and_its_address_is_verified(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3), *b = node_add(net, blocks, 3);
	struct addrbook_entry en;
	struct net_addr at_a = loopback(3000);
	struct tconn *first, *back;

	first = dial(a, b)->other;
	run(net);
	pass(net, 1);
	assert_true(addrbook_get(b->book, &at_a, &en));
	assert_int_equal(en.succeeded, 0);
	back = dial(b, a);
	run(net);
	assert_true(first->open != back->open);
	assert_int_equal(protocol_peers(a->protocol, NULL, 0), 1);
	assert_int_equal(protocol_peers(b->protocol, NULL, 0), 1);
	assert_true(addrbook_get(b->book, &at_a, &en));
	assert_true(en.succeeded != 0);
	net_drop(net);
}

/* An inbound peer at the address `from`, and an outbound one at `at`, which send the same nonce. */
struct duplicates {
	struct tconn *in, *out; /* the test's ends */
};

static struct tconn *inbound_from(struct tnode *a, struct net_addr from)
{
	struct tconn *raw = conn_end(a->net, NULL, CONN_OUTBOUND, loopback(3000), from);

	raw->other = conn_end(a->net, a, CONN_INBOUND, from, loopback(3000));
	raw->other->other = raw;
	conn_opened(raw->other);
	return raw;
}

/* It claims to listen at that port. */
static struct tconn *inbound_with_nonce(struct tnode *a, struct net_addr from, uint16_t port,
					uint64_t nonce)
{
	struct tconn *raw = inbound_from(a, from);

	raw_version(raw, (struct raw_version){.height = 0, .port = port, .nonce = nonce});
	run(a->net);
	return raw;
}

/* The handshake has not begun. */
static struct tconn *outbound_to(struct tnode *a, enum conn_kind kind, struct net_addr at)
{
	const struct net_addr here = ipv4(10, 9, 9, 9, 50000);
	struct tconn *out = conn_end(a->net, a, kind, at, here),
		     *raw = conn_end(a->net, NULL, CONN_INBOUND, here, at);

	out->other = raw;
	raw->other = out;
	conn_opened(out);
	return raw;
}

static struct tconn *outbound_with_nonce(struct tnode *a, enum conn_kind kind, struct net_addr at,
					 uint64_t nonce)
{
	struct tconn *raw = outbound_to(a, kind, at);

	raw_version(raw, (struct raw_version){.height = 0, .nonce = nonce});
	run(a->net);
	return raw;
}

static struct duplicates make_duplicates(struct tnode *a, enum conn_kind kind, struct net_addr from,
					 struct net_addr at, uint64_t nonce)
{
	struct duplicates d = {.in = inbound_with_nonce(a, from, at.port, nonce)};

	pass(a->net, 1);
	d.out = outbound_with_nonce(a, kind, at, nonce);
	return d;
}

static const struct net_addr nowhere;

/* A nonce greater than any of ours, and a smaller one. */
#define GREATER UINT64_MAX
#define SMALLER 1

/* Otherwise an attacker that knows a node's nonce could connect before we dial that node, and keep
 * us away from it. */
static void an_outbound_connection_stays_whichever_inbound_one_was_first(void **state)
{
	static const enum conn_kind kinds[] = {CONN_OUTBOUND, CONN_MANUAL};
	static const uint64_t nonces[] = {GREATER, SMALLER};
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);

	for (unsigned i = 0; i < 4; i++) {
		struct net_addr from = ipv4(10, 0, 0, (uint8_t)i, 50000), at = from;
		struct duplicates d;

		at.port = 3000;
		d = make_duplicates(a, kinds[i / 2], from, at, nonces[i % 2]);
		pass(net, 20);
		assert_true(d.out->other->open);
		/* If the inbound peer is that node, it closes one of the two connections itself. */
		assert_true(d.in->other->open);
		assert_true(net_addr_equal(&d.in->other->listens, &nowhere));
	}
	net_drop(net);
}

static void an_inbound_duplicate_of_an_outbound_connection_is_closed(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct net_addr at = ipv4(10, 0, 0, 1, 3000), from = ipv4(10, 0, 0, 1, 50000),
			other = ipv4(10, 0, 0, 2, 50000);
	struct tconn *out = outbound_with_nonce(a, CONN_OUTBOUND, at, SMALLER), *in;

	in = inbound_with_nonce(a, from, 3000, SMALLER);
	assert_closed(in, CLOSE_PLAIN, "duplicate");
	assert_true(out->other->open);
	assert_int_equal(count_msgs(a, true, "ping"), 1);
	/* Otherwise an outbound peer could make us disconnect another node, by sending that node's
	 * nonce. */
	in = inbound_with_nonce(a, from, 3001, SMALLER);
	assert_true(in->other->open);
	in = inbound_with_nonce(a, other, 3000, SMALLER);
	assert_true(in->other->open);
	assert_true(out->other->open);
	net_drop(net);
}

static void of_crossed_connections_the_smaller_nonce_closes_its_inbound_one(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);

	for (unsigned i = 0; i < 2; i++) {
		struct net_addr from = ipv4(10, 0, 0, (uint8_t)i, 50000), at = from;
		const uint64_t nonce = i ? SMALLER : GREATER;
		struct tconn *in, *out;

		at.port = 3000;
		out = outbound_to(a, CONN_MANUAL, at);
		in = inbound_with_nonce(a, from, 3000, nonce);
		assert_true(in->other->open);
		raw_version(out, (struct raw_version){.height = 0, .nonce = nonce});
		run(net);
		assert_true(out->other->open);
		assert_int_equal(in->other->open, nonce == SMALLER);
	}
	net_drop(net);
}

/* Whichever connection is first, and whichever nonce is smaller: to choose a chain, a node relies
 * on its outbound peers. */
static void a_node_without_a_chain_keeps_its_outbound_connection(void **state)
{
	for (int order = 0; order < 4; order++) {
		struct tnet *net = net_of(state);
		struct tnode *a = node_add(net, order & 1 ? blocks : NULL, 3),
			     *b = node_add(net, order & 1 ? NULL : blocks, 3),
			     *joins = order & 1 ? b : a, *has = order & 1 ? a : b;
		struct tconn *its, *to_it;

		protocol_expect_peers(joins->protocol, 2);
		if (order & 2) {
			to_it = dial(has, joins);
			run(net);
			its = dial(joins, has);
		} else {
			its = dial(joins, has);
			run(net);
			to_it = dial(has, joins);
		}
		run(net);
		assert_true(its->open);
		assert_false(to_it->open);
		assert_int_equal(joins->adopted, 0);
		pass(net, 4);
		assert_int_equal(joins->adopted, 1);
		assert_true(its->open);
		net_drop(net);
	}
}

/* Otherwise a liar behind the same address, found in the address book, could keep us away from a
 * node that a person named. */
static void outbound_connections_to_two_ports_of_a_host_are_not_duplicates(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *liar, *named, *again;

	liar = outbound_with_nonce(a, CONN_OUTBOUND, ipv4(10, 0, 0, 1, 4000), GREATER);
	named = outbound_with_nonce(a, CONN_MANUAL, ipv4(10, 0, 0, 1, 3000), GREATER);
	assert_true(liar->other->open && named->other->open);
	/* Nor does a nonce keep us away from another host of the same network. */
	again = outbound_with_nonce(a, CONN_OUTBOUND, ipv4(10, 0, 0, 2, 4000), GREATER);
	assert_true(liar->other->open && named->other->open && again->other->open);
	net_drop(net);
}

static void of_two_addresses_of_one_node_the_manual_connection_stays(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct net_addr one = ipv4(127, 0, 0, 2, 3000), two = ipv4(127, 0, 0, 3, 3000),
			named = ipv4(127, 0, 0, 1, 3000);
	struct tconn *first, *second, *third;

	first = conn_between(net, a, NULL, CONN_OUTBOUND, one)->other;
	raw_version(first, (struct raw_version){.height = 0, .nonce = GREATER});
	second = conn_between(net, a, NULL, CONN_OUTBOUND, two)->other;
	raw_version(second, (struct raw_version){.height = 0, .nonce = GREATER});
	run(net);
	assert_closed(second, CLOSE_PLAIN, "duplicate");
	assert_true(net_addr_equal(&first->other->listens, &two));
	third = conn_between(net, a, NULL, CONN_MANUAL, named)->other;
	raw_version(third, (struct raw_version){.height = 0, .nonce = GREATER});
	run(net);
	assert_closed(first, CLOSE_PLAIN, "duplicate");
	assert_true(third->other->open);
	net_drop(net);
}

static void disconnect(struct tnet *net, struct tconn *raw)
{
	raw->open = raw->other->open = false;
	inbox_put(raw->other, "", (struct span){0});
	run(net);
}

static void a_node_that_closed_our_connection_as_a_duplicate_is_not_dialled_for_a_while(
	void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct net_addr from = ipv4(10, 0, 0, 1, 50000), at = ipv4(10, 0, 0, 1, 3000);
	struct duplicates d = make_duplicates(a, CONN_MANUAL, from, at, SMALLER);
	struct tconn *liar;

	assert_true(d.in->other->open && d.out->other->open);
	disconnect(net, d.out);
	assert_false(d.out->other->open);
	/* It is not dialled again for a while: the inbound peer could be a liar. */
	assert_true(net_addr_equal(&d.in->other->listens, &at));
	pass(net, 25);
	assert_true(net_addr_equal(&d.in->other->listens, &at));
	pass(net, 7);
	assert_true(net_addr_equal(&d.in->other->listens, &nowhere));
	net_drop(net);
	/* A connection that ended later was not closed as a duplicate. */
	net = net_of(state);
	a = node_add(net, blocks, 3);
	d = make_duplicates(a, CONN_MANUAL, from, at, SMALLER);
	pass(net, 12);
	disconnect(net, d.out);
	assert_true(net_addr_equal(&d.in->other->listens, &nowhere));
	assert_true(d.in->other->open);
	net_drop(net);
	/* Nor one on which a ping came: that node may be full, or has stopped. */
	net = net_of(state);
	a = node_add(net, blocks, 3);
	d = make_duplicates(a, CONN_MANUAL, from, at, SMALLER);
	raw_send(d.out, "verack", NULL, 0);
	raw_send(d.out, "ping", "12345678", 8);
	run(net);
	disconnect(net, d.out);
	assert_true(net_addr_equal(&d.in->other->listens, &nowhere));
	net_drop(net);
	/* Of two inbound peers either may be that node: when one goes, the address is dialled
	 * again. */
	net = net_of(state);
	a = node_add(net, blocks, 3);
	liar = inbound_with_nonce(a, ipv4(10, 0, 0, 1, 50001), 3000, SMALLER);
	d = make_duplicates(a, CONN_MANUAL, from, at, SMALLER);
	disconnect(net, d.out);
	assert_true(net_addr_equal(&liar->other->listens, &at));
	disconnect(net, d.in);
	assert_true(net_addr_equal(&liar->other->listens, &nowhere));
	net_drop(net);
}

/* Delivers all messages that wait at one end. */
static void drain(struct tconn *c)
{
	while (!list_empty(&c->inbox) && deliver_one(c))
		;
}

/* Each node dials before it learns of the other's connection: the versions cross, then the answers
 * to them. */
static void of_two_connections_made_at_the_same_time_one_stays(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3), *b = node_add(net, blocks, 3);
	struct tconn *c1 = dial(a, b), *c2 = dial(b, a);

	drain(c1->other);
	drain(c2->other);
	drain(c1);
	drain(c2);
	pass(net, 5);
	assert_int_equal(protocol_peers(a->protocol, NULL, 0), 1);
	assert_int_equal(protocol_peers(b->protocol, NULL, 0), 1);
	net_drop(net);
}

/* Whichever node dialled first, or both at the same time. */
static void two_nodes_that_dial_each_other_keep_one_connection(void **state)
{
	for (int order = 0; order < 3; order++) {
		struct tnet *net = net_of(state);
		struct tnode *a = node_add(net, blocks, 3), *b = node_add(net, blocks, 3);

		dial(order == 1 ? b : a, order == 1 ? a : b);
		if (order < 2) {
			run(net);
			pass(net, 100);
		}
		dial(order == 1 ? a : b, order == 1 ? b : a);
		pass(net, 5);
		assert_int_equal(protocol_peers(a->protocol, NULL, 0), 1);
		assert_int_equal(protocol_peers(b->protocol, NULL, 0), 1);
		net_drop(net);
	}
}

static void a_feeler_disconnects_after_the_handshake(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3), *b = node_add(net, blocks, 3);
	struct net_addr at = loopback((uint16_t)(3000 + b->at));
	struct tconn *c = conn_between(net, a, b, CONN_FEELER, at);
	struct addrbook_entry en;

	run(net);
	assert_closed(c->other, CLOSE_PLAIN, "feeler");
	assert_true(addrbook_get(a->book, &at, &en));
	assert_true(en.tried);
	assert_int_equal(count_msgs(a, true, "version"), 1);
	assert_int_equal(count_msgs(a, true, "verack"), 1);
	assert_int_equal(count_msgs(a, true, "getaddr"), 0);
	assert_int_equal(count_msgs(a, true, "getheaders"), 0);
	net_drop(net);
}

static void a_peer_of_another_chain_is_disconnected_but_not_discouraged(void **state)
{
	struct tnet *net = net_of(state);
	struct block *foreign = test_genesis("another");
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dials(a);

	raw_version(raw, (struct raw_version){.height = 3, .tag = &foreign->hash});
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "of another chain");
	/* It has received our version, so that a person there can see the reason. */
	assert_true(raw_got(raw, "version"));
	block_unref(foreign);
	net_drop(net);
}

static void our_chain_tag_is_accepted_and_a_malformed_one_disconnects(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *good = raw_dials(a), *bad = raw_dials(a);

	raw_version(good, (struct raw_version){.height = 3, .tag = &blocks[0]->hash});
	raw_version(bad, (struct raw_version){.height = 3, .agent = "/tally:1(chain=12)/"});
	run(net);
	assert_true(good->other->open);
	assert_closed(bad, CLOSE_DISCOURAGE, "user agent");
	net_drop(net);
}

static void a_connection_without_version_is_closed_after_a_minute(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dials(a);

	pass(net, 59);
	assert_true(raw->other->open);
	pass(net, 1);
	assert_closed(raw, CLOSE_PLAIN, "no version");
	net_drop(net);
}

/* --- malformed ---------------------------------------------------------------------- */

/* A new peer sends this: it is disconnected and discouraged, and the node's state is unchanged. */
static void assert_discouraged(struct tnode *a, const char *command, const void *p, size_t n)
{
	struct tconn *raw = raw_peer(a);
	size_t book = addrbook_count(a->book);

	raw_send(raw, command, p, n);
	run(a->net);
	assert_closed(raw, CLOSE_DISCOURAGE, command);
	assert_true(raw_got(raw, ""));
	assert_tip(a, blocks[3]);
	assert_int_equal(mempool_count(a->mempool), 0);
	assert_int_equal(mempool_orphan_count(a->mempool), 0);
	assert_int_equal(addrbook_count(a->book), book);
	assert_false(a->records[a->n_records - 1].ok);
	a->n_records = 0;
	/* Removes both ends: a network has room for few connections. */
	inbox_clear(raw);
	a->net->n_conns -= 2;
	free(raw->other);
	free(raw);
}

static void count_rule_breaks(void *arg, int64_t unix_us, enum log_subsystem sub,
			      enum log_level level, const char *text)
{
	unsigned *counts = arg;

	(void)unix_us, (void)sub, (void)level;
	counts[0] += strstr(text, "broke the rules: ") != NULL;
	counts[1] += strstr(text, "10 more peers broke the rules") != NULL;
}

static void peers_that_break_the_rules_do_not_fill_the_log(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	unsigned counts[2] = {0};

	log_set_sink(count_rule_breaks, counts);
	for (int i = 0; i < 40; i++)
		assert_discouraged(a, "ping", "short", 5);
	assert_int_equal(counts[0], 30);
	pass(net, 60);
	assert_discouraged(a, "ping", "short", 5);
	assert_int_equal(counts[0], 31);
	assert_int_equal(counts[1], 1);
	log_set_sink(no_log, NULL);
	net_drop(net);
}

static void every_malformed_message_disconnects_its_sender_and_changes_nothing(void **state)
{
	static const char *const lists[] = {"inv", "getdata", "notfound", "addr", "headers"};
	static const char *const empty[] = {"verack", "getaddr", "mempool", "sendheaders"};
	static const char *const nonces[] = {"ping", "pong"};
	static const char *const locators[] = {"getblocks", "getheaders"};
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct span block = blocks[4]->raw, tx = blocks[4]->tx[0].raw;
	uint8_t *buf = mem_zalloc(5000);

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		assert_discouraged(a, lists[i], "", 0);         /* no count */
		assert_discouraged(a, lists[i], "\x01", 1);     /* no entry */
		assert_discouraged(a, lists[i], "\x00\x00", 2); /* a byte too many */
		assert_discouraged(a, lists[i], "\xfd\x01\x00",
				   3); /* CompactSize not in its shortest form */
		assert_discouraged(a, lists[i], "\xfe\xff\xff\xff\x7f", 5); /* too many entries */
	}
	for (size_t i = 0; i < ARRAY_LEN(empty); i++)
		assert_discouraged(a, empty[i], "x", 1);
	for (size_t i = 0; i < ARRAY_LEN(nonces); i++) {
		assert_discouraged(a, nonces[i], "1234567", 7);
		assert_discouraged(a, nonces[i], "123456789", 9);
	}
	for (size_t i = 0; i < ARRAY_LEN(locators); i++) {
		assert_discouraged(a, locators[i], buf, 4 + 1 + 31);
		assert_discouraged(a, locators[i], buf, 4 + 1 + 33);
		buf[4] = CHAIN_LOCATOR_MAX + 1;
		assert_discouraged(a, locators[i], buf, 4 + 1 + 103 * HASH_BYTES);
		buf[4] = 0;
	}
	memset(buf, 0, 5000);
	buf[0] = 1;
	buf[81] = 1; /* a header with a transaction */
	assert_discouraged(a, "headers", buf, 82);
	for (size_t cut = 1; cut < block.len; cut += 13)
		assert_discouraged(a, "block", block.p, block.len - cut);
	memcpy(buf, block.p, block.len);
	assert_discouraged(a, "block", buf, block.len + 1);
	for (size_t cut = 1; cut < tx.len; cut += 7)
		assert_discouraged(a, "tx", tx.p, tx.len - cut);
	memcpy(buf, tx.p, tx.len);
	assert_discouraged(a, "tx", buf, tx.len + 1);
	free(buf);
	net_drop(net);
}

static void a_malformed_version_disconnects(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	uint8_t buf[200] = {0};

	for (size_t n = 0; n < 90; n++) {
		struct tconn *raw = raw_dials(a);

		/* Byte 80 is the length of the user agent: 9 bytes. */
		buf[80] = 9;
		raw_send(raw, "version", buf, n);
		run(net);
		if (n == 72 || n == 80) {
			assert_true(raw->other->open);
			fake_close(a, raw->other->info.id, CLOSE_PLAIN, "enough");
			run(net);
		} else {
			assert_closed(raw, CLOSE_DISCOURAGE, "malformed version");
		}
		inbox_clear(raw);
		net->n_conns -= 2;
		free(raw->other);
		free(raw);
	}
	assert_int_equal(protocol_peers(a->protocol, NULL, 0), 0);
	net_drop(net);
}

static void unknown_messages_are_ignored_and_counted(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_peer(a);

	raw_send(raw, "feefilter", "12345678", 8);
	raw_send(raw, "sendcmpct", "123456789", 9);
	raw_send(raw, "filterload", "1", 1);
	run(net);
	assert_true(raw->other->open);
	assert_true(list_empty(&raw->inbox));
	assert_int_equal(protocol_unknown_count(a->protocol), 3);
	net_drop(net);
}

/* --- pings, silence -------------------------------------------------------------------- */

static uint64_t ping_nonce(struct tconn *raw)
{
	struct tmsg *m = raw_next(raw, "ping");
	uint64_t nonce;

	assert_non_null(m);
	nonce = le64(m->payload);
	free(m);
	return nonce;
}

static void pong(struct tconn *raw, uint64_t nonce)
{
	raw_msg(raw, &(struct msg){.kind = MSG_PONG, .u.nonce = nonce});
	run(raw->other->node->net);
}

static void a_ping_follows_the_handshake_and_its_pong_gives_the_round_trip_time(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dials(a);
	uint64_t nonce;

	raw_version(raw, (struct raw_version){.height = 0});
	run(net);
	nonce = ping_nonce(raw);
	assert_int_equal(info_of(raw).ping_us, -1);
	clock_manual_advance(&net->clock, 25000);
	pong(raw, nonce + 1);
	assert_int_equal(info_of(raw).ping_us, -1);
	pong(raw, nonce);
	assert_int_equal(info_of(raw).ping_us, 25000);
	/* A second pong doesn't count. */
	clock_manual_advance(&net->clock, 25000);
	pong(raw, nonce);
	assert_int_equal(info_of(raw).ping_us, 25000);
	pass(net, 119);
	assert_false(raw_got(raw, "ping"));
	pass(net, 1);
	nonce = ping_nonce(raw);
	clock_manual_advance(&net->clock, 70000);
	pong(raw, nonce);
	assert_int_equal(info_of(raw).ping_us, 70000);
	assert_int_equal(info_of(raw).min_ping_us, 25000);
	net_drop(net);
}

static void a_ping_is_answered_with_its_nonce(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_peer(a);
	struct tmsg *m;

	raw_msg(raw, &(struct msg){.kind = MSG_PING, .u.nonce = 0x1122334455667788});
	run(net);
	m = raw_next(raw, "pong");
	assert_non_null(m);
	assert_true(le64(m->payload) == 0x1122334455667788);
	free(m);
	net_drop(net);
}

static void silence_for_twenty_minutes_disconnects_only_peers_that_have_ponged(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *simple = raw_dials(a), *modern = raw_dials(a);

	raw_version(simple, (struct raw_version){.height = 0, .version = 106});
	raw_version(modern, (struct raw_version){.height = 0});
	run(net);
	pong(modern, ping_nonce(modern));
	pass(net, 20 * 60 - 1);
	assert_true(modern->other->open);
	pass(net, 2);
	assert_closed(modern, CLOSE_PLAIN, "silent");
	assert_true(simple->other->open);
	net_drop(net);
}

static void an_old_peer_gets_only_messages_that_it_knows(void **state)
{
	static const char *const known[] = {"version", "verack", "getblocks", "inv",
					    "getdata", "block",  "tx"};
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dialled(a, 4000);
	struct tmsg *m;

	raw_version(raw, (struct raw_version){.version = 106, .height = 0});
	pass(net, 300);
	while ((m = raw_next(raw, NULL)) != NULL) {
		bool ok = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			ok = ok || strcmp(m->command, known[i]) == 0;
		assert_true(ok);
		free(m);
	}
	/* In its version these messages had another form: they are ignored. */
	raw_send(raw, "ping", NULL, 0);
	raw_send(raw, "addr", "\x00", 1);
	run(net);
	assert_true(raw->other->open);
	net_drop(net);
}

/* --- what is reported -------------------------------------------------------------------- */

static void the_clock_offset_is_the_median_of_the_votes(void **state)
{
	static const int64_t ahead[] = {100, -50, 31, 35, 7};
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	int64_t offset;

	assert_false(protocol_clock_offset(a->protocol, &offset));
	/* Inbound peers have one vote for each address, and none with fewer than three
	 * addresses. */
	for (size_t i = 0; i < ARRAY_LEN(ahead); i++) {
		for (uint16_t again = 0; again < 3; again++)
			raw_version(
				inbound_from(a, ipv4(10, 0, 0, (uint8_t)(i + 1), 50000 + again)),
				(struct raw_version){.height = 0, .clock_ahead = ahead[i]});
		run(net);
		assert_int_equal(protocol_clock_offset(a->protocol, &offset), i >= 2);
	}
	assert_int_equal(offset, 31);
	net_drop(net);
	/* An outbound peer has a vote of its own. */
	net = net_of(state);
	a = node_add(net, blocks, 3);
	raw_version(raw_dialled(a, 9000), (struct raw_version){.height = 0, .clock_ahead = 44});
	run(net);
	assert_true(protocol_clock_offset(a->protocol, &offset));
	assert_int_equal(offset, 44);
	net_drop(net);
}

static void messages_and_bytes_are_counted(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_peer(a);
	struct peer_info before = info_of(raw), after;

	for (int i = 0; i < 5; i++)
		raw_msg(raw, &(struct msg){.kind = MSG_PING, .u.nonce = 5});
	run(net);
	after = info_of(raw);
	assert_int_equal(after.msgs_in, before.msgs_in + 5);
	assert_int_equal(after.msgs_out, before.msgs_out + 5);
	assert_int_equal(after.bytes_in, before.bytes_in + 5 * 32);
	assert_int_equal(after.bytes_out, before.bytes_out + 5 * 32);
	assert_int_equal(after.msgs_per_10s, before.msgs_per_10s + 10);
	pass(net, 10);
	assert_int_equal(info_of(raw).msgs_per_10s, 0);
	net_drop(net);
}

static void a_dropped_peer_is_disconnected_and_not_discouraged(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_peer(a);

	protocol_drop_peer(a->protocol, raw->other->info.id, "a person said so");
	assert_closed(raw, CLOSE_PLAIN, "a person said so");
	run(net);
	assert_int_equal(protocol_peers(a->protocol, NULL, 0), 0);
	net_drop(net);
}

static const char *summary(const struct tnode *n, bool out, const char *command)
{
	for (size_t i = n->n_records; i-- > 0;)
		if (n->records[i].out == out && strcmp(n->records[i].command, command) == 0)
			return n->records[i].summary;
	return "none";
}

static void every_message_has_a_summary(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a;
	struct tconn *raw;
	struct hash256 inv[2] = {blocks[4]->hash.h, blocks[5]->hash.h};
	char want[200], h[4][HASH_SHORT_CHARS + 1];
	struct msg m = {.kind = MSG_GETBLOCKS};

	for (int i = 0; i < 4; i++)
		hash256_short(h[i], &blocks[2 + i]->hash.h);
	net->sync = SYNC_CLASSIC;
	a = node_add(net, blocks, 3);
	raw = raw_dials(a);
	raw_version(raw, (struct raw_version){.height = 3, .tag = &blocks[0]->hash});
	run(net);
	assert_string_equal(summary(a, false, "version"), "v70015 /tally:9.9.9/ h=3");
	assert_string_equal(summary(a, true, "verack"), "");
	raw_inv(raw, MSG_INV, INV_BLOCK, inv, 2);
	run(net);
	snprintf(want, sizeof(want), "2 blocks %s", h[2]);
	assert_string_equal(summary(a, false, "inv"), want);
	assert_string_equal(summary(a, true, "getdata"), want);
	raw_block(raw, blocks[4]);
	run(net);
	snprintf(want, sizeof(want), "h=4 1tx %s prev=%s", h[2], h[1]);
	assert_string_equal(summary(a, false, "block"), want);
	m.u.locator.n = 2;
	m.u.locator.hashes = inv[0].b;
	m.u.locator.stop = blocks[3]->hash;
	raw_msg(raw, &m);
	m.kind = MSG_GETHEADERS;
	raw_msg(raw, &m);
	run(net);
	snprintf(want, sizeof(want), "from %s +1 locator to %s", h[2], h[1]);
	assert_string_equal(summary(a, false, "getblocks"), want);
	assert_string_equal(summary(a, true, "headers"), "none");
	raw_send(raw, "tx", blocks[4]->tx[0].raw.p, blocks[4]->tx[0].raw.len);
	run(net);
	hash256_short(h[0], &blocks[4]->tx[0].id.h);
	snprintf(want, sizeof(want), "%s 1in 1out 50 coins", h[0]);
	assert_string_equal(summary(a, false, "tx"), want);
	net_drop(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_dialling_node_sends_version_first),
		TEST(our_version_contains_chain_height_and_port),
		TEST(the_handshake_is_complete_without_verack),
		TEST(messages_before_version_and_repeated_versions_are_ignored),
		TEST(the_fields_of_version_are_reported),
		TEST(a_connection_to_ourselves_is_closed_at_both_ends),
		TEST(the_second_connection_to_a_node_is_closed_and_its_address_is_verified),
		TEST(an_outbound_connection_stays_whichever_inbound_one_was_first),
		TEST(an_inbound_duplicate_of_an_outbound_connection_is_closed),
		TEST(of_crossed_connections_the_smaller_nonce_closes_its_inbound_one),
		TEST(a_node_without_a_chain_keeps_its_outbound_connection),
		TEST(of_two_addresses_of_one_node_the_manual_connection_stays),
		TEST(outbound_connections_to_two_ports_of_a_host_are_not_duplicates),
		TEST(a_node_that_closed_our_connection_as_a_duplicate_is_not_dialled_for_a_while),
		TEST(of_two_connections_made_at_the_same_time_one_stays),
		TEST(two_nodes_that_dial_each_other_keep_one_connection),
		TEST(a_feeler_disconnects_after_the_handshake),
		TEST(a_peer_of_another_chain_is_disconnected_but_not_discouraged),
		TEST(our_chain_tag_is_accepted_and_a_malformed_one_disconnects),
		TEST(a_connection_without_version_is_closed_after_a_minute),
		TEST(peers_that_break_the_rules_do_not_fill_the_log),
		TEST(every_malformed_message_disconnects_its_sender_and_changes_nothing),
		TEST(a_malformed_version_disconnects),
		TEST(unknown_messages_are_ignored_and_counted),
		TEST(a_ping_follows_the_handshake_and_its_pong_gives_the_round_trip_time),
		TEST(a_ping_is_answered_with_its_nonce),
		TEST(silence_for_twenty_minutes_disconnects_only_peers_that_have_ponged),
		TEST(an_old_peer_gets_only_messages_that_it_knows),
		TEST(the_clock_offset_is_the_median_of_the_votes),
		TEST(messages_and_bytes_are_counted),
		TEST(a_dropped_peer_is_disconnected_and_not_discouraged),
		TEST(every_message_has_a_summary),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
