/* A source: what the console reads and what runs its commands. The console uses only this
 * interface, so it need not run in the node's process. */
#ifndef TALLY_TUI_SOURCE_SOURCE_PRIV_H
#define TALLY_TUI_SOURCE_SOURCE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/node/snapshot.h>
#include <tally/rpc/command_line.h>
#include <tally/rpc/completion.h>

struct event_base;
struct source;

/* Functions that fill `out` write at most `max` rows and return how many. Functions that describe
 * append lines of text to buf, which holds `size` bytes; false: not found. */
struct source_ops {
	void (*snapshot)(const struct source *s, struct snapshot *out);
	/* Rows of blocks from height `top` downward. */
	size_t (*chain_rows)(const struct source *s, uint32_t top, struct chain_row *out,
			     size_t max);
	size_t (*mempool_rows)(const struct source *s, struct mempool_row *out, size_t max);
	size_t (*wallet_history)(const struct source *s, struct payment_row *out, size_t max);
	size_t (*wallet_addresses)(const struct source *s, struct address_row *out, size_t max);
	/* Records from number `first` on, in order. */
	size_t (*msgs)(const struct source *s, uint64_t first, struct msg_row *out, size_t max);
	size_t (*logs)(const struct source *s, uint64_t first, struct log_row *out, size_t max);
	bool (*describe_block)(const struct source *s, const struct block_hash *hash, char *buf,
			       size_t size);
	/* *cache: see node_describe_tx. */
	bool (*describe_tx)(const struct source *s, const struct txid *id,
			    struct tx_lookup_cache *cache, char *buf, size_t size);
	/* Runs a line of the prompt. Calls `reply` exactly once, within this call or later from
	 * the loop. */
	void (*run_command)(struct source *s, const char *line, command_line_reply *reply,
			    void *arg);
	/* The user has answered a command's question with no. confirm: that of struct
	 * command_line_answer. */
	void (*cancel_command)(struct source *s, const char *confirm);
	/* Completions of the last word of `line`; same contract as completion_of. */
	size_t (*complete)(const struct source *s, const char *line,
			   char (*out)[COMPLETION_CHARS + 1], size_t max);
	/* From now on, `changed` is called when the data have changed. There is at most one
	 * subscriber. */
	void (*subscribe)(struct source *s, void (*changed)(void *arg), void *arg);
	void (*unsubscribe)(struct source *s);
	/* Stops the node, which logs the reason. */
	void (*stop)(struct source *s, const char *why);
	void (*free)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	struct event_base *base; /* the loop that the console runs in; borrowed */
	int input_priority;      /* priority of the events for keys and frames in that loop */
};

#endif
