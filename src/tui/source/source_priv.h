/* Where the console reads from, and where its commands go. The console knows only this interface. */
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

/* Lists: `out` has room for `max` rows; the result is the number of rows written. Details: lines of text, appended to
 * buf, which holds `size` bytes; false: unknown. */
struct source_ops {
	void (*snapshot)(const struct source *s, struct snapshot *out);
	/* Blocks from height `top` downward. */
	size_t (*chain_rows)(const struct source *s, uint32_t top, struct chain_row *out,
			     size_t max);
	size_t (*mempool_rows)(const struct source *s, struct mempool_row *out, size_t max);
	size_t (*wallet_history)(const struct source *s, struct payment_row *out, size_t max);
	size_t (*wallet_addresses)(const struct source *s, struct address_row *out, size_t max);
	/* Records from number `first` on, the oldest first. */
	size_t (*msgs)(const struct source *s, uint64_t first, struct msg_row *out, size_t max);
	size_t (*logs)(const struct source *s, uint64_t first, struct log_row *out, size_t max);
	bool (*describe_block)(const struct source *s, const struct block_hash *hash, char *buf,
			       size_t size);
	/* *cache: see node_describe_tx. */
	bool (*describe_tx)(const struct source *s, const struct txid *id,
			    struct tx_lookup_cache *cache, char *buf, size_t size);
	/* Runs a line of the prompt. The reply comes exactly once, within this call or later from the loop. */
	void (*run_command)(struct source *s, const char *line, command_line_reply *reply,
			    void *arg);
	/* The user said no to the question of a line. confirm: as in struct command_line_answer. */
	void (*cancel_command)(struct source *s, const char *confirm);
	/* Completions of the last word of `line`, as completion_of. */
	size_t (*complete)(const struct source *s, const char *line,
			   char (*out)[COMPLETION_CHARS + 1], size_t max);
	/* From now on calls `changed` when what the source shows has changed. One observer only. */
	void (*subscribe)(struct source *s, void (*changed)(void *arg), void *arg);
	void (*unsubscribe)(struct source *s);
	/* Stops the node; `why` goes to its log. */
	void (*stop)(struct source *s, const char *why);
	void (*free)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	struct event_base *base; /* the loop that the console runs in; borrowed */
	int input_priority;      /* of its events for keys and frames */
};

#endif
