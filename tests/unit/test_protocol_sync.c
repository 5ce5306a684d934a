/* Synchronisation by getblocks: full nodes with each other and with the simplest peers; serving
 * blocks and headers. */
#include "protocol_net.h"

static struct tnet *classic_net(void **state)
{
	struct tnet *net = net_of(state);

	net->sync = SYNC_CLASSIC;
	return net;
}

#define QUEUES_FULL (64u << 20) /* source: tally-protocol(7), CONDUCT */
#define LONG        1150        /* more than two full answers to getblocks */

static struct block **blocks; /* heights 0 .. LONG, made once */

static int setup(void **state)
{
	if (group_setup(state) != 0)
		return -1;
	blocks = chain_make(NULL, 0, LONG, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_drop(blocks, LONG);
	return 0;
}

/* The nth recorded message (0: the first) of this direction and name. */
static const struct msg_record *record(const struct tnode *n, bool out, const char *command,
				       size_t nth)
{
	for (size_t i = 0; i < n->n_records; i++) {
		const struct msg_record *r = &n->records[i];

		if (r->out == out && strcmp(r->command, command) == 0 && nth-- == 0)
			return r;
	}
	return NULL;
}

static size_t place_of(const struct tnode *n, const struct msg_record *r)
{
	assert_non_null(r);
	return (size_t)(r - n->records);
}

static void a_node_that_is_behind_syncs_by_getblocks_inv_getdata_and_block(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 10), *b = node_add(net, blocks, 15);
	size_t at[5];

	dial(a, b);
	run(net);
	assert_tip(a, blocks[15]);
	at[0] = place_of(a, record(a, true, "version", 0));
	at[1] = place_of(a, record(a, false, "version", 0));
	at[2] = place_of(a, record(a, true, "getblocks", 0));
	at[3] = place_of(a, record(a, false, "inv", 0));
	at[4] = place_of(a, record(a, true, "getdata", 0));
	for (int i = 0; i < 4; i++)
		assert_true(at[i] < at[i + 1]);
	assert_true(at[4] < place_of(a, record(a, false, "block", 0)));
	assert_int_equal(count_msgs(a, false, "block"), 5);
	assert_int_equal(count_msgs(a, true, "getdata"), 1);
	assert_non_null(strstr(record(b, true, "inv", 0)->summary, "5 blocks "));
	assert_non_null(strstr(record(b, true, "block", 0)->summary, "h=11 1tx "));
	net_drop(net);
}

static void a_node_syncs_from_an_inbound_peer(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 40), *b = node_add(net, blocks, 3);

	dial(a, b);
	run(net);
	assert_tip(b, blocks[40]);
	net_drop(net);
}

static void a_node_without_a_chain_fetches_genesis_and_all_after_it(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 30), *b = node_add(net, NULL, 0);

	protocol_expect_peers(b->protocol, 1);
	dial(b, a);
	run(net);
	assert_int_equal(b->adopted, 1);
	assert_tip(b, blocks[30]);
	/* Genesis came by inv and getdata like any other block. */
	assert_int_equal(count_msgs(b, false, "block"), 31);
	assert_string_equal(record(b, true, "getblocks", 0)->summary, "from genesis");
	net_drop(net);
}

static void a_long_chain_is_fetched_in_batches(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, LONG), *b = node_add(net, blocks, 0);
	struct sync_info si;

	dial(b, a);
	run(net);
	assert_tip(b, blocks[LONG]);
	/* Requests are refilled when half of them are answered: many blocks in one getdata, and
	 * none twice. */
	assert_int_equal(count_msgs(b, false, "block"), LONG);
	assert_true(count_msgs(b, true, "getdata") <= LONG / 7);
	assert_true(b->catching_seen > 0);
	assert_false(chain_catching_up(b->chain));
	protocol_sync_info(b->protocol, &si);
	assert_false(si.active);
	assert_int_equal(si.height, LONG);
	assert_int_equal(si.in_flight, 0);
	net_drop(net);
}

static void several_peers_share_the_work_and_none_sends_a_block_twice(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *b = node_add(net, blocks, 0), *from[3];
	uint64_t sum = 0;

	for (int i = 0; i < 3; i++) {
		from[i] = node_add(net, blocks, 600);
		dial(b, from[i]);
	}
	run(net);
	assert_tip(b, blocks[600]);
	for (int i = 0; i < 3; i++) {
		assert_true(from[i]->sent_blocks >= 100);
		sum += from[i]->sent_blocks;
	}
	assert_int_equal(sum, 600);
	net_drop(net);
}

static void new_tips_reach_every_node_along_a_line(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *n[4];
	struct err e = {0};

	for (int i = 0; i < 4; i++)
		n[i] = node_add(net, blocks, 5);
	for (int i = 0; i < 3; i++)
		dial(n[i], n[i + 1]);
	run(net);
	assert_ok(chain_accept_block(n[0]->chain, blocks[6], &e), e);
	n[0]->work_chain = true;
	run(net);
	assert_tip(n[3], blocks[6]);
	/* Announced once, and not announced back. */
	assert_int_equal(count_msgs(n[3], false, "inv"), 1);
	assert_int_equal(count_msgs(n[3], true, "inv"), 0);
	net_drop(net);
}

static void after_sendheaders_tips_are_announced_by_headers(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);
	struct block_header h;
	struct tmsg *m;
	struct err e = {0};

	raw_send(raw, "sendheaders", NULL, 0);
	/* It shows what it has. Before that, headers would not connect to anything it has. */
	raw_inv(raw, MSG_INV, INV_BLOCK, &blocks[5]->hash.h, 1);
	run(net);
	inbox_clear(raw);
	for (int i = 6; i <= 7; i++) {
		assert_ok(chain_accept_block(a->chain, blocks[i], &e), e);
		a->work_chain = true;
		run(net);
		m = raw_next(raw, NULL);
		assert_non_null(m);
		assert_string_equal(m->command, "headers");
		assert_int_equal(m->len, 1 + HEADERS_ITEM_BYTES);
		header_decode(&h, m->payload + 1);
		assert_memory_equal(h.prev.h.b, blocks[i - 1]->hash.h.b, HASH_BYTES);
		free(m);
	}
	net_drop(net);
}

/* A peer to which headers would not connect gets every tip by inv, until it requests headers. */
static void a_peer_that_is_far_behind_gets_invs_until_it_requests_headers(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);
	struct msg ask = {.kind = MSG_GETHEADERS};
	struct tmsg *m;
	struct err e = {0};

	raw_send(raw, "sendheaders", NULL, 0);
	run(net);
	for (int i = 6; i <= 12; i++) {
		if (i == 12) {
			ask.u.locator.version = PROTOCOL_VERSION;
			ask.u.locator.n = 1;
			ask.u.locator.hashes = blocks[0]->hash.h.b;
			raw_msg(raw, &ask);
			run(net);
		}
		inbox_clear(raw);
		assert_ok(chain_accept_block(a->chain, blocks[i], &e), e);
		a->work_chain = true;
		run(net);
		m = raw_next(raw, NULL);
		assert_non_null(m);
		assert_string_equal(m->command, i == 12 ? "headers" : "inv");
		free(m);
	}
	net_drop(net);
}

/* --- the simplest peers: six messages ---------------------------------------------------- */

#define OLD_VERSION 106

/* Plays a peer with blocks 0 .. n that knows version, getblocks, inv, getdata, block and tx.
 * Answers what is in its inbox. known_empty: it understands a locator without hashes. */
static void old_peer_turn(struct tconn *raw, size_t n, bool known_empty)
{
	struct tmsg *m;

	while ((m = raw_next(raw, NULL)) != NULL) {
		struct span payload = {m->payload, m->len};
		struct msg msg;

		if (strcmp(m->command, "getblocks") == 0) {
			size_t first = 1, count = 0;
			struct hash256 hashes[500];

			assert_true(msg_decode(&msg, MSG_GETBLOCKS, payload, NULL));
			if (msg.u.locator.n == 0 && known_empty)
				first = 0;
			for (size_t k = 0; k < msg.u.locator.n && first == 1; k++)
				for (size_t i = 0; i <= n; i++)
					if (memcmp(blocks[i]->hash.h.b,
						   msg.u.locator.hashes + k * HASH_BYTES,
						   HASH_BYTES) == 0)
						first = i + 1;
			for (size_t i = first; i <= n && count < 500; i++)
				hashes[count++] = blocks[i]->hash.h;
			if (count > 0 && (msg.u.locator.n > 0 || known_empty))
				raw_inv(raw, MSG_INV, INV_BLOCK, hashes, count);
		} else if (strcmp(m->command, "getdata") == 0) {
			assert_true(msg_decode(&msg, MSG_GETDATA, payload, NULL));
			for (size_t k = 0; k < msg.u.list.n; k++) {
				struct inv_item it = msg_inv_at(&msg.u.list, k);

				for (size_t i = 0; i <= n; i++)
					if (hash256_equal(&it.hash, &blocks[i]->hash.h))
						raw_block(raw, blocks[i]);
			}
		} else {
			/* It gets no other message that it doesn't know. */
			assert_true(strcmp(m->command, "version") == 0 ||
				    strcmp(m->command, "verack") == 0 ||
				    strcmp(m->command, "inv") == 0 ||
				    strcmp(m->command, "tx") == 0);
		}
		free(m);
	}
}

static void old_peer_run(struct tnet *net, struct tconn *raw, size_t n, bool known_empty)
{
	do {
		run(net);
		if (list_empty(&raw->inbox))
			return;
		old_peer_turn(raw, n, known_empty);
	} while (true);
}

static void the_simplest_peer_is_synced_from(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = raw_dialled(a, 4000);

	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = LONG});
	old_peer_run(net, raw, LONG, true);
	assert_tip(a, blocks[LONG]);
	assert_true(raw->other->open);
	net_drop(net);
}

static void a_node_without_a_chain_joins_that_of_the_simplest_peer(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, NULL, 0);
	struct tconn *raw = raw_dialled(a, 4000);

	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = 20});
	old_peer_run(net, raw, 20, true);
	assert_tip(a, blocks[20]);
	net_drop(net);
}

static void genesis_is_found_by_walking_back_if_an_empty_locator_is_not_understood(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, NULL, 0);
	struct tconn *raw = raw_dialled(a, 4000);

	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = 20});
	for (int s = 0; s < 20 && !chain_has_genesis(a->chain); s++) {
		pass(net, 1);
		old_peer_run(net, raw, 20, false);
	}
	assert_tip(a, blocks[20]);
	net_drop(net);
}

static void a_peer_whose_version_ends_after_the_addresses_is_synced_from(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_dialled(a, 4000);
	struct msg m = {.kind = MSG_VERSION};

	m.u.version.version = OLD_VERSION;
	raw_msg(raw, &m);
	old_peer_run(net, raw, 9, true);
	assert_tip(a, blocks[9]);
	net_drop(net);
}

/* It requests like the first version of Bitcoin: after an inv with one unknown block it fetches
 * that block, and as it is an orphan, sends getblocks again. */
static void the_simplest_peer_syncs_from_us_by_the_announced_tip(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, LONG);
	struct tconn *raw = raw_dials(a);
	struct msg ask = {.kind = MSG_GETBLOCKS};
	size_t have = 0, invs = 0;
	bool requested = false;

	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = 0});
	for (int guard = 0; guard < 1000 && have < LONG; guard++) {
		struct tmsg *m;
		bool again = !requested;

		run(net);
		while ((m = raw_next(raw, NULL)) != NULL) {
			struct msg msg;
			struct hash256 want[500];
			size_t n = 0;

			if (strcmp(m->command, "inv") == 0) {
				assert_true(msg_decode(&msg, MSG_INV,
						       (struct span){m->payload, m->len}, NULL));
				assert_true(msg.u.list.n <= 500);
				for (size_t i = 0; i < msg.u.list.n; i++)
					want[n++] = msg_inv_at(&msg.u.list, i).hash;
				raw_inv(raw, MSG_GETDATA, INV_BLOCK, want, n);
				invs++;
			} else if (strcmp(m->command, "block") == 0) {
				struct block *b = NULL;

				assert_true(block_decode(&b, m->payload, m->len, NULL));
				if (hash256_equal(&b->hash.h, &blocks[have + 1]->hash.h))
					have++;
				else
					again = true; /* an orphan: the tip */
				block_unref(b);
			}
			free(m);
		}
		if (again) {
			ask.u.locator.n = 1;
			ask.u.locator.hashes = blocks[have]->hash.h.b;
			raw_msg(raw, &ask);
			requested = true;
		}
	}
	assert_int_equal(have, LONG);
	/* Two full answers, the tip after each, and the rest. */
	assert_int_equal(invs, 5);
	net_drop(net);
}

/* --- answers ------------------------------------------------------------------------- */

static size_t inv_count(struct tconn *raw)
{
	struct tmsg *m = raw_next(raw, "inv");
	struct msg msg;
	size_t n;

	if (!m)
		return 0;
	assert_true(msg_decode(&msg, MSG_INV, (struct span){m->payload, m->len}, NULL));
	n = msg.u.list.n;
	free(m);
	return n;
}

static void getblocks_is_answered_after_the_fork_and_before_the_stop(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct msg m = {.kind = MSG_GETBLOCKS};
	struct hash256 locator[3] = {{{1}}, blocks[12]->hash.h, blocks[3]->hash.h};

	/* The first known hash counts. */
	m.u.locator.n = 3;
	m.u.locator.hashes = locator[0].b;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(inv_count(raw), 8);
	/* The stop hash is not included. */
	m.u.locator.stop = blocks[15]->hash;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(inv_count(raw), 2);
	/* No known hash: from the block after genesis. No hash at all: from genesis. */
	m.u.locator.stop = (struct block_hash){0};
	m.u.locator.n = 1;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(inv_count(raw), 20);
	m.u.locator.n = 0;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(inv_count(raw), 21);
	/* Nothing to announce: no answer. */
	m.u.locator.n = 1;
	m.u.locator.hashes = blocks[20]->hash.h.b;
	raw_msg(raw, &m);
	run(net);
	assert_true(list_empty(&raw->inbox));
	net_drop(net);
}

static size_t headers_count(struct tconn *raw)
{
	struct tmsg *m = raw_next(raw, "headers");
	struct msg msg;
	size_t n;

	assert_non_null(m);
	assert_true(msg_decode(&msg, MSG_HEADERS, (struct span){m->payload, m->len}, NULL));
	n = msg.u.list.n;
	free(m);
	return n;
}

static void getheaders_is_always_answered_and_includes_the_stop(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 20);
	struct tconn *raw = raw_peer(a);
	struct msg m = {.kind = MSG_GETHEADERS};

	m.u.locator.n = 1;
	m.u.locator.hashes = blocks[5]->hash.h.b;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(headers_count(raw), 15);
	/* The stop hash is included. */
	m.u.locator.stop = blocks[8]->hash;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(headers_count(raw), 3);
	/* No hashes and a stop hash: that header only, or nothing if it is unknown. */
	m.u.locator.n = 0;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(headers_count(raw), 1);
	m.u.locator.stop.h.b[0] ^= 1;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(headers_count(raw), 0);
	/* No hashes and no stop hash: from genesis. */
	m.u.locator.stop = (struct block_hash){0};
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(headers_count(raw), 21);
	m.u.locator.n = 1;
	m.u.locator.hashes = blocks[20]->hash.h.b;
	raw_msg(raw, &m);
	run(net);
	assert_int_equal(headers_count(raw), 0);
	net_drop(net);
}

static void missing_items_are_answered_by_notfound(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);
	struct hash256 ask[2] = {blocks[3]->hash.h, blocks[9]->hash.h};
	struct tmsg *m;
	struct msg msg;

	raw_inv(raw, MSG_GETDATA, INV_BLOCK, ask, 2);
	raw_inv(raw, MSG_GETDATA, INV_TX, ask, 1);
	raw_inv(raw, MSG_GETDATA, INV_FILTERED_BLOCK, ask, 1);
	run(net);
	assert_true(raw_got(raw, "block"));
	m = raw_next(raw, "notfound");
	assert_non_null(m);
	assert_true(msg_decode(&msg, MSG_NOTFOUND, (struct span){m->payload, m->len}, NULL));
	assert_int_equal(msg.u.list.n, 3);
	assert_memory_equal(msg_inv_at(&msg.u.list, 0).hash.b, ask[1].b, HASH_BYTES);
	assert_int_equal(msg_inv_at(&msg.u.list, 1).type, INV_TX);
	assert_int_equal(msg_inv_at(&msg.u.list, 2).type, INV_FILTERED_BLOCK);
	free(m);
	net_drop(net);
}

/* The test's peer has read everything: reports to the node that the queue is empty. */
static void read_all(struct tnode *node, struct tconn *raw)
{
	raw->other->above = false;
	protocol_net_handler(node->protocol).drained(node->protocol, raw->other->info.id);
}

static void at_most_a_megabyte_is_queued_for_a_peer_that_does_not_read(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 40);
	struct tconn *raw = raw_peer(a);
	struct hash256 *ask = mem_array(8000, sizeof(*ask));
	size_t got = 0;

	for (size_t i = 0; i < 8000; i++)
		ask[i] = blocks[i % 41]->hash.h;
	raw_inv(raw, MSG_GETDATA, INV_BLOCK, ask, 8000);
	run(net);
	assert_true(raw->inbox_bytes <= (1u << 20) + 1000);
	/* It is not read from meanwhile. */
	assert_true(raw->other->paused);
	while (got < 8000) {
		size_t before = got;
		struct tmsg *m;

		while ((m = raw_next(raw, NULL)) != NULL) {
			got += strcmp(m->command, "block") == 0;
			free(m);
		}
		assert_true(got > before);
		read_all(a, raw);
		run(net);
	}
	assert_int_equal(got, 8000);
	assert_false(raw->other->paused);
	free(ask);
	net_drop(net);
}

static void two_of_the_longest_getdata_in_a_row_are_answered_completely(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);
	struct hash256 *ask = mem_zalloc(INV_MAX * sizeof(*ask));
	size_t missing = 0;
	struct tmsg *m;
	struct msg msg;

	raw_inv(raw, MSG_GETDATA, INV_BLOCK, ask, INV_MAX);
	raw_inv(raw, MSG_GETDATA, INV_BLOCK, ask, INV_MAX);
	/* The second one waits in the connection while the first is being answered. */
	deliver_one(raw->other);
	assert_true(raw->other->paused);
	run(net);
	while (missing < 2 * INV_MAX) {
		const size_t before = missing;

		while ((m = raw_next(raw, "notfound")) != NULL) {
			assert_true(msg_decode(&msg, MSG_NOTFOUND,
					       (struct span){m->payload, m->len}, NULL));
			missing += msg.u.list.n;
			free(m);
		}
		assert_true(missing > before);
		read_all(a, raw);
		run(net);
	}
	assert_int_equal(missing, 2 * INV_MAX);
	assert_false(raw->other->paused);
	free(ask);
	net_drop(net);
}

/* --- trouble -------------------------------------------------------------------------- */

static void a_longer_branch_wins_on_both_sides(void **state)
{
	struct tnet *net = classic_net(state);
	struct block **other = chain_make(blocks[10], 10, 8, 5);
	struct tnode *a = node_add(net, blocks, 15), *b = node_add(net, blocks, 10);
	struct err e = {0};

	for (int i = 1; i <= 8; i++)
		assert_ok(chain_accept_block(b->chain, other[i], &e), e);
	assert_ok(chain_settle(b->chain, &e), e);
	dial(a, b);
	run(net);
	assert_tip(a, other[8]);
	assert_tip(b, other[8]);
	chain_drop(other, 8);
	net_drop(net);
}

static void a_node_with_the_longer_branch_learns_of_one_that_overtakes_it(void **state)
{
	struct tnet *net = classic_net(state);
	struct block **other = chain_make(blocks[10], 10, 9, 5);
	struct tnode *a = node_add(net, blocks, 15), *b = node_add(net, blocks, 10);
	struct err e = {0};

	dial(a, b);
	run(net);
	assert_true(same_tip(a, b));
	/* b receives the other branch and changes_headers to it, and a follows. */
	for (int i = 1; i <= 9; i++) {
		assert_ok(chain_accept_block(b->chain, other[i], &e), e);
		b->work_chain = true;
		run(net);
	}
	assert_tip(b, other[9]);
	assert_tip(a, other[9]);
	chain_drop(other, 9);
	net_drop(net);
}

static void an_announced_block_with_unknown_parents_makes_us_request_them(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_dialled(a, 4000);

	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = 2});
	old_peer_run(net, raw, 2, true);
	/* The peer has more blocks now and announces only the last one. */
	raw_inv(raw, MSG_INV, INV_BLOCK, &blocks[30]->hash.h, 1);
	old_peer_run(net, raw, 30, true);
	assert_tip(a, blocks[30]);
	net_drop(net);
}

static void an_unrequested_block_on_the_tip_is_accepted(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a);

	raw_block(raw, blocks[3]);
	run(net);
	assert_tip(a, blocks[3]);
	assert_true(raw->other->open);
	net_drop(net);
}

static void an_unrequested_block_far_below_the_tip_is_ignored(void **state)
{
	struct tnet *net = classic_net(state);
	struct block **other = chain_make(blocks[3], 3, 1, 9);
	struct block **near = chain_make(blocks[300 - 140], 300 - 140, 1, 9);
	struct tnode *a = node_add(net, blocks, 300);
	struct tconn *raw = raw_peer(a);
	struct chain_entry en;

	raw_block(raw, other[1]);
	raw_block(raw, near[1]);
	run(net);
	assert_false(chain_find(a->chain, &other[1]->hash, &en));
	assert_true(chain_find(a->chain, &near[1]->hash, &en));
	assert_true(raw->other->open);
	chain_drop(near, 1);
	chain_drop(other, 1);
	net_drop(net);
}

static void ten_blocks_in_a_row_with_unknown_parents_disconnect(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a);

	for (int i = 0; i < 9; i++)
		raw_block(raw, blocks[100 + 2 * i]);
	run(net);
	assert_true(raw->other->open);
	raw_block(raw, blocks[200]);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "in a row");
	assert_tip(a, blocks[2]);
	net_drop(net);
}

static void another_genesis_disconnects_but_does_not_discourage(void **state)
{
	struct tnet *net = classic_net(state);
	struct block *foreign = test_genesis("another");
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a);

	raw_block(raw, foreign);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "another chain");
	block_unref(foreign);
	net_drop(net);
}

static void a_peer_of_another_chain_without_tag_is_found_by_its_genesis(void **state)
{
	struct tnet *net = classic_net(state);
	struct block **foreign = chain_make(NULL, 0, 0, 0), *its = test_genesis("another");
	struct block **all = chain_make(its, 0, 4, 3);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_dialled(a, 4000);
	struct hash256 inv[4];

	for (int i = 0; i < 4; i++)
		inv[i] = all[i + 1]->hash.h;
	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = 4});
	for (int s = 0; s < 60 && raw->other->open; s++) {
		struct tmsg *m;

		pass(net, 1);
		while ((m = raw_next(raw, NULL)) != NULL) {
			struct msg msg;

			if (strcmp(m->command, "getblocks") == 0)
				raw_inv(raw, MSG_INV, INV_BLOCK, inv, 4);
			if (strcmp(m->command, "getdata") == 0) {
				assert_true(msg_decode(&msg, MSG_GETDATA,
						       (struct span){m->payload, m->len}, NULL));
				for (size_t k = 0; k < msg.u.list.n; k++)
					for (int i = 0; i <= 4; i++) {
						struct inv_item it = msg_inv_at(&msg.u.list, k);

						if (hash256_equal(&it.hash, &all[i]->hash.h))
							raw_block(raw, all[i]);
					}
			}
			free(m);
		}
		run(net);
	}
	assert_closed(raw, CLOSE_PLAIN, "another chain");
	assert_tip(a, blocks[2]);
	chain_drop(all, 4);
	block_unref(its);
	chain_drop(foreign, 0);
	net_drop(net);
}

/* A peer that announces blocks and doesn't send them. */
static struct tconn *silent_peer(struct tnode *a, uint16_t port, size_t n)
{
	struct tconn *raw = raw_dialled(a, port);
	struct hash256 *inv = mem_array(n, sizeof(*inv));

	raw_version(raw, (struct raw_version){.height = (int32_t)n});
	run(a->net);
	for (size_t i = 0; i < n; i++)
		inv[i] = blocks[i + 1]->hash.h;
	raw_inv(raw, MSG_INV, INV_BLOCK, inv, n);
	run(a->net);
	assert_true(raw_got(raw, "getdata"));
	free(inv);
	return raw;
}

static void the_requests_of_a_silent_peer_move_to_another(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 0), *good = node_add(net, blocks, 50);
	struct tconn *raw = silent_peer(a, 4000, 50);

	dial(a, good);
	run(net);
	/* The blocks requested from the silent peer are still missing. */
	assert_int_equal(chain_height(a->chain), 0);
	pass(net, 22);
	assert_tip(a, blocks[50]);
	assert_true(raw->other->open);
	net_drop(net);
}

static void a_peer_that_never_sends_is_disconnected_even_if_it_is_the_only_one(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = silent_peer(a, 4000, 50);

	pass(net, 19);
	assert_true(raw->other->open);
	pass(net, 60);
	assert_closed(raw, CLOSE_PLAIN, "timed out");
	/* Announcements without blocks don't make the node believe that it is catching up. */
	assert_int_equal(a->catching_seen, 0);
	net_drop(net);
}

static void the_requests_of_a_lost_peer_move_to_another_at_once(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 0), *good = node_add(net, blocks, 50);
	struct tconn *raw = silent_peer(a, 4000, 50);

	dial(a, good);
	run(net);
	fake_close(a, raw->other->info.id, CLOSE_PLAIN, "lost");
	run(net);
	assert_tip(a, blocks[50]);
	net_drop(net);
}

static void after_notfound_a_block_is_requested_from_another_peer(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 0), *good = node_add(net, blocks, 5);
	struct tconn *raw = silent_peer(a, 4000, 5);
	struct hash256 inv[5];

	for (int i = 0; i < 5; i++)
		inv[i] = blocks[i + 1]->hash.h;
	dial(a, good);
	run(net);
	assert_int_equal(chain_height(a->chain), 0);
	raw_inv(raw, MSG_NOTFOUND, INV_BLOCK, inv, 5);
	run(net);
	assert_tip(a, blocks[5]);
	assert_true(raw->other->open);
	net_drop(net);
}

static void an_invalid_block_disconnects_its_sender(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a), *second;
	/* Its coinbase names height 9. */
	struct block *bad = block_upon(blocks[2], 9, 1, NULL);

	raw_block(raw, bad);
	run(net);
	assert_closed(raw, CLOSE_DISCOURAGE, "invalid block");
	assert_tip(a, blocks[2]);
	second = raw_peer(a);
	raw_block(second, blocks[3]);
	run(net);
	assert_tip(a, blocks[3]);
	block_unref(bad);
	net_drop(net);
}

static void a_block_found_invalid_later_disconnects_its_sender(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 9);
	struct tx *forged = pay_from(&blocks[1]->tx[0], &blocks[0]->hash, 1000, false);
	struct block *bad = block_upon(blocks[9], 10, 1, forged);
	struct tconn *innocent = raw_peer(a), *guilty = raw_peer(a);

	raw_block(guilty, bad);
	run(net);
	assert_closed(guilty, CLOSE_DISCOURAGE, "invalid block");
	assert_true(innocent->other->open);
	assert_tip(a, blocks[9]);
	block_unref(bad);
	tx_unref(forged);
	net_drop(net);
}

/* Requests the same block n times. */
static void request_times(struct tconn *raw, const struct block *b, size_t n)
{
	struct hash256 *all = mem_array(n, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = b->hash.h;
	raw_inv(raw, MSG_GETDATA, INV_BLOCK, all, n);
	free(all);
}

static void when_room_is_short_the_slowest_peer_is_disconnected_for_one_that_waits(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *slow = raw_peer(a), *waits = raw_peer(a), *quick = raw_peer(a);

	request_times(slow, blocks[1], 500);
	request_times(quick, blocks[1], 500);
	run(net);
	assert_in_range(slow->inbox_bytes, 65536, 1 << 20);
	a->queued_all = QUEUES_FULL;
	request_times(waits, blocks[2], 1);
	run(net);
	assert_false(raw_got(waits, "block"));
	for (int i = 0; i < 4; i++) {
		inbox_clear(quick);
		request_times(quick, blocks[5], 500);
		pass(net, 1);
	}
	assert_closed(slow, CLOSE_DROP, "other peers need the room");
	assert_true(quick->other->open);
	a->queued_all = 0;
	pass(net, 1);
	assert_true(raw_got(waits, "block"));
	net_drop(net);
}

static void the_tip_is_sent_even_if_room_is_short(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	a->queued_all = QUEUES_FULL;
	request_times(raw, blocks[5], 1);
	run(net);
	assert_true(raw_got(raw, "block"));
	/* Nobody waits for room, so nobody is disconnected. */
	pass(net, 20);
	assert_true(raw->other->open);
	net_drop(net);
}

/* A header followed by bytes that are not transactions. */
static void raw_garbage(struct tconn *raw, const struct block_header *h)
{
	uint8_t bytes[HEADER_BYTES + 5];

	memset(bytes, 0xff, sizeof(bytes));
	header_encode(bytes, h);
	raw_send(raw, "block", bytes, sizeof(bytes));
}

static void a_block_without_work_is_not_decoded(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a), *second = raw_peer(a);
	struct block_header h = blocks[3]->header;
	struct block_hash hash;

	do {
		h.nonce++;
		header_hash(&hash, &h);
	} while (pow_ok(&hash, h.bits));
	raw_garbage(raw, &h);
	run(net);
	assert_closed(raw, CLOSE_DISCOURAGE, "high-hash");
	/* A header with work and an unknown parent: the rest is decoded. */
	raw_garbage(second, &blocks[4]->header);
	run(net);
	assert_closed(second, CLOSE_DISCOURAGE, "malformed block");
	net_drop(net);
}

static void a_stored_block_is_not_decoded_again(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a);

	raw_garbage(raw, &blocks[0]->header);
	raw_garbage(raw, &blocks[2]->header);
	raw_block(raw, blocks[3]);
	run(net);
	assert_true(raw->other->open);
	assert_tip(a, blocks[3]);
	net_drop(net);
}

static void a_genesis_without_work_is_another_chain_too(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a);
	struct block_header h = blocks[0]->header;

	h.time++;
	h.bits = 0x03000001;
	raw_garbage(raw, &h);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "another genesis");
	net_drop(net);
}

static void wrong_bytes_under_an_honest_header_do_not_poison_it(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *liar = raw_peer(a), *honest;
	struct span raw = blocks[4]->tx[0].raw;
	struct block *mutated = block_make(&blocks[3]->header, &raw, 1);

	raw_block(liar, mutated);
	run(net);
	assert_closed(liar, CLOSE_DISCOURAGE, "invalid block");
	honest = raw_peer(a);
	raw_block(honest, blocks[3]);
	run(net);
	assert_tip(a, blocks[3]);
	block_unref(mutated);
	net_drop(net);
}

static void a_block_from_the_future_is_tried_again_and_its_sender_stays(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a;
	struct tconn *raw;

	/* Block 1 is 121 s ahead of our clock. */
	net->clock.unix_us = (int64_t)(blocks[1]->header.time - 121) * 1000000;
	a = node_add(net, blocks, 0);
	raw = raw_dialled(a, 4000);
	raw_version(raw, (struct raw_version){.version = OLD_VERSION, .height = 3});
	old_peer_run(net, raw, 3, true);
	assert_int_equal(chain_height(a->chain), 0);
	assert_true(raw->other->open);
	pass(net, 3);
	assert_tip(a, blocks[3]);
	assert_true(raw->other->open);
	net_drop(net);
}

static void a_flood_of_announcements_is_bounded(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw = raw_peer(a);
	struct hash256 *junk = mem_array(INV_MAX, sizeof(*junk));
	struct rng_seeded rng;
	struct peer_info pi;
	struct tmsg *m;
	size_t requested = 0;

	rng_seeded_init(&rng, 3);
	for (int k = 0; k < 4; k++) {
		rng_fill(&rng.rng, junk, INV_MAX * sizeof(*junk));
		raw_inv(raw, MSG_INV, k % 2 ? INV_TX : INV_BLOCK, junk, INV_MAX);
		run(net);
	}
	assert_true(protocol_peer(a->protocol, raw->other->info.id, &pi));
	assert_int_equal(pi.in_flight, 16);
	while ((m = raw_next(raw, "getdata")) != NULL) {
		struct msg msg;

		assert_true(msg_decode(&msg, MSG_GETDATA, (struct span){m->payload, m->len}, NULL));
		requested += msg.u.list.n;
		free(m);
	}
	/* 16 blocks and 500 transactions: no more until it answers. */
	assert_int_equal(requested, 516);
	assert_true(raw->other->open);
	free(junk);
	net_drop(net);
}

static void the_requests_of_all_peers_together_are_bounded(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 2);
	struct tconn *raw[30], *honest;
	struct hash256 *junk = mem_array(INV_MAX, sizeof(*junk));
	struct rng_seeded rng;
	size_t n_open = 0;

	rng_seeded_init(&rng, 4);
	rng_fill(&rng.rng, junk, INV_MAX * sizeof(*junk));
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		raw[i] = raw_peer(a);
		raw_inv(raw[i], MSG_GETDATA, INV_BLOCK, junk, INV_MAX);
		run(net); /* it gets notfound until its send queue is full */
		n_open += raw[i]->other->open;
	}
	assert_in_range(n_open, 10, ARRAY_LEN(raw) - 1);
	assert_closed(raw[ARRAY_LEN(raw) - 1], CLOSE_PLAIN, "at once");
	honest = raw_peer(a);
	raw_inv(honest, MSG_GETDATA, INV_BLOCK, &blocks[2]->hash.h, 1);
	run(net);
	assert_true(raw_got(honest, "block"));
	free(junk);
	net_drop(net);
}

static void sync_info_reports_rate_and_target(void **state)
{
	struct tnet *net = classic_net(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = silent_peer(a, 4000, 100);
	struct sync_info si;

	for (int i = 1; i <= 10; i++)
		raw_block(raw, blocks[i]);
	run(net);
	pass(net, 2);
	protocol_sync_info(a->protocol, &si);
	assert_true(si.active);
	assert_int_equal(si.height, 10);
	assert_int_equal(si.target, 100);
	assert_int_equal(si.n_senders, 1);
	assert_int_equal(si.senders[0], raw->other->info.id);
	assert_true(si.in_flight > 0);
	raw_block(raw, blocks[11]);
	raw_block(raw, blocks[12]);
	run(net);
	pass(net, 1);
	protocol_sync_info(a->protocol, &si);
	assert_true(si.blocks_per_s > 0 && si.blocks_per_s < 20);
	assert_true(si.eta_s > 0);
	net_drop(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_that_is_behind_syncs_by_getblocks_inv_getdata_and_block),
		TEST(a_node_syncs_from_an_inbound_peer),
		TEST(a_node_without_a_chain_fetches_genesis_and_all_after_it),
		TEST(a_long_chain_is_fetched_in_batches),
		TEST(several_peers_share_the_work_and_none_sends_a_block_twice),
		TEST(new_tips_reach_every_node_along_a_line),
		TEST(after_sendheaders_tips_are_announced_by_headers),
		TEST(a_peer_that_is_far_behind_gets_invs_until_it_requests_headers),
		TEST(the_simplest_peer_is_synced_from),
		TEST(a_node_without_a_chain_joins_that_of_the_simplest_peer),
		TEST(genesis_is_found_by_walking_back_if_an_empty_locator_is_not_understood),
		TEST(a_peer_whose_version_ends_after_the_addresses_is_synced_from),
		TEST(the_simplest_peer_syncs_from_us_by_the_announced_tip),
		TEST(getblocks_is_answered_after_the_fork_and_before_the_stop),
		TEST(getheaders_is_always_answered_and_includes_the_stop),
		TEST(missing_items_are_answered_by_notfound),
		TEST(at_most_a_megabyte_is_queued_for_a_peer_that_does_not_read),
		TEST(two_of_the_longest_getdata_in_a_row_are_answered_completely),
		TEST(a_longer_branch_wins_on_both_sides),
		TEST(a_node_with_the_longer_branch_learns_of_one_that_overtakes_it),
		TEST(an_announced_block_with_unknown_parents_makes_us_request_them),
		TEST(an_unrequested_block_on_the_tip_is_accepted),
		TEST(an_unrequested_block_far_below_the_tip_is_ignored),
		TEST(ten_blocks_in_a_row_with_unknown_parents_disconnect),
		TEST(another_genesis_disconnects_but_does_not_discourage),
		TEST(a_peer_of_another_chain_without_tag_is_found_by_its_genesis),
		TEST(the_requests_of_a_silent_peer_move_to_another),
		TEST(a_peer_that_never_sends_is_disconnected_even_if_it_is_the_only_one),
		TEST(the_requests_of_a_lost_peer_move_to_another_at_once),
		TEST(after_notfound_a_block_is_requested_from_another_peer),
		TEST(an_invalid_block_disconnects_its_sender),
		TEST(a_block_found_invalid_later_disconnects_its_sender),
		TEST(when_room_is_short_the_slowest_peer_is_disconnected_for_one_that_waits),
		TEST(the_tip_is_sent_even_if_room_is_short),
		TEST(a_block_without_work_is_not_decoded),
		TEST(a_stored_block_is_not_decoded_again),
		TEST(a_genesis_without_work_is_another_chain_too),
		TEST(wrong_bytes_under_an_honest_header_do_not_poison_it),
		TEST(a_block_from_the_future_is_tried_again_and_its_sender_stays),
		TEST(a_flood_of_announcements_is_bounded),
		TEST(the_requests_of_all_peers_together_are_bounded),
		TEST(sync_info_reports_rate_and_target),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
