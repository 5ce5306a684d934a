/* Connections over real sockets with a manual clock: accepting, dialling, back-off, bounded buffers.
 * Inbound peers with other addresses than loopback use socket pairs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/crypto/key.h>
#include <tally/net/evict.h>

#include "net/conn_priv.h"
#include "net/listen_priv.h"
#include "net/net_state_priv.h"
#include "net/send_priv.h"

#define NOW 1700000000

struct fixture {
	struct event_base *base;
	struct clock_manual clock;
	struct rng_seeded rng;
	struct addrbook *book;
	struct bans *bans;
	struct net *net;
	unsigned opened, closed, messages;
	conn_id last_opened, last_closed;
	char reason[REASON_CHARS + 1]; /* of the last one closed */
	conn_id useful;                /* sent a block; for on_eviction_info */
	unsigned discouraged;          /* number of discouraged eviction candidates */
	int fds[256];                  /* the peers' ends of the socket pairs */
	size_t n_fds;
};

static void no_log(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		   const char *text)
{
	(void)arg, (void)unix_us, (void)sub, (void)level, (void)text;
}

static void on_opened(void *arg, const struct conn_info *info)
{
	struct fixture *f = arg;

	f->opened++;
	f->last_opened = info->id;
}

static void on_message(void *arg, conn_id id, const char *type, struct span payload)
{
	struct fixture *f = arg;

	(void)id, (void)type, (void)payload;
	f->messages++;
}

static void on_drained(void *arg, conn_id id)
{
	(void)arg, (void)id;
}

static void on_closed(void *arg, conn_id id, const char *reason)
{
	struct fixture *f = arg;

	f->closed++;
	f->last_closed = id;
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
}

static void on_eviction_info(void *arg, conn_id id, struct evict_candidate *c)
{
	struct fixture *f = arg;

	c->last_block_ms = id == f->useful;
	f->discouraged += c->discouraged;
}

static void make_net(struct fixture *f, unsigned inbound_max)
{
	const struct net_options o = {
		.base = f->base,
		.clock = &f->clock.clock,
		.rng = &f->rng.rng,
		.book = f->book,
		.bans = f->bans,
		.handler = {on_opened, on_message, on_drained, on_closed, on_eviction_info, f},
		.inbound_max = inbound_max,
		.dial_book = true,
	};

	f->net = net_new(&o);
}

static int setup(void **state)
{
	struct fixture *f = NEW(struct fixture);

	log_set_sink(no_log, NULL);
	f->base = event_base_new();
	clock_manual_init(&f->clock, NOW);
	rng_seeded_init(&f->rng, 11);
	f->book = addrbook_new(&f->clock.clock, &f->rng.rng, NULL);
	f->bans = bans_new(&f->clock.clock, NULL);
	make_net(f, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	net_free(f->net);
	bans_free(f->bans);
	addrbook_free(f->book);
	event_base_free(f->base);
	for (size_t i = 0; i < f->n_fds; i++)
		close(f->fds[i]);
	free(f);
	return 0;
}

/* Runs the loop for `ms` milliseconds. */
static void settle_for(struct fixture *f, unsigned ms)
{
	for (unsigned quiet = 0; quiet < ms; quiet++) {
		event_base_loop(f->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
}

static void settle(struct fixture *f)
{
	settle_for(f, 10);
}

/* Runs the loop until this many connections were opened and closed in total. Fails after 20 s. */
static void await(struct fixture *f, unsigned opened, unsigned closed)
{
	for (int i = 0; i < 20000 && (f->opened < opened || f->closed < closed); i++) {
		event_base_loop(f->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	if (f->opened < opened || f->closed < closed)
		fail_msg("%u opened, %u closed: expected %u, %u", f->opened, f->closed, opened,
			 closed);
}

/* Advances the clock in steps of a second, with a tick after each. */
static void pass(struct fixture *f, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		clock_manual_advance(&f->clock, 1000000);
		net_tick(f->net);
		event_base_loop(f->base, EVLOOP_NONBLOCK);
	}
}

static struct net_addr addr(const char *text)
{
	struct net_addr a;

	assert_true(net_addr_parse_numeric(&a, text, 3000, NULL));
	return a;
}

/* A peer connects from this address. Returns its id, or 0 if it is refused. Appends its end to
 * f->fds. */
static conn_id connect_inbound(struct fixture *f, struct net_addr from)
{
	int pair[2];

	if (listen_admit(f->net, &from))
		return 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(net_prepare_fd(pair[0]));
	assert_true(f->n_fds < ARRAY_LEN(f->fds));
	f->fds[f->n_fds++] = pair[1];
	conn_open(f->net, pair[0], CONN_INBOUND, &from);
	return f->last_opened;
}

static struct net_addr numbered(unsigned i)
{
	struct net_addr a = addr("20.0.0.1:50000");

	a.ip[12] = (uint8_t)(20 + i / 200);
	a.ip[13] = (uint8_t)(i % 200);
	return a;
}

/* Returns a socket that listens on loopback. */
static int server(struct net_addr *at)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_true(net_addr_from_sockaddr(at, (struct sockaddr *)&sin));
	return fd;
}

/* Accepts and closes all pending connections. Returns how many. */
static unsigned disconnect_all(int fd)
{
	unsigned n = 0;
	int peer;

	while ((peer = accept(fd, NULL, NULL)) >= 0) {
		close(peer);
		n++;
	}
	return n;
}

static struct transport net_of(struct fixture *f)
{
	return net_transport(f->net);
}

/* --- frames ------------------------------------------------------------------------- */

/* Source: Bitcoin developer reference, verack, which has the magic of the main network. */
static void the_header_is_that_of_bitcoin_with_another_magic(void **state)
{
	static const uint8_t verack[] = {0xfa, 0xbf, 0xb5, 0xda, 'v',  'e',  'r',  'a',
					 'c',  'k',  0,    0,    0,    0,    0,    0,
					 0,    0,    0,    0,    0x5d, 0xf6, 0xe0, 0xe2};
	uint8_t out[FRAME_HEADER_BYTES];
	struct frame_header h;

	(void)state;
	frame_encode(out, "verack", (struct span){NULL, 0});
	assert_memory_equal(out, verack, sizeof(verack));
	assert_true(frame_decode(&h, verack, NULL));
	assert_string_equal(h.type, "verack");
	assert_int_equal(h.length, 0);
	assert_true(frame_check(&h, (struct span){NULL, 0}, NULL));
	assert_false(frame_check(&h, (struct span){verack, 1}, NULL));
}

static void assert_header(size_t at, uint8_t value, const char *token)
{
	uint8_t raw[FRAME_HEADER_BYTES];
	struct frame_header h;
	struct err e = {0};

	frame_encode(raw, "verack", (struct span){NULL, 0});
	raw[at] = value;
	if (!token) {
		assert_true(frame_decode(&h, raw, &e));
		return;
	}
	assert_false(frame_decode(&h, raw, &e));
	assert_string_equal(e.token, token);
}

static void every_field_of_a_header_is_checked(void **state)
{
	uint8_t raw[FRAME_HEADER_BYTES];
	struct frame_header h;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_header(i, 0, "frame-magic");
	assert_header(4, 0, "frame-type");    /* empty */
	assert_header(4, ' ', "frame-type");  /* a space */
	assert_header(4, 0x7f, "frame-type"); /* a control character */
	assert_header(4, '!', NULL);
	assert_header(6, 0, "frame-type"); /* a character after the padding */
	assert_header(15, 'x', "frame-type");
	assert_header(10, 'x', NULL);
	frame_encode(raw, "block", (struct span){NULL, 0});
	set_le32(raw + 16, FRAME_PAYLOAD_MAX);
	assert_true(frame_decode(&h, raw, &e));
	assert_int_equal(h.length, FRAME_PAYLOAD_MAX);
	set_le32(raw + 16, FRAME_PAYLOAD_MAX + 1);
	assert_false(frame_decode(&h, raw, &e));
	assert_string_equal(e.token, "frame-length");
}

/* --- accepting ---------------------------------------------------------------------- */

static void a_banned_peer_is_disconnected_and_refused(void **state)
{
	struct fixture *f = *state;
	struct subnet s;

	assert_int_not_equal(connect_inbound(f, addr("10.1.2.3:50000")), 0);
	assert_int_not_equal(connect_inbound(f, addr("10.2.0.1:50000")), 0);
	assert_true(subnet_parse(&s, "10.1.0.0/16", NULL));
	assert_true(bans_add(f->bans, &s, NOW + 100, NULL));
	assert_int_equal(net_enforce_bans(f->net), 1);
	await(f, 2, 1);
	assert_non_null(strstr(f->reason, "banned"));
	assert_int_equal(f->last_closed, 1);
	assert_int_equal(connect_inbound(f, addr("10.1.9.9:50000")), 0);
	assert_int_not_equal(connect_inbound(f, addr("10.2.0.1:50001")), 0);
	pass(f, 100);
	assert_int_not_equal(connect_inbound(f, addr("10.1.9.9:50000")), 0);
}

static void a_discouraged_peer_is_accepted_while_half_the_slots_are_free(void **state)
{
	struct fixture *f = *state;
	struct net_addr school = addr("10.1.2.3:50000"), loop = addr("127.0.0.1:50000");
	conn_id first;

	net_free(f->net);
	make_net(f, 8);
	first = connect_inbound(f, school);
	net_of(f).close(f->net, first, CLOSE_DISCOURAGE, "a test");
	await(f, 1, 1);
	assert_true(bans_is_discouraged(f->bans, &school));
	for (unsigned i = 0; i < 3; i++)
		assert_int_not_equal(connect_inbound(f, numbered(i)), 0);
	assert_int_not_equal(connect_inbound(f, school), 0); /* the fourth of eight */
	assert_int_equal(connect_inbound(f, school), 0);
	assert_int_not_equal(connect_inbound(f, loop), 0);
	net_of(f).close(f->net, f->last_opened, CLOSE_DISCOURAGE, "a test");
	await(f, 6, 2);
	/* Loopback is never discouraged. */
	assert_int_not_equal(connect_inbound(f, loop), 0);
	pass(f, BAN_SECONDS);
	assert_int_not_equal(connect_inbound(f, school), 0);
}

static void a_peer_is_evicted_when_all_slots_are_taken(void **state)
{
	struct fixture *f = *state;
	conn_id last;

	for (unsigned i = 0; i < NET_INBOUND_MAX; i++) {
		assert_int_not_equal(connect_inbound(f, addr("10.1.2.3:50000")), 0);
		clock_manual_advance(&f->clock, 1000);
	}
	last = f->last_opened;
	f->useful = last;
	assert_int_equal(net_connections(f->net, CONN_INBOUND), NET_INBOUND_MAX);
	/* Evicted is the youngest one that sent no block. */
	assert_int_not_equal(connect_inbound(f, addr("10.7.7.7:50000")), 0);
	await(f, NET_INBOUND_MAX + 1, 1);
	assert_int_equal(f->last_closed, last - 1);
	assert_int_equal(net_connections(f->net, CONN_INBOUND), NET_INBOUND_MAX);
}

static void eviction_knows_which_peers_are_discouraged(void **state)
{
	struct fixture *f = *state;
	struct net_addr school = addr("10.1.2.3:50000");

	bans_discourage(f->bans, &school);
	assert_int_not_equal(connect_inbound(f, school), 0);
	for (unsigned i = 1; i < NET_INBOUND_MAX; i++)
		assert_int_not_equal(connect_inbound(f, addr("20.2.2.2:50000")), 0);
	assert_int_equal(f->discouraged, 0);
	assert_int_not_equal(connect_inbound(f, addr("20.2.2.2:50000")), 0);
	assert_int_equal(f->discouraged, 1);
}

/* --- dialling ------------------------------------------------------------------------- */

/* Advances the clock until the server is dialled again. Returns the seconds, or 0 after `most`. */
static unsigned seconds_until_dialled(struct fixture *f, int fd, unsigned most)
{
	for (unsigned s = 1; s <= most; s++) {
		unsigned closed = f->closed;

		pass(f, 1);
		settle(f);
		if (disconnect_all(fd) > 0) {
			await(f, 0, closed + 1);
			return s;
		}
	}
	return 0;
}

static void a_manual_peer_that_disconnects_is_redialled_with_backoff(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	int fd = server(&at);
	unsigned want = 1;

	assert_true(net_connect(f->net, &at, false, NULL));
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	await(f, 1, 1);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(seconds_until_dialled(f, fd, 70), want);
		want = MIN(want * 2, 60);
	}
	close(fd);
}

static void a_manual_peer_is_redialled_after_a_second_if_it_lasted_a_minute(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	int fd = server(&at), peer;

	assert_true(net_connect(f->net, &at, false, NULL));
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	await(f, 1, 1);
	assert_int_equal(seconds_until_dialled(f, fd, 70), 1);
	assert_int_equal(seconds_until_dialled(f, fd, 70), 2);
	pass(f, 4);
	await(f, 4, 3);
	peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	pass(f, 60);
	close(peer);
	await(f, 4, 4);
	assert_int_equal(seconds_until_dialled(f, fd, 70), 1);
	close(fd);
}

static void a_fallback_node_that_fails_the_handshake_is_dialled_with_backoff(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	int fd = server(&at);
	unsigned last = 0;

	net_set_fallback(f->net, &at);
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	await(f, 1, 1);
	for (int i = 0; i < 8; i++) {
		unsigned s = seconds_until_dialled(f, fd, 70);

		assert_in_range(s, MAX(last, 1), 61);
		last = s;
	}
	assert_in_range(last, 60, 61);
	close(fd);
}

/* Otherwise an attacker could keep a node from its fallback node by connecting to it. */
static void the_fallback_node_is_dialled_although_an_inbound_peer_is_connected(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	struct net_dial dials[2];
	int fd = server(&at);

	connect_inbound(f, addr("127.0.0.1:50000"));
	net_set_fallback(f->net, &at);
	settle(f);
	await(f, 2, 0);
	assert_int_equal(net_connections(f->net, CONN_OUTBOUND), 1);
	net_of(f).add_listen_addr(f->net, f->last_opened, &at);
	assert_int_equal(disconnect_all(fd), 1);
	await(f, 2, 1);
	assert_int_equal(net_dials(f->net, dials, 2), 1);
	assert_in_range(seconds_until_dialled(f, fd, 10), 2, 4);
	close(fd);
}

static void the_fallback_node_is_not_dialled_while_an_outbound_peer_is_connected(void **state)
{
	struct fixture *f = *state;
	struct net_addr at, other;
	int fd = server(&at), other_fd = server(&other);

	assert_true(net_connect(f->net, &other, false, NULL));
	await(f, 1, 0);
	/* An outbound connection without a handshake does not count. */
	net_set_fallback(f->net, &at);
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	await(f, 2, 1);
	net_of(f).add_listen_addr(f->net, 1, &other);
	pass(f, 30);
	settle(f);
	assert_int_equal(disconnect_all(fd), 0);
	assert_int_equal(net_dials(f->net, NULL, 0), 0);
	close(other_fd);
	close(fd);
}

/* All nodes of a class connect soon after their central node starts. */
static void without_another_outbound_peer_a_manual_peer_is_dialled_every_three_seconds(void **state)
{
	struct fixture *f = *state;
	struct net_addr at, other;
	struct net_dial d;
	int fd = server(&at), other_fd = server(&other);

	close(fd);
	assert_true(net_connect(f->net, &at, false, NULL));
	for (int s = 0; s < 120; s++) {
		pass(f, 1);
		settle_for(f, 2);
		assert_int_equal(net_dials(f->net, &d, 1), 1);
		assert_in_range(d.next_ms, 0, 3000);
	}
	assert_true(d.failures > 10);
	assert_true(net_connect(f->net, &other, false, NULL));
	await(f, 1, 0);
	net_of(f).add_listen_addr(f->net, 1, &other);
	pass(f, 4);
	settle(f);
	assert_int_equal(net_dials(f->net, &d, 1), 1);
	assert_in_range(d.next_ms, 50000, 60000);
	close(other_fd);
}

static void a_node_that_is_connected_is_not_dialled(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	struct net_dial dials[4];
	struct err e = {0};
	int fd = server(&at);
	conn_id in = connect_inbound(f, addr("127.0.0.1:50000"));

	addrbook_add(f->book, &at, 1, NOW, NULL);
	/* The protocol reports that the inbound peer listens there. */
	net_of(f).add_listen_addr(f->net, in, &at);
	pass(f, 120);
	settle(f);
	assert_int_equal(disconnect_all(fd), 0);
	/* A user can dial it all the same, because the report may be wrong. */
	assert_true(net_connect(f->net, &at, false, &e));
	assert_false(net_connect(f->net, &at, false, &e));
	assert_int_equal(e.cls, ERR_KNOWN);
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	await(f, 2, 1);
	pass(f, 120);
	settle(f);
	assert_int_equal(disconnect_all(fd), 0);
	assert_int_equal(net_dials(f->net, dials, 4), 0);
	/* After it disconnects, the manual peer is dialled. */
	net_of(f).close(f->net, in, CLOSE_PLAIN, "a test");
	await(f, 2, 2);
	pass(f, 2);
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	close(fd);
}

static void the_address_of_this_node_is_not_dialled(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	int fd = server(&at);

	net_of(f).add_own_addr(f->net, &at);
	addrbook_add(f->book, &at, 1, NOW, NULL);
	pass(f, 60);
	settle(f);
	assert_int_equal(disconnect_all(fd), 0);
	close(fd);
}

static void a_peer_that_disconnects_after_each_handshake_is_dialled_with_backoff(void **state)
{
	struct fixture *f = *state;
	struct net_addr at;
	int fd = server(&at), peer;
	unsigned waits[5], n = 0;

	addrbook_add(f->book, &at, 1, NOW, NULL);
	for (unsigned s = 0; s < 400 && n < 5; s++) {
		pass(f, 1);
		settle_for(f, 3);
		peer = accept(fd, NULL, NULL);
		if (peer < 0)
			continue;
		await(f, n + 1, n);
		/* The handshake succeeds every time. */
		net_of(f).add_listen_addr(f->net, f->last_opened, &at);
		addrbook_succeeded(f->book, &at, 1);
		close(peer);
		await(f, n + 1, n + 1);
		waits[n++] = s;
	}
	assert_int_equal(n, 5);
	for (unsigned i = 1; i < 5; i++)
		assert_in_range(waits[i] - waits[i - 1], 10u << (i - 1), (10u << (i - 1)) + 1);
	close(fd);
}

static void banned_and_discouraged_addresses_are_not_dialled(void **state)
{
	struct fixture *f = *state;
	struct net_addr at, far = addr("10.1.2.3:3000");
	struct subnet s;
	struct err e = {0};
	int fd = server(&at);

	addrbook_add(f->book, &far, 1, NOW, NULL);
	bans_discourage(f->bans, &far);
	assert_true(subnet_parse(&s, "127.0.0.1", NULL));
	assert_true(bans_add(f->bans, &s, NOW + 60, NULL));
	addrbook_add(f->book, &at, 1, NOW, NULL);
	assert_false(net_connect(f->net, &at, false, &e));
	assert_string_equal(e.token, "banned");
	pass(f, 50);
	settle(f);
	assert_int_equal(disconnect_all(fd), 0);
	assert_int_equal(net_dials(f->net, NULL, 0), 0);
	pass(f, 12);
	settle(f);
	assert_int_equal(disconnect_all(fd), 1);
	close(fd);
}

static void at_most_eight_addresses_of_the_book_are_dialled(void **state)
{
	struct fixture *f = *state;
	struct net_addr at[12];
	int fds[12];

	for (int i = 0; i < 12; i++) {
		fds[i] = server(&at[i]);
		addrbook_add(f->book, &at[i], 1, NOW, NULL);
	}
	/* On loopback each port is a network group of its own. */
	pass(f, 3);
	await(f, NET_OUTBOUND_SLOTS, 0);
	pass(f, 30);
	settle(f);
	assert_int_equal(net_connections(f->net, CONN_OUTBOUND), NET_OUTBOUND_SLOTS);
	for (int i = 0; i < 12; i++)
		close(fds[i]);
}

static void feelers_test_addresses_while_all_slots_are_taken(void **state)
{
	struct fixture *f = *state;
	struct net_addr at[12];
	int fds[12], untried = 0;

	for (int i = 0; i < 12; i++) {
		fds[i] = server(&at[i]);
		addrbook_add(f->book, &at[i], 1, NOW, NULL);
	}
	pass(f, 3);
	await(f, NET_OUTBOUND_SLOTS, 0);
	for (int i = 0; i < 4; i++) {
		struct conn *c;

		for (int s = 0; s < 200 && f->opened < NET_OUTBOUND_SLOTS + 1u + (unsigned)i; s++)
			pass(f, 1);
		await(f, NET_OUTBOUND_SLOTS + 1u + (unsigned)i, (unsigned)i);
		c = conn_find(f->net, f->last_opened);
		assert_int_equal(c->info.kind, CONN_FEELER);
		assert_int_equal(net_connections(f->net, CONN_OUTBOUND), NET_OUTBOUND_SLOTS);
		/* What the protocol layer does after the handshake of a feeler. */
		addrbook_succeeded(f->book, &c->info.peer, 1);
		net_transport(f->net).add_listen_addr(f->net, c->info.id, &c->info.peer);
		net_transport(f->net).close(f->net, c->info.id, CLOSE_PLAIN, "the address works");
		await(f, 0, (unsigned)i + 1);
	}
	for (int i = 0; i < 12; i++) {
		struct addrbook_entry en;

		assert_true(addrbook_get(f->book, &at[i], &en));
		untried += !en.tried;
		close(fds[i]);
	}
	assert_int_equal(untried, NET_OUTBOUND_SLOTS); /* no handshake in the outbound slots */
	/* Now all addresses are connected or tried, so there is no other feeler. */
	pass(f, 600);
	assert_int_equal(f->opened, NET_OUTBOUND_SLOTS + 4);
}

static void addresses_have_the_network_group_of_their_prefix(void **state)
{
	static const char *const apart[] = {
		"127.0.0.1:1", "127.0.0.1:2", "10.1.2.3:1",  "10.1.2.4:1",      "20.1.2.3:1",
		"20.2.2.3:1",  "[fd00::1]:1", "[fd00::2]:1", "[2001:db8::1]:1", "[2001:db9::1]:1"};
	static const char *const same[][2] = {{"10.1.2.3:1", "10.1.2.3:2"},
					      {"20.1.2.3:1", "20.1.200.3:9"},
					      {"[2001:db8::1]:1", "[2001:db8:ffff::2]:3"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(apart); i++)
		for (size_t k = 0; k < i; k++) {
			struct net_addr a = addr(apart[i]), b = addr(apart[k]);

			if (net_addr_group(&a) == net_addr_group(&b))
				fail_msg("%s and %s are in one group", apart[i], apart[k]);
		}
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct net_addr a = addr(same[i][0]), b = addr(same[i][1]);

		assert_true(net_addr_group(&a) == net_addr_group(&b));
	}
}

/* --- buffers ---------------------------------------------------------------------------- */

/* Sends as many of these bytes as the socket accepts now. */
static size_t offer(int fd, const uint8_t *bytes, size_t n)
{
	ssize_t k = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	return k > 0 ? (size_t)k : 0;
}

static void incomplete_large_messages_stay_within_the_total_bound(void **state)
{
	struct fixture *f = *state;
	size_t n = FRAME_HEADER_BYTES + FRAME_PAYLOAD_MAX, half = n / 2, sent[50] = {0};
	uint8_t *message = mem_zalloc(n);
	bool moved = true;
	size_t peak = 0;

	frame_encode(message, "block",
		     (struct span){message + FRAME_HEADER_BYTES, FRAME_PAYLOAD_MAX});
	for (unsigned i = 0; i < 50; i++)
		assert_int_not_equal(connect_inbound(f, numbered(i)), 0);
	/* The peers try to send 100 MB. */
	while (moved) {
		moved = false;
		for (unsigned i = 0; i < 50; i++) {
			size_t k = offer(f->fds[i], message + sent[i], half - sent[i]);

			sent[i] += k;
			moved = moved || k > 0;
		}
		for (int k = 0; k < 8; k++)
			event_base_loop(f->base, EVLOOP_NONBLOCK);
		peak = MAX(peak, f->net->recv_total);
		assert_true(f->net->recv_total <= NET_RECV_TOTAL_MAX);
	}
	assert_true(peak > NET_RECV_TOTAL_MAX / 2);
	assert_int_equal(f->messages, 0);
	assert_int_equal(f->closed, 0);
	/* Small messages of another peer are still delivered. */
	assert_int_not_equal(connect_inbound(f, addr("10.9.9.9:1")), 0);
	frame_encode(message, "verack", (struct span){NULL, 0});
	assert_int_equal(offer(f->fds[50], message, FRAME_HEADER_BYTES), FRAME_HEADER_BYTES);
	settle(f);
	assert_int_equal(f->messages, 1);
	/* Peers that send no more are disconnected one after another, until no peer is starved. */
	for (unsigned s = 0; s < 1200 && f->net->n_starved > 0; s++)
		pass(f, 1);
	assert_int_equal(f->net->n_starved, 0);
	assert_true(f->closed > 0 && f->closed < 50);
	assert_non_null(strstr(f->reason, "memory is short"));
	free(message);
}

static void large_messages_arrive_although_memory_is_short(void **state)
{
	struct fixture *f = *state;
	size_t n = FRAME_HEADER_BYTES + FRAME_PAYLOAD_MAX, sent[30] = {0};
	uint8_t *message = mem_zalloc(n);
	bool all = false;

	frame_encode(message, "block",
		     (struct span){message + FRAME_HEADER_BYTES, FRAME_PAYLOAD_MAX});
	for (unsigned i = 0; i < 30; i++)
		assert_int_not_equal(connect_inbound(f, numbered(i)), 0);
	for (unsigned round = 0; round < 100000 && !all; round++) {
		all = true;
		for (unsigned i = 0; i < 30; i++) {
			sent[i] += offer(f->fds[i], message + sent[i], n - sent[i]);
			all = all && sent[i] == n;
		}
		event_base_loop(f->base, EVLOOP_NONBLOCK);
		assert_true(f->net->recv_total <= NET_RECV_TOTAL_MAX);
		if (round % 50 == 49)
			pass(f, 1);
	}
	assert_true(all);
	for (int i = 0; i < 2000 && f->messages < 30; i++)
		event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(f->messages, 30);
	assert_int_equal(f->closed, 0);
	free(message);
}

static void a_peer_that_does_not_read_is_not_served_and_then_disconnected(void **state)
{
	struct fixture *f = *state;
	uint8_t *payload = mem_zalloc(1 << 20), ping[FRAME_HEADER_BYTES];
	conn_id id = connect_inbound(f, addr("10.1.2.3:1"));
	unsigned sent = 0;

	for (int i = 0; i < 2; i++)
		assert_true(net_of(f).send(f->net, id, "block", (struct span){payload, 1 << 20}));
	settle(f);
	assert_true(net_of(f).queued(f->net, id) > NET_SEND_BUFFER_MAX);
	/* Its messages are not delivered while its queue is over the limit. */
	frame_encode(ping, "verack", (struct span){NULL, 0});
	assert_int_equal(offer(f->fds[0], ping, sizeof(ping)), sizeof(ping));
	settle(f);
	assert_int_equal(f->messages, 0);
	while (sent < 100 && net_of(f).send(f->net, id, "block", (struct span){payload, 1 << 20}))
		sent++;
	assert_in_range(sent, 1, 16);
	await(f, 1, 1);
	assert_non_null(strstr(f->reason, "does not read"));
	free(payload);
}

/* A shared payload of a megabyte that counts its releases. */
struct counted {
	struct shared_bytes shared;
	unsigned released;
};

static void on_release(struct shared_bytes *s)
{
	((struct counted *)(void *)s)->released++;
}

static void a_shared_payload_is_released_once_for_each_queue(void **state)
{
	struct fixture *f = *state;
	uint8_t *payload = mem_zalloc(1 << 20), *got = mem_alloc(1 << 20);
	struct counted c = {{{payload, 1 << 20}, on_release}, 0};
	conn_id first = connect_inbound(f, addr("10.1.2.3:1")),
		second = connect_inbound(f, addr("10.1.2.4:1"));
	ssize_t left = FRAME_HEADER_BYTES + (1 << 20), n;

	assert_true(net_of(f).send_shared(f->net, first, "block", &c.shared));
	assert_true(net_of(f).send_shared(f->net, second, "block", &c.shared));
	assert_false(net_of(f).send_shared(f->net, 77, "block", &c.shared));
	assert_int_equal(c.released, 1);
	assert_int_equal(net_of(f).queued_all(f->net), 2 * FRAME_HEADER_BYTES);
	assert_int_equal(net_of(f).queued(f->net, first), FRAME_HEADER_BYTES + (1 << 20));
	while (left > 0) {
		settle(f);
		n = recv(f->fds[0], got, 1 << 20, MSG_DONTWAIT);
		assert_true(n > 0);
		left -= n;
	}
	settle(f);
	assert_int_equal(c.released, 2);
	/* Closing the other connection drops its queue. */
	net_of(f).close(f->net, second, CLOSE_DROP, "a test");
	await(f, 2, 1);
	assert_int_equal(c.released, 3);
	assert_int_equal(net_of(f).queued_all(f->net), 0);
	free(got);
	free(payload);
}

static void the_limit_of_a_queue_shrinks_when_all_queues_are_long(void **state)
{
	struct fixture *f = *state;
	uint8_t *payload = mem_zalloc(1 << 20), ping[FRAME_HEADER_BYTES];
	conn_id id = connect_inbound(f, addr("10.1.2.3:1"));
	const struct span half_megabyte = {payload, 512u << 10};

	frame_encode(ping, "verack", (struct span){NULL, 0});
	assert_true(net_of(f).send(f->net, id, "block", half_megabyte));
	assert_int_equal(offer(f->fds[0], ping, sizeof(ping)), sizeof(ping));
	settle(f);
	assert_int_equal(f->messages, 1);
	while (net_of(f).queued_all(f->net) <= SEND_COPIED_MAX) {
		const conn_id other = connect_inbound(f, addr("10.1.2.4:1"));

		for (int i = 0; i < 12; i++)
			net_of(f).send(f->net, other, "block", (struct span){payload, 1 << 20});
	}
	assert_true(net_of(f).send(f->net, id, "pong", (struct span){payload, 8}));
	assert_int_equal(offer(f->fds[0], ping, sizeof(ping)), sizeof(ping));
	settle(f);
	assert_int_equal(f->messages, 1);
	free(payload);
}

static void a_peer_that_reads_nothing_for_a_minute_is_disconnected(void **state)
{
	struct fixture *f = *state;
	uint8_t *payload = mem_zalloc(1 << 20);
	conn_id id = connect_inbound(f, addr("10.1.2.3:1"));

	assert_true(net_of(f).send(f->net, id, "block", (struct span){payload, 1 << 20}));
	settle(f);
	pass(f, 59);
	assert_int_equal(f->closed, 0);
	pass(f, 1);
	await(f, 1, 1);
	assert_non_null(strstr(f->reason, "has read none"));
	free(payload);
}

static void an_invalid_frame_disconnects_and_discourages(void **state)
{
	struct fixture *f = *state;
	struct net_addr from = addr("10.1.2.3:1");
	uint8_t raw[FRAME_HEADER_BYTES];

	connect_inbound(f, from);
	frame_encode(raw, "verack", (struct span){NULL, 0});
	raw[20] ^= 1;
	assert_int_equal(offer(f->fds[0], raw, sizeof(raw)), sizeof(raw));
	await(f, 1, 1);
	assert_int_equal(f->messages, 0);
	assert_true(bans_is_discouraged(f->bans, &from));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int group(void **state)
{
	(void)state;
	return crypto_start(NULL) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_that_of_bitcoin_with_another_magic),
		cmocka_unit_test(every_field_of_a_header_is_checked),
		T(a_banned_peer_is_disconnected_and_refused),
		T(a_discouraged_peer_is_accepted_while_half_the_slots_are_free),
		T(a_peer_is_evicted_when_all_slots_are_taken),
		T(eviction_knows_which_peers_are_discouraged),
		T(a_manual_peer_that_disconnects_is_redialled_with_backoff),
		T(a_manual_peer_is_redialled_after_a_second_if_it_lasted_a_minute),
		T(a_fallback_node_that_fails_the_handshake_is_dialled_with_backoff),
		T(the_fallback_node_is_dialled_although_an_inbound_peer_is_connected),
		T(the_fallback_node_is_not_dialled_while_an_outbound_peer_is_connected),
		T(without_another_outbound_peer_a_manual_peer_is_dialled_every_three_seconds),
		T(a_node_that_is_connected_is_not_dialled),
		T(the_address_of_this_node_is_not_dialled),
		T(a_peer_that_disconnects_after_each_handshake_is_dialled_with_backoff),
		T(banned_and_discouraged_addresses_are_not_dialled),
		T(at_most_eight_addresses_of_the_book_are_dialled),
		T(feelers_test_addresses_while_all_slots_are_taken),
		cmocka_unit_test(addresses_have_the_network_group_of_their_prefix),
		T(incomplete_large_messages_stay_within_the_total_bound),
		T(large_messages_arrive_although_memory_is_short),
		T(a_peer_that_does_not_read_is_not_served_and_then_disconnected),
		T(a_shared_payload_is_released_once_for_each_queue),
		T(the_limit_of_a_queue_shrinks_when_all_queues_are_long),
		T(a_peer_that_reads_nothing_for_a_minute_is_disconnected),
		T(an_invalid_frame_disconnects_and_discourages),
	};

	return cmocka_run_group_tests(tests, group, NULL);
}
