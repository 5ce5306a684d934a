#include "tui_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/rpc/command_line.h>
#include "tui/model/actions_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/search_priv.h"
#include "tui/model/state_priv.h"
#include "tui/views/help_page_priv.h"
#include "tui/views/screen_priv.h"
#include "tui/views/views_priv.h"

#define NOW_S     INT64_C(1700000000)
#define TIP       1042
#define N_CHAIN   12
#define N_MSGS    30
#define N_LOGS    6
#define MSGS_ROOM 64

static struct hash256 hash_of(uint32_t n)
{
	struct hash256 h;
	uint8_t seed[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), 7};

	sha256d(&h, seed, sizeof(seed));
	h.b[31] = 0; /* as a hash with proof of work ends (in internal byte order) */
	return h;
}

static void fill_peers(struct snapshot *s)
{
	static const struct {
		const char *addr;
		enum peer_kind kind;
		uint32_t height;
		int64_t ping_us;
		uint32_t msgs;
		bool syncing;
	} peers[] = {
		{"127.0.0.1:9002", PEER_OUTBOUND, TIP, 800, 40, false},
		{"127.0.0.1:9003", PEER_MANUAL, TIP - 1, 2100, 12, false},
		{"192.168.17.201:51822", PEER_INBOUND, TIP, 9400, 1234, false},
		{"[fd00::7:1]:51900", PEER_INBOUND, TIP, 120000, 3, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		struct peer_row *p = &s->peers[i];

		p->id = (uint32_t)i + 1;
		p->kind = peers[i].kind;
		snprintf(p->addr, sizeof(p->addr), "%s", peers[i].addr);
		if (i == 2)
			snprintf(p->listens, sizeof(p->listens), "192.168.17.201:9010");
		snprintf(p->agent, sizeof(p->agent), i == 2 ? "/other:0.9/" : "/tally:0.1.0/");
		p->handshaken = true;
		p->best_height = peers[i].height;
		p->best.h = hash_of(peers[i].height);
		p->ping_us = peers[i].ping_us;
		p->msgs_per_10s = peers[i].msgs;
		p->version = 70015;
		p->services = 1;
	}
	s->n_peers = s->n_handshaken = ARRAY_LEN(peers);
}

static void fill_chain(struct tui_data *d)
{
	size_t n = 0;

	mem_reserve(&d->chain, &d->chain_cap, N_CHAIN + 1, sizeof(*d->chain));
	for (uint32_t h = TIP; n < N_CHAIN; h--)
		for (int stale = 0; stale < (h == TIP - 1 ? 2 : 1); stale++) {
			struct chain_row *b = &d->chain[n++];

			*b = (struct chain_row){.height = h,
						.hash = {hash_of(h + (stale ? 50000 : 0))},
						.prev = {hash_of(h - 1)},
						.time = (uint32_t)(NOW_S - 12 - (TIP - h) * 46),
						.n_tx = stale ? 2 : 1 + h % 4,
						.bytes = 612 + 9 * h % 3000,
						.on_best = !stale,
						.is_tip = h == TIP,
						.have_body = true,
						.mine = h % 3 == 1};
		}
	d->n_chain = n;
	d->chain[0].n_peers = 3;
	d->chain[0].peers[0] = 1;
	d->chain[0].peers[1] = 3;
	d->chain[0].peers[2] = 4;
}

static void fill_mempool(struct tui_data *d)
{
	mem_reserve(&d->mempool, &d->mempool_cap, 3, sizeof(*d->mempool));
	for (uint32_t i = 0; i < 3; i++)
		d->mempool[i] = (struct mempool_row){.id = {hash_of(7000 + i)},
						     .bytes = 226 + 98 * i,
						     .n_in = 1 + i,
						     .n_out = 2,
						     .value = INT64_C(150000000) * (i + 1),
						     .fee = 226 * (i + 1),
						     .time = NOW_S - 3 - 20 * i,
						     .mine = i == 1,
						     .seq = 3 - i};
	d->n_mempool = 3;
}

static void fill_wallet(struct tui_data *d)
{
	mem_reserve(&d->history, &d->history_cap, 3, sizeof(*d->history));
	for (uint32_t i = 0; i < 3; i++)
		d->history[i] = (struct payment_row){
			.id = {hash_of(7001 + i)},
			.unconfirmed = i == 0,
			.height = TIP - i,
			.time = NOW_S - 30 - 60 * i,
			.coinbase = i == 2,
			.received = i == 2 ? INT64_C(5000000000) : 0,
			.sent = i == 2 ? 0 : INT64_C(250000226) + i,
		};
	memset(d->history[0].to.b, 7, KEY_HASH_BYTES);
	memset(d->history[1].to.b, 9, KEY_HASH_BYTES);
	snprintf(d->history[0].memo, sizeof(d->history[0].memo), "lunch");
	d->n_history = 3;
	mem_reserve(&d->addresses, &d->addresses_cap, 2, sizeof(*d->addresses));
	memset(d->addresses, 0, 2 * sizeof(*d->addresses));
	for (int i = 0; i < 2; i++) {
		memset(d->addresses[i].owner.b, i + 1, KEY_HASH_BYTES);
		snprintf(d->addresses[i].label, sizeof(d->addresses[i].label),
			 i ? "m\xc3\xbcsli" : "miner");
		d->addresses[i].spendable = INT64_C(7425000000) * (i + 1);
	}
	d->n_addresses = 2;
}

static void put_msg(struct tui_data *d, uint32_t k)
{
	static const struct {
		const char *command, *summary;
		uint32_t bytes;
	} kinds[] = {
		{"inv", "block %s", 37},
		{"getdata", "block %s", 37},
		{"block", "h=1042 3tx %s prev=00be04..11", 612},
		{"ping", "", 8},
		{"pong", "", 8},
	};
	struct msg_row *r = (struct msg_row *)d->msgs_window.base + d->n_msgs;
	char brief[HASH_SHORT_CHARS + 1];
	const struct hash256 about = hash_of(TIP - k / 5);

	hash256_short(brief, &about);
	*r = (struct msg_row){.seq = k + 1,
			      .unix_us = NOW_S * 1000000 - (int64_t)(60 - k) * 913000,
			      .peer = 1 + k % 4,
			      .out = k % 5 == 1 || k % 5 == 4,
			      .ok = true,
			      .bytes = kinds[k % 5].bytes};
	snprintf(r->command, sizeof(r->command), "%s", kinds[k % 5].command);
	if (strstr(kinds[k % 5].summary, "%s")) {
		const char *at = strstr(kinds[k % 5].summary, "%s");

		snprintf(r->summary, sizeof(r->summary), "%.*s%s%s",
			 (int)(at - kinds[k % 5].summary), kinds[k % 5].summary, brief, at + 2);
		r->about = about;
	}
	d->n_msgs++;
	d->snap.msgs_next = k + 2;
}

static void fill_rings(struct tui_data *d)
{
	struct log_row *logs = mem_array(N_LOGS, sizeof(*logs));

	d->msgs_window.base = mem_array(MSGS_ROOM, sizeof(*d->msgs));
	d->msgs = d->msgs_window.base;
	for (uint32_t k = 0; k < N_MSGS; k++)
		put_msg(d, k);
	for (int i = 0; i < N_LOGS; i++) {
		logs[i] = (struct log_row){.seq = (uint64_t)i + 1,
					   .unix_us = (NOW_S - 100 + i) * 1000000,
					   .sub = i % 2 ? LOG_CHAIN : LOG_PEER,
					   .level = i == 4 ? LOG_WARN : LOG_INFO};
		snprintf(logs[i].text, sizeof(logs[i].text),
			 i % 2 ? "tip %d 00c412..9d: 3 tx, 612 bytes"
			       : "peer %d 127.0.0.1:9002 came in",
			 i % 2 ? TIP - 6 + i : i);
	}
	d->logs_window.base = logs;
	d->logs = logs;
	d->n_logs = N_LOGS;
	d->snap.logs_next = N_LOGS + 1;
}

static void fill_snapshot(struct snapshot *s)
{
	s->now_us = NOW_S * 1000000;
	s->node_id = 3000;
	s->role = "FULL";
	s->version = "0.1.0";
	s->has_chain = true;
	snprintf(s->params.name, sizeof(s->params.name), "physics-101");
	s->params.spacing = 10;
	s->tip = (struct snapshot_block){.hash = {hash_of(TIP)}, .height = TIP, .time = NOW_S - 12};
	s->headers_height = TIP;
	s->work_log2 = 31.4;
	s->difficulty = 17.25;
	s->next_bits = 0x1e0f0f0f;
	s->expected_hash_rate = 6.3e6;
	s->sync = (struct snapshot_sync){.height = TIP, .target = TIP, .headers = TIP, .eta_s = -1};
	fill_peers(s);
	s->mempool_count = 3;
	s->mempool_bytes = 972;
	s->balance = (struct snapshot_balance){.spendable = INT64_C(14850000000),
					       .immature = INT64_C(10000000000)};
	s->mining = true;
	s->mining_threads = 1;
	s->hash_rate = 2.1e6;
	s->blocks_found = 4;
	snprintf(s->mining_to, sizeof(s->mining_to), "tly1qmdh4vhpkftw8zzzzzzzzzzzzzzzzzzzzzzzzzz");
	s->msgs_first = s->logs_first = 1;
	for (int i = 0; i < NODE_RATE_SAMPLES; i++)
		s->msg_rate[i] = (uint16_t)(i * 7 % 13);
}

void fixture_open(struct model *m, int cols, int rows, bool utf8)
{
	setenv("TZ", "UTC", 1);
	memset(m, 0, sizeof(*m));
	model_init(m, views_all, cols, rows, utf8);
	prompt_init(&m->prompt, NULL, NULL);
	fill_snapshot(&m->data.snap);
	fill_chain(&m->data);
	fill_mempool(&m->data);
	fill_wallet(&m->data);
	fill_rings(&m->data);
	m->live = m->data.snap;
	lists_update(m);
}

void fixture_close(struct model *m)
{
	model_clear(m);
}

void fixture_no_chain(struct model *m)
{
	struct snapshot *s = &m->data.snap;

	s->has_chain = s->mining = false;
	s->n_offers = 2;
	for (uint32_t i = 0; i < 2; i++) {
		snprintf(s->offers[i].params.name, sizeof(s->offers[i].params.name),
			 i ? "chemistry" : "physics-101");
		s->offers[i].params.genesis_hash.h = hash_of(i);
		s->offers[i].peers = 2 - i;
	}
	snprintf(s->warning, sizeof(s->warning),
		 "peers offer 2 different chains: :choose NAME takes one");
	m->data.n_chain = m->data.n_mempool = m->data.n_history = 0;
	m->live = *s;
	lists_update(m);
}

void fixture_syncing(struct model *m)
{
	struct snapshot *s = &m->data.snap;

	s->mining = false;
	s->headers_height = 4000;
	s->sync = (struct snapshot_sync){.active = true,
					 .height = TIP,
					 .target = 4000,
					 .headers = 4000,
					 .blocks_per_s = 812,
					 .eta_s = 3,
					 .in_flight = 32,
					 .n_senders = 2,
					 .senders = {1, 3}};
	for (int i = 0; i < 3; i += 2) {
		s->peers[i].best_height = 4000;
		s->peers[i].syncing = true;
		s->peers[i].in_flight = 16;
		s->peers[i].msgs_per_10s = i ? 9995 : 9994;
	}
	m->live = *s;
	lists_update(m);
}

void fixture_question(struct model *m)
{
	prompt_ask(&m->prompt,
		   "send 3 to tly1qcw3vyn5htwchzy5ntr2ysjmy68n7rqv2hmdc9m, fee 0.00000211, "
		   "change 46.99999789?");
}

static size_t words(void *arg, const char *line, char (*out)[COMPLETION_CHARS + 1], size_t max)
{
	static const char *const all[] = {
		"fee=", "from=", "memo=", "mine=", "send", "setban", "setgenerate", "müller"};
	const char *blank = strrchr(line, ' '), *word = blank ? blank + 1 : line;
	size_t n = 0;

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(all) && n < max; i++)
		if (strncmp(all[i], word, strlen(word)) == 0)
			snprintf(out[n++], COMPLETION_CHARS + 1, "%s", all[i]);
	return n;
}

void fixture_completes(struct model *m)
{
	prompt_clear(&m->prompt);
	prompt_init(&m->prompt, words, NULL);
}

void fixture_new_message(struct model *m)
{
	m->live.msgs_next++;
	if (m->frozen)
		return;
	put_msg(&m->data, (uint32_t)m->data.n_msgs);
	m->live = m->data.snap;
	lists_update(m);
}

static int32_t named(const char **s)
{
	static const struct {
		const char *name;
		int32_t key;
	} names[] = {{"<Esc>", KEYS_ESC},   {"<Enter>", KEYS_ENTER}, {"<Tab>", KEYS_TAB},
		     {"<Up>", KEYS_UP},     {"<Down>", KEYS_DOWN},   {"<PgUp>", KEYS_PGUP},
		     {"<PgDn>", KEYS_PGDN}, {"<Left>", KEYS_LEFT},   {"<BackTab>", KEYS_BACKTAB},
		     {"<Home>", KEYS_HOME}, {"<Bs>", KEYS_BACKSPACE}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strncmp(*s, names[i].name, strlen(names[i].name)) == 0) {
			*s += strlen(names[i].name);
			return names[i].key;
		}
	return (int32_t)utf8_next(s);
}

/* As input.c does, without commands to a node. */
static void typed(struct model *m, int32_t key)
{
	const enum prompt_kind kind = m->prompt.kind;

	if (prompt_key(&m->prompt, key) == PROMPT_GOES_ON)
		return;
	if (key == KEYS_ENTER && kind == PROMPT_SEARCH) {
		snprintf(m->search, sizeof(m->search), "%.*s", (int)sizeof(m->search) - 1,
			 m->prompt.text);
		model_search(m, false, true);
	} else if (key == KEYS_ENTER && kind == PROMPT_FILTER) {
		list_set_filter(m, m->prompt.text);
	}
	prompt_close(&m->prompt);
}

static void act_outside(struct model *m, enum action a)
{
	if (a == ACT_PROMPT)
		prompt_open(&m->prompt, PROMPT_COMMAND, "");
	else if (a == ACT_HELP)
		help_open(m);
}

void fixture_keys(struct model *m, const char *keys)
{
	char *frame;

	while (*keys) {
		const int32_t key = named(&keys);
		const struct key_row *row = key_find(key);

		/* Page keys move by the height at which a list was last drawn. */
		frame = fixture_frame(m);
		free(frame);
		if (m->prompt.kind != PROMPT_CLOSED)
			typed(m, key);
		else if (row && !model_act(m, row, key))
			act_outside(m, row->action);
		m->usage[0] = '\0';
		if (m->prompt.kind == PROMPT_COMMAND)
			command_line_usage(m->prompt.text, m->usage, sizeof(m->usage));
	}
}

char *fixture_frame(struct model *m)
{
	struct canvas c;
	char *text;

	canvas_init(&c, m->cols, m->rows, m->utf8);
	screen_draw(&c, m);
	text = canvas_to_text(&c);
	canvas_clear(&c);
	return text;
}
