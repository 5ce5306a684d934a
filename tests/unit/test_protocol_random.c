/* Small networks in which random things happen: nodes receive blocks of several branches,
 * connections open and close, and one peer announces blocks that it never sends. In the end, when
 * all are connected, every node is on the branch with the most work. */
#include "protocol_net.h"

#define TREE  160 /* blocks besides genesis */
#define NODES 5
#define STEPS 120
#define SEEDS 8

static struct block *tree[TREE + 1];
static uint32_t heights[TREE + 1], parents[TREE + 1];

static uint32_t below(struct rng_seeded *rng, uint32_t n)
{
	return (uint32_t)(rng_u64(&rng->rng) % n);
}

/* Most blocks are on top of the one before, some on an earlier one. */
static int setup(void **state)
{
	struct rng_seeded rng;

	if (group_setup(state) != 0)
		return -1;
	rng_seeded_init(&rng, 7);
	tree[0] = test_genesis("random");
	for (uint32_t i = 1; i <= TREE; i++) {
		uint32_t back = below(&rng, 10) < 7 ? 1 : 1 + below(&rng, i < 40 ? i : 40);
		uint32_t parent = i - back;

		parents[i] = parent;
		heights[i] = heights[parent] + 1;
		tree[i] = block_upon(tree[parent], heights[i], (uint8_t)i, NULL);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i <= TREE; i++)
		block_unref(tree[i]);
	return 0;
}

/* As if the node had mined it: a block that it doesn't have, on top of one that it has. */
static void accept_one(struct tnode *n, struct rng_seeded *rng)
{
	for (uint32_t k = 0, i = 1 + below(rng, TREE); k < TREE; k++, i = i % TREE + 1) {
		struct chain_entry en;

		if (chain_find(n->chain, &tree[i]->hash, NULL) ||
		    !chain_find(n->chain, &tree[i]->header.prev, &en) ||
		    !(en.status & CHAIN_HAVE_BODY))
			continue;
		if (chain_accept_block(n->chain, tree[i], NULL))
			n->work_chain = true;
		return;
	}
}

static bool connected(const struct tnet *net, const struct tnode *a, const struct tnode *b)
{
	for (size_t i = 0; i < net->n_conns; i++)
		if (net->conns[i]->open && net->conns[i]->node == a &&
		    net->conns[i]->other->node == b)
			return true;
	return false;
}

static void connect_two(struct tnet *net, struct tnode *a, struct tnode *b)
{
	if (a != b && !connected(net, a, b) && net->n_conns + 2 < NET_CONNS)
		dial(a, b);
}

static void disconnect_some(struct tnet *net, struct rng_seeded *rng)
{
	struct tconn *c = net->n_conns ? net->conns[below(rng, (uint32_t)net->n_conns)] : NULL;

	if (c && c->open && c->node)
		fake_close(c->node, c->info.id, CLOSE_PLAIN, "parted");
}

/* Announces all headers up to a random block, and sends no block. */
static void announce_unsent(struct tconn *raw, struct rng_seeded *rng)
{
	uint32_t at = 1 + below(rng, TREE), path[TREE + 1];
	struct msg m = {.kind = MSG_HEADERS};
	struct writer w;

	inbox_clear(raw);
	writer_init(&w);
	for (uint32_t i = at; i > 0; i = parents[i])
		path[heights[i]] = i;
	for (uint32_t h = 1; h <= heights[at]; h++)
		put_headers_item(&w, &tree[path[h]]->header);
	m.u.list = (struct msg_list){heights[at], w.buf};
	raw_msg(raw, &m);
	raw_inv(raw, MSG_INV, INV_BLOCK, &tree[1 + below(rng, TREE)]->hash.h, 1);
	writer_clear(&w);
}

static void step(struct tnet *net, struct tconn *announcer, struct rng_seeded *rng)
{
	struct tnode *a = &net->nodes[below(rng, NODES)], *b = &net->nodes[below(rng, NODES)];

	switch (below(rng, 8)) {
	case 0:
		connect_two(net, a, b);
		break;
	case 1:
		disconnect_some(net, rng);
		break;
	case 2:
		pass(net, 1);
		break;
	case 3:
		run(net);
		break;
	case 4:
		announce_unsent(announcer, rng);
		break;
	default:
		accept_one(a, rng);
		break;
	}
}

static struct u256 most_work(const struct tnet *net)
{
	struct u256 most = {{0}};

	for (size_t i = 0; i < NODES; i++) {
		struct chain_entry tip = chain_tip(net->nodes[i].chain);

		if (u256_cmp(&tip.work, &most) > 0)
			most = tip.work;
	}
	return most;
}

static void one_network(void **state, uint64_t seed)
{
	struct tnet *net = net_of(state);
	struct tconn *announcer;
	struct rng_seeded rng;
	struct u256 most;

	rng_seeded_init(&rng, seed);
	for (size_t i = 0; i < NODES; i++) {
		net->sync = i % 3 == 2 ? SYNC_CLASSIC : SYNC_HEADERS;
		node_add(net, tree, 0);
	}
	announcer = raw_peer(&net->nodes[0]);
	for (size_t i = 0; i < STEPS; i++)
		step(net, announcer, &rng);
	run(net);
	most = most_work(net);
	for (size_t i = 0; i + 1 < NODES; i++)
		if (!connected(net, &net->nodes[i], &net->nodes[i + 1]))
			dial(&net->nodes[i], &net->nodes[i + 1]);
	pass(net, 75);
	for (size_t i = 0; i < NODES; i++) {
		struct chain_entry tip = chain_tip(net->nodes[i].chain);
		struct sync_info si;

		if (u256_cmp(&tip.work, &most) != 0)
			fail_msg("seed %d: node %zu is at height %u", (int)seed, i, tip.height);
		protocol_sync_info(net->nodes[i].protocol, &si);
		assert_int_equal(si.in_flight, 0);
		assert_false(si.active);
	}
	for (size_t i = 0; i < net->n_conns; i++)
		if (net->conns[i]->kind == CLOSE_DISCOURAGE && net->conns[i]->reason[0])
			fail_msg("seed %d: a peer was discouraged: %s", (int)seed,
				 net->conns[i]->reason);
	net_drop(net);
}

static void after_random_events_all_nodes_have_the_most_work(void **state)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		one_network(state, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_random_events_all_nodes_have_the_most_work),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
