/* Headers: which are requested from which peer, which are stored, what invalid ones cost their
 * sender, and announcements by headers. */
#include "chain/query_priv.h"
#include "protocol_server.h"

static void a_peer_that_sends_no_headers_for_ten_seconds_gets_getblocks(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = raw_dialled(a, 4000);

	raw_version(raw, (struct raw_version){.height = 20});
	run(net);
	assert_true(raw_got(raw, "getheaders"));
	pass(net, 9);
	assert_false(raw_got(raw, "getblocks"));
	pass(net, 1);
	assert_true(raw_got(raw, "getblocks"));
	/* The headers arrive late: they are used all the same. */
	send_headers(raw, blocks, 1, 21);
	run(net);
	assert_true(raw_got(raw, "getdata"));
	net_drop(net);
}

/* --- what is stored ---------------------------------------------------------------------- */

static void headers_with_too_little_work_are_not_stored(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, LONG);
	size_t before = chain_header_count(a->chain);
	/* The minimum work is the tip's less 144 blocks: the first peer's chain has one block less,
	 * the second peer's has just enough. */
	struct server under = serve(a, 4000, others, LONG - 145);
	struct server at = {0};

	serve_all(net, &under, 1);
	assert_true(under.raw->other->open);
	assert_int_equal(under.getheaders, 2);
	assert_int_equal(chain_header_count(a->chain), before);
	assert_int_equal(under.requested, 0);
	at = serve(a, 4001, others, LONG - 144);
	serve_all(net, &at, 1);
	/* Read twice, then stored, and no block is requested. */
	assert_int_equal(at.getheaders, 4);
	assert_int_equal(chain_header_count(a->chain), before + LONG - 144 - BRANCH);
	assert_int_equal(at.requested, 0);
	net_drop(net);
}

static void headers_that_change_when_read_again_are_not_stored(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, LONG);
	size_t before = chain_header_count(a->chain);
	struct server s = serve(a, 4000, others, OTHER);

	s.changes_headers = true;
	serve_all(net, &s, 1);
	assert_closed(s.raw, CLOSE_PLAIN, "other headers at the second request");
	assert_int_equal(chain_header_count(a->chain), before);
	net_drop(net);
}

static void headers_without_work_disconnect_their_sender(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct block_header h = blocks[6]->header;
	struct msg m = {.kind = MSG_HEADERS};
	struct tconn *raw = raw_peer(a);
	struct writer w;
	struct block_hash hash;

	do {
		h.nonce++;
		header_hash(&hash, &h);
	} while (pow_ok(&hash, h.bits));
	writer_init(&w);
	put_headers_item(&w, &h);
	m.u.list = (struct msg_list){1, w.buf};
	raw_msg(raw, &m);
	run(net);
	assert_closed(raw, CLOSE_DISCOURAGE, "high-hash");
	writer_clear(&w);
	net_drop(net);
}

static void headers_that_do_not_follow_each_other_disconnect(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);
	struct block *gap[2] = {blocks[6], blocks[8]};

	send_headers(raw, gap, 0, 2);
	run(net);
	assert_closed(raw, CLOSE_DISCOURAGE, "does not follow");
	net_drop(net);
}

static void headers_on_top_of_an_invalid_block_disconnect(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct block *bad = block_upon(blocks[5], 9, 1, NULL), *child = block_upon(bad, 7, 1, NULL);
	struct tconn *first = raw_peer(a), *second;

	raw_block(first, bad);
	run(net);
	assert_closed(first, CLOSE_DISCOURAGE, "invalid block");
	second = raw_peer(a);
	send_headers(second, &child, 0, 1);
	run(net);
	assert_closed(second, CLOSE_DISCOURAGE, "invalid header");
	block_unref(child);
	block_unref(bad);
	net_drop(net);
}

static void headers_from_the_future_are_requested_again_when_due(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a;
	struct server s;

	/* Block 3 is 123 s ahead of our clock. */
	net->clock.unix_us = (int64_t)(blocks[3]->header.time - 123) * 1000000;
	a = node_add(net, blocks, 0);
	s = serve(a, 4000, blocks, 5);
	serve_all(net, &s, 1);
	assert_int_equal(chain_height(a->chain), 0);
	assert_int_equal(chain_header_count(a->chain), 1);
	assert_true(s.raw->other->open);
	pass_serving(net, &s, 1, 2);
	assert_true(knows(a, blocks[1]));
	pass_serving(net, &s, 1, 6);
	assert_tip(a, blocks[5]);
	assert_true(s.raw->other->open);
	net_drop(net);
}

static void a_claimed_height_is_the_target_only_until_headers_arrive(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_dialled(a, 4000);
	struct sync_info si;

	raw_version(raw, (struct raw_version){.height = 1000000});
	run(net);
	protocol_sync_info(a->protocol, &si);
	assert_int_equal(si.target, 1000000);
	send_headers(raw, blocks, 5, 8);
	run(net);
	protocol_sync_info(a->protocol, &si);
	assert_int_equal(si.target, 7);
	assert_int_equal(si.headers, 7);
	assert_int_equal(si.n_senders, 1);
	assert_int_equal(si.senders[0], raw->other->info.id);
	net_drop(net);
}

/* --- announcements ----------------------------------------------------------------------- */

static void tips_are_announced_by_headers_along_a_line(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n[4];

	for (int i = 0; i < 4; i++)
		n[i] = node_add(net, blocks, 5);
	for (int i = 0; i < 3; i++)
		dial(n[i], n[i + 1]);
	run(net);
	for (int i = 0; i < 4; i++)
		n[i]->n_records = 0;
	accept_blocks(n[0], blocks, 6, 6);
	run(net);
	assert_tip(n[3], blocks[6]);
	/* Announced once by headers, requested at once, and not announced back. */
	assert_int_equal(count_msgs(n[3], false, "headers"), 1);
	assert_int_equal(count_msgs(n[3], false, "inv"), 0);
	assert_int_equal(count_msgs(n[3], true, "getheaders"), 0);
	assert_int_equal(count_msgs(n[3], true, "headers"), 0);
	assert_int_equal(count_msgs(n[3], true, "getdata"), 1);
	net_drop(net);
}

static void a_peer_that_joined_later_announces_by_headers_too(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5), *b = node_add(net, NULL, 0);

	dial(b, a);
	run(net);
	pass(net, 4);
	assert_tip(b, blocks[5]);
	accept_blocks(b, blocks, 6, 6); /* now node a knows what node b has */
	run(net);
	a->n_records = 0;
	accept_blocks(b, blocks, 7, 7);
	run(net);
	assert_tip(a, blocks[7]);
	assert_int_equal(count_msgs(a, false, "headers"), 1);
	assert_int_equal(count_msgs(a, false, "inv"), 0);
	net_drop(net);
}

static void without_sendheaders_tips_are_announced_by_inv(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	accept_blocks(a, blocks, 6, 6);
	run(net);
	assert_false(raw_got(raw, "headers"));
	accept_blocks(a, blocks, 7, 7);
	run(net);
	assert_true(raw_got(raw, "inv"));
	net_drop(net);
}

static void an_inv_with_an_unknown_block_makes_us_request_headers(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	raw_inv(raw, MSG_INV, INV_BLOCK, &blocks[8]->hash.h, 1);
	run(net);
	assert_true(raw_got(raw, "getheaders"));
	send_headers(raw, blocks, 5, 9);
	run(net);
	assert_true(raw_got(raw, "getdata"));
	for (int i = 6; i <= 8; i++)
		raw_block(raw, blocks[i]);
	run(net);
	assert_tip(a, blocks[8]);
	net_drop(net);
}

static void unconnected_headers_make_us_request_those_between(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	send_headers(raw, blocks, 20, 21);
	run(net);
	assert_true(raw_got(raw, "getheaders"));
	assert_false(knows(a, blocks[20]));
	send_headers(raw, blocks, 6, 21);
	run(net);
	assert_true(raw_got(raw, "getdata"));
	assert_true(knows(a, blocks[20]));
	net_drop(net);
}

static void ten_unconnected_headers_in_a_row_disconnect(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	for (size_t i = 0; i < 9; i++)
		send_headers(raw, blocks, 100 + i, 101 + i);
	run(net);
	/* A connected header resets the count. */
	send_headers(raw, blocks, 6, 7);
	for (size_t i = 0; i < 9; i++)
		send_headers(raw, blocks, 100 + i, 101 + i);
	run(net);
	assert_true(raw->other->open);
	send_headers(raw, blocks, 200, 201);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "in a row");
	net_drop(net);
}

/* --- turns ------------------------------------------------------------------------------- */

static void when_the_peer_whose_turn_it_is_disconnects_the_others_go_on(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};
	struct sync_info si;

	run(net);
	send_headers(s[0].raw, blocks, 1, HEADERS_MAX + 1);
	send_headers(s[1].raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	protocol_sync_info(a->protocol, &si);
	assert_int_equal(si.headers_from, s[0].raw->other->info.id);
	/* Requested once, and not again during the first peer's turn. */
	assert_true(raw_got(s[1].raw, "getheaders"));
	assert_false(raw_got(s[1].raw, "getheaders"));
	fake_close(a, s[0].raw->other->info.id, CLOSE_PLAIN, "lost");
	serve_all(net, &s[1], 1);
	assert_int_equal(s[1].getheaders, 1);
	assert_int_equal(chain_best_header(a->chain).height, LONG);
	net_drop(net);
}

static void one_peer_at_a_time_sends_headers_and_for_at_most_ten_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};

	run(net);
	send_headers(s[0].raw, blocks, 1, HEADERS_MAX + 1);
	send_headers(s[1].raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	assert_true(raw_got(s[1].raw, "getheaders"));
	pass(net, 9);
	/* The first peer answers slowly, with headers that are known already. */
	send_headers(s[0].raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	assert_false(raw_got(s[1].raw, "getheaders"));
	pass(net, 1);
	serve_all(net, &s[1], 1);
	assert_int_equal(s[1].getheaders, 1);
	assert_int_equal(chain_best_header(a->chain).height, LONG);
	net_drop(net);
}

static void a_peer_that_stops_sending_headers_gets_another_request(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s = serve(a, 4000, blocks, LONG);

	run(net);
	assert_true(raw_got(s.raw, "getheaders"));
	send_headers(s.raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	assert_true(raw_got(s.raw, "getheaders"));
	pass(net, 9);
	assert_false(raw_got(s.raw, "getheaders"));
	pass(net, 1);
	/* No getblocks: the peer has shown that it understands getheaders. */
	serve_all(net, &s, 1);
	assert_int_equal(s.getheaders, 1);
	assert_int_equal(s.getblocks, 0);
	assert_int_equal(chain_best_header(a->chain).height, LONG);
	net_drop(net);
}

#define MANY 9000 /* five messages of headers */

static void peers_that_repeat_known_headers_do_not_take_all_turns(void **state)
{
	struct block **many = chain_make(NULL, 0, MANY, 0);
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, many, 0);
	struct server s[3] = {serve(a, 4000, many, MANY), serve(a, 4001, many, MANY),
			      serve(a, 4002, many, MANY)};
	unsigned seconds = 0;

	/* Two peers always answer at once, with headers that are known already. The third has new
	 * ones and is slower. */
	run(net);
	for (int i = 0; i < 3; i++) {
		inbox_clear(s[i].raw);
		send_headers(s[i].raw, many, 1, HEADERS_MAX + 1);
	}
	run(net);
	for (; seconds < 60 && chain_best_header(a->chain).height < MANY; seconds++) {
		for (int i = 0; i < 2; i++)
			if (raw_got(s[i].raw, "getheaders") && seconds > 0)
				send_headers(s[i].raw, many, 1, HEADERS_MAX + 1);
		run(net);
		inbox_clear(s[0].raw);
		inbox_clear(s[1].raw);
		server_turn(&s[2]);
		pass(net, 1);
	}
	assert_int_equal(chain_best_header(a->chain).height, MANY);
	assert_true(seconds < 30);
	net_drop(net);
	chain_drop(many, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_peer_that_sends_no_headers_for_ten_seconds_gets_getblocks),
		TEST(headers_with_too_little_work_are_not_stored),
		TEST(headers_that_change_when_read_again_are_not_stored),
		TEST(headers_without_work_disconnect_their_sender),
		TEST(headers_that_do_not_follow_each_other_disconnect),
		TEST(headers_on_top_of_an_invalid_block_disconnect),
		TEST(headers_from_the_future_are_requested_again_when_due),
		TEST(a_claimed_height_is_the_target_only_until_headers_arrive),
		TEST(tips_are_announced_by_headers_along_a_line),
		TEST(a_peer_that_joined_later_announces_by_headers_too),
		TEST(without_sendheaders_tips_are_announced_by_inv),
		TEST(an_inv_with_an_unknown_block_makes_us_request_headers),
		TEST(unconnected_headers_make_us_request_those_between),
		TEST(ten_unconnected_headers_in_a_row_disconnect),
		TEST(when_the_peer_whose_turn_it_is_disconnects_the_others_go_on),
		TEST(one_peer_at_a_time_sends_headers_and_for_at_most_ten_seconds),
		TEST(a_peer_that_stops_sending_headers_gets_another_request),
		TEST(peers_that_repeat_known_headers_do_not_take_all_turns),
	};

	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
