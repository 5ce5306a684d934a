/* What the files of verbs share. */
#ifndef TALLY_RPC_RPC_PRIV_H
#define TALLY_RPC_RPC_PRIV_H

#include <jansson.h>

#include "node/node_priv.h"

#include <tally/base/bytes.h>
#include <tally/base/text.h>
#include <tally/primitives/amount.h>

/* Ends the call with an error made on the spot. */
void call_error(struct call *c, int code, enum err_class cls, const char *token, const char *fmt,
		...) __attribute__((format(printf, 5, 6)));
bool call_hash(struct call *c, const char *name, struct hash256 *out);
/* An address or a label. make: a label is made on first use. */
bool call_address(struct call *c, const char *name, bool make, struct key_hash *out);

/* verbs_mining.c: where no block could be made now it answers the call itself. */
bool call_may_mine(struct node *n, struct call *c);

/* verbs.c: tries those with this flag: which was perhaps meant? */
void verb_nearest(struct nearest *near, unsigned flag);

/* verbs.c: a result that is a text, as it is. */
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

/* turns.c: makes an answer that takes long in turns of the loop, and answers the call then. It ends early where who
 * asked leaves or the node stops. take_arg is cleared and freed. */
enum part {
	PART_MORE,   /* call again */
	PART_WAITS,  /* call again in a while: nothing can be done now */
	PART_LAST,   /* result is next */
	PART_FAILED, /* *e says why; *code (an rpc_code) may be set, too */
};
struct long_answer {
	/* Some of it, about a millisecond's work. */
	enum part (*part)(struct node *n, void *arg, int *code, struct err *e);
	json_t *(*result)(void *arg); /* NULL: the verb is run then */
	void (*clear)(void *arg);     /* frees what it holds; NULL: nothing */
};
void turns_begin(struct node *n, struct call *c, const struct long_answer *how, void *take_arg);
/* The verb is run once the chain and the mempool are settled: to settle them at once would hold up the loop. */
void turns_until_settled(struct node *n, struct call *c);
void call_run(struct node *n, struct call *c); /* command.c: c may be gone then */

/* pieces.c: a result that is made as JSON text, piece by piece: pieces_begin with what it opens with, pieces_raw for the
 * brackets after that, pieces_key for a member's name and pieces_json for a value, both with a comma where one is due;
 * pieces_open for an object that goes on, pieces_hex for a text of hex digits. */
void pieces_begin(struct writer *w, const char *raw);
void pieces_raw(struct writer *w, const char *raw);
void pieces_key(struct writer *w, const char *key);
void pieces_json(struct writer *w, json_t *take_v);
void pieces_open(struct writer *w, json_t *take_object);
void pieces_hex(struct writer *w, struct span bytes);
json_t *pieces_result(struct writer *w); /* clears it */
/* The text of such a result, compact; NULL: it is none (or NULL). */
const char *pieces_text(const json_t *v);

/* scan.c: counts all coins at the tip, later, and answers the call with the result. take_arg is freed. */
struct coin_count {
	void (*begin)(void *arg,
		      const struct chain_entry *tip); /* again where the tip moves meanwhile */
	void (*coin)(void *arg, const struct store_coin *c); /* in the order of outpoints */
	json_t *(*result)(void *arg);
};
void scan_begin(struct node *n, struct call *c, const struct coin_count *how, void *take_arg);

/* The verbs, by subject. */
extern const struct verb verbs_chain[], verbs_coins[], verbs_net[], verbs_bans[], verbs_addrs[],
	verbs_mempool[], verbs_wallet[], verbs_pay[], verbs_mining[], verbs_node[];

#endif
