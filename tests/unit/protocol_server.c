#include "protocol_server.h"

struct block **blocks, **others;

int server_setup(void **state)
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

int server_teardown(void **state)
{
	(void)state;
	chain_drop(blocks, LONG);
	chain_drop(others, OTHER);
	return 0;
}

struct server serve(struct tnode *to, uint16_t port, struct block **all, size_t n)
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

void send_headers(struct tconn *raw, struct block **all, size_t first, size_t end)
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
	if (s->changes_headers && s->getheaders > 2) {
		/* From the same place, but not up to the hash at which the first reading ended. */
		send_headers(s->raw, s->all, first, first + 500);
		return;
	}
	send_headers(s->raw, s->all, first, end);
}

static void answer_getdata(struct server *s, const struct msg_list *l)
{
	for (size_t k = 0; k < l->n; k++) {
		struct inv_item it = msg_inv_at(l, k);
		size_t at = height_of_hash(s, it.hash.b);

		assert_int_equal(it.type, INV_BLOCK);
		assert_true(at != SIZE_MAX);
		s->requested++;
		if (at > s->highest)
			s->highest = at;
		if (!s->headers_only && at >= s->from)
			raw_block(s->raw, s->all[at]);
	}
}

bool server_turn(struct server *s)
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

void serve_all(struct tnet *net, struct server *s, size_t n)
{
	bool did = true;

	while (did) {
		run(net);
		did = false;
		for (size_t i = 0; i < n; i++)
			did = server_turn(&s[i]) || did;
	}
}

void pass_serving(struct tnet *net, struct server *s, size_t n, unsigned seconds)
{
	for (unsigned k = 0; k < seconds; k++) {
		pass(net, 1);
		serve_all(net, s, n);
	}
}

bool knows(const struct tnode *n, const struct block *b)
{
	return chain_find(n->chain, &b->hash, NULL);
}

size_t place_of(const struct tnode *n, bool out, const char *command)
{
	for (size_t i = 0; i < n->n_records; i++)
		if (n->records[i].out == out && strcmp(n->records[i].command, command) == 0)
			return i;
	fail_msg("no %s", command);
	return 0;
}

void accept_blocks(struct tnode *n, struct block **all, size_t first, size_t last)
{
	struct err e = {0};

	for (size_t i = first; i <= last; i++)
		assert_ok(chain_accept_block(n->chain, all[i], &e), e);
	n->work_chain = true;
}
