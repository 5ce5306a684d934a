/* A node without a chain among peers that have one, several, or none. */
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

static void the_only_chain_is_taken_once_every_dialled_peer_has_answered(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *b = node_add(net, ours, 3),
		     *n = node_add(net, NULL, 0);

	protocol_expect_peers(n->protocol, 2);
	dial(n, a);
	run(net);
	/* One is missing yet. */
	assert_int_equal(n->adopted, 0);
	dial(n, b);
	run(net);
	assert_int_equal(n->adopted, 1);
	assert_tip(n, ours[5]);
	assert_int_equal(n->offers_told, 0);
	net_drop(net);
}

static void three_seconds_after_the_first_offer_it_is_taken(void **state)
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

static void differing_offers_are_listed_and_none_is_taken(void **state)
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
	assert_true(n->offers_told > 0);
	assert_int_equal(protocol_offers(n->protocol, offers, 4), 2);
	assert_string_equal(offers[0].params.name, "test");
	assert_int_equal(offers[0].peers, 1);
	assert_string_equal(offers[1].params.name, "another");
	assert_int_equal(offers[1].peers, 2);
	assert_memory_equal(offers[1].params.genesis_hash.h.b, theirs[0]->hash.h.b, HASH_BYTES);
	assert_false(chain_has_genesis(n->chain));
	/* One of two is dropped by us: the other one still offers it. */
	protocol_drop_peer(n->protocol, to_b->info.id, "asked to");
	pass(net, 5);
	assert_int_equal(protocol_offers(n->protocol, offers, 4), 2);
	assert_int_equal(offers[1].peers, 1);
	net_drop(net);
}

static void a_person_chooses_and_the_others_are_left_without_blame(void **state)
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

static void hang_up(struct tconn *raw)
{
	inbox_put(raw->other, "", (struct span){0});
	run(raw->other->node->net);
}

/* A peer that offers a chain of that name: one that is dialled, and one that comes. */
static struct tconn *offer_by(struct tnode *n, uint16_t port, const char *name)
{
	return offer_with(n, raw_dialled(n, port), name);
}

static struct tconn *offer_comes(struct tnode *n, const char *name)
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

static void an_offer_counts_who_is_there_and_makes_room_once_nobody_is(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw[OFFERS_MAX];
	char name[16];
	uint32_t peers;

	protocol_expect_peers(n->protocol, 100);
	for (int i = 0; i < OFFERS_MAX; i++) {
		snprintf(name, sizeof(name), "chain %d", i);
		raw[i] = offer_by(n, (uint16_t)(4000 + i), name);
	}
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), OFFERS_MAX);
	offer_by(n, 5000, "one more");
	assert_false(is_offered(n, "one more", &peers));
	offer_by(n, 5001, "chain 3");
	assert_true(is_offered(n, "chain 3", &peers));
	assert_int_equal(peers, 2);
	hang_up(raw[3]);
	hang_up(raw[7]);
	assert_true(is_offered(n, "chain 3", &peers));
	assert_int_equal(peers, 1);
	assert_true(is_offered(n, "chain 7", &peers));
	assert_int_equal(peers, 0);
	offer_by(n, 5002, "a newcomer");
	assert_true(is_offered(n, "a newcomer", &peers));
	assert_false(is_offered(n, "chain 7", &peers));
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), OFFERS_MAX);
	net_drop(net);
}

static void who_comes_by_itself_does_not_choose_the_chain(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *a = node_add(net, ours, 5), *n = node_add(net, NULL, 0);
	uint32_t peers;

	/* However many others come with, it is the one taken that a peer has whom we dialled. */
	protocol_expect_peers(n->protocol, 1);
	for (int i = 0; i < OFFERS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "evil %d", i);
		offer_comes(n, name);
	}
	assert_int_equal(protocol_offers(n->protocol, NULL, 0), OFFERS_MAX);
	pass(net, 12);
	assert_int_equal(n->adopted, 0);
	dial(n, a);
	pass(net, 5);
	assert_int_equal(n->adopted, 1);
	assert_tip(n, ours[5]);
	net_drop(net);
	/* One that we dialled and that has said nothing yet is waited for, for a while. */
	net = net_of(state);
	n = node_add(net, NULL, 0);
	raw_version(raw_dialled(n, 4000), (struct raw_version){.height = 5});
	offer_comes(n, "evil");
	pass(net, 13);
	assert_int_equal(n->adopted, 0);
	assert_true(is_offered(n, "evil", &peers));
	pass(net, 3);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

static void one_that_is_being_dialled_is_waited_for_too(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);

	raw_dialled(n, 4000); /* and says nothing at all */
	offer_comes(n, "evil");
	pass(net, 13);
	assert_int_equal(n->adopted, 0);
	pass(net, 3);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

/* It has dialled one without a chain, and is dialled by one that makes one. */
static void who_waits_for_one_that_waits_too_takes_what_comes(void **state)
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

static void where_nobody_was_dialled_what_comes_is_taken_after_ten_seconds(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);

	offer_comes(n, "here");
	pass(net, 9);
	assert_int_equal(n->adopted, 0);
	pass(net, 1);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

static void only_the_wanted_chain_is_taken(void **state)
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

static void an_untagged_peer_of_an_unwanted_chain_is_left_at_its_genesis(void **state)
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

static void a_genesis_that_is_not_that_of_the_tag_is_refused(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw = raw_dialled(n, 4000);
	struct tmsg *m;

	raw_version(raw, (struct raw_version){.height = 5, .tag = &ours[0]->hash});
	run(net);
	raw_inv(raw, MSG_INV, INV_BLOCK, &theirs[0]->hash.h, 1);
	run(net);
	/* What the tag names is asked for, whatever the inv says. */
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

static void a_refused_genesis_leads_nowhere_and_the_search_goes_on(void **state)
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

static void a_genesis_of_unknown_rules_is_refused_without_blame(void **state)
{
	struct tnet *net = net_of(state);
	struct tnode *n = node_add(net, NULL, 0);
	struct tconn *raw = raw_dialled(n, 4000);
	/* Not a genesis, though nothing is before it: its coinbase has no parameters. */
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

/* All rules hold for a genesis, the clock's too. */
static void a_chain_from_the_future_is_taken_when_it_is_due(void **state)
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
	assert_true(n->offers_told > 0);
	assert_err(protocol_choose(n->protocol, &ours[0]->hash, &e), e, ERR_FUTURE, "future-chain");
	assert_non_null(strstr(e.detail, "clock"));
	assert_int_equal(n->adopted, 0);
	net->clock.unix_us = due * 1000000;
	pass(net, 1);
	assert_int_equal(n->adopted, 1);
	net_drop(net);
}

/* Else one whose clock is slow takes what any stranger offers. */
static void while_a_chain_is_not_due_no_other_is_taken_in_its_place(void **state)
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
		first = offer_by(n, 4000, "from the future");
		offer_genesis(n, raw, early);
		pass(net, 40);
		assert_int_equal(n->adopted, 0);
		assert_int_equal(protocol_offers(n->protocol, offers, 2), 2);
		assert_true(offers[0].future && !offers[1].future);
		/* Nor when who offers it has gone. */
		if (!dialled) {
			hang_up(first);
			pass(net, 30);
			assert_int_equal(n->adopted, 0);
		}
		/* A person may. */
		assert_ok(protocol_choose(n->protocol, &early->hash, &e), e);
		assert_int_equal(n->adopted, 1);
		block_unref(early);
		net_drop(net);
	}
}

/* That of whom we dialled is taken when it is due, whatever others offer who came. */
static void who_came_does_not_keep_it_from_a_chain_that_becomes_due(void **state)
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

static void a_silent_peer_does_not_hold_up_the_others(void **state)
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

static void two_nodes_without_a_chain_both_join_when_one_does(void **state)
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

static void blocks_nobody_asked_for_make_no_offer(void **state)
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

static void while_there_is_no_chain_questions_are_answered_with_nothing(void **state)
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
		TEST(the_only_chain_is_taken_once_every_dialled_peer_has_answered),
		TEST(three_seconds_after_the_first_offer_it_is_taken),
		TEST(differing_offers_are_listed_and_none_is_taken),
		TEST(a_person_chooses_and_the_others_are_left_without_blame),
		TEST(an_offer_counts_who_is_there_and_makes_room_once_nobody_is),
		TEST(who_comes_by_itself_does_not_choose_the_chain),
		TEST(one_that_is_being_dialled_is_waited_for_too),
		TEST(who_waits_for_one_that_waits_too_takes_what_comes),
		TEST(where_nobody_was_dialled_what_comes_is_taken_after_ten_seconds),
		TEST(only_the_wanted_chain_is_taken),
		TEST(an_untagged_peer_of_an_unwanted_chain_is_left_at_its_genesis),
		TEST(a_genesis_that_is_not_that_of_the_tag_is_refused),
		TEST(a_refused_genesis_leads_nowhere_and_the_search_goes_on),
		TEST(a_genesis_of_unknown_rules_is_refused_without_blame),
		TEST(a_chain_from_the_future_is_taken_when_it_is_due),
		TEST(while_a_chain_is_not_due_no_other_is_taken_in_its_place),
		TEST(who_came_does_not_keep_it_from_a_chain_that_becomes_due),
		TEST(a_silent_peer_does_not_hold_up_the_others),
		TEST(two_nodes_without_a_chain_both_join_when_one_does),
		TEST(blocks_nobody_asked_for_make_no_offer),
		TEST(while_there_is_no_chain_questions_are_answered_with_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
