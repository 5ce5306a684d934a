/* Requesting transactions: from which peer, in which order, and how many are remembered. */
#include "protocol_net.h"

#include "protocol/relay/tx_download_priv.h"

static struct block **blocks; /* heights 0 .. 30 */

static int setup(void **state)
{
	if (group_setup(state) != 0)
		return -1;
	blocks = chain_make(NULL, 0, 30, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_drop(blocks, 30);
	return 0;
}

static struct tx *payment(size_t height, int64_t fee)
{
	return pay_from(&blocks[height]->tx[0], &blocks[0]->hash, fee, true);
}

static void send_tx(struct tconn *raw, const struct tx *tx)
{
	raw_send(raw, "tx", tx->raw.p, tx->raw.len);
	run(raw->other->node->net);
}

static void announce(struct tconn *raw, const struct hash256 *ids, size_t n)
{
	raw_inv(raw, MSG_INV, INV_TX, ids, n);
	run(raw->other->node->net);
}

/* An outbound peer, after its handshake; the inbox is empty. */
static struct tconn *outbound_peer(struct tnode *from, uint16_t port)
{
	struct tconn *raw = raw_dialled(from, port);

	raw_version(raw, (struct raw_version){.height = 0});
	run(from->net);
	inbox_clear(raw);
	return raw;
}

/* Number of transactions requested from the peer since the last call. */
static size_t requested(struct tconn *raw)
{
	struct tmsg *m;
	size_t n = 0;

	while ((m = raw_next(raw, "getdata"))) {
		struct reader r;

		reader_init(&r, m->payload, m->len);
		n += get_compact(&r);
		free(m);
	}
	return n;
}

static void many_ids(struct hash256 *ids, size_t n, uint8_t salt)
{
	memset(ids, 0, n * sizeof(*ids));
	for (size_t i = 0; i < n; i++) {
		ids[i].b[0] = salt;
		ids[i].b[1] = (uint8_t)i;
		ids[i].b[2] = (uint8_t)(i >> 8);
	}
}

/* --- from which peer, and when ----------------------------------------------------------- */

static void outbound_peers_get_a_request_before_earlier_inbound_ones(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *first = raw_peer(a), *second = raw_peer(a), *mine = outbound_peer(a, 7000),
		     *mine_too = outbound_peer(a, 7001);
	struct hash256 id = {{7}};

	announce(first, &id, 1);
	announce(second, &id, 1);
	announce(mine, &id, 1);
	announce(mine_too, &id, 1);
	assert_int_equal(requested(first), 1);
	pass(net, 2);
	assert_int_equal(requested(mine), 1);
	assert_int_equal(requested(mine_too) + requested(second), 0);
	pass(net, 2);
	assert_int_equal(requested(mine_too), 1);
	pass(net, 2);
	assert_int_equal(requested(second), 1);
	net_drop(net);
}

static void inbound_peers_do_not_displace_an_outbound_candidate(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *crowd[TX_CANDIDATES + 2], *mine;
	struct hash256 id = {{7}};

	/* One gets the request, eight are candidates, the tenth is not. */
	for (size_t i = 0; i < ARRAY_LEN(crowd); i++) {
		crowd[i] = raw_peer(a);
		announce(crowd[i], &id, 1);
	}
	mine = outbound_peer(a, 7000);
	announce(mine, &id, 1);
	assert_int_equal(requested(crowd[0]), 1);
	pass(net, 2);
	assert_int_equal(requested(mine), 1);
	/* The outbound peer has taken the place of the ninth. */
	pass(net, 2 * TX_CANDIDATES);
	for (size_t i = 1; i < ARRAY_LEN(crowd); i++)
		assert_int_equal(requested(crowd[i]), i < TX_CANDIDATES);
	/* No candidate is left: the next peer that announces it gets the request at once. */
	announce(crowd[9], &id, 1);
	assert_int_equal(requested(crowd[9]), 1);
	net_drop(net);
}

static void a_transaction_that_arrives_late_is_not_requested_again(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *raw[3];
	struct tx *tx = payment(2, 1000);

	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		raw[i] = raw_peer(a);
		announce(raw[i], &tx->id.h, 1);
	}
	pass(net, 2);
	assert_int_equal(requested(raw[1]), 1);
	send_tx(raw[0], tx);
	assert_int_equal(mempool_count(a->mempool), 1);
	pass(net, 10);
	assert_int_equal(requested(raw[2]), 0);
	tx_unref(tx);
	net_drop(net);
}

static void a_rejected_transaction_is_requested_again_after_a_block(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 29);
	struct tconn *raw = raw_peer(a);
	/* Maturity is 5: the coinbase of block 25 can be spent in block 30, that of 26 in block
	 * 31. */
	struct tx *early = payment(26, 1000);

	send_tx(raw, early);
	assert_int_equal(mempool_count(a->mempool), 0);
	announce(raw, &early->id.h, 1);
	assert_int_equal(requested(raw), 0);
	raw_block(raw, blocks[30]);
	run(net);
	assert_tip(a, blocks[30]);
	announce(raw, &early->id.h, 1);
	assert_int_equal(requested(raw), 1);
	send_tx(raw, early);
	assert_int_equal(mempool_count(a->mempool), 1);
	tx_unref(early);
	net_drop(net);
}

/* --- bounds -------------------------------------------------------------------------- */

static void at_most_500_of_5000_announced_transactions_are_requested_at_a_time(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *raw = raw_peer(a);
	struct hash256 *ids = mem_array(6000, sizeof(*ids));
	size_t total;

	many_ids(ids, 6000, 1);
	announce(raw, ids, 6000);
	total = requested(raw);
	assert_int_equal(total, TX_IN_FLIGHT_MAX);
	/* It has none of them: the 5000 that were queued are requested, the rest was dropped. */
	for (size_t i = 0; i < 6000; i += 100) {
		raw_inv(raw, MSG_NOTFOUND, INV_TX, ids + i, 100);
		run(net);
		total += requested(raw);
	}
	assert_int_equal(total, TX_ANNOUNCED_MAX);
	free(ids);
	net_drop(net);
}

static void a_peer_that_sends_nothing_delays_a_transaction_by_two_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *silent = raw_peer(a), *good = raw_peer(a);
	struct hash256 ids[TX_IN_FLIGHT_MAX];
	struct tx *tx = payment(2, 1000);

	many_ids(ids, ARRAY_LEN(ids), 2);
	ids[17] = tx->id.h;
	announce(silent, ids, ARRAY_LEN(ids));
	announce(good, &tx->id.h, 1);
	assert_int_equal(requested(silent), TX_IN_FLIGHT_MAX);
	assert_int_equal(requested(good), 0);
	pass(net, 2);
	assert_int_equal(requested(good), 1);
	send_tx(good, tx);
	assert_int_equal(mempool_count(a->mempool), 1);
	tx_unref(tx);
	net_drop(net);
}

static void peers_that_send_nothing_do_not_displace_one_that_has_sent_before(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *crowd[TX_CANDIDATES + 2], *good = raw_peer(a);
	struct tx *before = payment(2, 1000), *tx = payment(3, 1000), *after = payment(4, 1000);

	send_tx(good, before);
	for (size_t i = 0; i < ARRAY_LEN(crowd); i++) {
		crowd[i] = raw_peer(a);
		announce(crowd[i], &tx->id.h, 1);
	}
	announce(good, &tx->id.h, 1);
	assert_int_equal(requested(crowd[0]), 1);
	pass(net, 2);
	assert_int_equal(requested(good), 1);
	send_tx(good, tx);
	assert_int_equal(mempool_count(a->mempool), 2);
	/* After its timeout it is not the first to get the next request. */
	announce(crowd[0], &after->id.h, 1);
	assert_int_equal(requested(crowd[0]), 0);
	announce(good, &after->id.h, 1);
	assert_int_equal(requested(good), 1);
	send_tx(good, after);
	assert_int_equal(mempool_count(a->mempool), 3);
	tx_unref(after);
	/* If no other peer announces it, it gets the request after a second. */
	after = payment(5, 1000);
	announce(crowd[0], &after->id.h, 1);
	assert_int_equal(requested(crowd[0]), 0);
	pass(net, 1);
	assert_int_equal(requested(crowd[0]), 1);
	send_tx(crowd[0], after);
	assert_int_equal(mempool_count(a->mempool), 4);
	tx_unref(before);
	tx_unref(tx);
	tx_unref(after);
	net_drop(net);
}

static void deferred_transactions_are_bounded(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *silent = raw_peer(a);
	struct hash256 ids[5000], one = {{9, 9}};
	size_t n = 0;

	announce(silent, &one, 1);
	assert_int_equal(requested(silent), 1);
	pass(net, 2);
	many_ids(ids, ARRAY_LEN(ids), 3);
	announce(silent, ids, ARRAY_LEN(ids));
	assert_int_equal(requested(silent), 0);
	pass(net, 1);
	n = requested(silent);
	assert_true(n > 0 && n <= 1000);
	/* When it disconnects, all that was deferred for it is dropped. */
	fake_close(a, silent->other->info.id, CLOSE_PLAIN, "lost");
	run(net);
	pass(net, 3);
	net_drop(net);
}

/* --- orphans ----------------------------------------------------------------------------- */

/* Otherwise a peer could keep a transaction from us: it sends it before its parent, and
 * disconnects. */
static void orphans_stay_when_their_sender_disconnects(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *leaves = raw_peer(a), *stays = raw_peer(a);
	struct tx *parent = payment(2, 1000), *other = payment(3, 1000), *child, *kept;
	struct mempool_entry en;

	child = pay_from(parent, &blocks[0]->hash, 1000, true);
	kept = pay_from(other, &blocks[0]->hash, 1000, true);
	send_tx(leaves, child);
	send_tx(stays, kept);
	assert_int_equal(mempool_orphan_count(a->mempool), 2);
	fake_close(a, leaves->other->info.id, CLOSE_PLAIN, "leaves");
	run(net);
	assert_int_equal(mempool_orphan_count(a->mempool), 2);
	/* Another peer has announced it, too, and sends the parent. */
	announce(stays, &child->id.h, 1);
	send_tx(stays, parent);
	assert_int_equal(mempool_orphan_count(a->mempool), 1);
	assert_true(mempool_get(a->mempool, &child->id, &en));
	tx_unref(parent);
	tx_unref(other);
	tx_unref(child);
	tx_unref(kept);
	net_drop(net);
}

/* Not signed: an orphan is kept before its signatures can be checked. */
static struct tx *child_of_many(size_t n, const struct tx *known)
{
	uint8_t pay[SCRIPT_PAY_BYTES], script[SCRIPT_INPUT_BYTES] = {0};
	struct key_hash to = test_owner(1);
	struct key_seed seed = test_seed(1);
	struct signature sig = {{1}};
	struct pubkey pub;
	struct txin *in = mem_array(n + 1, sizeof(*in));
	struct txout out = {.value = COIN, .script = {pay, sizeof(pay)}};
	struct writer w;
	struct tx *tx = NULL;

	key_pubkey(&pub, &seed);
	script_input(script, &sig, &pub);
	script_pay(pay, &to);
	for (size_t i = 0; i <= n; i++) {
		in[i] = (struct txin){.script = {script, sizeof(script)},
				      .sequence = SEQUENCE_FINAL};
		memset(in[i].prev.txid.h.b, (int)i + 1, HASH_BYTES);
	}
	in[n].prev.txid = known->id;
	writer_init(&w);
	tx_write(&w, in, n + 1, &out, 1, 0);
	assert_true(tx_decode(&tx, w.buf, w.len, NULL));
	writer_clear(&w);
	free(in);
	return tx;
}

static void at_most_25_parents_of_an_orphan_are_requested(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30);
	struct tconn *raw = raw_peer(a);
	struct tx *known = payment(2, 1000), *few, *many;
	struct err e = {0};

	assert_ok(mempool_accept(a->mempool, known, &e), e);
	few = child_of_many(24, known); /* the parent that is in the mempool is not requested */
	send_tx(raw, few);
	assert_int_equal(requested(raw), 24);
	many = child_of_many(40, known);
	pass(net, 2); /* these requests time out and end */
	send_tx(raw, many);
	pass(net, 1); /* deferred: a more reliable peer could announce them */
	assert_int_equal(requested(raw), 25);
	assert_int_equal(mempool_orphan_count(a->mempool), 2);
	tx_unref(known);
	tx_unref(few);
	tx_unref(many);
	net_drop(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(outbound_peers_get_a_request_before_earlier_inbound_ones),
		TEST(inbound_peers_do_not_displace_an_outbound_candidate),
		TEST(a_transaction_that_arrives_late_is_not_requested_again),
		TEST(a_rejected_transaction_is_requested_again_after_a_block),
		TEST(at_most_500_of_5000_announced_transactions_are_requested_at_a_time),
		TEST(a_peer_that_sends_nothing_delays_a_transaction_by_two_seconds),
		TEST(peers_that_send_nothing_do_not_displace_one_that_has_sent_before),
		TEST(deferred_transactions_are_bounded),
		TEST(orphans_stay_when_their_sender_disconnects),
		TEST(at_most_25_parents_of_an_orphan_are_requested),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
