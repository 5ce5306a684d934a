/* What is mined, and when: continuously for -miner, and exact counts for generate. One
 * job at a time; a count goes before the continuous miner. */
#include "node/node_priv.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

/* New transactions are taken into the work this often (choosing among a full pool takes some
 * milliseconds), new times too. */
#define REFRESH_MS 1000
#define RETIME_MS  5000
/* On an instant chain -miner makes at most one block in this time; on any, it rests so long after a block of its own was refused. */
#define PAUSE_MS 1000
/* A chain that was just opened or joined may be behind what its peers tell of: so long that is believed without a
 * block having come. */
#define SETTLE_MS 5000
/* So many blocks behind what comes: what is mined meanwhile would be stale. */
#define BEHIND_BLOCKS 3

struct generate {
	struct list link;
	uint64_t id; /* 1 upward */
	struct key_hash to;
	uint32_t want;
	struct block_hash *hashes;
	size_t n, cap;
	const void *asker;
	generate_done *done;
	void *arg;
};

struct mining {
	struct node *node;
	struct worker_pool *miner; /* made at first use */
	bool on;
	bool has_to;
	struct key_hash to;
	unsigned threads;
	uint32_t found;
	struct list generates;
	uint64_t n_generates; /* so far */

	uint64_t job;             /* the running one; 0 none */
	uint64_t job_for;         /* the generate it is for; 0: mining continuously */
	bool stale;               /* the tip has moved, or the mempool: wants a new job */
	int64_t job_ms, found_ms; /* monotonic: when the job began, the last block of ours came */
	int64_t refused_ms;       /* when one was refused; 0 never */
	int64_t chain_ms;         /* when there was a chain to mine on */
	bool told_behind;         /* the clock was said to be behind the tip's time */
	struct block_template template;
	struct block_hash submitted; /* ours, that the chain looks at, */
	bool awaited;                /* until it has a verdict and is on disk */
	struct event *timer;         /* takes up new transactions, or ends the pause */

	uint64_t rate_hashes; /* at rate_ms */
	int64_t rate_ms;
	double rate;
};

static int64_t now_ms(const struct mining *m)
{
	return clock_mono_ms(&m->node->clock.clock);
}

static bool mining_wanted(const struct mining *m)
{
	return m->node->mempool && !m->node->stopping && (m->on || !list_empty(&m->generates));
}

static void mining_stop_job(struct mining *m)
{
	if (!m->job)
		return;
	worker_pool_pause(m->miner);
	m->job = 0;
	block_template_clear(&m->template);
}

static void mining_wait(struct mining *m, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(m->timer, &tv);
}

/* By peers' word: it may be a lie, so it counts only while what they tell of comes. */
static bool behind_peers(const struct mining *m)
{
	struct sync_info s;

	if (!m->node->protocol)
		return false;
	protocol_sync_info(m->node->protocol, &s);
	if (chain_catching_up(m->node->chain))
		return true;
	if (now_ms(m) - m->chain_ms < SETTLE_MS)
		return s.target > s.height;
	return s.coming && s.target > s.height + BEHIND_BLOCKS;
}

bool node_clock_serves(const struct node *n, struct err *e)
{
	const int64_t ahead = (int64_t)chain_tip(n->chain).time - clock_unix(&n->clock.clock);

	if (ahead <= MAX_FUTURE_SECONDS)
		return true;
	return err_set(e, ERR_FUTURE, "clock-behind",
		       "the tip's time is %lld s ahead of this clock: set the clock right",
		       (long long)ahead);
}

static bool clock_behind(struct mining *m)
{
	struct err err = {0};
	const bool behind = !node_clock_serves(m->node, &err);

	if (behind && !m->told_behind)
		log_warn(LOG_MINER, "mining waits: %s", err.detail);
	m->told_behind = behind;
	return behind;
}

static int64_t pause_since(const struct mining *m, int64_t since)
{
	return since ? MAX(0, since + PAUSE_MS - now_ms(m)) : 0;
}

/* How long the continuous miner has to wait before the next job; 0: not at all. */
static int64_t mining_pause_left(struct mining *m)
{
	int64_t left;

	if (!list_empty(&m->generates))
		return 0;
	if (behind_peers(m) || clock_behind(m))
		return PAUSE_MS;
	left = pause_since(m, m->refused_ms);
	if (chain_params(m->node->chain)->spacing == 0)
		left = MAX(left, pause_since(m, m->found_ms));
	return left;
}

static void generate_finish(struct generate *g, const struct err *err)
{
	list_del(&g->link);
	g->done(g->arg, g->hashes, g->n, err);
	free(g->hashes);
	free(g);
}

static void mining_begin_job(struct mining *m)
{
	const int64_t pause = mining_pause_left(m);
	struct generate *g = list_first(&m->generates, struct generate, link);
	uint8_t header[HEADER_BYTES];
	struct err err = {0};

	mining_stop_job(m);
	m->stale = false;
	if (g && !node_clock_serves(m->node, &err)) {
		generate_finish(g, &err);
		node_schedule(m->node, WORK_MINER);
		return;
	}
	if (pause > 0) {
		mining_wait(m, pause);
		return;
	}
	block_template_make(&m->template, m->node, g ? &g->to : &m->to);
	m->job_for = g ? g->id : 0;
	header_encode(header, &m->template.header);
	m->job = worker_pool_start(m->miner, header, m->template.header.bits);
	m->job_ms = now_ms(m);
	mining_wait(m, RETIME_MS);
}

/* WORK_MINER: begins, goes on or stops, as is wanted now. Not while the coins are on the
 * move: the tip's event comes back here. */
void node_mining_work(struct node *n)
{
	struct mining *m = n->mining;

	if (!mining_wanted(m)) {
		mining_stop_job(m);
		return;
	}
	if (!chain_at_best(n->chain) || m->awaited || (m->job && !m->stale))
		return;
	if (!m->chain_ms)
		m->chain_ms = now_ms(m);
	mining_begin_job(m);
}

void node_mining_changed(struct node *n)
{
	struct mining *m = n->mining;
	struct chain_entry tip;
	int64_t left;

	if (!m || !mining_wanted(m))
		return;
	m->stale = true;
	tip = chain_tip(n->chain);
	left = m->job_ms + REFRESH_MS - now_ms(m);
	/* A new tip: at once. New transactions alone: together, a little later. */
	if (m->job && hash256_equal(&m->template.header.prev.h, &tip.hash.h) && left > 0)
		mining_wait(m, left);
	else
		node_schedule(n, WORK_MINER);
}

static void mining_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mining *m = arg;

	(void)fd, (void)what;
	m->stale = true;
	node_schedule(m->node, WORK_MINER);
}

static void mining_count(struct mining *m)
{
	struct generate *g = list_first(&m->generates, struct generate, link);

	m->found++;
	m->found_ms = now_ms(m);
	if (!g || g->id != m->job_for) /* it was begun before there was this one */
		return;
	mem_reserve(&g->hashes, &g->cap, g->n + 1, sizeof(*g->hashes));
	g->hashes[g->n++] = m->submitted;
	if (g->n == g->want)
		generate_finish(g, NULL);
}

static void mining_fail(struct mining *m, const struct err *err)
{
	struct generate *g = list_first(&m->generates, struct generate, link);

	log_error(LOG_MINER, "own block refused: %s: %s", err->token, err->detail);
	m->refused_ms = now_ms(m);
	if (g && g->id == m->job_for)
		generate_finish(g, err);
}

static void mining_on_found(void *arg, uint64_t job, uint32_t nonce)
{
	struct mining *m = arg;
	struct node *n = m->node;
	struct block *b;
	struct err err = {0};

	if (job != m->job)
		return;
	b = block_template_block(&m->template, nonce);
	m->job = 0;
	block_template_clear(&m->template);
	m->awaited = node_take_block(n, b, &err);
	m->submitted = b->hash;
	if (!m->awaited && !n->stopping)
		mining_fail(m, &err);
	block_unref(b);
	node_mark(n, NODE_EV_MINER);
	node_schedule(n, WORK_MINER);
}

void node_mining_settled(struct node *n)
{
	struct mining *m = n->mining;
	struct err err = {0};

	if (!m || !m->awaited || chain_catching_up(n->chain)) /* then it is on disk later */
		return;
	m->awaited = false;
	if (node_block_verdict(n, &m->submitted, &err))
		mining_count(m);
	else
		mining_fail(m, &err);
	node_mark(n, NODE_EV_MINER);
	node_schedule(n, WORK_MINER);
}

static void mining_on_exhausted(void *arg, uint64_t job)
{
	struct mining *m = arg;

	if (job != m->job)
		return;
	m->stale = true; /* another eight random bytes, another time */
	node_schedule(m->node, WORK_MINER);
}

static bool mining_prepare(struct mining *m, struct err *e)
{
	if (!m->miner)
		m->miner = worker_pool_new(m->node->base, mining_on_found, mining_on_exhausted, m);
	if (!m->miner)
		return err_set(e, ERR_IO, "miner",
			       "cannot make a pipe for the miner: raise ulimit -n");
	if (!worker_pool_set_threads(m->miner, m->threads))
		return err_set(e, ERR_IO, "miner",
			       "cannot make a thread for the miner: raise ulimit -u");
	return true;
}

struct mining *mining_new(struct node *n)
{
	struct mining *m = NEW(struct mining);

	m->node = n;
	m->threads = n->config.threads;
	list_init(&m->generates);
	m->timer = event_new(n->base, -1, 0, mining_on_timer, m);
	event_priority_set(m->timer, NODE_PRIO_WORK);
	return m;
}

void mining_free(struct mining *m)
{
	struct err err = {0};

	if (!m)
		return;
	mining_stop_job(m);
	err_set(&err, ERR_BUSY, "stopping", "the node is stopping");
	while (!list_empty(&m->generates))
		generate_finish(list_first(&m->generates, struct generate, link), &err);
	worker_pool_free(m->miner);
	event_free(m->timer);
	free(m);
}

static bool mining_set_payee(struct node *n, const struct key_hash *to, struct err *e)
{
	struct mining *m = n->mining;

	if (to)
		m->to = *to;
	else if (!m->has_to && !wallet_label_address(n->wallet, MINER_LABEL, &m->to, e))
		return false;
	m->has_to = true;
	return true;
}

/* Who switches mining off wants no more blocks, whoever asked for them. */
static void generates_end(struct mining *m)
{
	list_each_safe (it, &m->generates) {
		struct generate *g = list_entry(it, struct generate, link);
		struct err err = {0};

		err_set(&err, ERR_BUSY, "mining-off",
			"mining was switched off: %zu of %u blocks made", g->n, g->want);
		log_info(LOG_MINER, "%s", err.detail);
		generate_finish(g, &err);
	}
}

bool node_set_mining(struct node *n, bool on, const struct key_hash *to, unsigned threads,
		     struct err *e)
{
	struct mining *m = n->mining;

	if (threads)
		m->threads = threads;
	if (on && (!mining_set_payee(n, to, e) || !mining_prepare(m, e)))
		return false;
	if (m->on != on || (on && threads))
		log_info(LOG_MINER, on ? "mining with %u thread%s" : "mining stopped", m->threads,
			 m->threads == 1 ? "" : "s");
	m->on = on;
	m->stale = true;
	if (!on)
		generates_end(m);
	node_mark(n, NODE_EV_MINER);
	node_schedule(n, WORK_MINER);
	return true;
}

void node_mining_tick(struct node *n)
{
	struct mining *m = n->mining;
	const int64_t now = now_ms(m);
	const uint64_t hashes = m->miner ? worker_pool_hashes(m->miner) : 0;

	if (m->rate_ms && now > m->rate_ms) {
		const double rate =
			(double)(hashes - m->rate_hashes) * 1000 / (double)(now - m->rate_ms);

		/* Smoothed over about five seconds, from the first second on. */
		m->rate = m->rate == 0 || rate == 0 ? rate : 0.8 * m->rate + 0.2 * rate;
	}
	m->rate_ms = now;
	m->rate_hashes = hashes;
}

void node_generate(struct node *n, const struct key_hash *to, uint32_t count, const void *asker,
		   generate_done *done, void *arg)
{
	struct generate *g;
	struct err err = {0};

	if (!mining_prepare(n->mining, &err)) {
		done(arg, NULL, 0, &err);
		return;
	}
	if (count == 0) {
		done(arg, NULL, 0, NULL);
		return;
	}
	g = NEW(struct generate);
	g->id = ++n->mining->n_generates;
	g->to = *to;
	g->want = count;
	g->asker = asker;
	g->done = done;
	g->arg = arg;
	list_add(&n->mining->generates, &g->link);
	n->mining->stale = true;
	node_mark(n, NODE_EV_MINER);
	node_schedule(n, WORK_MINER);
}

void node_generate_give_up(struct node *n, const void *asker)
{
	struct err err = {0};

	err_given_up(&err);
	list_each_safe (it, &n->mining->generates) {
		struct generate *g = list_entry(it, struct generate, link);

		if (g->asker != asker)
			continue;
		log_info(LOG_MINER, "%zu of %u blocks made: who asked for them has left", g->n,
			 g->want);
		generate_finish(g, &err);
		n->mining->stale = true;
		node_schedule(n, WORK_MINER);
	}
}

void node_mining_info(const struct node *n, struct mining_info *out)
{
	const struct mining *m = n->mining;
	const struct generate *g = list_first(&m->generates, struct generate, link);

	*out = (struct mining_info){
		.on = m->on,
		.busy = m->job != 0,
		.threads = m->threads,
		.hash_rate = m->rate,
		.found = m->found,
		.to = m->to,
		.has_to = m->has_to,
		.want = g ? g->want : 0,
		.made = g ? (uint32_t)g->n : 0,
	};
}
