/* Block download by headers: which blocks are requested from which peer, how many at a time, and
 * what happens if they don't arrive. */
#include "protocol_server.h"

/* --- the course of a synchronisation ----------------------------------------------------- */

static void headers_come_first_and_then_their_blocks(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 10), *b = node_add(net, blocks, 25);

	dial(a, b);
	run(net);
	assert_tip(a, blocks[25]);
	assert_true(place_of(a, true, "getheaders") < place_of(a, false, "headers"));
	assert_true(place_of(a, false, "headers") < place_of(a, true, "getdata"));
	assert_true(place_of(a, true, "getdata") < place_of(a, false, "block"));
	assert_int_equal(count_msgs(a, true, "getblocks"), 0);
	assert_int_equal(count_msgs(a, false, "block"), 15);
	net_drop(net);
}

static void a_long_chain_needs_few_getheaders_and_each_block_once(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0), *b = node_add(net, blocks, LONG);
	struct sync_info si;

	dial(a, b);
	run(net);
	assert_tip(a, blocks[LONG]);
	assert_true(count_msgs(a, true, "getheaders") <= 3);
	assert_int_equal(count_msgs(a, false, "block"), LONG);
	assert_true(count_msgs(a, true, "getdata") <= LONG / 7);
	assert_true(a->catching_seen > 0);
	assert_false(chain_catching_up(a->chain));
	protocol_sync_info(a->protocol, &si);
	assert_false(si.active);
	assert_int_equal(si.headers, LONG);
	assert_int_equal(si.target, LONG);
	net_drop(net);
}

static void a_node_without_a_chain_joins_and_syncs_by_headers(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 30), *b = node_add(net, NULL, 0);

	protocol_expect_peers(b->protocol, 1);
	dial(b, a);
	run(net);
	assert_tip(b, blocks[30]);
	assert_int_equal(count_msgs(b, false, "block"), 31);
	assert_true(count_msgs(b, true, "getheaders") > 0);
	net_drop(net);
}

static void all_peers_send_blocks_and_none_is_sent_twice(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0), *from[3];
	uint64_t sum = 0;

	for (int i = 0; i < 3; i++) {
		from[i] = node_add(net, blocks, 600);
		dial(a, from[i]);
	}
	run(net);
	assert_tip(a, blocks[600]);
	for (int i = 0; i < 3; i++) {
		assert_true(from[i]->sent_blocks >= 100);
		sum += from[i]->sent_blocks;
	}
	assert_int_equal(sum, 600);
	net_drop(net);
}

static void peers_with_and_without_headers_share_the_download(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0), *by_headers = node_add(net, blocks, 600);
	struct tconn *old;
	struct hash256 inv[500];
	struct tmsg *m;
	size_t sent = 0;

	old = raw_dialled(a, 4000);
	raw_version(old, (struct raw_version){.version = 106, .height = 600});
	run(net);
	assert_true(raw_got(old, "getblocks"));
	for (size_t i = 0; i < 500; i++)
		inv[i] = blocks[i + 1]->hash.h;
	raw_inv(old, MSG_INV, INV_BLOCK, inv, 500);
	dial(a, by_headers);
	for (int guard = 0; guard < 1000 && chain_height(a->chain) < 600; guard++) {
		run(net);
		while ((m = raw_next(old, NULL)) != NULL) {
			struct msg msg;

			assert_string_not_equal(m->command, "getheaders");
			assert_string_not_equal(m->command, "sendheaders");
			if (strcmp(m->command, "getdata") == 0) {
				assert_true(msg_decode(&msg, MSG_GETDATA,
						       (struct span){m->payload, m->len}, NULL));
				for (size_t k = 0; k < msg.u.list.n; k++)
					for (size_t i = 1; i <= 600; i++) {
						struct inv_item it = msg_inv_at(&msg.u.list, k);

						if (!hash256_equal(&it.hash, &blocks[i]->hash.h))
							continue;
						raw_block(old, blocks[i]);
						sent++;
					}
			}
			free(m);
		}
	}
	assert_tip(a, blocks[600]);
	assert_true(sent > 0);
	assert_true(by_headers->sent_blocks > 0);
	assert_int_equal(sent + by_headers->sent_blocks, 600);
	net_drop(net);
}

static void with_sync_classic_only_getblocks_is_used(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a, *b;

	net->sync = SYNC_CLASSIC;
	a = node_add(net, blocks, 0);
	net->sync = SYNC_HEADERS;
	b = node_add(net, blocks, 40);
	dial(a, b);
	run(net);
	assert_tip(a, blocks[40]);
	assert_int_equal(count_msgs(a, true, "getheaders"), 0);
	assert_int_equal(count_msgs(a, true, "sendheaders"), 0);
	assert_true(count_msgs(a, true, "getblocks") > 0);
	net_drop(net);
}

/* --- the window -------------------------------------------------------------------------- */

static void no_block_beyond_the_window_is_requested(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};
	struct peer_info pi;

	/* The first peer doesn't send the blocks requested from it, which are the lowest. */
	s[0].headers_only = true;
	serve_all(net, s, 2);
	assert_int_equal(chain_height(a->chain), 0);
	assert_int_equal(s[0].requested, 16);
	assert_int_equal(s[1].highest, 1024);
	assert_int_equal(s[1].requested, 1024 - 16);
	assert_true(protocol_peer(a->protocol, s[0].raw->other->info.id, &pi));
	assert_int_equal(pi.in_flight, 16);
	assert_int_equal(pi.in_flight_heights[0], 1);
	assert_int_equal(pi.synced_headers, LONG);
	assert_int_equal(pi.synced_blocks, 0);
	net_drop(net);
}

static void blocks_out_of_order_are_stored_and_not_requested_again(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s = serve(a, 4000, blocks, 10);
	struct tmsg *m;

	run(net);
	send_headers(s.raw, blocks, 1, 11);
	run(net);
	assert_true(raw_got(s.raw, "getdata"));
	for (size_t i = 10; i > 1; i--)
		raw_block(s.raw, blocks[i]);
	run(net);
	assert_int_equal(chain_height(a->chain), 0);
	raw_block(s.raw, blocks[1]);
	run(net);
	assert_tip(a, blocks[10]);
	while ((m = raw_next(s.raw, NULL)) != NULL) {
		assert_string_not_equal(m->command, "getdata");
		free(m);
	}
	net_drop(net);
}

static void an_unrequested_block_beyond_the_window_is_not_stored(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = raw_dialled(a, 4000);
	struct chain_entry en;

	raw_version(raw, (struct raw_version){.height = 1100});
	run(net);
	send_headers(raw, blocks, 1, 1101);
	raw_block(raw, blocks[1025]);
	raw_block(raw, blocks[1024]);
	run(net);
	assert_true(chain_find(a->chain, &blocks[1025]->hash, &en));
	assert_int_equal(en.status & CHAIN_HAVE_BODY, 0);
	assert_true(chain_find(a->chain, &blocks[1024]->hash, &en));
	assert_int_equal(en.status & CHAIN_HAVE_BODY, CHAIN_HAVE_BODY);
	net_drop(net);
}

/* Nearly as large as a transaction may be. */
static struct block *large_upon(const struct block *prev, uint32_t height)
{
	static const size_t n_out = 3180;
	struct txout *out = mem_array(n_out, sizeof(*out));
	uint8_t script[SCRIPT_HEIGHT_MAX + 8] = {0}, pay[SCRIPT_PAY_BYTES];
	struct key_hash to = test_owner(1);
	struct txin in = {.prev.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL};
	struct block_header h = {.version = BLOCK_VERSION,
				 .prev = prev->hash,
				 .time = prev->header.time + 1,
				 .bits = POW_LIMIT_BITS_INSTANT};
	struct span raw;
	struct writer w;
	struct block *b;

	in.script = (struct span){script, script_height(script, height) + 8};
	script_pay(pay, &to);
	for (size_t i = 0; i < n_out; i++)
		out[i] = (struct txout){.value = 1, .script = {pay, sizeof(pay)}};
	writer_init(&w);
	tx_write(&w, &in, 1, out, n_out, 0);
	raw = (struct span){w.buf, w.len};
	b = mine(h, &raw, 1);
	writer_clear(&w);
	free(out);
	return b;
}

#define LARGE 380 /* blocks of about 98 kB */

static void many_pending_bytes_slow_requests_down_and_then_pause_reading(void **state)
{
	struct block *large[LARGE + 1] = {block_ref(blocks[0])};
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct list *inbox;
	struct server s;
	size_t bytes;

	for (uint32_t i = 1; i <= LARGE; i++)
		large[i] = large_upon(large[i - 1], i);
	bytes = large[1]->raw.len;
	s = serve(a, 4000, large, LARGE);
	run(net);
	inbox = &s.raw->other->inbox;
	/* The chain gets no time to connect any block. */
	do {
		while (!list_empty(inbox) && !s.raw->other->paused)
			deliver_one(s.raw->other);
	} while (server_turn(&s));
	assert_true(s.raw->other->paused);
	assert_true(s.requested * bytes > (32u << 20));
	assert_true(s.requested * bytes <= (32u << 20) + 2 * bytes);
	assert_int_equal(chain_height(a->chain), 0);
	serve_all(net, &s, 1);
	assert_tip(a, large[LARGE]);
	assert_false(s.raw->other->paused);
	for (size_t i = 0; i <= LARGE; i++)
		block_unref(large[i]);
	net_drop(net);
}

/* One of the simplest peers. It announces all blocks except the first, and sends those that are
 * requested. */
static struct server serve_without_beginning(struct tnode *to, struct block **all, size_t n)
{
	struct server s = {.raw = raw_dials(to), .all = all, .n = n};

	raw_version(s.raw, (struct raw_version){.version = 209, .height = (int32_t)n});
	run(to->net);
	for (size_t i = 2; i <= n; i++)
		raw_inv(s.raw, MSG_INV, INV_BLOCK, &all[i]->hash.h, 1);
	return s;
}

static void one_peer_s_orphan_blocks_take_half_of_the_room_and_go_with_the_peer(void **state)
{
	struct block *large[LARGE + 1] = {block_ref(blocks[0])};
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[3];
	size_t bytes;

	for (uint32_t i = 1; i <= LARGE; i++)
		large[i] = large_upon(large[i - 1], i);
	bytes = large[1]->raw.len;
	s[0] = serve_without_beginning(a, large, LARGE / 2);
	serve_all(net, &s[0], 1);
	assert_true(s[0].requested * bytes > (8u << 20) - 2 * bytes);
	assert_true(s[0].requested * bytes < (8u << 20) + 16 * bytes);
	s[1] = serve_without_beginning(a, &large[LARGE / 2], LARGE / 2);
	serve_all(net, s, 2);
	assert_true(s[1].requested > 1);
	/* Orphans don't delay the download from a peer that is synchronised by headers. */
	s[2] = serve(a, 4000, blocks, 100);
	s[2].headers_only = true;
	serve_all(net, s, 3);
	assert_int_equal(s[2].requested, 16);
	s[2].headers_only = false;
	fake_close(a, s[0].raw->other->info.id, CLOSE_PLAIN, "lost");
	fake_close(a, s[1].raw->other->info.id, CLOSE_PLAIN, "lost");
	run(net);
	/* When a peer disconnects, its orphans are dropped: there is room for those of a new
	 * peer. */
	s[0] = serve_without_beginning(a, large, LARGE / 2);
	serve_all(net, &s[0], 1);
	assert_true(s[0].requested > 1);
	for (size_t i = 0; i <= LARGE; i++)
		block_unref(large[i]);
	net_drop(net);
}

/* --- blocks that don't arrive ------------------------------------------------------------ */

static void a_stalling_peer_is_disconnected_after_two_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};

	s[0].headers_only = true;
	serve_all(net, s, 2);
	pass_serving(net, s, 2, 1);
	assert_true(s[0].raw->other->open);
	pass_serving(net, s, 2, 2);
	assert_closed(s[0].raw, CLOSE_PLAIN, "stalling");
	serve_all(net, s, 2);
	assert_tip(a, blocks[LONG]);
	assert_true(s[1].raw->other->open);
	net_drop(net);
}

static void a_block_that_another_peer_sent_is_not_waited_for(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};
	struct peer_info pi;

	s[0].headers_only = true;
	serve_all(net, s, 2);
	pass_serving(net, s, 2, 1);
	/* The other peer sends the blocks that hold the window back, although they were not
	 * requested from it. */
	for (size_t i = 1; i <= 16; i++)
		raw_block(s[1].raw, blocks[i]);
	serve_all(net, &s[1], 1);
	assert_true(protocol_peer(a->protocol, s[0].raw->other->info.id, &pi));
	assert_true(pi.in_flight > 0);
	for (uint32_t i = 0; i < pi.in_flight; i++)
		assert_true(pi.in_flight_heights[i] > 16);
	/* The stalling time that was counted for the first peer is reset. */
	pass_serving(net, s, 2, 1);
	assert_true(s[0].raw->other->open);
	net_drop(net);
}

static void the_next_stalling_peer_has_twice_the_time(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[3] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG),
			      serve(a, 4002, blocks, LONG)};

	/* The second peer sends all blocks except the first sixteen, which are then requested from
	 * it. */
	s[0].headers_only = true;
	s[1].from = 17;
	s[2].from = 17;
	serve_all(net, s, 3);
	pass_serving(net, s, 3, 3);
	assert_closed(s[0].raw, CLOSE_PLAIN, "stalling");
	/* 4 s, noticed in the fifth second at the latest. */
	pass_serving(net, s, 3, 3);
	assert_true(s[1].raw->other->open && s[2].raw->other->open);
	pass_serving(net, s, 3, 3);
	assert_true(s[1].raw->other->open != s[2].raw->other->open);
	net_drop(net);
}

static void the_stall_timeout_falls_while_blocks_arrive(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[3] = {serve(a, 4000, blocks, 1100), serve(a, 4001, blocks, 1100),
			      serve(a, 4002, blocks, 1100)};

	s[0].headers_only = true;
	serve_all(net, s, 3);
	pass_serving(net, s, 3, 3);
	assert_closed(s[0].raw, CLOSE_PLAIN, "stalling");
	assert_tip(a, blocks[1100]);
	/* The timeout is 2 s again, not 4 s. */
	s[1].headers_only = true;
	s[1].n = s[2].n = LONG;
	send_headers(s[1].raw, blocks, 1101, LONG + 1);
	serve_all(net, s, 3);
	send_headers(s[2].raw, blocks, 1101, LONG + 1);
	serve_all(net, s, 3);
	pass_serving(net, s, 3, 3);
	assert_closed(s[1].raw, CLOSE_PLAIN, "stalling");
	assert_tip(a, blocks[LONG]);
	net_drop(net);
}

static void a_slow_peer_that_does_not_hold_the_window_back_stays(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	/* The other peer has only these blocks, so the download window does not limit it. */
	struct server s[2] = {serve(a, 4000, blocks, 40), serve(a, 4001, blocks, 40)};

	s[0].headers_only = true;
	serve_all(net, s, 2);
	pass_serving(net, s, 2, 4);
	assert_true(s[0].raw->other->open);
	/* In the end the requests time out, and the other peer serves them. */
	pass_serving(net, s, 2, 20);
	assert_tip(a, blocks[40]);
	net_drop(net);
}

static void the_requests_of_a_disconnected_peer_move_to_another_at_once(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, 100), serve(a, 4001, blocks, 100)};

	s[0].headers_only = true;
	serve_all(net, s, 2);
	assert_int_equal(chain_height(a->chain), 0);
	fake_close(a, s[0].raw->other->info.id, CLOSE_PLAIN, "lost");
	serve_all(net, s, 2);
	assert_tip(a, blocks[100]);
	net_drop(net);
}

/* As raw_peer, but an outbound peer. */
static struct tconn *raw_peer_outbound(struct tnode *a)
{
	struct tconn *raw = raw_dialled(a, 9100);

	raw_version(raw, (struct raw_version){.height = 0});
	run(a->net);
	return raw;
}

static void a_tip_that_one_peer_does_not_send_is_requested_from_another_after_a_second(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5), *good = node_add(net, blocks, 5);
	struct tconn *first = raw_peer_outbound(a);

	dial(a, good);
	run(net);
	send_headers(first, blocks, 6, 7);
	run(net);
	assert_true(raw_got(first, "getdata"));
	accept_blocks(good, blocks, 6, 6);
	run(net);
	assert_tip(a, blocks[5]);
	pass(net, 1);
	assert_tip(a, blocks[6]);
	assert_true(first->other->open);
	/* The next tip is requested from it only if no other peer has it. */
	inbox_clear(first);
	send_headers(first, blocks, 7, 8);
	run(net);
	assert_false(raw_got(first, "getdata"));
	accept_blocks(good, blocks, 7, 7);
	run(net);
	assert_tip(a, blocks[7]);
	assert_false(raw_got(first, "getdata"));
	send_headers(first, blocks, 8, 9);
	pass(net, 3);
	assert_true(raw_got(first, "getdata"));
	net_drop(net);
}

static void a_tip_that_no_peer_sends_is_requested_from_each_with_growing_timeouts(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw[4];
	unsigned requested = 0, at[4] = {0};

	for (int i = 0; i < 4; i++)
		raw[i] = raw_peer(a);
	for (int i = 0; i < 4; i++)
		send_headers(raw[i], blocks, 6, 7);
	run(net);
	for (unsigned second = 0; second <= 8; second++) {
		for (int i = 0; i < 4; i++)
			if (raw_got(raw[i], "getdata"))
				at[requested++] = second;
		pass(net, 1);
	}
	assert_int_equal(requested, 4);
	assert_int_equal(at[0], 0);
	assert_int_equal(at[1], 1);
	assert_int_equal(at[2], 3);
	assert_int_equal(at[3], 7);
	/* Blocks that arrive lower the timeout again. */
	raw_block(raw[3], blocks[6]);
	run(net);
	assert_tip(a, blocks[6]);
	net_drop(net);
}

static void a_slow_peer_gets_the_request_if_no_other_has_the_tip(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5), *good = node_add(net, blocks, 5);
	struct tconn *slow = raw_peer_outbound(a), *other = dial(a, good);

	run(net);
	/* The first tip is requested from the slow peer, the next ones from the other, which is
	 * faster. Without the other peer, the slow one gets the request at once. */
	for (uint32_t h = 6; h < 12; h++) {
		inbox_clear(slow);
		send_headers(slow, blocks, h, h + 1);
		run(net);
		assert_int_equal(raw_got(slow, "getdata"), h == 6);
		accept_blocks(good, blocks, h, h);
		run(net);
		pass(net, 2);
		assert_tip(a, blocks[h]);
		raw_block(slow, blocks[h]);
		run(net);
	}
	fake_close(a, other->info.id, CLOSE_PLAIN, "lost");
	run(net);
	inbox_clear(slow);
	send_headers(slow, blocks, 12, 13);
	run(net);
	assert_true(raw_got(slow, "getdata"));
	raw_block(slow, blocks[12]);
	run(net);
	assert_tip(a, blocks[12]);
	net_drop(net);
}

/* An attacker can connect, announce headers first, and not send the block. */
static void an_unproven_inbound_peer_gets_few_requests_and_only_without_a_better_peer(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5), *good = node_add(net, blocks, 5);
	struct tconn *stranger = raw_peer(a);
	struct peer_info pi;

	dial(a, good);
	run(net);
	send_headers(stranger, blocks, 6, 20);
	run(net);
	assert_true(raw_got(stranger, "getdata"));
	assert_true(protocol_peer(a->protocol, stranger->other->info.id, &pi));
	assert_int_equal(pi.in_flight, 2);
	/* The requests made to it move to the better peer at once. */
	accept_blocks(good, blocks, 6, 10);
	run(net);
	assert_tip(a, blocks[10]);
	assert_true(stranger->other->open);
	/* Each block that it sends earns it one more request. */
	inbox_clear(stranger);
	raw_block(stranger, blocks[11]);
	run(net);
	assert_tip(a, blocks[11]);
	assert_true(protocol_peer(a->protocol, stranger->other->info.id, &pi));
	assert_int_equal(pi.in_flight, 3);
	net_drop(net);
}

static void a_peer_with_headers_and_without_their_blocks_is_disconnected(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = raw_dialled(a, 4000);
	struct hash256 inv[16];

	raw_version(raw, (struct raw_version){.height = 16});
	run(net);
	send_headers(raw, blocks, 1, 17);
	run(net);
	for (int i = 0; i < 16; i++)
		inv[i] = blocks[i + 1]->hash.h;
	for (int k = 0; k < 3; k++) {
		assert_true(raw->other->open);
		assert_true(raw_got(raw, "getdata"));
		raw_inv(raw, MSG_NOTFOUND, INV_BLOCK, inv, 16);
		run(net);
		/* It is not requested again at once. */
		assert_false(raw_got(raw, "getdata"));
		pass(net, 11);
	}
	assert_closed(raw, CLOSE_PLAIN, "does not have the blocks");
	net_drop(net);
}

/* --- the choice of the chain ------------------------------------------------------------- */

static void a_chain_with_less_work_is_not_fetched(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 100);
	struct server s = serve(a, 4000, others, 99);

	serve_all(net, &s, 1);
	/* Its work suffices for its headers to be stored, but no block is requested. */
	assert_true(knows(a, others[99]));
	assert_int_equal(s.requested, 0);
	/* A branch with the same work as ours is fetched, so that a person sees both; but ours was
	 * first. */
	s.n = 100;
	send_headers(s.raw, others, 100, 101);
	serve_all(net, &s, 1);
	assert_int_equal(s.requested, 100 - BRANCH);
	assert_tip(a, blocks[100]);
	s.n = 101;
	send_headers(s.raw, others, 101, 102);
	serve_all(net, &s, 1);
	assert_int_equal(s.requested, 101 - BRANCH);
	assert_tip(a, others[101]);
	net_drop(net);
}

static void a_chain_with_more_work_wins_at_any_depth(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, LONG), *b = node_add(net, others, OTHER);

	/* The headers of the first message have too little work: they are read twice (presync). */
	dial(a, b);
	run(net);
	assert_tip(a, others[OTHER]);
	assert_int_equal(count_msgs(a, false, "block"), OTHER - BRANCH);
	/* And b fetched none of our blocks. */
	assert_int_equal(a->sent_blocks, 0);
	net_drop(net);
}

/* A block on top of genesis, due a second earlier than blocks[1]. */
static struct block *due_early(uint8_t salt)
{
	struct block *b = block_upon(blocks[0], 1, salt, NULL), *early;
	struct block_header h = b->header;
	struct span raw = b->tx[0].raw;

	h.time = blocks[0]->header.time;
	early = mine(h, &raw, 1);
	block_unref(b);
	return early;
}

static void a_future_block_that_found_no_room_is_requested_again_when_due(void **state)
{
	struct tnet *net = net_of(state);
	struct block *early[CHAIN_FUTURE_MAX];
	struct tnode *a;
	struct server s;

	net->clock.unix_us = (int64_t)(blocks[1]->header.time - 125) * 1000000;
	a = node_add(net, blocks, 0);
	s = serve(a, 4000, blocks, 2);
	run(net);
	inbox_clear(s.raw);
	raw_block(s.raw, blocks[1]);
	for (int i = 0; i < CHAIN_FUTURE_MAX; i++) {
		early[i] = due_early((uint8_t)(i + 1));
		raw_block(s.raw, early[i]);
	}
	run(net);
	pass(net, 6);
	assert_int_equal(chain_height(a->chain), 1);
	assert_false(knows(a, blocks[1]));
	send_headers(s.raw, blocks, 1, 3);
	serve_all(net, &s, 1);
	assert_tip(a, blocks[2]);
	for (int i = 0; i < CHAIN_FUTURE_MAX; i++)
		block_unref(early[i]);
	net_drop(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(headers_come_first_and_then_their_blocks),
		TEST(a_long_chain_needs_few_getheaders_and_each_block_once),
		TEST(a_node_without_a_chain_joins_and_syncs_by_headers),
		TEST(all_peers_send_blocks_and_none_is_sent_twice),
		TEST(peers_with_and_without_headers_share_the_download),
		TEST(with_sync_classic_only_getblocks_is_used),
		TEST(no_block_beyond_the_window_is_requested),
		TEST(blocks_out_of_order_are_stored_and_not_requested_again),
		TEST(an_unrequested_block_beyond_the_window_is_not_stored),
		TEST(many_pending_bytes_slow_requests_down_and_then_pause_reading),
		TEST(one_peer_s_orphan_blocks_take_half_of_the_room_and_go_with_the_peer),
		TEST(a_stalling_peer_is_disconnected_after_two_seconds),
		TEST(a_block_that_another_peer_sent_is_not_waited_for),
		TEST(the_next_stalling_peer_has_twice_the_time),
		TEST(the_stall_timeout_falls_while_blocks_arrive),
		TEST(a_slow_peer_that_does_not_hold_the_window_back_stays),
		TEST(the_requests_of_a_disconnected_peer_move_to_another_at_once),
		TEST(a_tip_that_one_peer_does_not_send_is_requested_from_another_after_a_second),
		TEST(a_tip_that_no_peer_sends_is_requested_from_each_with_growing_timeouts),
		TEST(a_slow_peer_gets_the_request_if_no_other_has_the_tip),
		TEST(an_unproven_inbound_peer_gets_few_requests_and_only_without_a_better_peer),
		TEST(a_peer_with_headers_and_without_their_blocks_is_disconnected),
		TEST(a_chain_with_less_work_is_not_fetched),
		TEST(a_chain_with_more_work_wins_at_any_depth),
		TEST(a_future_block_that_found_no_room_is_requested_again_when_due),
	};

	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
