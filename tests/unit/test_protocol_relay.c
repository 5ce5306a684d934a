/* Transactions, addresses and announcements of tips, on their way through the network. */
#include "protocol_net.h"

static struct block **blocks; /* heights 0 .. 20 */

static int setup(void **state)
{
	if (group_setup(state) != 0)
		return -1;
	blocks = chain_make(NULL, 0, 20, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_drop(blocks, 20);
	return 0;
}

static struct tx *payment(size_t height, int64_t fee)
{
	return pay_from(&blocks[height]->tx[0], &blocks[0]->hash, fee, true);
}

static void submit(struct tnode *n, struct tx *tx)
{
	struct err e = {0};

	assert_ok(mempool_accept(n->mempool, tx, &e), e);
	run(n->net);
}

/* --- tips -------------------------------------------------------------------------- */

static void assert_all_know(struct tnet *net, const struct block *tip, uint32_t height)
{
	for (size_t i = 0; i < net->n_nodes; i++) {
		struct peer_info pi[NET_NODES];
		size_t n = protocol_peers(net->nodes[i].protocol, pi, NET_NODES);

		assert_int_equal(n, net->n_nodes - 1);
		for (size_t j = 0; j < n; j++) {
			assert_int_equal(pi[j].best_height, height);
			assert_memory_equal(&pi[j].best, &tip->hash, sizeof(tip->hash));
		}
	}
}

/* Also the peers that the blocks were fetched from, and those that announced the same tip at the
 * same time. */
static void every_node_knows_the_best_block_of_every_peer(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n[3] = {node_add(net, blocks, 20), node_add(net, blocks, 20),
			      node_add(net, blocks, 4)};
	size_t announced;

	for (int i = 0; i < 3; i++)
		dial(n[i], n[(i + 1) % 3]);
	pass(net, 6);
	for (int i = 0; i < 3; i++)
		assert_tip(n[i], blocks[20]);
	assert_all_know(net, blocks[20], 20);
	announced = count_msgs(n[2], true, "inv") + count_msgs(n[2], true, "headers");
	pass(net, 30);
	assert_int_equal(count_msgs(n[2], true, "inv") + count_msgs(n[2], true, "headers"),
			 announced);
	net_drop(net);
}

/* --- transactions ------------------------------------------------------------------ */

static void a_transaction_reaches_every_node_along_a_line_at_once(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n[3];
	struct tx *tx = payment(2, 1000);

	for (int i = 0; i < 3; i++)
		n[i] = node_add(net, blocks, 20);
	dial(n[0], n[1]);
	dial(n[2], n[1]);
	run(net);
	submit(n[0], tx);
	assert_true(mempool_has(n[2]->mempool, &tx->id));
	/* Announced once to each node, and not announced back. */
	assert_int_equal(count_msgs(n[2], false, "inv"), 1);
	assert_int_equal(count_msgs(n[0], false, "inv"), 0);
	assert_int_equal(count_msgs(n[1], false, "tx"), 1);
	tx_unref(tx);
	net_drop(net);
}

static void a_node_that_starts_late_receives_unconfirmed_transactions(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20), *b;
	struct tx *tx = payment(2, 1000);

	submit(a, tx);
	b = node_add(net, blocks, 4);
	dial(b, a);
	pass(net, 12);
	assert_tip(b, blocks[20]);
	assert_true(mempool_has(b->mempool, &tx->id));
	tx_unref(tx);
	net_drop(net);
}

static void several_transactions_are_announced_in_one_inv(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *txs[15];
	struct tmsg *m;
	size_t announced = 0;

	for (size_t i = 0; i < 15; i++) {
		struct err e = {0};

		txs[i] = payment(i + 1, 1000);
		assert_ok(mempool_accept(a->mempool, txs[i], &e), e);
	}
	run(net);
	m = raw_next(raw, "inv");
	assert_non_null(m);
	announced = m->payload[0];
	free(m);
	assert_int_equal(announced, 15);
	for (size_t i = 0; i < 15; i++)
		tx_unref(txs[i]);
	net_drop(net);
}

static void a_transaction_is_requested_from_one_peer_at_a_time(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *first = raw_peer(a), *second = raw_peer(a);
	struct hash256 id = {{7}};

	raw_inv(first, MSG_INV, INV_TX, &id, 1);
	raw_inv(second, MSG_INV, INV_TX, &id, 1);
	run(net);
	assert_true(raw_got(first, "getdata"));
	assert_false(raw_got(second, "getdata"));
	/* From a peer on loopback, a request times out after 2 s. */
	pass(net, 1);
	assert_false(raw_got(second, "getdata"));
	pass(net, 1);
	assert_true(raw_got(second, "getdata"));
	net_drop(net);
}

static void a_request_to_a_remote_peer_times_out_after_a_minute(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *c = conn_between(net, a, NULL, CONN_OUTBOUND, ipv4(8, 8, 8, 8, 1)),
		     *first = c->other, *second = raw_peer(a);
	struct hash256 id = {{7}};

	raw_version(first, (struct raw_version){.height = 0});
	run(net);
	raw_inv(first, MSG_INV, INV_TX, &id, 1);
	run(net);
	raw_inv(second, MSG_INV, INV_TX, &id, 1);
	pass(net, 59);
	assert_false(raw_got(second, "getdata"));
	pass(net, 1);
	assert_true(raw_got(second, "getdata"));
	net_drop(net);
}

static void after_notfound_or_a_disconnection_the_next_peer_gets_the_request_at_once(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *peer[3];
	struct hash256 id = {{7}};

	for (int i = 0; i < 3; i++) {
		peer[i] = raw_peer(a);
		raw_inv(peer[i], MSG_INV, INV_TX, &id, 1);
		run(net);
	}
	raw_inv(peer[0], MSG_NOTFOUND, INV_TX, &id, 1);
	run(net);
	assert_true(raw_got(peer[1], "getdata"));
	fake_close(a, peer[1]->other->info.id, CLOSE_PLAIN, "lost");
	run(net);
	assert_true(raw_got(peer[2], "getdata"));
	net_drop(net);
}

static void a_known_transaction_is_not_requested(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *tx = payment(2, 1000);

	submit(a, tx);
	inbox_clear(raw);
	raw_inv(raw, MSG_INV, INV_TX, &tx->id.h, 1);
	run(net);
	assert_true(list_empty(&raw->inbox));
	tx_unref(tx);
	net_drop(net);
}

static void an_invalid_transaction_disconnects_its_sender(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a), *other = raw_peer(a);
	struct tx *forged = pay_from(&blocks[2]->tx[0], &blocks[0]->hash, 1000, false);

	raw_send(raw, "tx", forged->raw.p, forged->raw.len);
	run(net);
	assert_closed(raw, CLOSE_DISCOURAGE, "invalid transaction");
	assert_int_equal(mempool_count(a->mempool), 0);
	/* It is not requested from another peer. */
	raw_inv(other, MSG_INV, INV_TX, &forged->id.h, 1);
	run(net);
	assert_true(list_empty(&other->inbox));
	tx_unref(forged);
	net_drop(net);
}

static void an_unwanted_transaction_does_not_disconnect_its_sender(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *cheap = payment(2, 0), *immature = payment(20, 1000);
	struct tx *once = payment(3, 1000), *twice = payment(3, 2000);

	raw_send(raw, "tx", cheap->raw.p, cheap->raw.len);
	raw_send(raw, "tx", immature->raw.p, immature->raw.len);
	raw_send(raw, "tx", once->raw.p, once->raw.len);
	raw_send(raw, "tx", twice->raw.p, twice->raw.len);
	run(net);
	assert_true(raw->other->open);
	assert_int_equal(mempool_count(a->mempool), 1);
	assert_true(mempool_has(a->mempool, &once->id));
	tx_unref(cheap);
	tx_unref(immature);
	tx_unref(once);
	tx_unref(twice);
	net_drop(net);
}

static void the_parent_of_an_orphan_is_requested_from_its_sender(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *parent = payment(2, 1000), *child;
	struct tmsg *m;

	child = pay_from(parent, &blocks[0]->hash, 1000, true);
	raw_send(raw, "tx", child->raw.p, child->raw.len);
	run(net);
	m = raw_next(raw, "getdata");
	assert_non_null(m);
	assert_memory_equal(m->payload + 5, parent->id.h.b, HASH_BYTES);
	free(m);
	raw_send(raw, "tx", parent->raw.p, parent->raw.len);
	run(net);
	assert_int_equal(mempool_count(a->mempool), 2);
	tx_unref(parent);
	tx_unref(child);
	net_drop(net);
}

static void transactions_are_served_from_the_mempool(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *tx = payment(2, 1000);
	struct tmsg *m;

	submit(a, tx);
	raw_send(raw, "mempool", NULL, 0);
	run(net);
	assert_true(raw_got(raw, "inv")); /* the announcement */
	m = raw_next(raw, "inv");
	assert_non_null(m);
	assert_memory_equal(m->payload + 5, tx->id.h.b, HASH_BYTES);
	free(m);
	raw_inv(raw, MSG_GETDATA, INV_TX, &tx->id.h, 1);
	run(net);
	m = raw_next(raw, "tx");
	assert_non_null(m);
	assert_int_equal(m->len, tx->raw.len);
	free(m);
	/* A second mempool message soon after the first is not answered. */
	raw_send(raw, "mempool", NULL, 0);
	run(net);
	assert_true(list_empty(&raw->inbox));
	tx_unref(tx);
	net_drop(net);
}

static void a_confirmed_transaction_is_not_requested_again(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *tx = payment(2, 1000);
	struct block *b = block_upon(blocks[20], 21, 0, tx);

	raw_block(raw, b);
	run(net);
	assert_tip(a, b);
	raw_inv(raw, MSG_INV, INV_TX, &tx->id.h, 1);
	run(net);
	assert_false(raw_got(raw, "getdata"));
	block_unref(b);
	tx_unref(tx);
	net_drop(net);
}

/* --- addresses --------------------------------------------------------------------------- */

static void send_addrs(struct tconn *raw, const struct net_addr *a, size_t n, int64_t seen)
{
	struct msg m = {.kind = MSG_ADDR};
	struct writer w;

	writer_init(&w);
	for (size_t i = 0; i < n; i++)
		put_addr_item(&w, &(struct addr_item){(uint32_t)seen, {1, a[i]}});
	m.u.list = (struct msg_list){n, w.buf};
	raw_msg(raw, &m);
	run(raw->other->node->net);
	writer_clear(&w);
}

static void an_address_is_relayed_after_it_was_dialled(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *first = node_add(net, blocks, 3), *second = node_add(net, blocks, 3),
		     *third = node_add(net, blocks, 3);
	struct net_addr at_second = loopback(3001);
	struct addrbook_entry en;

	dial(second, first);
	pass(net, 1);
	/* The first node knows where the second listens, but relays the address only after dialling
	 * it. */
	assert_true(addrbook_get(first->book, &at_second, &en));
	dial(third, first);
	run(net);
	assert_false(addrbook_get(third->book, &at_second, &en));
	/* As its network would dial an entry of the address book. */
	dial(first, second);
	run(net);
	assert_true(addrbook_get(third->book, &at_second, &en));
	net_drop(net);
}

static void getaddr_is_answered_with_verified_addresses(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *first = node_add(net, blocks, 3), *second = node_add(net, blocks, 3),
		     *third = node_add(net, blocks, 3);
	struct net_addr at_second = loopback(3001);
	struct addrbook_entry en;

	dial(first, second);
	run(net);
	dial(third, first);
	run(net);
	assert_true(addrbook_get(third->book, &at_second, &en));
	assert_int_equal(en.succeeded, 0);
	net_drop(net);
}

static void getaddr_is_answered_once_a_connection(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_peer(a);
	struct net_addr known = loopback(7777);

	addrbook_add(a->book, &known, 1, NET_NOW - 100, NULL);
	raw_send(raw, "getaddr", NULL, 0);
	run(net);
	assert_true(raw_got(raw, "addr"));
	raw_send(raw, "getaddr", NULL, 0);
	run(net);
	assert_false(raw_got(raw, "addr"));
	net_drop(net);
}

static void addresses_stay_within_their_scope(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *local = raw_peer(a), *lan, *far;
	struct net_addr loop = loopback(7777), priv = ipv4(192, 168, 1, 9, 5),
			pub = ipv4(8, 8, 4, 4, 5), none = ipv4(0, 0, 0, 0, 5),
			no_port = ipv4(8, 8, 4, 4, 0);
	struct addrbook_entry en;

	lan = conn_between(net, NULL, a, CONN_INBOUND, ipv4(192, 168, 1, 2, 3000));
	far = conn_between(net, NULL, a, CONN_INBOUND, ipv4(9, 9, 9, 9, 3000));
	raw_version(lan, (struct raw_version){.height = 0});
	raw_version(far, (struct raw_version){.height = 0});
	pass(net, 600);
	send_addrs(far, &loop, 1, NET_NOW);
	send_addrs(far, &priv, 1, NET_NOW);
	send_addrs(lan, &loop, 1, NET_NOW);
	send_addrs(local, &none, 1, NET_NOW);
	send_addrs(local, &no_port, 1, NET_NOW);
	assert_int_equal(addrbook_count(a->book), 0);
	send_addrs(far, &pub, 1, NET_NOW);
	send_addrs(lan, &priv, 1, NET_NOW);
	send_addrs(local, &loop, 1, NET_NOW);
	assert_true(addrbook_get(a->book, &pub, &en));
	assert_true(addrbook_get(a->book, &priv, &en));
	assert_true(addrbook_get(a->book, &loop, &en));
	net_drop(net);
}

static void a_fresh_address_is_relayed_to_two_peers_and_an_old_one_to_none(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *from = raw_peer(a), *to[5];
	struct net_addr fresh = loopback(7777), stale = loopback(7778), many[11];
	int announced = 0;

	for (int i = 0; i < 5; i++)
		to[i] = raw_peer(a);
	pass(net, 300);
	for (int i = 0; i < 5; i++)
		inbox_clear(to[i]);
	send_addrs(from, &fresh, 1, NET_NOW + 300);
	for (int i = 0; i < 5; i++)
		announced += raw_got(to[i], "addr");
	assert_int_equal(announced, 2);
	send_addrs(from, &stale, 1, NET_NOW - 700);
	for (int i = 0; i < 11; i++)
		many[i] = loopback((uint16_t)(8000 + i));
	send_addrs(from, many, 11, NET_NOW + 300);
	for (int i = 0; i < 5; i++)
		assert_false(raw_got(to[i], "addr"));
	net_drop(net);
}

static void addresses_are_taken_at_a_limited_rate(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_peer(a);
	struct net_addr many[100];

	for (int i = 0; i < 100; i++)
		many[i] = ipv4(10, 0, (uint8_t)i, 1, 3000);
	/* One token at the start, and one every 10 s. */
	send_addrs(raw, many, 100, NET_NOW);
	assert_int_equal(addrbook_count(a->book), 1);
	pass(net, 100);
	send_addrs(raw, many, 100, NET_NOW);
	assert_in_range(addrbook_count(a->book), 10, 11);
	net_drop(net);
}

static void the_answer_to_getaddr_is_taken_at_once(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dialled(a, 4000);
	struct net_addr many[500];

	raw_version(raw, (struct raw_version){.height = 0});
	run(net);
	assert_true(raw_got(raw, "getaddr"));
	for (int i = 0; i < 500; i++)
		many[i] = ipv4(10, (uint8_t)(i >> 8), (uint8_t)i, 1, 3000);
	send_addrs(raw, many, 500, NET_NOW);
	/* Except those whose bucket is full: addresses from one source reach at most 64 buckets. */
	assert_in_range(addrbook_count(a->book), 470, 501);
	net_drop(net);
}

static void our_address_is_announced_to_outbound_peers(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *raw = raw_dialled(a, 4000);
	struct tmsg *m;
	struct msg msg;

	raw_version(raw, (struct raw_version){.height = 0});
	run(net);
	m = raw_next(raw, "addr");
	assert_non_null(m);
	assert_true(msg_decode(&msg, MSG_ADDR, (struct span){m->payload, m->len}, NULL));
	assert_int_equal(msg.u.list.n, 1);
	assert_int_equal(msg_addr_at(&msg.u.list, 0).s.addr.port, 3000);
	assert_int_equal(net_addr_scope(&(struct net_addr){0}), NET_UNUSABLE);
	free(m);
	net_drop(net);
}

static void our_address_is_announced_again_after_a_day(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 3);
	struct tconn *in = raw_peer(a), *out = raw_dialled(a, 4000);

	raw_version(out, (struct raw_version){.height = 0});
	run(net);
	inbox_clear(in);
	inbox_clear(out);
	clock_manual_advance(&net->clock, INT64_C(86399) * 1000000);
	protocol_tick(a->protocol);
	assert_false(raw_got(in, "addr"));
	assert_false(raw_got(out, "addr"));
	pass(net, 1);
	assert_true(raw_got(in, "addr"));
	assert_true(raw_got(out, "addr"));
	pass(net, 1);
	assert_false(raw_got(in, "addr"));
	net_drop(net);
}

static void a_flood_of_transactions_pauses_reading(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct tx *tx = payment(2, 1000);
	uint8_t *copy = mem_alloc(tx->raw.len);

	/* The lock time makes each a different transaction. Nothing is verified meanwhile. */
	memcpy(copy, tx->raw.p, tx->raw.len);
	for (uint32_t i = 0; i < 5000 && !raw->other->paused; i++) {
		set_le32(copy + tx->raw.len - 4, i + 1);
		protocol_net_handler(a->protocol)
			.message(a->protocol, raw->other->info.id, "tx",
				 (struct span){copy, tx->raw.len});
	}
	assert_true(raw->other->paused);
	free(copy);
	tx_unref(tx);
	net_drop(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_node_knows_the_best_block_of_every_peer),
		TEST(a_transaction_reaches_every_node_along_a_line_at_once),
		TEST(a_node_that_starts_late_receives_unconfirmed_transactions),
		TEST(several_transactions_are_announced_in_one_inv),
		TEST(a_transaction_is_requested_from_one_peer_at_a_time),
		TEST(a_request_to_a_remote_peer_times_out_after_a_minute),
		TEST(after_notfound_or_a_disconnection_the_next_peer_gets_the_request_at_once),
		TEST(a_known_transaction_is_not_requested),
		TEST(an_invalid_transaction_disconnects_its_sender),
		TEST(an_unwanted_transaction_does_not_disconnect_its_sender),
		TEST(the_parent_of_an_orphan_is_requested_from_its_sender),
		TEST(transactions_are_served_from_the_mempool),
		TEST(a_confirmed_transaction_is_not_requested_again),
		TEST(an_address_is_relayed_after_it_was_dialled),
		TEST(getaddr_is_answered_with_verified_addresses),
		TEST(getaddr_is_answered_once_a_connection),
		TEST(addresses_stay_within_their_scope),
		TEST(a_fresh_address_is_relayed_to_two_peers_and_an_old_one_to_none),
		TEST(addresses_are_taken_at_a_limited_rate),
		TEST(the_answer_to_getaddr_is_taken_at_once),
		TEST(our_address_is_announced_to_outbound_peers),
		TEST(our_address_is_announced_again_after_a_day),
		TEST(a_flood_of_transactions_pauses_reading),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
