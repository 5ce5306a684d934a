/* Blocks and transactions as JSON, with Bitcoin Core's field names. */
#include "rpc/rpc_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/consensus/params.h>
#include <tally/primitives/script.h>

json_t *json_hash(const struct hash256 *h)
{
	char hex[HASH_HEX_CHARS + 1];

	hash256_hex(hex, h);
	return json_string(hex);
}

json_t *json_address(const struct key_hash *kh)
{
	char text[ADDRESS_CHARS + 1];

	address_encode(text, kh);
	return json_string(text);
}

json_t *json_hex(struct span bytes)
{
	char *hex = mem_alloc(bytes.len * 2 + 1);
	json_t *v;

	hex_encode(hex, bytes.p, bytes.len);
	v = json_string(hex);
	free(hex);
	return v;
}

static json_t *json_bits(uint32_t bits)
{
	return json_sprintf("%08x", bits);
}

json_t *json_header(const struct chain *chain, const struct chain_entry *en,
		    const struct block_header *h)
{
	const bool best = chain_on_best(chain, en->index);
	const uint32_t tip = chain_height(chain);
	struct chain_entry next;
	char work[65];
	json_t *o = json_object();

	u256_hex(work, &en->work);
	json_object_set_new(o, "hash", json_hash(&en->hash.h));
	json_object_set_new(o, "confirmations",
			    json_integer(best ? (json_int_t)tip - en->height + 1 : -1));
	json_object_set_new(o, "height", json_integer(en->height));
	json_object_set_new(o, "version", json_integer(h->version));
	json_object_set_new(o, "versionHex", json_sprintf("%08x", (unsigned)h->version));
	json_object_set_new(o, "merkleroot", json_hash(&h->merkle_root));
	json_object_set_new(o, "time", json_integer(h->time));
	json_object_set_new(o, "mediantime", json_integer(h->time));
	json_object_set_new(o, "nonce", json_integer(h->nonce));
	json_object_set_new(o, "bits", json_bits(h->bits));
	json_object_set_new(o, "difficulty",
			    json_real(difficulty_of_bits(h->bits, chain_params(chain)->pow_limit)));
	json_object_set_new(o, "chainwork", json_string(work));
	if (en->height > 0)
		json_object_set_new(o, "previousblockhash", json_hash(&h->prev.h));
	if (best && chain_at_height(chain, en->height + 1, &next))
		json_object_set_new(o, "nextblockhash", json_hash(&next.hash.h));
	return o;
}

static json_t *json_input(const struct txin *in)
{
	json_t *o = json_object();
	struct signature sig;
	struct pubkey pub;
	struct key_hash kh;

	if (outpoint_is_null(&in->prev)) {
		json_object_set_new(o, "coinbase", json_hex(in->script));
	} else {
		json_object_set_new(o, "txid", json_hash(&in->prev.txid.h));
		json_object_set_new(o, "vout", json_integer(in->prev.index));
		json_object_set_new(o, "scriptSig",
				    json_pack("{s:o}", "hex", json_hex(in->script)));
		if (script_input_parse(in->script, &sig, &pub)) {
			key_hash(&kh, &pub);
			json_object_set_new(o, "address", json_address(&kh));
		}
	}
	json_object_set_new(o, "sequence", json_integer(in->sequence));
	return o;
}

static json_t *json_output(const struct txout *out, size_t index)
{
	json_t *o = json_object(), *script = json_pack("{s:o}", "hex", json_hex(out->script));
	char text[SCRIPT_MEMO_MAX * 3 + 1];
	struct key_hash kh;
	struct span push;

	json_object_set_new(o, "value", json_amount(out->value));
	json_object_set_new(o, "n", json_integer((json_int_t)index));
	switch (script_output(out->script, &push)) {
	case SCRIPT_PAY:
		memcpy(kh.b, push.p, KEY_HASH_BYTES);
		json_object_set_new(script, "type", json_string("witness_v0_keyhash"));
		json_object_set_new(script, "address", json_address(&kh));
		break;
	case SCRIPT_MEMO:
		params_memo_text(text, sizeof(text), push);
		json_object_set_new(script, "type", json_string("nulldata"));
		json_object_set_new(script, "memo", json_string(text));
		break;
	case SCRIPT_BAD:
		json_object_set_new(script, "type", json_string("nonstandard"));
		break;
	}
	json_object_set_new(o, "scriptPubKey", script);
	return o;
}

json_t *json_tx(const struct tx *tx)
{
	json_t *o = json_object(), *vin = json_array(), *vout = json_array();
	const json_int_t bytes = (json_int_t)tx->raw.len;

	for (size_t i = 0; i < tx->n_in; i++)
		json_array_append_new(vin, json_input(&tx->in[i]));
	for (size_t i = 0; i < tx->n_out; i++)
		json_array_append_new(vout, json_output(&tx->out[i], i));
	json_object_set_new(o, "txid", json_hash(&tx->id.h));
	json_object_set_new(o, "hash", json_hash(&tx->id.h));
	json_object_set_new(o, "version", json_integer(tx->version));
	json_object_set_new(o, "size", json_integer(bytes));
	json_object_set_new(o, "vsize", json_integer(bytes));
	json_object_set_new(o, "weight", json_integer(bytes * 4));
	json_object_set_new(o, "locktime", json_integer(tx->lock_time));
	json_object_set_new(o, "vin", vin);
	json_object_set_new(o, "vout", vout);
	json_object_set_new(o, "hex", json_hex(tx->raw));
	return o;
}

/* A block that is being written as JSON, one transaction a step. */
struct block_text {
	struct writer out; /* first member: see json_stream_clear */
	struct block *b;
	uint32_t next; /* index of the next transaction */
	bool whole;    /* transactions, else their ids */
};

static enum step_result block_step(struct node *n, void *arg, int *code, struct err *e)
{
	struct block_text *t = arg;
	const struct tx *tx = &t->b->tx[t->next];

	(void)n, (void)code, (void)e;
	json_stream_json(&t->out, t->whole ? json_tx(tx) : json_hash(&tx->id.h));
	return ++t->next < t->b->n_tx ? STEP_MORE : STEP_DONE;
}

static json_t *block_result(void *arg)
{
	struct block_text *t = arg;

	json_stream_raw(&t->out, "]}");
	return json_stream_result(&t->out);
}

static void block_clear(void *arg)
{
	struct block_text *t = arg;

	block_unref(t->b);
	json_stream_clear(t);
}

static const struct async_call block_call = {
	.step = block_step,
	.result = block_result,
	.clear = block_clear,
};

void json_block_begin(struct call *c, const struct chain_entry *en, struct block *take_b,
		      bool whole)
{
	struct block_text *t = NEW(struct block_text);
	json_t *o = json_header(node_chain(c->rpc->node), en, &take_b->header);
	const json_int_t bytes = (json_int_t)take_b->raw.len;

	t->b = take_b;
	t->whole = whole;
	json_object_set_new(o, "nTx", json_integer(take_b->n_tx));
	json_object_set_new(o, "size", json_integer(bytes));
	json_object_set_new(o, "strippedsize", json_integer(bytes));
	json_object_set_new(o, "weight", json_integer(bytes * 4));
	json_stream_begin(&t->out, "");
	json_stream_open(&t->out, o);
	json_stream_key(&t->out, "tx");
	json_stream_raw(&t->out, "[");
	async_call_begin(c, &block_call, t);
}
