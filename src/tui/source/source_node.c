#include "tui/source/source_node_priv.h"

#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/node/node.h>

struct source_node {
	struct source source;
	struct node *node;
	struct rpc *rpc;
	void (*changed)(void *arg); /* the subscriber's function, or NULL */
	void *arg;
};

static struct node *node_of(const struct source *s)
{
	return container_of(s, struct source_node, source)->node;
}

static void read_snapshot(const struct source *s, struct snapshot *out)
{
	node_snapshot(node_of(s), out);
}

static size_t read_chain(const struct source *s, uint32_t top, struct chain_row *out, size_t max)
{
	return node_chain_rows(node_of(s), top, out, max);
}

static size_t read_mempool(const struct source *s, struct mempool_row *out, size_t max)
{
	return node_mempool_rows(node_of(s), 0, out, max);
}

static size_t read_history(const struct source *s, struct payment_row *out, size_t max)
{
	return MIN(node_payment_rows(node_of(s), 0, out, max), max);
}

static size_t read_addresses(const struct source *s, struct address_row *out, size_t max)
{
	return MIN(node_address_rows(node_of(s), 0, out, max), max);
}

static size_t read_msgs(const struct source *s, uint64_t first, struct msg_row *out, size_t max)
{
	return node_msgs(node_of(s), first, out, max);
}

static size_t read_logs(const struct source *s, uint64_t first, struct log_row *out, size_t max)
{
	return node_logs(node_of(s), first, out, max);
}

static bool describe_block(const struct source *s, const struct block_hash *hash, char *buf,
			   size_t size)
{
	return node_describe_block(node_of(s), hash, buf, size);
}

static bool describe_tx(const struct source *s, const struct txid *id,
			struct tx_lookup_cache *cache, char *buf, size_t size)
{
	return node_describe_tx(node_of(s), id, cache, buf, size);
}

static struct rpc *rpc_of(const struct source *s)
{
	return container_of(s, struct source_node, source)->rpc;
}

static void run_command(struct source *s, const char *line, command_line_reply *reply, void *arg)
{
	command_line_run(rpc_of(s), &(struct command_line){
					    .line = line, .client = s, .reply = reply, .arg = arg});
}

static void cancel_command(struct source *s, const char *confirm)
{
	command_line_cancel(rpc_of(s), confirm);
}

static size_t complete_line(const struct source *s, const char *line,
			    char (*out)[COMPLETION_CHARS + 1], size_t max)
{
	return completion_of(node_of(s), line, out, max);
}

static void on_node_event(void *arg, unsigned bits)
{
	struct source_node *s = arg;

	(void)bits;
	s->changed(s->arg);
}

static void subscribe(struct source *s, void (*changed)(void *arg), void *arg)
{
	struct source_node *n = container_of(s, struct source_node, source);

	n->changed = changed;
	n->arg = arg;
	node_subscribe(n->node, on_node_event, n);
}

static void unsubscribe(struct source *s)
{
	struct source_node *n = container_of(s, struct source_node, source);

	node_unsubscribe(n->node, on_node_event, n);
	n->changed = NULL;
}

static void stop_node(struct source *s, const char *why)
{
	node_stop(node_of(s), why);
}

static void free_source(struct source *s)
{
	free(container_of(s, struct source_node, source));
}

static const struct source_ops ops = {
	.snapshot = read_snapshot,
	.chain_rows = read_chain,
	.mempool_rows = read_mempool,
	.wallet_history = read_history,
	.wallet_addresses = read_addresses,
	.msgs = read_msgs,
	.logs = read_logs,
	.describe_block = describe_block,
	.describe_tx = describe_tx,
	.run_command = run_command,
	.cancel_command = cancel_command,
	.complete = complete_line,
	.subscribe = subscribe,
	.unsubscribe = unsubscribe,
	.stop = stop_node,
	.free = free_source,
};

struct source *source_node_new(struct node *n, struct rpc *r)
{
	struct source_node *s = NEW(struct source_node);

	s->source.ops = &ops;
	s->source.base = node_base(n);
	s->source.input_priority = NODE_PRIO_INPUT;
	s->node = n;
	s->rpc = r;
	return &s->source;
}
