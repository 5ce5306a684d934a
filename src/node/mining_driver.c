#include "node/mining_driver_priv.h"

#include <event2/event.h>

#include "node/node_priv.h"

static bool is_stopping(void *arg)
{
	const struct node *n = arg;

	return n->stopping;
}

static bool get_sync(void *arg, struct mining_sync *out)
{
	const struct node *n = arg;
	struct sync_info s;

	if (!n->protocol)
		return false;
	protocol_sync_info(n->protocol, &s);
	*out = (struct mining_sync){
		.height = s.height, .target = s.target, .downloading = s.downloading};
	return true;
}

static bool default_payee(void *arg, struct key_hash *out, struct err *e)
{
	struct node *n = arg;

	return wallet_label_address(n->wallet, MINER_LABEL, out, e);
}

static bool submit(void *arg, struct block *b, struct err *e)
{
	return node_accept_block(arg, b, e);
}

static bool verdict(void *arg, const struct block_hash *hash, struct err *e)
{
	return node_block_verdict(arg, hash, e);
}

static void schedule(void *arg)
{
	node_schedule(arg, WORK_MINER);
}

static void on_info_changed(void *arg)
{
	node_mark(arg, NODE_EV_MINER);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd, (void)what;
	mining_timeout(n->mining);
}

static void wake_after(void *arg, int64_t ms)
{
	struct node *n = arg;
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(n->mining_timer, &tv);
}

static void on_result(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd, (void)what;
	mining_poll(n->mining);
}

static void watch(void *arg, int fd)
{
	struct node *n = arg;

	n->mining_event = event_new(n->base, fd, EV_READ | EV_PERSIST, on_result, n);
	event_priority_set(n->mining_event, NODE_PRIO_WORK);
	event_add(n->mining_event, NULL);
}

static const struct mining_ops ops = {
	.stopping = is_stopping,
	.sync = get_sync,
	.default_payee = default_payee,
	.submit = submit,
	.verdict = verdict,
	.schedule = schedule,
	.changed = on_info_changed,
	.wake_after = wake_after,
	.watch = watch,
};

void mining_driver_open(struct node *n)
{
	n->mining_timer = event_new(n->base, -1, 0, on_timer, n);
	event_priority_set(n->mining_timer, NODE_PRIO_WORK);
	n->mining = mining_new(&(struct mining_options){
		.clock = &n->clock.clock,
		.rng = n->rng,
		.threads = n->config.threads,
		.ops = &ops,
		.arg = n,
	});
}

void mining_driver_close(struct node *n)
{
	if (n->mining_event)
		event_free(n->mining_event);
	if (n->mining_timer)
		event_free(n->mining_timer);
	n->mining_event = n->mining_timer = NULL;
	mining_free(n->mining);
	n->mining = NULL;
}
