#include <tally/node/describe.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tally/base/text.h>
#include <tally/consensus/params.h>
#include <tally/primitives/script.h>

#include "node/node_priv.h"

#define TXS_SHOWN 200

static void line_time(char *buf, size_t size, const char *name, uint32_t unix_s)
{
	const time_t t = unix_s;
	struct tm tm;
	char text[40];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	text_append(buf, size, "%-13s%s\n", name, text);
}

static void line_hash(char *buf, size_t size, const char *name, const struct hash256 *h)
{
	char hex[HASH_HEX_CHARS + 1];

	hash256_hex(hex, h);
	text_append(buf, size, "%-13s%s\n", name, hex);
}

static void describe_output(char *buf, size_t size, size_t i, const struct txout *out)
{
	char amount[AMOUNT_CHARS + 1], text[SCRIPT_MEMO_MAX * 3 + 1];
	struct span push;
	struct key_hash kh;

	amount_format(amount, out->value);
	switch (script_output(out->script, &push)) {
	case SCRIPT_PAY:
		memcpy(kh.b, push.p, KEY_HASH_BYTES);
		address_encode(text, &kh);
		text_append(buf, size, "  out %-3zu %14s to %s\n", i, amount, text);
		break;
	case SCRIPT_MEMO:
		params_memo_text(text, sizeof(text), push);
		text_append(buf, size, "  out %-3zu memo '%s'\n", i, text);
		break;
	case SCRIPT_BAD:
		text_append(buf, size, "  out %-3zu %14s unknown script\n", i, amount);
		break;
	}
}

static void describe_input(char *buf, size_t size, size_t i, const struct txin *in)
{
	char hash[HASH_HEX_CHARS + 1], address[ADDRESS_CHARS + 1];
	struct signature sig;
	struct pubkey pub;
	struct key_hash kh;

	if (outpoint_is_null(&in->prev)) {
		text_append(buf, size, "  in  %-3zu coinbase: subsidy and fees\n", i);
		return;
	}
	hash256_hex(hash, &in->prev.txid.h);
	text_append(buf, size, "  in  %-3zu %s:%u\n", i, hash, in->prev.index);
	if (!script_input_parse(in->script, &sig, &pub))
		return;
	key_hash(&kh, &pub);
	address_encode(address, &kh);
	text_append(buf, size, "          signed by %s\n", address);
}

static void describe_tx_parts(char *buf, size_t size, const struct tx *tx)
{
	for (size_t i = 0; i < tx->n_in; i++)
		describe_input(buf, size, i, &tx->in[i]);
	for (size_t i = 0; i < tx->n_out; i++)
		describe_output(buf, size, i, &tx->out[i]);
}

static void describe_place(const struct node *n, const struct chain_entry *en, char *buf,
			   size_t size)
{
	const uint32_t tip = chain_height(n->chain);

	if (chain_on_best(n->chain, en->index))
		text_append(buf, size, "%-13s%u of %u, %u confirmation%s\n", "height", en->height,
			    tip, tip - en->height + 1, tip == en->height ? "" : "s");
	else
		text_append(buf, size, "%-13s%u, not on the best chain%s\n", "height", en->height,
			    en->status & CHAIN_ANY_FAILED ? ": invalid" : "");
}

bool node_describe_block(const struct node *n, const struct block_hash *hash, char *buf,
			 size_t size)
{
	struct chain_entry en;
	struct block_header h;
	struct block *b;

	buf[0] = '\0';
	if (!chain_find(n->chain, hash, &en) || !chain_read_header(n->chain, en.index, &h, NULL))
		return false;
	line_hash(buf, size, "block", &en.hash.h);
	describe_place(n, &en, buf, size);
	line_hash(buf, size, "previous", &h.prev.h);
	line_hash(buf, size, "merkle root", &h.merkle_root);
	line_time(buf, size, "time", h.time);
	text_append(buf, size, "%-13s%08x, difficulty %.4g\n", "bits", h.bits,
		    difficulty_of_bits(h.bits, chain_params(n->chain)->pow_limit));
	text_append(buf, size, "%-13s%u\n", "nonce", h.nonce);
	if (!chain_read_block(n->chain, en.index, &b, NULL)) {
		text_append(buf, size, "%-13snot downloaded yet\n", "body");
		return true;
	}
	text_append(buf, size, "%-13s%zu bytes, %u transaction%s\n", "body", b->raw.len, b->n_tx,
		    b->n_tx == 1 ? "" : "s");
	for (uint32_t i = 0; i < b->n_tx && i < TXS_SHOWN; i++) {
		line_hash(buf, size, "tx", &b->tx[i].id.h);
		describe_tx_parts(buf, size, &b->tx[i]);
	}
	if (b->n_tx > TXS_SHOWN)
		text_append(buf, size, "and %u more transactions\n", b->n_tx - TXS_SHOWN);
	block_unref(b);
	return true;
}

/* A transaction that only the wallet has: it is neither in a block nor in the mempool. */
static bool describe_wallet_tx(const struct node *n, const struct txid *id, char *buf, size_t size)
{
	struct wallet_tx own;
	struct tx *tx;

	if (!wallet_find_tx(n->wallet, id, &own) || own.height != MEMPOOL_HEIGHT ||
	    !(tx = wallet_own_tx(n->wallet, id)))
		return false;
	line_hash(buf, size, "tx", &id->h);
	text_append(buf, size, "%-13s%s\n", "state",
		    own.abandoned ? "abandoned: not in any block of the best chain"
				  : "unconfirmed: neither in a block nor in the mempool");
	text_append(buf, size, "%-13s%zu bytes\n", "size", tx->raw.len);
	describe_tx_parts(buf, size, tx);
	tx_unref(tx);
	return true;
}

static void describe_mempool_entry(const struct mempool_entry *en, char *buf, size_t size)
{
	char fee[AMOUNT_CHARS + 1];

	amount_format(fee, en->fee);
	line_hash(buf, size, "tx", &en->tx->id.h);
	text_append(buf, size, "%-13sunconfirmed: in the mempool\n", "state");
	text_append(buf, size, "%-13s%zu bytes\n", "size", en->tx->raw.len);
	text_append(buf, size, "%-13s%s, %.2f units per byte\n", "fee", fee,
		    (double)en->fee / (double)en->tx->raw.len);
	text_append(buf, size, "%-13s%u ancestor%s, %u descendant%s, itself included in both\n",
		    "package", en->n_ancestors, en->n_ancestors == 1 ? "" : "s", en->n_descendants,
		    en->n_descendants == 1 ? "" : "s");
	describe_tx_parts(buf, size, en->tx);
}

bool node_describe_tx(const struct node *n, const struct txid *id, struct tx_lookup_cache *c,
		      char *buf, size_t size)
{
	struct mempool_entry en;
	struct tx *tx;
	struct chain_entry at;

	buf[0] = '\0';
	if (n->mempool && mempool_get(n->mempool, id, &en)) {
		/* It is in no block up to this tip. */
		*c = (struct tx_lookup_cache){.searched_to = chain_tip(n->chain).hash};
		describe_mempool_entry(&en, buf, size);
		return true;
	}
	if (!node_find_tx_cached(n, id, c, &tx, &at))
		return describe_wallet_tx(n, id, buf, size);
	line_hash(buf, size, "tx", &id->h);
	line_hash(buf, size, "in block", &at.hash.h);
	describe_place(n, &at, buf, size);
	text_append(buf, size, "%-13s%zu bytes\n", "size", tx->raw.len);
	describe_tx_parts(buf, size, tx);
	tx_unref(tx);
	return true;
}
