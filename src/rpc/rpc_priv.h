/* What the files of verbs share. */
#ifndef TALLY_RPC_RPC_PRIV_H
#define TALLY_RPC_RPC_PRIV_H

#include <jansson.h>

#include "node/node_priv.h"

#include <tally/base/bytes.h>
#include <tally/node/mempool_file.h>
#include <tally/node/observers.h>
#include <tally/node/resolver.h>
#include <tally/node/snapshot.h>
#include <tally/node/tx_lookup.h>
#include <tally/rpc/command.h>
#include <tally/wallet/receiver.h>
#include <tally/base/text.h>
#include <tally/primitives/amount.h>

/* Ends the call with an error made on the spot. */
void call_error(struct call *c, int code, enum err_class cls, const char *token, const char *fmt,
		...) __attribute__((format(printf, 5, 6)));
bool call_hash(struct call *c, const char *name, struct hash256 *out);
/* An address or a label. make: a label is made on first use. */
bool call_address(struct call *c, const char *name, bool make, struct key_hash *out);

/* commands_mining.c: where no block could be made now it answers the call itself. */
bool call_may_mine(struct node *n, struct call *c);

/* command_table.c: tries those with this flag: which was perhaps meant? */
void command_nearest(struct nearest *near, unsigned flag);

/* command_table.c: a result that is a text, as it is. */
char *text_string(const json_t *result);

/* json_out.c */
json_t *json_hash(const struct hash256 *h);
json_t *json_address(const struct key_hash *kh);
json_t *json_hex(struct span bytes);
/* Bitcoin Core's fields of a header, a transaction. */
json_t *json_header(const struct node *n, const struct chain_entry *en,
		    const struct block_header *h);
json_t *json_tx(const struct tx *tx);
/* Answers with those of a block, in turns. whole: with its transactions, else with their ids. */
void json_block_begin(struct node *n, struct call *c, const struct chain_entry *en,
		      struct block *take_b, bool whole);

/* async_call.c: makes an answer that takes long in turns of the loop, and answers the call then. It
 * ends early where who asked leaves or the node stops. take_arg is cleared and freed. */
enum step_result {
	STEP_MORE,    /* call again */
	STEP_BLOCKED, /* call again in a while: nothing can be done now */
	STEP_DONE,    /* result is next */
	STEP_FAILED,  /* *e says why; *code (an rpc_code) may be set, too */
};
struct async_call {
	/* Some of it, about a millisecond's work. */
	enum step_result (*part)(struct node *n, void *arg, int *code, struct err *e);
	json_t *(*result)(void *arg); /* NULL: the verb is run then */
	void (*clear)(void *arg);     /* frees what it holds; NULL: nothing */
};
/* Those of this client end with an error: it has disconnected. */
void async_calls_cancel(struct node *n, const void *client);
void async_call_begin(struct node *n, struct call *c, const struct async_call *how, void *take_arg);
/* The verb is run once the chain and the mempool are settled: to settle them at once would hold up
 * the loop. */
void async_call_when_settled(struct node *n, struct call *c);
void call_run(struct node *n, struct call *c); /* command.c: c may be gone then */

/* pieces.c: a result that is made as JSON text, piece by piece: json_stream_begin with what it
 * opens with, json_stream_raw for the brackets after that, json_stream_key for a member's name and
 * json_stream_json for a value, both with a comma where one is due; json_stream_open for an object
 * that goes on, json_stream_hex for a text of hex digits. */
void json_stream_begin(struct writer *w, const char *raw);
void json_stream_raw(struct writer *w, const char *raw);
void json_stream_key(struct writer *w, const char *key);
void json_stream_json(struct writer *w, json_t *take_v);
void json_stream_open(struct writer *w, json_t *take_object);
void json_stream_hex(struct writer *w, struct span bytes);
json_t *json_stream_result(struct writer *w); /* clears it */
/* The text of such a result, compact; NULL: it is none (or NULL). */
const char *json_stream_text(const json_t *v);

/* scan.c: counts all coins at the tip, later, and answers the call with the result. take_arg is
 * freed. */
struct coin_count {
	void (*begin)(void *arg,
		      const struct chain_entry *tip); /* again where the tip moves meanwhile */
	void (*coin)(void *arg, const struct store_coin *c); /* in the order of outpoints */
	json_t *(*result)(void *arg);
};
void coin_scan_begin(struct node *n, struct call *c, const struct coin_count *how, void *take_arg);

/* The verbs, by subject. */
extern const struct command commands_chain[], commands_coins[], commands_net[], commands_bans[],
	commands_addrs[], commands_mempool[], commands_wallet[], commands_pay[], commands_mining[],
	commands_node[];

#endif
