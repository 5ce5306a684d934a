#include <tally/mining/mining.h>

#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/list.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>
#include <tally/mining/block_template.h>
#include <tally/mining/worker_pool.h>

/* New transactions restart the job at most this often: choosing among a full mempool takes some
 * milliseconds. */
#define REFRESH_MS 1000
/* A job is restarted after this time, so that its block's time stays near the clock's. */
#define RETIME_MS 5000
/* Continuous mining pauses this long after a block of its own was refused; on an instant chain also
 * after each block that it found. */
#define PAUSE_MS 1000
/* For this time after the chain was opened or joined, mining waits for the height that peers
 * report, even if no block has come from them. */
#define SETTLE_MS 5000
/* At more than this many blocks behind a branch that is being downloaded, continuous mining pauses:
 * its blocks would become stale. */
#define BEHIND_BLOCKS 3

struct request {
	struct list link;
	uint64_t id; /* 1 upward */
	struct mining_request spec;
	struct block_hash *hashes; /* mined so far */
	size_t n, cap;
};

struct mining {
	struct template_source source; /* chain and mempool: NULL while there is no chain */
	const struct mining_ops *ops;
	void *arg;

	struct worker_pool *pool; /* NULL until something is mined */
	bool on;                  /* continuous mining */
	bool has_to;
	struct key_hash to; /* of continuous mining */
	unsigned threads;
	uint32_t found;
	struct list requests;
	uint64_t n_requests; /* since the start */

	uint64_t job;         /* number of the running one; 0: none */
	uint64_t job_request; /* id of its request; 0: continuous mining */
	bool stale;           /* the job must be restarted with a new template */
	int64_t job_ms;       /* monotonic: when the job began */
	struct block_template template;

	struct block_hash submitted; /* our last block */
	bool verdict_pending;        /* the chain has not given its verdict on it yet */
	/* Monotonic; 0: never. */
	int64_t found_ms;   /* when the last block of ours was accepted */
	int64_t refused_ms; /* when the last block of ours was refused */
	int64_t chain_ms;   /* when mining_work first found a chain */
	bool warned;        /* the log has a line about clock-behind */

	/* For the hash rate: */
	uint64_t rate_hashes; /* computed until rate_ms */
	int64_t rate_ms;
	double rate;
};

static int64_t mining_now_ms(const struct mining *m)
{
	return clock_mono_ms(m->source.clock);
}

static bool mining_wanted(const struct mining *m)
{
	return m->source.mempool && !m->ops->stopping(m->arg) &&
	       (m->on || !list_empty(&m->requests));
}

static void mining_stop_job(struct mining *m)
{
	if (!m->job)
		return;
	worker_pool_pause(m->pool);
	m->job = 0;
	block_template_clear(&m->template);
}

/* Peers may lie about their height, so it stops mining only for SETTLE_MS, or while their blocks
 * really arrive. */
static bool behind_peers(const struct mining *m)
{
	struct mining_sync s;

	if (!m->ops->sync(m->arg, &s))
		return false;
	if (chain_catching_up(m->source.chain))
		return true;
	if (mining_now_ms(m) - m->chain_ms < SETTLE_MS)
		return s.target > s.height;
	return s.downloading && s.target > s.height + BEHIND_BLOCKS;
}

bool mining_clock_ok(const struct mining *m, struct err *e)
{
	const int64_t ahead =
		(int64_t)chain_tip(m->source.chain).time - clock_unix(m->source.clock);

	if (ahead <= MAX_FUTURE_SECONDS)
		return true;
	return err_set(e, ERR_FUTURE, "clock-behind",
		       "the tip's time is %lld s ahead of this clock: set the clock",
		       (long long)ahead);
}

static bool clock_behind(struct mining *m)
{
	struct err err = {0};
	const bool behind = !mining_clock_ok(m, &err);

	if (behind && !m->warned)
		log_warn(LOG_MINER, "mining pauses: %s", err.detail);
	m->warned = behind;
	return behind;
}

static int64_t pause_since(const struct mining *m, int64_t since)
{
	return since ? MAX(0, since + PAUSE_MS - mining_now_ms(m)) : 0;
}

/* Milliseconds until the next job may begin. Requests never pause. */
static int64_t mining_pause_left(struct mining *m)
{
	int64_t left;

	if (!list_empty(&m->requests))
		return 0;
	if (behind_peers(m) || clock_behind(m))
		return PAUSE_MS;
	left = pause_since(m, m->refused_ms);
	if (chain_params(m->source.chain)->spacing == 0)
		left = MAX(left, pause_since(m, m->found_ms));
	return left;
}

static void request_finish(struct request *r, const struct err *err)
{
	list_del(&r->link);
	r->spec.done(r->spec.arg, r->hashes, r->n, err);
	free(r->hashes);
	free(r);
}

static void mining_begin_job(struct mining *m)
{
	const int64_t pause = mining_pause_left(m);
	struct request *r = list_first(&m->requests, struct request, link);
	uint8_t header[HEADER_BYTES];
	struct err err = {0};

	mining_stop_job(m);
	m->stale = false;
	if (r && !mining_clock_ok(m, &err)) {
		request_finish(r, &err);
		m->ops->schedule(m->arg);
		return;
	}
	if (pause > 0) {
		m->ops->wake_after(m->arg, pause);
		return;
	}
	block_template_make(&m->template, &m->source, r ? &r->spec.to : &m->to);
	m->job_request = r ? r->id : 0;
	header_encode(header, &m->template.header);
	m->job = worker_pool_start(m->pool, header, m->template.header.bits);
	m->job_ms = mining_now_ms(m);
	m->ops->wake_after(m->arg, RETIME_MS);
}

void mining_work(struct mining *m)
{
	if (!mining_wanted(m)) {
		mining_stop_job(m);
		return;
	}
	/* While the chain moves to another tip there is nothing to build on; mining_changed follows
	 * when it has arrived. */
	if (!chain_at_best(m->source.chain) || m->verdict_pending || (m->job && !m->stale))
		return;
	if (!m->chain_ms)
		m->chain_ms = mining_now_ms(m);
	mining_begin_job(m);
}

void mining_changed(struct mining *m)
{
	struct chain_entry tip;
	int64_t left;

	if (!m || !mining_wanted(m))
		return;
	m->stale = true;
	tip = chain_tip(m->source.chain);
	left = m->job_ms + REFRESH_MS - mining_now_ms(m);
	if (m->job && hash256_equal(&m->template.header.prev.h, &tip.hash.h) && left > 0)
		m->ops->wake_after(m->arg, left); /* only new transactions */
	else
		m->ops->schedule(m->arg);
}

void mining_timeout(struct mining *m)
{
	m->stale = true; /* new transactions, a new time, or the end of a pause */
	m->ops->schedule(m->arg);
}

static void block_accepted(struct mining *m)
{
	struct request *r = list_first(&m->requests, struct request, link);

	m->found++;
	m->found_ms = mining_now_ms(m);
	if (!r || r->id != m->job_request) /* mined before this request was made */
		return;
	mem_reserve(&r->hashes, &r->cap, r->n + 1, sizeof(*r->hashes));
	r->hashes[r->n++] = m->submitted;
	if (r->n == r->spec.count)
		request_finish(r, NULL);
}

static void block_refused(struct mining *m, const struct err *err)
{
	struct request *r = list_first(&m->requests, struct request, link);

	log_error(LOG_MINER, "own block refused: %s: %s", err->token, err->detail);
	m->refused_ms = mining_now_ms(m);
	if (r && r->id == m->job_request)
		request_finish(r, err);
}

static void mining_on_found(void *arg, uint64_t job, uint32_t nonce)
{
	struct mining *m = arg;
	struct block *b;
	struct err err = {0};

	if (job != m->job)
		return;
	b = block_template_block(&m->template, nonce);
	m->job = 0;
	block_template_clear(&m->template);
	m->verdict_pending = m->ops->submit(m->arg, b, &err);
	m->submitted = b->hash;
	if (!m->verdict_pending && !m->ops->stopping(m->arg))
		block_refused(m, &err);
	block_unref(b);
	m->ops->changed(m->arg);
	m->ops->schedule(m->arg);
}

void mining_chain_idle(struct mining *m)
{
	struct err err = {0};

	/* While catching up, blocks reach the disk later, and a block counts only once it is on the
	 * disk. */
	if (!m || !m->verdict_pending || chain_catching_up(m->source.chain))
		return;
	m->verdict_pending = false;
	if (m->ops->verdict(m->arg, &m->submitted, &err))
		block_accepted(m);
	else
		block_refused(m, &err);
	m->ops->changed(m->arg);
	m->ops->schedule(m->arg);
}

static void mining_on_exhausted(void *arg, uint64_t job)
{
	struct mining *m = arg;

	if (job != m->job)
		return;
	m->stale = true; /* a new template has another extra nonce and another time */
	m->ops->schedule(m->arg);
}

static bool mining_prepare(struct mining *m, struct err *e)
{
	if (!m->pool) {
		m->pool = worker_pool_new(mining_on_found, mining_on_exhausted, m);
		if (m->pool)
			m->ops->watch(m->arg, worker_pool_fd(m->pool));
	}
	if (!m->pool)
		return err_set(e, ERR_IO, "miner",
			       "cannot make a pipe for the miner: raise ulimit -n");
	if (!worker_pool_set_threads(m->pool, m->threads))
		return err_set(e, ERR_IO, "miner",
			       "cannot make a thread for the miner: raise ulimit -u");
	return true;
}

void mining_poll(struct mining *m)
{
	worker_pool_poll(m->pool);
}

struct mining *mining_new(const struct mining_options *o)
{
	struct mining *m = NEW(struct mining);

	m->source.clock = o->clock;
	m->source.rng = o->rng;
	m->ops = o->ops;
	m->arg = o->arg;
	m->threads = o->threads;
	list_init(&m->requests);
	return m;
}

void mining_free(struct mining *m)
{
	struct err err = {0};

	if (!m)
		return;
	mining_stop_job(m);
	err_set(&err, ERR_BUSY, "stopping", "the node is stopping");
	while (!list_empty(&m->requests))
		request_finish(list_first(&m->requests, struct request, link), &err);
	worker_pool_free(m->pool);
	free(m);
}

void mining_set_chain(struct mining *m, const struct chain *chain, struct mempool *mempool)
{
	m->source.chain = chain;
	m->source.mempool = mempool;
}

static bool mining_set_payee(struct mining *m, const struct key_hash *to, struct err *e)
{
	if (to)
		m->to = *to;
	else if (!m->has_to && !m->ops->default_payee(m->arg, &m->to, e))
		return false;
	m->has_to = true;
	return true;
}

static void end_requests(struct mining *m)
{
	list_each_safe (it, &m->requests) {
		struct request *r = list_entry(it, struct request, link);
		struct err err = {0};

		err_set(&err, ERR_BUSY, "mining-off",
			"mining was switched off: %zu of %u blocks mined", r->n, r->spec.count);
		log_info(LOG_MINER, "%s", err.detail);
		request_finish(r, &err);
	}
}

bool mining_set(struct mining *m, bool on, const struct key_hash *to, unsigned threads,
		struct err *e)
{
	if (threads)
		m->threads = threads;
	if (on && (!mining_set_payee(m, to, e) || !mining_prepare(m, e)))
		return false;
	if (m->on != on || (on && threads))
		log_info(LOG_MINER, on ? "mining with %u thread%s" : "mining stopped", m->threads,
			 m->threads == 1 ? "" : "s");
	m->on = on;
	m->stale = true;
	if (!on)
		end_requests(m);
	m->ops->changed(m->arg);
	m->ops->schedule(m->arg);
	return true;
}

void mining_tick(struct mining *m)
{
	const int64_t now = mining_now_ms(m);
	const uint64_t hashes = m->pool ? worker_pool_hashes(m->pool) : 0;

	if (m->rate_ms && now > m->rate_ms) {
		const double rate =
			(double)(hashes - m->rate_hashes) * 1000 / (double)(now - m->rate_ms);

		/* Not smoothed when mining starts or stops. */
		m->rate = m->rate == 0 || rate == 0 ? rate : 0.8 * m->rate + 0.2 * rate;
	}
	m->rate_ms = now;
	m->rate_hashes = hashes;
}

void mining_generate(struct mining *m, const struct mining_request *q)
{
	struct request *r;
	struct err err = {0};

	if (!mining_prepare(m, &err)) {
		q->done(q->arg, NULL, 0, &err);
		return;
	}
	if (q->count == 0) {
		q->done(q->arg, NULL, 0, NULL);
		return;
	}
	r = NEW(struct request);
	r->id = ++m->n_requests;
	r->spec = *q;
	list_add(&m->requests, &r->link);
	m->stale = true;
	m->ops->changed(m->arg);
	m->ops->schedule(m->arg);
}

void mining_cancel(struct mining *m, const void *client, const struct err *err)
{
	list_each_safe (it, &m->requests) {
		struct request *r = list_entry(it, struct request, link);

		if (r->spec.client != client)
			continue;
		log_info(LOG_MINER, "cancelled after %zu of %u blocks: the client disconnected",
			 r->n, r->spec.count);
		request_finish(r, err);
		m->stale = true;
		m->ops->schedule(m->arg);
	}
}

void mining_get_info(const struct mining *m, struct mining_info *out)
{
	const struct request *r = list_first(&m->requests, struct request, link);

	*out = (struct mining_info){
		.on = m->on,
		.busy = m->job != 0,
		.threads = m->threads,
		.hash_rate = m->rate,
		.found = m->found,
		.to = m->to,
		.has_to = m->has_to,
		.requested = r ? r->spec.count : 0,
		.mined = r ? (uint32_t)r->n : 0,
	};
}
