/* Headers first: what is read, what is kept, which bodies are fetched from whom. */
#include "protocol_net.h"

#define LONG   2400 /* of the shared chain; more than one full answer of headers */
#define BRANCH 10   /* where the other one leaves it */
#define OTHER  2450 /* height it ends at: more work than the first */

static struct block **blocks; /* heights 0 .. LONG, made once */
static struct block **others; /* the same up to BRANCH, heights 0 .. OTHER */

static int setup(void **state)
{
	struct block **tail;

	if (group_setup(state) != 0)
		return -1;
	blocks = chain_make(NULL, 0, LONG, 0);
	tail = chain_make(blocks[BRANCH], BRANCH, OTHER - BRANCH, 5);
	others = mem_array(OTHER + 1, sizeof(struct block *));
	for (size_t i = 0; i <= OTHER; i++)
		others[i] = block_ref(i <= BRANCH ? blocks[i] : tail[i - BRANCH]);
	chain_drop(tail, OTHER - BRANCH);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_drop(blocks, LONG);
	chain_drop(others, OTHER);
	return 0;
}

/* --- peers played by the test ------------------------------------------------------- */

/* One that answers getheaders and getdata from all[0 .. n]. */
struct server {
	struct tconn *raw;
	struct block **all;
	size_t n;
	size_t from; /* sends no block below this height */
	bool headers_only;
	bool switches; /* read a second time it tells fewer */
	size_t asked;  /* blocks it was asked for */
	size_t getheaders, getblocks;
	size_t highest; /* of the blocks it was asked for */
};

static struct server serve(struct tnode *to, uint16_t port, struct block **all, size_t n)
{
	struct server s = {.raw = raw_dialled(to, port), .all = all, .n = n};

	raw_version(s.raw, (struct raw_version){.height = (int32_t)n});
	return s;
}

static size_t height_of_hash(const struct server *s, const uint8_t *hash)
{
	for (size_t i = 0; i <= s->n; i++)
		if (memcmp(s->all[i]->hash.h.b, hash, HASH_BYTES) == 0)
			return i;
	return SIZE_MAX;
}

static void tell_headers(struct tconn *raw, struct block **all, size_t first, size_t end)
{
	struct msg m = {.kind = MSG_HEADERS};
	struct writer w;

	writer_init(&w);
	for (size_t i = first; i < end; i++)
		put_headers_item(&w, &all[i]->header);
	m.u.list = (struct msg_list){end - first, w.buf};
	raw_msg(raw, &m);
	writer_clear(&w);
}

static void answer_headers(struct server *s, const struct msg_locator *l)
{
	size_t first = 1, end;

	for (size_t k = l->n; k-- > 0;) {
		size_t at = height_of_hash(s, l->hashes + k * HASH_BYTES);

		if (at != SIZE_MAX)
			first = at + 1;
	}
	end = first + HEADERS_MAX <= s->n + 1 ? first + HEADERS_MAX : s->n + 1;
	s->getheaders++;
	if (s->switches && s->getheaders > 2) {
		/* From the same place on, but less far: not to the end it reached before. */
		tell_headers(s->raw, s->all, first, first + 500);
		return;
	}
	tell_headers(s->raw, s->all, first, end);
}

static void answer_getdata(struct server *s, const struct msg_list *l)
{
	for (size_t k = 0; k < l->n; k++) {
		struct inv_item it = msg_inv_at(l, k);
		size_t at = height_of_hash(s, it.hash.b);

		assert_int_equal(it.type, INV_BLOCK);
		assert_true(at != SIZE_MAX);
		s->asked++;
		if (at > s->highest)
			s->highest = at;
		if (!s->headers_only && at >= s->from)
			raw_block(s->raw, s->all[at]);
	}
}

static bool server_turn(struct server *s)
{
	struct tmsg *m;
	bool did = false;

	while ((m = raw_next(s->raw, NULL)) != NULL) {
		struct span payload = {m->payload, m->len};
		struct msg msg;

		if (strcmp(m->command, "getheaders") == 0) {
			assert_true(msg_decode(&msg, MSG_GETHEADERS, payload, NULL));
			answer_headers(s, &msg.u.locator);
		} else if (strcmp(m->command, "getdata") == 0) {
			assert_true(msg_decode(&msg, MSG_GETDATA, payload, NULL));
			answer_getdata(s, &msg.u.list);
		}
		s->getblocks += strcmp(m->command, "getblocks") == 0;
		did = true;
		free(m);
	}
	return did;
}

static void serve_all(struct tnet *net, struct server *s, size_t n)
{
	bool did = true;

	while (did) {
		run(net);
		did = false;
		for (size_t i = 0; i < n; i++)
			did = server_turn(&s[i]) || did;
	}
}

static void pass_serving(struct tnet *net, struct server *s, size_t n, unsigned seconds)
{
	for (unsigned k = 0; k < seconds; k++) {
		pass(net, 1);
		serve_all(net, s, n);
	}
}

static bool knows(const struct tnode *n, const struct block *b)
{
	return chain_find(n->chain, &b->hash, NULL);
}

static size_t place_of(const struct tnode *n, bool out, const char *command)
{
	for (size_t i = 0; i < n->n_records; i++)
		if (n->records[i].out == out && strcmp(n->records[i].command, command) == 0)
			return i;
	fail_msg("no %s", command);
	return 0;
}

static void give(struct tnode *n, struct block **all, size_t first, size_t last)
{
	struct err e = {0};

	for (size_t i = first; i <= last; i++)
		assert_ok(chain_accept_block(n->chain, all[i], &e), e);
	n->work_chain = true;
}

/* --- the way of a sync ---------------------------------------------------------------- */

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

static void a_long_chain_is_read_by_the_thousand_and_fetched_once(void **state)
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

static void all_peers_send_and_none_a_block_twice(void **state)
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

static void peers_that_know_headers_and_peers_that_do_not_share_the_work(void **state)
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

static void a_peer_without_headers_for_ten_seconds_is_asked_the_classic_way(void **state)
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
	/* It was only late. */
	tell_headers(raw, blocks, 1, 21);
	run(net);
	assert_true(raw_got(raw, "getdata"));
	net_drop(net);
}

static void classic_is_used_with_everyone_where_it_is_asked_for(void **state)
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

/* --- the window ----------------------------------------------------------------------- */

static void no_block_beyond_the_window_is_asked_for(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};
	struct peer_info pi;

	/* The first keeps back what it is asked for, and that is the lowest. */
	s[0].headers_only = true;
	serve_all(net, s, 2);
	assert_int_equal(chain_height(a->chain), 0);
	assert_int_equal(s[0].asked, 16);
	assert_int_equal(s[1].highest, 1024);
	assert_int_equal(s[1].asked, 1024 - 16);
	assert_true(protocol_peer(a->protocol, s[0].raw->other->info.id, &pi));
	assert_int_equal(pi.in_flight, 16);
	assert_int_equal(pi.in_flight_heights[0], 1);
	assert_int_equal(pi.synced_headers, LONG);
	assert_int_equal(pi.synced_blocks, 0);
	net_drop(net);
}

static void bodies_out_of_order_are_stored_and_none_is_fetched_again(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s = serve(a, 4000, blocks, 10);
	struct tmsg *m;

	run(net);
	tell_headers(s.raw, blocks, 1, 11);
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

static void a_peer_that_holds_up_the_window_is_replaced_after_two_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};

	s[0].headers_only = true;
	serve_all(net, s, 2);
	pass_serving(net, s, 2, 1);
	assert_true(s[0].raw->other->open);
	pass_serving(net, s, 2, 2);
	assert_closed(s[0].raw, CLOSE_PLAIN, "holds up");
	serve_all(net, s, 2);
	assert_tip(a, blocks[LONG]);
	assert_true(s[1].raw->other->open);
	net_drop(net);
}

static void a_block_that_came_from_another_is_not_waited_for(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};
	struct peer_info pi;

	s[0].headers_only = true;
	serve_all(net, s, 2);
	pass_serving(net, s, 2, 1);
	/* What holds up the window comes unasked from the other. */
	for (size_t i = 1; i <= 16; i++)
		raw_block(s[1].raw, blocks[i]);
	serve_all(net, &s[1], 1);
	assert_true(protocol_peer(a->protocol, s[0].raw->other->info.id, &pi));
	assert_true(pi.in_flight > 0);
	for (uint32_t i = 0; i < pi.in_flight; i++)
		assert_true(pi.in_flight_heights[i] > 16);
	/* And the time that was counted against it is forgotten. */
	pass_serving(net, s, 2, 1);
	assert_true(s[0].raw->other->open);
	net_drop(net);
}

static void the_next_one_that_holds_up_the_window_has_twice_the_time(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[3] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG),
			      serve(a, 4002, blocks, LONG)};

	/* The second sends all but the first sixteen, which it takes over. */
	s[0].headers_only = true;
	s[1].from = 17;
	s[2].from = 17;
	serve_all(net, s, 3);
	pass_serving(net, s, 3, 3);
	assert_closed(s[0].raw, CLOSE_PLAIN, "holds up");
	/* Four seconds, seen at the end of the fifth at the latest. */
	pass_serving(net, s, 3, 3);
	assert_true(s[1].raw->other->open && s[2].raw->other->open);
	pass_serving(net, s, 3, 3);
	assert_true(s[1].raw->other->open != s[2].raw->other->open);
	net_drop(net);
}

static void the_time_for_holding_up_shrinks_again_while_blocks_come(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[3] = {serve(a, 4000, blocks, 1100), serve(a, 4001, blocks, 1100),
			      serve(a, 4002, blocks, 1100)};

	s[0].headers_only = true;
	serve_all(net, s, 3);
	pass_serving(net, s, 3, 3);
	assert_closed(s[0].raw, CLOSE_PLAIN, "holds up");
	assert_tip(a, blocks[1100]);
	/* Two seconds again, not four. */
	s[1].headers_only = true;
	s[1].n = s[2].n = LONG;
	tell_headers(s[1].raw, blocks, 1101, LONG + 1);
	serve_all(net, s, 3);
	tell_headers(s[2].raw, blocks, 1101, LONG + 1);
	serve_all(net, s, 3);
	pass_serving(net, s, 3, 3);
	assert_closed(s[1].raw, CLOSE_PLAIN, "holds up");
	assert_tip(a, blocks[LONG]);
	net_drop(net);
}

static void a_slow_peer_within_the_window_is_left_in_peace(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	/* The others have no more than what it has: nobody waits for the window. */
	struct server s[2] = {serve(a, 4000, blocks, 40), serve(a, 4001, blocks, 40)};

	s[0].headers_only = true;
	serve_all(net, s, 2);
	pass_serving(net, s, 2, 4);
	assert_true(s[0].raw->other->open);
	/* In the end others are asked, all the same. */
	pass_serving(net, s, 2, 20);
	assert_tip(a, blocks[40]);
	net_drop(net);
}

static void a_lost_peer_s_blocks_are_asked_of_another_at_once(void **state)
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

static void a_peer_that_has_headers_and_no_blocks_is_left(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = raw_dialled(a, 4000);
	struct hash256 inv[16];

	raw_version(raw, (struct raw_version){.height = 16});
	run(net);
	tell_headers(raw, blocks, 1, 17);
	run(net);
	for (int i = 0; i < 16; i++)
		inv[i] = blocks[i + 1]->hash.h;
	for (int k = 0; k < 3; k++) {
		assert_true(raw->other->open);
		assert_true(raw_got(raw, "getdata"));
		raw_inv(raw, MSG_NOTFOUND, INV_BLOCK, inv, 16);
		run(net);
		/* Not at once again. */
		assert_false(raw_got(raw, "getdata"));
		pass(net, 11);
	}
	assert_closed(raw, CLOSE_PLAIN, "does not have the blocks");
	net_drop(net);
}

/* --- which chain ------------------------------------------------------------------------ */

static void a_chain_of_less_work_is_never_fetched(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 100);
	struct server s = serve(a, 4000, others, 99);

	serve_all(net, &s, 1);
	/* Near enough to be kept as headers; not one body. */
	assert_true(knows(a, others[99]));
	assert_int_equal(s.asked, 0);
	/* As much work as ours is wanted, so that a person sees both, but ours was first. */
	s.n = 100;
	tell_headers(s.raw, others, 100, 101);
	serve_all(net, &s, 1);
	assert_int_equal(s.asked, 100 - BRANCH);
	assert_tip(a, blocks[100]);
	s.n = 101;
	tell_headers(s.raw, others, 101, 102);
	serve_all(net, &s, 1);
	assert_int_equal(s.asked, 101 - BRANCH);
	assert_tip(a, others[101]);
	net_drop(net);
}

static void a_chain_of_more_work_is_switched_to_at_any_depth(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, LONG), *b = node_add(net, others, OTHER);

	/* Its first answer alone has too little work: it is read twice. */
	dial(a, b);
	run(net);
	assert_tip(a, others[OTHER]);
	assert_int_equal(count_msgs(a, false, "block"), OTHER - BRANCH);
	/* And b fetched nothing of ours. */
	assert_int_equal(a->sent_blocks, 0);
	net_drop(net);
}

static void headers_of_too_little_work_are_not_kept(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, LONG);
	size_t before = chain_header_count(a->chain);
	/* 144 blocks below the tip is the bar: the first is just under it, the second at it. */
	struct server under = serve(a, 4000, others, LONG - 145);
	struct server at = {0};

	serve_all(net, &under, 1);
	assert_true(under.raw->other->open);
	assert_int_equal(under.getheaders, 2);
	assert_int_equal(chain_header_count(a->chain), before);
	assert_int_equal(under.asked, 0);
	at = serve(a, 4001, others, LONG - 144);
	serve_all(net, &at, 1);
	/* Read twice, then kept, and no body fetched. */
	assert_int_equal(at.getheaders, 4);
	assert_int_equal(chain_header_count(a->chain), before + LONG - 144 - BRANCH);
	assert_int_equal(at.asked, 0);
	net_drop(net);
}

static void headers_that_change_when_read_again_are_not_kept(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, LONG);
	size_t before = chain_header_count(a->chain);
	struct server s = serve(a, 4000, others, OTHER);

	s.switches = true;
	serve_all(net, &s, 1);
	assert_closed(s.raw, CLOSE_PLAIN, "changed");
	assert_int_equal(chain_header_count(a->chain), before);
	net_drop(net);
}

static void headers_without_work_cost_their_sender_the_connection(void **state)
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

static void headers_that_do_not_follow_each_other_cost_the_connection(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);
	struct block *gap[2] = {blocks[6], blocks[8]};

	tell_headers(raw, gap, 0, 2);
	run(net);
	assert_closed(raw, CLOSE_DISCOURAGE, "does not follow");
	net_drop(net);
}

static void headers_upon_an_invalid_block_cost_the_connection(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct block *bad = block_upon(blocks[5], 9, 1, NULL), *child = block_upon(bad, 7, 1, NULL);
	struct tconn *first = raw_peer(a), *second;

	raw_block(first, bad);
	run(net);
	assert_closed(first, CLOSE_DISCOURAGE, "invalid block");
	second = raw_peer(a);
	tell_headers(second, &child, 0, 1);
	run(net);
	assert_closed(second, CLOSE_DISCOURAGE, "invalid header");
	block_unref(child);
	block_unref(bad);
	net_drop(net);
}

static void headers_from_the_future_are_asked_for_again_when_due(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a;
	struct server s;

	/* Block 3 is 123 s ahead. */
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

static void an_unrequested_block_beyond_the_window_is_not_stored(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct tconn *raw = raw_dialled(a, 4000);
	struct chain_entry en;

	raw_version(raw, (struct raw_version){.height = 1100});
	run(net);
	tell_headers(raw, blocks, 1, 1101);
	raw_block(raw, blocks[1025]);
	raw_block(raw, blocks[1024]);
	run(net);
	assert_true(chain_find(a->chain, &blocks[1025]->hash, &en));
	assert_int_equal(en.status & CHAIN_HAVE_BODY, 0);
	assert_true(chain_find(a->chain, &blocks[1024]->hash, &en));
	assert_int_equal(en.status & CHAIN_HAVE_BODY, CHAIN_HAVE_BODY);
	net_drop(net);
}

static void a_boast_of_height_moves_the_goal_only_until_headers_are_told(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_dialled(a, 4000);
	struct sync_info si;

	raw_version(raw, (struct raw_version){.height = 1000000});
	run(net);
	protocol_sync_info(a->protocol, &si);
	assert_int_equal(si.target, 1000000);
	tell_headers(raw, blocks, 5, 8);
	run(net);
	protocol_sync_info(a->protocol, &si);
	assert_int_equal(si.target, 7);
	assert_int_equal(si.headers, 7);
	assert_int_equal(si.n_senders, 1);
	assert_int_equal(si.senders[0], raw->other->info.id);
	net_drop(net);
}

/* --- announcements ------------------------------------------------------------------------ */

static void tips_are_told_by_headers_along_a_line(void **state)
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
	give(n[0], blocks, 6, 6);
	run(net);
	assert_tip(n[3], blocks[6]);
	/* Told once by headers, fetched at once, and nobody tells it back. */
	assert_int_equal(count_msgs(n[3], false, "headers"), 1);
	assert_int_equal(count_msgs(n[3], false, "inv"), 0);
	assert_int_equal(count_msgs(n[3], true, "getheaders"), 0);
	assert_int_equal(count_msgs(n[3], true, "headers"), 0);
	assert_int_equal(count_msgs(n[3], true, "getdata"), 1);
	net_drop(net);
}

static void a_tip_that_one_keeps_back_comes_from_another_in_five_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5), *good = node_add(net, blocks, 5);
	struct tconn *first = raw_peer(a);

	dial(a, good);
	run(net);
	tell_headers(first, blocks, 6, 7);
	run(net);
	assert_true(raw_got(first, "getdata"));
	give(good, blocks, 6, 6);
	run(net);
	pass(net, 4);
	assert_tip(a, blocks[5]);
	pass(net, 1);
	assert_tip(a, blocks[6]);
	assert_true(first->other->open);
	net_drop(net);
}

static void who_did_not_ask_for_headers_is_told_by_inv(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	give(a, blocks, 6, 6);
	run(net);
	assert_false(raw_got(raw, "headers"));
	give(a, blocks, 7, 7);
	run(net);
	assert_true(raw_got(raw, "inv"));
	net_drop(net);
}

static void an_inv_of_an_unknown_block_asks_for_its_headers(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	raw_inv(raw, MSG_INV, INV_BLOCK, &blocks[8]->hash.h, 1);
	run(net);
	assert_true(raw_got(raw, "getheaders"));
	tell_headers(raw, blocks, 5, 9);
	run(net);
	assert_true(raw_got(raw, "getdata"));
	for (int i = 6; i <= 8; i++)
		raw_block(raw, blocks[i]);
	run(net);
	assert_tip(a, blocks[8]);
	net_drop(net);
}

static void unconnected_headers_ask_for_what_lies_between(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 5);
	struct tconn *raw = raw_peer(a);

	tell_headers(raw, blocks, 20, 21);
	run(net);
	assert_true(raw_got(raw, "getheaders"));
	assert_false(knows(a, blocks[20]));
	tell_headers(raw, blocks, 6, 21);
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
		tell_headers(raw, blocks, 100 + i, 101 + i);
	run(net);
	/* One that connects begins the count anew. */
	tell_headers(raw, blocks, 6, 7);
	for (size_t i = 0; i < 9; i++)
		tell_headers(raw, blocks, 100 + i, 101 + i);
	run(net);
	assert_true(raw->other->open);
	tell_headers(raw, blocks, 200, 201);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "in a row");
	net_drop(net);
}

static void the_others_go_on_when_the_one_that_tells_headers_is_lost(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};
	struct sync_info si;

	run(net);
	tell_headers(s[0].raw, blocks, 1, HEADERS_MAX + 1);
	tell_headers(s[1].raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	protocol_sync_info(a->protocol, &si);
	assert_int_equal(si.headers_from, s[0].raw->other->info.id);
	/* Asked once, and then not again while the first one tells. */
	assert_true(raw_got(s[1].raw, "getheaders"));
	assert_false(raw_got(s[1].raw, "getheaders"));
	fake_close(a, s[0].raw->other->info.id, CLOSE_PLAIN, "lost");
	serve_all(net, &s[1], 1);
	assert_int_equal(s[1].getheaders, 1);
	assert_int_equal(chain_best_header(a->chain).height, LONG);
	net_drop(net);
}

static void headers_of_one_peer_at_a_time_but_not_for_longer_than_ten_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s[2] = {serve(a, 4000, blocks, LONG), serve(a, 4001, blocks, LONG)};

	run(net);
	tell_headers(s[0].raw, blocks, 1, HEADERS_MAX + 1);
	tell_headers(s[1].raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	assert_true(raw_got(s[1].raw, "getheaders"));
	pass(net, 9);
	/* The first answers, slowly, what is known already. */
	tell_headers(s[0].raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	assert_false(raw_got(s[1].raw, "getheaders"));
	pass(net, 1);
	serve_all(net, &s[1], 1);
	assert_int_equal(s[1].getheaders, 1);
	assert_int_equal(chain_best_header(a->chain).height, LONG);
	net_drop(net);
}

static void a_peer_that_stops_in_the_midst_of_its_headers_is_asked_again(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, blocks, 0);
	struct server s = serve(a, 4000, blocks, LONG);

	run(net);
	assert_true(raw_got(s.raw, "getheaders"));
	tell_headers(s.raw, blocks, 1, HEADERS_MAX + 1);
	run(net);
	assert_true(raw_got(s.raw, "getheaders"));
	pass(net, 9);
	assert_false(raw_got(s.raw, "getheaders"));
	pass(net, 1);
	/* Nothing classic: it has shown that it knows headers. */
	serve_all(net, &s, 1);
	assert_int_equal(s.getheaders, 1);
	assert_int_equal(s.getblocks, 0);
	assert_int_equal(chain_best_header(a->chain).height, LONG);
	net_drop(net);
}

/* Upon genesis, a second earlier than blocks[1]. */
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

static void a_block_pushed_out_while_it_waited_for_the_clock_is_fetched_when_due(void **state)
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
	tell_headers(s.raw, blocks, 1, 3);
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
		TEST(a_long_chain_is_read_by_the_thousand_and_fetched_once),
		TEST(a_node_without_a_chain_joins_and_syncs_by_headers),
		TEST(all_peers_send_and_none_a_block_twice),
		TEST(peers_that_know_headers_and_peers_that_do_not_share_the_work),
		TEST(a_peer_without_headers_for_ten_seconds_is_asked_the_classic_way),
		TEST(classic_is_used_with_everyone_where_it_is_asked_for),
		TEST(no_block_beyond_the_window_is_asked_for),
		TEST(bodies_out_of_order_are_stored_and_none_is_fetched_again),
		TEST(a_peer_that_holds_up_the_window_is_replaced_after_two_seconds),
		TEST(a_block_that_came_from_another_is_not_waited_for),
		TEST(the_next_one_that_holds_up_the_window_has_twice_the_time),
		TEST(the_time_for_holding_up_shrinks_again_while_blocks_come),
		TEST(a_slow_peer_within_the_window_is_left_in_peace),
		TEST(a_lost_peer_s_blocks_are_asked_of_another_at_once),
		TEST(a_peer_that_has_headers_and_no_blocks_is_left),
		TEST(a_chain_of_less_work_is_never_fetched),
		TEST(a_chain_of_more_work_is_switched_to_at_any_depth),
		TEST(headers_of_too_little_work_are_not_kept),
		TEST(headers_that_change_when_read_again_are_not_kept),
		TEST(headers_without_work_cost_their_sender_the_connection),
		TEST(headers_that_do_not_follow_each_other_cost_the_connection),
		TEST(headers_upon_an_invalid_block_cost_the_connection),
		TEST(headers_from_the_future_are_asked_for_again_when_due),
		TEST(an_unrequested_block_beyond_the_window_is_not_stored),
		TEST(a_boast_of_height_moves_the_goal_only_until_headers_are_told),
		TEST(tips_are_told_by_headers_along_a_line),
		TEST(a_tip_that_one_keeps_back_comes_from_another_in_five_seconds),
		TEST(who_did_not_ask_for_headers_is_told_by_inv),
		TEST(an_inv_of_an_unknown_block_asks_for_its_headers),
		TEST(unconnected_headers_ask_for_what_lies_between),
		TEST(ten_unconnected_headers_in_a_row_disconnect),
		TEST(the_others_go_on_when_the_one_that_tells_headers_is_lost),
		TEST(headers_of_one_peer_at_a_time_but_not_for_longer_than_ten_seconds),
		TEST(a_peer_that_stops_in_the_midst_of_its_headers_is_asked_again),
		TEST(a_block_pushed_out_while_it_waited_for_the_clock_is_fetched_when_due),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
