/* A node without a chain, with peers that have one chain, several chains, or none. */
#include "protocol_net.h"

static struct block **ours, **theirs;

static int setup(void **state)
{
	struct block *g;

	if (group_setup(state) != 0)
		return -1;
	ours = chain_make(NULL, 0, 5, 0);
	g = test_genesis("another");
	theirs = chain_make(g, 0, 5, 0);
	block_unref(g);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_drop(ours, 5);
	chain_drop(theirs, 5);
	return 0;
}

static void the_only_chain_is_joined_when_every_outbound_peer_has_answered(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *b = node_add(net, ours, 3),
		     *n = node_add(net, NULL, 0);

	protocol_expect_peers(n->protocol, 2);
	dial(n, a);
	run(net);
	/* The second outbound peer has not answered yet. */
	assert_int_equal(n->adopted, 0);
	dial(n, b);
	run(net);
	assert_int_equal(n->adopted, 1);
	assert_tip(n, ours[5]);
	assert_int_equal(n->offers_events, 0);
	net_drop(net);
}

static void the_only_chain_is_joined_three_seconds_after_the_first_offer(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *n = node_add(net, NULL, 0);

	protocol_expect_peers(n->protocol, 2);
	dial(n, a);
	run(net);
	pass(net, 2);
	assert_int_equal(n->adopted, 0);
	pass(net, 1);
	assert_int_equal(n->adopted, 1);
	assert_tip(n, ours[5]);
	net_drop(net);
}

static void different_offers_are_listed_and_none_is_joined(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *b = node_add(net, theirs, 5),
		     *c = node_add(net, theirs, 2), *n = node_add(net, NULL, 0);
	struct chain_offer offers[4];
	struct tconn *to_b;

	protocol_expect_peers(n->protocol, 3);
	dial(n, a);
	to_b = dial(n, b);
	dial(n, c);
	pass(net, 60);
	assert_int_equal(n->adopted, 0);
	assert_true(n->offers_events > 0);
	assert_int_equal(protocol_offers(n->protocol, offers, 4), 2);
	assert_string_equal(offers[0].params.name, "test");
	assert_int_equal(offers[0].peers, 1);
	assert_string_equal(offers[1].params.name, "another");
	assert_int_equal(offers[1].peers, 2);
	assert_memory_equal(offers[1].params.genesis_hash.h.b, theirs[0]->hash.h.b, HASH_BYTES);
	assert_false(chain_has_genesis(n->chain));
	/* We disconnect one of two peers with the same offer: the other one still makes it. */
	protocol_drop_peer(n->protocol, to_b->info.id, "a person requested it");
	pass(net, 5);
	assert_int_equal(protocol_offers(n->protocol, offers, 4), 2);
	assert_int_equal(offers[1].peers, 1);
	net_drop(net);
}

static void a_person_chooses_and_peers_of_other_chains_are_disconnected_but_not_discouraged(
	void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *b = node_add(net, theirs, 5),
		     *n = node_add(net, NULL, 0);
	struct tconn *to_a, *to_b;
	struct block_hash nobodys = {{{9}}};
	struct err e = {0};

	protocol_expect_peers(n->protocol, 2);
	to_a = dial(n, a);
	to_b = dial(n, b);
	run(net);
	assert_err(protocol_choose(n->protocol, &nobodys, &e), e, ERR_NOTFOUND, "no-such-offer");
	assert_ok(protocol_choose(n->protocol, &theirs[0]->hash, &e), e);
	run(net);
	assert_tip(n, theirs[5]);
	assert_true(to_b->open);
	assert_false(to_a->open);
	assert_int_equal(to_a->kind, CLOSE_PLAIN);
	assert_err(protocol_choose(n->protocol, &ours[0]->hash, &e), e, ERR_KNOWN, "chain-exists");
	net_drop(net);
}

static struct tconn *offer_genesis(struct tnode *n, struct tconn *raw, struct block *genesis)
{
	raw_version(raw, (struct raw_version){.height = 0, .tag = &genesis->hash});
	run(n->net);
	raw_inv(raw, MSG_INV, INV_BLOCK, &genesis->hash.h, 1);
	run(n->net);
	raw_block(raw, genesis);
	run(n->net);
	return raw;
}

static struct tconn *offer_with(struct tnode *n, struct tconn *raw, const char *name)
{
	struct block *genesis = test_genesis(name);

	offer_genesis(n, raw, genesis);
	block_unref(genesis);
	return raw;
}

static void disconnect(struct tconn *raw)
{
	inbox_put(raw->other, "", (struct span){0});
	run(raw->other->node->net);
}

/* A peer that offers a chain of this name: outbound, and inbound. */
static struct tconn *offer_outbound(struct tnode *n, uint16_t port, const char *name)
{
	return offer_with(n, raw_dialled(n, port), name);
}

static struct tconn *offer_inbound(struct tnode *n, const char *name)
{
	return offer_with(n, raw_dials(n), name);
}

static bool is_offered(const struct tnode *n, const char *name, uint32_t *peers)
{
	struct chain_offer all[OFFERS_MAX];
	const size_t count = protocol_offers(n->protocol, all, OFFERS_MAX);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].params.name, name) == 0) {
			*peers = all[i].peers;
			return true;
		}
	return false;
}

static void an_offer_counts_connected_peers_and_makes_room_without_any(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw[OFFERS_MAX];
	char name[16];
	uint32_t peers;

	protocol_expect_peers(n->protocol, 100);
	for (int i = 0; i < OFFERS_MAX; i++) {
		snprintf(name, sizeof(name), "chain %d", i);
		raw[i] = offer_outbound(n, (uint16_t)(4000 + i), name);
	}
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), OFFERS_MAX);
	offer_outbound(n, 5000, "one more");
	assert_false(is_offered(n, "one more", &peers));
	offer_outbound(n, 5001, "chain 3");
	assert_true(is_offered(n, "chain 3", &peers));
	assert_int_equal(peers, 2);
	disconnect(raw[3]);
	disconnect(raw[7]);
	assert_true(is_offered(n, "chain 3", &peers));
	assert_int_equal(peers, 1);
	assert_true(is_offered(n, "chain 7", &peers));
	assert_int_equal(peers, 0);
	offer_outbound(n, 5002, "a newcomer");
	assert_true(is_offered(n, "a newcomer", &peers));
	assert_false(is_offered(n, "chain 7", &peers));
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), OFFERS_MAX);
	net_drop(net);
}

static void inbound_peers_do_not_decide_on_the_chain(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *n = node_add(net, NULL, 0);
	uint32_t peers;

	/* The outbound peer's chain is joined, however many others inbound peers offer. */
	protocol_expect_peers(n->protocol, 1);
	for (int i = 0; i < OFFERS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "evil %d", i);
		offer_inbound(n, name);
	}
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), OFFERS_MAX);
	pass(net, 12);
	assert_int_equal(n->adopted, 0);
	dial(n, a);
	pass(net, 5);
	assert_int_equal(n->adopted, 1);
	assert_tip(n, ours[5]);
	net_drop(net);
	/* An outbound peer that has not answered yet is waited for, up to a limit. */
	net = net_of(state);
	n = node_add(net, NULL, 0);
	raw_version(raw_dialled(n, 4000), (struct raw_version){.height = 5});
	offer_inbound(n, "evil");
	pass(net, 13);
	assert_int_equal(n->adopted, 0);
	assert_true(is_offered(n, "evil", &peers));
	pass(net, 3);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

static void an_outbound_peer_without_handshake_is_waited_for(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);

	raw_dialled(n, 4000); /* it never sends anything */
	offer_inbound(n, "evil");
	pass(net, 13);
	assert_int_equal(n->adopted, 0);
	pass(net, 3);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

/* Node two has dialled node one, which has no chain either, and node three, which has one, dials
 * node two. */
static void a_peer_without_a_chain_is_not_waited_for(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *one = node_add(net, NULL, 0), *two = node_add(net, NULL, 0),
		     *three = node_add(net, ours, 5);

	dial(two, one);
	pass(net, 2);
	dial(three, two);
	pass(net, 30);
	assert_tip(two, ours[5]);
	assert_tip(one, ours[5]);
	net_drop(net);
}

static void without_outbound_peers_an_inbound_offer_is_joined_after_ten_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);

	offer_inbound(n, "here");
	pass(net, 9);
	assert_int_equal(n->adopted, 0);
	pass(net, 1);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

static void only_the_wanted_chain_is_joined(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *b = node_add(net, theirs, 5),
		     *n = node_add_with(net, NULL, 0, &theirs[0]->hash);
	struct tconn *to_a;

	protocol_expect_peers(n->protocol, 2);
	to_a = dial(n, a);
	pass(net, 10);
	assert_false(to_a->open);
	assert_int_equal(to_a->kind, CLOSE_PLAIN);
	assert_int_equal(n->adopted, 0);
	dial(n, b);
	run(net);
	assert_tip(n, theirs[5]);
	net_drop(net);
}

static void a_peer_without_tag_is_disconnected_when_its_genesis_is_not_the_wanted_one(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add_with(net, NULL, 0, &theirs[0]->hash);
	struct tconn *raw = raw_dialled(n, 4000);

	raw_version(raw, (struct raw_version){.version = 106, .height = 5});
	run(net);
	assert_true(raw_got(raw, "getblocks"));
	raw_inv(raw, MSG_INV, INV_BLOCK, &ours[0]->hash.h, 1);
	run(net);
	assert_true(raw_got(raw, "getdata"));
	raw_block(raw, ours[0]);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "another chain");
	assert_int_equal(n->adopted, 0);
	net_drop(net);
}

static void a_genesis_other_than_the_tagged_one_is_refused(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw = raw_dialled(n, 4000);
	struct tmsg *m;

	raw_version(raw, (struct raw_version){.height = 5, .tag = &ours[0]->hash});
	run(net);
	raw_inv(raw, MSG_INV, INV_BLOCK, &theirs[0]->hash.h, 1);
	run(net);
	/* The block named in the user agent is requested, not the one in the inv. */
	m = raw_next(raw, "getdata");
	assert_non_null(m);
	assert_memory_equal(m->payload + 5, ours[0]->hash.h.b, HASH_BYTES);
	free(m);
	raw_block(raw, theirs[0]);
	run(net);
	assert_int_equal(n->adopted, 0);
	raw_block(raw, ours[0]);
	run(net);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

static void after_a_refused_genesis_the_search_goes_on(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *b = node_add(net, theirs, 5),
		     *n = node_add(net, NULL, 0);

	n->refuse = true;
	dial(n, a);
	run(net);
	assert_false(chain_has_genesis(n->chain));
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), 0);
	n->refuse = false;
	dial(n, b);
	pass(net, 4);
	assert_tip(n, theirs[5]);
	net_drop(net);
}

static void a_genesis_with_unknown_rules_disconnects_but_does_not_discourage(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw = raw_dialled(n, 4000);
	/* Its previous hash is 0, but it is not a valid genesis: its coinbase has no parameters. */
	struct block *odd = block_upon(ours[0], 1, 0, NULL), *b;
	struct block_header h = odd->header;
	struct span tx = odd->tx[0].raw;

	h.prev = (struct block_hash){0};
	b = mine(h, &tx, 1);
	raw_version(raw, (struct raw_version){.version = 106, .height = 5});
	run(net);
	raw_inv(raw, MSG_INV, INV_BLOCK, &b->hash.h, 1);
	run(net);
	raw_block(raw, b);
	run(net);
	assert_closed(raw, CLOSE_PLAIN, "refused");
	block_unref(b);
	block_unref(odd);
	net_drop(net);
}

/* The rule on times from the future holds for genesis, too. */
static void a_chain_from_the_future_is_joined_when_it_is_due(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *n = node_add(net, NULL, 0);
	const int64_t due = (int64_t)ours[0]->header.time - MAX_FUTURE_SECONDS;
	struct chain_offer offer;
	struct err e = {0};

	net->clock.unix_us = (due - 60) * 1000000;
	dial(n, a);
	run(net);
	pass(net, 40);
	assert_int_equal(n->adopted, 0);
	assert_int_equal(protocol_offers(n->protocol, &offer, 1), 1);
	assert_true(offer.future);
	assert_true(n->offers_events > 0);
	assert_err(protocol_choose(n->protocol, &ours[0]->hash, &e), e, ERR_FUTURE, "future-chain");
	assert_non_null(strstr(e.detail, "clock"));
	assert_int_equal(n->adopted, 0);
	net->clock.unix_us = due * 1000000;
	pass(net, 1);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

/* Otherwise a node with a slow clock would join whatever chain any inbound peer offers. */
static void while_a_chain_is_not_due_no_other_is_joined_instead(void **state)
{
	const int64_t due = (int64_t)NET_T0 - MAX_FUTURE_SECONDS;

	for (int dialled = 0; dialled < 2; dialled++) {
		struct tnet *net = net_of(state);
		struct tnode *n = node_add(net, NULL, 0);
		struct block *early = test_genesis_at("early", NET_T0 - 3600);
		struct tconn *raw = dialled ? raw_dialled(n, 4001) : raw_dials(n), *first;
		struct chain_offer offers[2];
		struct err e = {0};

		net->clock.unix_us = (due - 60) * 1000000;
		protocol_expect_peers(n->protocol, 1);
		first = offer_outbound(n, 4000, "from the future");
		offer_genesis(n, raw, early);
		pass(net, 40);
		assert_int_equal(n->adopted, 0);
		assert_int_equal(protocol_offers(n->protocol, offers, 2), 2);
		assert_true(offers[0].future && !offers[1].future);
		/* Not even if the peer that offers it is gone. */
		if (!dialled) {
			disconnect(first);
			pass(net, 30);
			assert_int_equal(n->adopted, 0);
		}
		/* The user may still choose this chain. */
		assert_ok(protocol_choose(n->protocol, &early->hash, &e), e);
		assert_int_equal(n->adopted, 1);
		block_unref(early);
		net_drop(net);
	}
}

/* An outbound peer's chain is joined when it is due, whatever inbound peers offer. */
static void an_inbound_offer_does_not_prevent_joining_a_chain_that_becomes_due(void **state)
{
	const int64_t due = (int64_t)NET_T0 - MAX_FUTURE_SECONDS;
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *n = node_add(net, NULL, 0);
	struct block *early = test_genesis_at("early", NET_T0 - 3600);

	net->clock.unix_us = (due - 30) * 1000000;
	dial(n, a);
	offer_genesis(n, raw_dials(n), early);
	pass(net, 29);
	assert_int_equal(n->adopted, 0);
	pass(net, 1);
	assert_int_equal(n->adopted, 1);
	assert_string_equal(chain_params(n->chain)->name, "test");
	block_unref(early);
	net_drop(net);
}

static void a_silent_peer_does_not_delay_joining_for_long(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *n = node_add(net, NULL, 0);
	struct tconn *raw;

	protocol_expect_peers(n->protocol, 2);
	raw = raw_dialled(n, 4000);
	raw_version(raw, (struct raw_version){.height = 5});
	dial(n, a);
	run(net);
	assert_int_equal(n->adopted, 0);
	pass(net, 3);
	assert_int_equal(n->adopted, 1);
	assert_tip(n, ours[5]);
	net_drop(net);
}

static void of_two_nodes_without_a_chain_both_join_when_one_does(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *x = node_add(net, NULL, 0),
		     *y = node_add(net, NULL, 0);

	dial(y, x);
	pass(net, 5);
	assert_false(chain_has_genesis(y->chain));
	dial(x, a);
	pass(net, 40);
	assert_tip(x, ours[5]);
	assert_tip(y, ours[5]);
	net_drop(net);
}

static void unrequested_blocks_make_no_offer(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw = raw_peer(n);

	raw_block(raw, ours[0]);
	raw_block(raw, ours[1]);
	pass(net, 5);
	assert_int_equal(n->adopted, 0);
	assert_true(raw->other->open);
	net_drop(net);
}

static void without_a_chain_requests_get_empty_answers(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw = raw_dials(n);
	struct hash256 h = ours[1]->hash.h;
	struct msg m = {.kind = MSG_GETBLOCKS};

	raw_version(raw, (struct raw_version){.height = -1});
	run(net);
	inbox_clear(raw);
	raw_msg(raw, &m);
	m.kind = MSG_GETHEADERS;
	raw_msg(raw, &m);
	raw_inv(raw, MSG_GETDATA, INV_BLOCK, &h, 1);
	raw_send(raw, "mempool", NULL, 0);
	raw_send(raw, "tx", ours[1]->tx[0].raw.p, ours[1]->tx[0].raw.len);
	run(net);
	assert_true(raw->other->open);
	assert_true(raw_got(raw, "headers"));
	assert_true(raw_got(raw, "notfound"));
	assert_true(list_empty(&raw->inbox));
	net_drop(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_only_chain_is_joined_when_every_outbound_peer_has_answered),
		TEST(the_only_chain_is_joined_three_seconds_after_the_first_offer),
		TEST(different_offers_are_listed_and_none_is_joined),
		TEST(a_person_chooses_and_peers_of_other_chains_are_disconnected_but_not_discouraged),
		TEST(an_offer_counts_connected_peers_and_makes_room_without_any),
		TEST(inbound_peers_do_not_decide_on_the_chain),
		TEST(an_outbound_peer_without_handshake_is_waited_for),
		TEST(a_peer_without_a_chain_is_not_waited_for),
		TEST(without_outbound_peers_an_inbound_offer_is_joined_after_ten_seconds),
		TEST(only_the_wanted_chain_is_joined),
		TEST(a_peer_without_tag_is_disconnected_when_its_genesis_is_not_the_wanted_one),
		TEST(a_genesis_other_than_the_tagged_one_is_refused),
		TEST(after_a_refused_genesis_the_search_goes_on),
		TEST(a_genesis_with_unknown_rules_disconnects_but_does_not_discourage),
		TEST(a_chain_from_the_future_is_joined_when_it_is_due),
		TEST(while_a_chain_is_not_due_no_other_is_joined_instead),
		TEST(an_inbound_offer_does_not_prevent_joining_a_chain_that_becomes_due),
		TEST(a_silent_peer_does_not_delay_joining_for_long),
		TEST(of_two_nodes_without_a_chain_both_join_when_one_does),
		TEST(unrequested_blocks_make_no_offer),
		TEST(without_a_chain_requests_get_empty_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
