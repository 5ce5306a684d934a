#include "wallet_fixture.h"

static void wf_on_connected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct wf *f = arg;

	if (f->pool)
		mempool_block_connected(f->pool, b);
	if (f->follows)
		wallet_block_connected(f->w, at, b);
}

static void wf_on_disconnected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct wf *f = arg;

	mempool_block_disconnected(f->pool, b);
	if (f->follows)
		wallet_block_disconnected(f->w, at, b);
}

static void wf_on_tip(void *arg, const struct chain_entry *tip)
{
	struct wf *f = arg;

	(void)tip;
	if (f->pool) {
		mempool_tip_changed(f->pool);
		mempool_settle(f->pool);
	}
}

static const struct chain_events wf_chain_events = {
	.connected = wf_on_connected, .disconnected = wf_on_disconnected, .tip = wf_on_tip};

static void wf_on_added(void *arg, const struct mempool_entry *en)
{
	struct wf *f = arg;

	if (f->w)
		wallet_mempool_added(f->w, en->tx);
}

static void wf_on_removed(void *arg, const struct mempool_entry *en, const char *reason)
{
	struct wf *f = arg;

	if (f->w)
		wallet_mempool_removed(f->w, en->tx, reason);
}

static const struct mempool_events wf_pool_events = {.added = wf_on_added,
						     .removed = wf_on_removed};

static void wf_fill(void *ctx, void *out, size_t bytes)
{
	struct wf *f = ctx;

	memset(out, ++f->made, bytes);
}

void wf_catch_up(struct wf *f)
{
	struct err e = {0};
	bool more = true;

	while (more)
		fx_must_e(wallet_catch_up(f->w, 1000, &more, &e));
	f->follows = true;
}

void wf_open_wallet(struct wf *f)
{
	struct store_options so = {
		.dir = f->dir, .cache_bytes = 1 << 20, .min_free = STORE_MIN_FREE_START};
	struct err e = {0};

	fx_must_e(wallet_db_open(&f->db, &so, &e));
	fx_must_e(wallet_open(
		&f->w, &(struct wallet_options){.db = f->db, .clock = f->fx.clock, .rng = &f->rng},
		&e));
	wallet_set_chain(f->w, f->fx.chain);
}

void wf_close_wallet(struct wf *f)
{
	wallet_close(f->w);
	wallet_db_close(f->db);
	f->w = NULL;
	f->follows = false;
}

struct wf *wf_open(const struct fx_options *o)
{
	struct wf *f = NEW(struct wf);
	struct fx_options fo = o ? *o : (struct fx_options){0};

	fo.events = &wf_chain_events;
	fo.events_arg = f;
	fx_open(&f->fx, &fo);
	f->pool = mempool_new(&(struct mempool_options){.chain = f->fx.chain,
							.sigpool = f->fx.sigpool,
							.clock = f->fx.clock,
							.max_bytes = MEMPOOL_MAX_BYTES,
							.events = &wf_pool_events,
							.events_arg = f});
	snprintf(f->dir, sizeof(f->dir), "%s/wallet", f->fx.dir);
	f->rng = (struct rng){.fill = wf_fill, .ctx = f};
	f->tip = block_ref(f->fx.genesis);
	wf_open_wallet(f);
	return f;
}

void wf_close(struct wf *f)
{
	if (f->w)
		wf_close_wallet(f);
	mempool_free(f->pool);
	block_unref(f->tip);
	fx_close(&f->fx);
	free(f);
}

void wf_commit(struct wf *f)
{
	struct err e = {0};

	fx_must_e(chain_commit(f->fx.chain, &e));
	fx_must_e(wallet_commit(f->w, &e));
}

void wf_new_key(struct wf *f, const char *label)
{
	struct key_hash kh;
	struct err e = {0};

	fx_must_e(wallet_new_address(f->w, label, &kh, &e));
	assert_memory_equal(&kh, &f->fx.hashes[f->made - 1], sizeof(kh));
}

void wf_mine(struct wf *f, unsigned key, struct tx *const *txs, size_t n)
{
	struct block *b = fx_mine_spec(
		&f->fx, &(struct fx_spec){.parent = f->tip, .key = key, .txs = txs, .n_txs = n});

	fx_accept(&f->fx, b);
	fx_settle(&f->fx);
	block_unref(f->tip);
	f->tip = b;
}

void wf_mine_pool(struct wf *f, unsigned key)
{
	struct tx **txs;
	size_t n;
	int64_t fees;

	mempool_assemble(f->pool, params_max_tx_bytes(&f->fx.params), &txs, &n, &fees);
	wf_mine(f, key, txs, n);
	for (size_t i = 0; i < n; i++)
		tx_unref(txs[i]);
	free(txs);
}

void wf_branch(struct wf *f, const struct block *from, unsigned key, size_t n)
{
	struct block *b = block_ref((struct block *)(uintptr_t)from);

	for (size_t i = 0; i < n; i++) {
		struct block *next =
			fx_mine_spec(&f->fx, &(struct fx_spec){.parent = b, .key = key});

		fx_accept(&f->fx, next);
		block_unref(b);
		b = next;
	}
	fx_settle(&f->fx);
	assert_true(fx_is_tip(&f->fx, b));
	block_unref(f->tip);
	f->tip = b;
}

void assert_balance(const struct wf *f, int64_t spendable, int64_t immature, int64_t pending)
{
	struct wallet_balance b = wallet_balance(f->w, NULL);

	assert_int_equal(b.spendable, spendable);
	assert_int_equal(b.immature, immature);
	assert_int_equal(b.pending, pending);
}
