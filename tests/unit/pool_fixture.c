#include "pool_fixture.h"

unsigned pf_signatures;

bool __real_key_verify(const struct signature *sig, const struct pubkey *pub,
		       const struct hash256 *digest);
bool __wrap_key_verify(const struct signature *sig, const struct pubkey *pub,
		       const struct hash256 *digest);

bool __wrap_key_verify(const struct signature *sig, const struct pubkey *pub,
		       const struct hash256 *digest)
{
	pf_signatures++;
	return __real_key_verify(sig, pub, digest);
}

static void pf_on_connected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct pf *p = arg;

	(void)at;
	if (p->pool)
		mempool_block_connected(p->pool, b);
}

static void pf_on_disconnected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct pf *p = arg;

	(void)at;
	mempool_block_disconnected(p->pool, b);
}

static void pf_on_tip(void *arg, const struct chain_entry *tip)
{
	struct pf *p = arg;

	(void)tip;
	if (p->pool)
		mempool_tip_changed(p->pool);
}

static bool pf_on_verified(void *arg, const struct txid *id)
{
	struct pf *p = arg;

	return p->pool && mempool_verified(p->pool, id);
}

static const struct chain_events pf_chain_events = {.connected = pf_on_connected,
						    .disconnected = pf_on_disconnected,
						    .tip = pf_on_tip,
						    .verified = pf_on_verified};

static void pf_on_added(void *arg, const struct mempool_entry *en)
{
	struct pf *p = arg;

	assert_true(mempool_has(p->pool, &en->tx->id));
	p->added++;
}

static void pf_on_removed(void *arg, const struct mempool_entry *en, const char *reason)
{
	struct pf *p = arg;

	p->removed++;
	p->last_removed = en->tx->id;
	strcpy(p->last_reason, reason);
}

static void pf_on_verdict(void *arg, const struct tx *tx, uint64_t origin, const struct err *err)
{
	struct pf *p = arg;

	assert_true(p->n_verdicts < PF_VERDICTS);
	p->verdicts[p->n_verdicts++] =
		(struct pf_verdict){.id = tx->id, .origin = origin, .err = *err};
}

static const struct mempool_events pf_pool_events = {
	.added = pf_on_added, .removed = pf_on_removed, .verdict = pf_on_verdict};

struct pf *pf_open(const struct fx_options *o, uint64_t max_bytes)
{
	struct pf *p = NEW(struct pf);
	struct fx_options fo = o ? *o : (struct fx_options){0};

	fo.events = &pf_chain_events;
	fo.events_arg = p;
	fx_open(&p->fx, &fo);
	p->pool = mempool_new(
		&(struct mempool_options){.chain = p->fx.chain,
					  .sigpool = p->fx.sigpool,
					  .clock = p->fx.clock,
					  .max_bytes = max_bytes ? max_bytes : MEMPOOL_MAX_BYTES,
					  .events = &pf_pool_events,
					  .events_arg = p});
	p->tip = block_ref(p->fx.genesis);
	return p;
}

void pf_close(struct pf *p)
{
	mempool_free(p->pool);
	tx_unref(p->fan);
	block_unref(p->tip);
	fx_close(&p->fx);
	free(p);
}

void pf_mine(struct pf *p, struct tx *const *txs, size_t n)
{
	struct block *b = fx_mine(&p->fx, p->tip, txs, n);

	fx_accept(&p->fx, b);
	fx_settle(&p->fx);
	block_unref(p->tip);
	p->tip = b;
}

void pf_fan(struct pf *p, size_t n)
{
	const int64_t all = p->fx.params.reward;
	struct fx_in in = fx_in_coinbase(p->fx.genesis);
	struct fx_out *out = mem_array(n, sizeof(*out));

	for (size_t i = 0; i < n; i++)
		out[i] = (struct fx_out){.key = 0, .value = all / (int64_t)n};
	p->fan = fx_pay(&p->fx, &in, 1, out, n);
	free(out);
	pf_mine(p, &p->fan, 1);
}

struct fx_in pf_coin(const struct pf *p, uint32_t i)
{
	return fx_in(p->fan, i, 1);
}

void pf_accept(struct pf *p, struct tx *tx)
{
	struct err e = {0};

	if (!mempool_accept(p->pool, tx, &e))
		fail_msg("refused: %s: %s", e.token, e.detail);
	assert_true(mempool_get(p->pool, &tx->id, &(struct mempool_entry){0}));
}

void pf_refused(struct pf *p, struct tx *tx, enum err_class cls, const char *token)
{
	const size_t count = mempool_count(p->pool);
	struct err e = {0};

	assert_false(mempool_accept(p->pool, tx, &e));
	assert_string_equal(e.token, token);
	assert_int_equal(e.cls, cls);
	assert_int_equal(mempool_count(p->pool), count);
}

void pf_work(struct pf *p)
{
	while (!mempool_idle(p->pool)) {
		sigpool_poll(p->fx.sigpool);
		mempool_work(p->pool, 1000000);
	}
}

void pf_submit(struct pf *p, struct tx *tx, uint64_t origin)
{
	struct err e = {0};

	if (!mempool_submit(p->pool, tx, origin, &e))
		fail_msg("not queued: %s: %s", e.token, e.detail);
	pf_work(p);
}

const struct err *pf_verdict_on(const struct pf *p, const struct tx *tx)
{
	for (size_t i = p->n_verdicts; i > 0; i--)
		if (hash256_equal(&p->verdicts[i - 1].id.h, &tx->id.h))
			return &p->verdicts[i - 1].err;
	fail_msg("no verdict");
	return NULL;
}

bool pf_in(const struct pf *p, const struct tx *tx)
{
	return mempool_get(p->pool, &tx->id, &(struct mempool_entry){0});
}
