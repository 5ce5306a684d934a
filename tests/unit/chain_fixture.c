#include "chain_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/log.h>
#include <tally/base/map.h>
#include <tally/base/mem.h>
#include <tally/crypto/pow.h>
#include <tally/primitives/merkle.h>
#include <tally/primitives/script.h>

#include "chain/chain_priv.h"

void fx_must_fail(const char *file, int line, const char *what, const struct err *e)
{
	fprintf(stderr, "%s:%d: %s does not hold", file, line, what);
	if (e != NULL)
		fprintf(stderr, ": %s: %s", e->token, e->detail);
	fputc('\n', stderr);
	abort();
}

/* --- opening and closing ---------------------------------------------------------- */

static void make_keys(struct fx *fx)
{
	for (unsigned i = 0; i < FX_KEYS; i++) {
		memset(fx->seeds[i].b, (int)(i + 1), SEED_BYTES);
		key_pubkey(&fx->pubs[i], &fx->seeds[i]);
		key_hash(&fx->hashes[i], &fx->pubs[i]);
	}
}

static void make_genesis(struct fx *fx)
{
	struct chain_params *p = &fx->params;
	struct err e = {0};

	params_default(p, 0);
	p->maturity = fx->o.maturity != 0 ? fx->o.maturity : 1;
	if (fx->o.max_block_bytes != 0)
		p->max_block_bytes = fx->o.max_block_bytes;
	if (fx->o.halving != 0)
		p->halving = fx->o.halving;
	strcpy(p->name, "fixture");
	p->creator = fx->hashes[0];
	p->genesis_bits = p->pow_limit;
	p->genesis_time = FX_GENESIS_TIME;
	fx_must_e(genesis_make(&fx->genesis, p, &e));
	fx_must_e(genesis_read(p, fx->genesis, &e));
}

void fx_start(struct fx *fx)
{
	struct store_options so = {
		.dir = fx->dir, .cache_bytes = STORE_CACHE_DEFAULT, .min_free = fx->o.min_free};
	struct chain_options co = {.clock = fx->clock,
				   .cache_bytes = fx->o.cache_bytes,
				   .events = fx->o.events,
				   .events_arg = fx->o.events_arg};
	struct err e = {0};

	fx_must_e(store_open(&fx->store, &so, &e));
	fx->sigpool = sigpool_new(fx->o.threads);
	co.store = fx->store;
	co.sigpool = fx->sigpool;
	fx_must_e(chain_open(&fx->chain, &co, &e));
}

void fx_stop(struct fx *fx)
{
	chain_close(fx->chain);
	sigpool_free(fx->sigpool);
	store_close(fx->store);
	fx->chain = NULL;
	fx->sigpool = NULL;
	fx->store = NULL;
}

void fx_restart(struct fx *fx)
{
	fx_stop(fx);
	fx_start(fx);
}

void fx_crash(struct fx *fx)
{
	fx->chain->failed = true; /* so that closing it writes nothing */
	fx_restart(fx);
}

/* Tests provoke errors on purpose: do not print warnings about them. */
static void no_log(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		   const char *text)
{
	(void)arg;
	(void)unix_us;
	(void)sub;
	(void)level;
	(void)text;
}

void fx_open(struct fx *fx, const struct fx_options *o)
{
	const char *tmp = getenv("TMPDIR");
	struct err e = {0};

	memset(fx, 0, sizeof(*fx));
	log_set_sink(no_log, NULL);
	if (o != NULL)
		fx->o = *o;
	if (fx->o.cache_bytes == 0)
		fx->o.cache_bytes = CHAIN_CACHE_DEFAULT;
	if (fx->o.min_free == 0)
		fx->o.min_free = STORE_MIN_FREE_START;
	if (fx->o.dir != NULL) {
		snprintf(fx->dir, sizeof(fx->dir), "%s", fx->o.dir);
	} else {
		snprintf(fx->dir, sizeof(fx->dir), "%s/tally-chain-XXXXXX",
			 tmp != NULL ? tmp : "/tmp");
		fx_must(mkdtemp(fx->dir) != NULL);
	}
	clock_manual_init(&fx->manual, FX_GENESIS_TIME + 3600);
	fx->clock = fx->o.system_clock ? clock_system() : &fx->manual.clock;
	fx_must_e(crypto_start(&e));
	make_keys(fx);
	make_genesis(fx);
	fx_start(fx);
	if (!fx->o.no_genesis && !chain_has_genesis(fx->chain))
		fx_must_e(chain_set_genesis(fx->chain, fx->genesis, &e));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fx_close(struct fx *fx)
{
	if (fx->chain != NULL)
		fx_stop(fx);
	block_unref(fx->genesis);
	if (fx->o.dir == NULL)
		nftw(fx->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	memset(fx, 0, sizeof(*fx));
}

/* --- payments --------------------------------------------------------------------- */

struct fx_in fx_in(const struct tx *tx, uint32_t index, uint32_t height)
{
	struct fx_in in = {.prev = {.txid = tx->id, .index = index}};

	fx_must(tx_coin(tx, index, height, &in.coin));
	return in;
}

struct fx_in fx_in_coinbase(const struct block *b)
{
	return fx_in(&b->tx[0], 0, fx_height(b));
}

static unsigned key_of(const struct fx *fx, const struct coin *c)
{
	for (unsigned i = 0; i < FX_KEYS; i++) {
		if (memcmp(fx->hashes[i].b, c->owner.b, KEY_HASH_BYTES) == 0)
			return i;
	}
	fx_must(!"the coin pays none of the fixture's keys");
	return 0;
}

static struct tx *write_tx(const struct txin *in, size_t n_in, const struct txout *out,
			   size_t n_out, uint32_t lock_time)
{
	struct writer w;
	struct tx *tx;
	struct err e = {0};

	writer_init(&w);
	tx_write(&w, in, n_in, out, n_out, lock_time);
	fx_must_e(tx_decode(&tx, w.buf, w.len, &e));
	writer_clear(&w);
	return tx;
}

/* The digests leave input scripts out, so the unsigned transaction has the digests of the signed
 * one. */
static void sign_all(const struct fx *fx, const struct tx *unsigned_tx, const struct fx_in *in,
		     size_t n_in, bool bad_last, uint8_t (*scripts)[SCRIPT_INPUT_BYTES])
{
	struct sighash s;

	sighash_init(&s, unsigned_tx, &fx->params.genesis_hash);
	for (size_t i = 0; i < n_in; i++) {
		unsigned key = key_of(fx, &in[i].coin);
		struct hash256 digest;
		struct signature sig;

		sighash_input(&digest, &s, i, &in[i].coin);
		key_sign(&sig, &fx->seeds[key], &digest);
		if (bad_last && i == n_in - 1)
			sig.b[0] ^= 1;
		script_input(scripts[i], &sig, &fx->pubs[key]);
	}
}

struct tx *fx_pay_with(const struct fx *fx, const struct fx_in *in, size_t n_in,
		       const struct fx_out *out, size_t n_out, const struct fx_pay_options *po)
{
	static const struct fx_pay_options plain;
	struct txin *ins = mem_array(n_in, sizeof(*ins));
	struct txout *outs = mem_array(n_out, sizeof(*outs));
	uint8_t(*scripts)[SCRIPT_INPUT_BYTES] = mem_array(n_in, sizeof(*scripts));
	uint8_t(*pays)[SCRIPT_PAY_BYTES] = mem_array(n_out, sizeof(*pays));
	struct tx *tx;

	if (po == NULL)
		po = &plain;
	for (size_t i = 0; i < n_in; i++)
		ins[i] = (struct txin){.prev = in[i].prev,
				       .sequence =
					       po->sequence != 0 ? po->sequence : SEQUENCE_FINAL};
	for (size_t i = 0; i < n_out; i++) {
		script_pay(pays[i], &fx->hashes[out[i].key]);
		outs[i] = (struct txout){.value = out[i].value,
					 .script = {pays[i], SCRIPT_PAY_BYTES}};
	}
	tx = write_tx(ins, n_in, outs, n_out, po->lock_time);
	sign_all(fx, tx, in, n_in, po->bad_signature, scripts);
	tx_unref(tx);
	for (size_t i = 0; i < n_in; i++)
		ins[i].script = (struct span){scripts[i], SCRIPT_INPUT_BYTES};
	tx = write_tx(ins, n_in, outs, n_out, po->lock_time);
	free(ins);
	free(outs);
	free(scripts);
	free(pays);
	return tx;
}

struct tx *fx_pay(const struct fx *fx, const struct fx_in *in, size_t n_in,
		  const struct fx_out *out, size_t n_out)
{
	return fx_pay_with(fx, in, n_in, out, n_out, NULL);
}

struct tx *fx_pay_one(const struct fx *fx, struct fx_in in, unsigned to, int64_t fee)
{
	struct fx_out out = {.key = to, .value = in.coin.value - fee};

	return fx_pay(fx, &in, 1, &out, 1);
}

/* --- blocks ----------------------------------------------------------------------- */

uint32_t fx_height(const struct block *b)
{
	const uint8_t *s = b->tx[0].in[0].script.p;
	uint32_t height = 0;

	if (s[0] == 0)
		return 0;
	if (s[0] > 0x50)
		return s[0] - 0x50U;
	for (unsigned i = s[0]; i > 0; i--)
		height = height << 8 | s[i];
	return height;
}

static struct tx *make_coinbase(struct fx *fx, const struct fx_spec *s, uint32_t height)
{
	uint8_t script[SCRIPT_HEIGHT_MAX + 8], pay[SCRIPT_PAY_BYTES];
	size_t n = script_height(script, s->height != 0 ? s->height : height);
	struct txin in = {.prev.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL};
	struct txout out = {.value = s->reward, .script = {pay, sizeof(pay)}};

	if (s->reward == 0)
		out.value = subsidy(&fx->params, height);
	else if (s->reward < 0)
		out.value = 0;
	set_le64(script + n, ++fx->extra);
	in.script = (struct span){script, n + 8};
	script_pay(pay, &fx->hashes[s->key]);
	return write_tx(&in, 1, &out, 1, 0);
}

static void find_nonce(struct block_header *h, bool bad)
{
	uint8_t bytes[HEADER_BYTES], target[32];
	struct u256 t;
	uint64_t tried;
	struct block_hash hash;

	header_encode(bytes, h);
	fx_must(target_from_bits(&t, h->bits));
	u256_to_le(target, &t);
	if (!bad) {
		fx_must(pow_scan(bytes, target, 0, UINT64_C(1) << 32, &h->nonce, &tried));
		return;
	}
	do {
		h->nonce++;
		header_hash(&hash, h);
	} while (pow_ok(&hash, h->bits));
}

struct block *fx_mine_spec(struct fx *fx, const struct fx_spec *s)
{
	uint32_t height = fx_height(s->parent) + 1;
	struct tx *coinbase = make_coinbase(fx, s, height);
	struct span *raws = mem_array(s->n_txs + 1, sizeof(*raws));
	struct hash256 *ids = mem_array(s->n_txs + 1, sizeof(*ids));
	struct block_header h = {.version = BLOCK_VERSION,
				 .prev = s->parent->hash,
				 .time = s->time != 0 ? s->time : s->parent->header.time + 1,
				 .bits = s->bits != 0 ? s->bits : fx->params.pow_limit};
	struct block *b;

	raws[0] = coinbase->raw;
	ids[0] = coinbase->id.h;
	for (size_t i = 0; i < s->n_txs; i++) {
		raws[i + 1] = s->txs[i]->raw;
		ids[i + 1] = s->txs[i]->id.h;
	}
	merkle_root(&h.merkle_root, ids, s->n_txs + 1, NULL);
	if (s->bad_merkle)
		h.merkle_root.b[0] ^= 1;
	find_nonce(&h, s->bad_pow);
	b = block_make(&h, raws, s->n_txs + 1);
	free(raws);
	free(ids);
	tx_unref(coinbase);
	return b;
}

struct block *fx_mine(struct fx *fx, const struct block *parent, struct tx *const *txs,
		      size_t n_txs)
{
	return fx_mine_spec(fx, &(struct fx_spec){.parent = parent, .txs = txs, .n_txs = n_txs});
}

/* --- the chain -------------------------------------------------------------------- */

void fx_accept(struct fx *fx, struct block *b)
{
	struct err e = {0};

	fx_must_e(chain_accept_block(fx->chain, b, &e));
}

struct err fx_refused(struct fx *fx, struct block *b)
{
	struct err e = {0};

	fx_must(!chain_accept_block(fx->chain, b, &e));
	return e;
}

void fx_settle(struct fx *fx)
{
	struct err e = {0};

	fx_must_e(chain_settle(fx->chain, &e));
	fx_must(chain_settled(fx->chain));
}

struct block *fx_extend(struct fx *fx, const struct block *parent, size_t n)
{
	struct block *b = NULL;

	for (size_t i = 0; i < n; i++) {
		struct block *next = fx_mine(fx, b != NULL ? b : parent, NULL, 0);

		fx_accept(fx, next);
		block_unref(b);
		b = next;
	}
	return b;
}

bool fx_is_tip(const struct fx *fx, const struct block *b)
{
	struct chain_entry tip = chain_tip(fx->chain);

	return hash256_equal(&tip.hash.h, &b->hash.h);
}

bool fx_has_coin(const struct fx *fx, const struct tx *tx, uint32_t index)
{
	struct coin_view view = chain_coins(fx->chain);
	struct outpoint o = {.txid = tx->id, .index = index};
	struct coin c;
	struct err e = {0};
	bool there = view.get(view.ctx, &o, &c, &e);

	fx_must_e(e.cls == ERR_NONE);
	return there;
}

static void model_apply(struct map *model, const struct block *b, uint32_t height)
{
	for (uint32_t t = 0; t < b->n_tx; t++) {
		const struct tx *tx = &b->tx[t];
		uint8_t key[OUTPOINT_BYTES];

		for (uint32_t i = 0; t > 0 && i < tx->n_in; i++) {
			outpoint_pack(key, &tx->in[i].prev);
			fx_must(map_del(model, key));
		}
		for (uint32_t i = 0; i < tx->n_out; i++) {
			struct outpoint o = {.txid = tx->id, .index = i};
			struct coin c;
			bool added;

			if (!tx_coin(tx, i, height, &c))
				continue;
			outpoint_pack(key, &o);
			memcpy(map_put(model, key, &added), &c, sizeof(c));
			fx_must(added);
		}
	}
}

static void compare_one(const struct map *model, const struct store_coin *sc)
{
	uint8_t key[OUTPOINT_BYTES];
	const struct coin *c;

	outpoint_pack(key, &sc->outpoint);
	c = map_get(model, key);
	fx_must(c != NULL);
	fx_must(c->value == sc->coin.value && c->height == sc->coin.height &&
		c->coinbase == sc->coin.coinbase &&
		memcmp(c->owner.b, sc->coin.owner.b, KEY_HASH_BYTES) == 0);
}

size_t fx_check_coins(struct fx *fx)
{
	struct map model;
	struct store_coin slice[64];
	uint8_t after[OUTPOINT_BYTES] = {0};
	size_t n, total = 0, want;
	struct err e = {0};

	map_init(&model, OUTPOINT_BYTES, sizeof(struct coin));
	for (uint32_t height = 0; height <= chain_height(fx->chain); height++) {
		struct chain_entry at;
		struct block *b;

		fx_must(chain_at_height(fx->chain, height, &at));
		fx_must_e(chain_read_block(fx->chain, at.index, &b, &e));
		fx_must(hash256_equal(&b->hash.h, &at.hash.h));
		model_apply(&model, b, height);
		block_unref(b);
	}
	do {
		struct chain_coin_page page = {
			.after = total > 0 ? after : NULL, .coins = slice, .max = 64};

		fx_must_e(chain_scan_coins(fx->chain, &page, &e));
		n = page.n;
		for (size_t i = 0; i < n; i++)
			compare_one(&model, &slice[i]);
		if (n > 0)
			outpoint_pack(after, &slice[n - 1].outpoint);
		total += n;
	} while (n > 0);
	want = map_len(&model);
	map_clear(&model);
	fx_must(total == want);
	return total;
}
