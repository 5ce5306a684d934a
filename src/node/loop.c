/* The loop: one turn of work at a time, so that a key press never waits long; the tick of
 * every second; signals; the end. */
#include "node/node_priv.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <tally/base/log.h>

/* A turn's share for each kind of work, microseconds. */
#define LAST_US        200000 /* for sending what was answered last */
#define TURN_US        4000
#define ADDRS_COMMIT_S 10 /* peer addresses and discouragements reach the disk about this often */

void node_schedule(struct node *n, unsigned work)
{
	n->work |= work;
	event_active(n->work_event, EV_TIMEOUT, 0);
}

void node_mark(struct node *n, unsigned bits)
{
	n->dirty |= bits;
	if (!n->dispatching)
		event_active(n->work_event, EV_TIMEOUT, 0);
}

static void turn_chain(struct node *n)
{
	enum chain_work_state state;
	struct err err = {0};

	if (!chain_work(n->chain, TURN_US, &state, &err)) {
		node_fatal(n, &err);
		return;
	}
	if (state == CHAIN_MORE)
		n->work |= WORK_CHAIN;
	if (state != CHAIN_IDLE)
		return;
	if (n->protocol)
		protocol_chain_idle(n->protocol);
	mining_chain_idle(n->mining);
	n->work |= WORK_MEMPOOL | WORK_MINER;
}

static void turn_wallet(struct node *n)
{
	struct err err = {0};
	bool more = false;

	if (n->wallet_follows || !n->mempool || !chain_settled(n->chain))
		return;
	if (!wallet_catch_up(n->wallet, TURN_US, &more, &err)) {
		node_fatal(n, &err);
		return;
	}
	if (more) {
		n->work |= WORK_WALLET;
		return;
	}
	n->wallet_follows = true;
	if (!wallet_commit(n->wallet, &err))
		node_fatal(n, &err);
	node_mark(n, NODE_EV_WALLET);
	node_rebroadcast(n);
}

static void turn_mempool(struct node *n)
{
	if (mempool_work(n->mempool, TURN_US))
		n->work |= WORK_MEMPOOL;
	if (n->wallet_follows && n->pool_wanted && mempool_file_feed(n->mempool_file))
		n->work |= WORK_MEMPOOL;
}

/* One turn. What is not done yet stands in n->work again, and the loop comes back after it
 * has looked at keys and sockets. */
void node_turn(struct node *n)
{
	const unsigned work = n->work;

	n->work = 0;
	if (work & WORK_CHAIN)
		turn_chain(n);
	if ((work & WORK_WALLET) && !n->stopping)
		turn_wallet(n);
	/* A tip that has just been told may be left again in the next turn. */
	if (((work | n->work) & WORK_MEMPOOL) && n->mempool) {
		n->work &= ~(unsigned)WORK_MEMPOOL;
		turn_mempool(n);
	}
	if ((work & WORK_MEMPOOL_FILE) && mempool_file_turn(n->mempool_file))
		n->work |= WORK_MEMPOOL_FILE;
	if ((work & WORK_PROTOCOL) && n->protocol && protocol_work(n->protocol, TURN_US))
		n->work |= WORK_PROTOCOL;
	if ((work & WORK_MINER) && !n->stopping)
		mining_work(n->mining);
	observers_tell(n);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd, (void)what;
	node_turn(n);
	if (n->work || n->dirty)
		event_active(n->work_event, EV_TIMEOUT, 0);
}

static void on_signatures(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd, (void)what;
	sigpool_poll(n->sigpool);
	node_schedule(n, WORK_CHAIN | WORK_MEMPOOL);
}

static void on_flushed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	node_schedule(arg, WORK_CHAIN);
}

/* Not while the chain is in the midst of something: its own commits take along what is written. */
static bool may_commit(const struct node *n)
{
	return store_pending(n->store) && !chain_catching_up(n->chain) && chain_settled(n->chain);
}

void node_commit_records(struct node *n)
{
	struct err err = {0};

	n->commit_due = !may_commit(n);
	if (!n->commit_due && !chain_commit(n->chain, &err))
		node_fatal(n, &err);
}

/* Now and then; nobody waits for it. */
static void commit_records(struct node *n)
{
	if (!n->commit_due && clock_mono_ms(clock_system()) / 1000 % ADDRS_COMMIT_S)
		return;
	if (!may_commit(n))
		return;
	if (!chain_has_genesis(n->chain)) {
		node_commit_records(n);
		return;
	}
	n->commit_due = false;
	chain_commit_soon(n->chain);
	node_schedule(n, WORK_CHAIN);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;
	struct err err = {0};

	(void)fd, (void)what;
	if (n->stopping)
		return;
	if (chain_failed(n->chain, &err)) { /* while a peer's block was taken, or whenever */
		node_fatal(n, &err);
		return;
	}
	net_tick(n->net);
	protocol_tick(n->protocol);
	node_watch_clock(n);
	if (chain_retry_future(n->chain))
		node_schedule(n, WORK_CHAIN);
	if (n->mempool) {
		mempool_expire(n->mempool);
		node_rebroadcast_due(n);
		if (mempool_file_due(n->mempool_file))
			node_schedule(n, WORK_MEMPOOL_FILE);
	}
	mining_tick(n->mining);
	commit_records(n);
	node_schedule(n, WORK_MEMPOOL | WORK_PROTOCOL | WORK_WALLET);
	node_mark(n, NODE_EV_SECOND);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct node *n = arg;

	(void)what;
	node_stop(n, sig == SIGTERM ? "terminated" : sig == SIGHUP ? "hung up" : "interrupted");
}

/* A database tells through a pipe, from any thread, that it failed. */
static void on_write_failed(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;
	struct err err = {0};
	char c;

	(void)what;
	if (read(fd, &c, 1) != 1)
		return;
	if ((n->store && store_failed(n->store, &err)) ||
	    (n->wallet_db && wallet_db_failed(n->wallet_db, &err)))
		node_fatal(n, &err);
}

void node_write_failed(void *arg)
{
	struct node *n = arg;
	const ssize_t k = write(n->fail_fd[1], "", 1);

	(void)k; /* a full pipe tells the same */
}

static struct event *add_event(struct node *n, int fd, short what, event_callback_fn fn)
{
	struct event *ev = event_new(n->base, fd, what, fn, n);

	event_priority_set(ev, NODE_PRIO_WORK);
	return ev;
}

/* What libevent has to say would go to the standard error, over the screen. */
static void on_libevent(int severity, const char *text)
{
	if (severity == EVENT_LOG_DEBUG || severity == EVENT_LOG_MSG)
		log_debug(LOG_NODE, "libevent: %s", text);
	else
		log_warn(LOG_NODE, "libevent: %s", text);
}

void node_loop_open(struct node *n)
{
	struct event_config *cfg = event_config_new();
	const struct timeval most = {.tv_usec = 5000};

	event_set_log_callback(on_libevent);
	/* After each callback, and after 5 ms at the latest, keys come first again. */
	event_config_set_max_dispatch_interval(cfg, &most, 1, NODE_PRIO_WORK);
	n->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	event_base_priority_init(n->base, NODE_PRIORITIES);
	n->work_event = add_event(n, -1, 0, on_work);
	n->fail_event = add_event(n, n->fail_fd[0], EV_READ | EV_PERSIST, on_write_failed);
	event_add(n->fail_event, NULL);
}

void node_loop_watch_workers(struct node *n)
{
	n->flush_event = add_event(n, store_flush_fd(n->store), EV_READ | EV_PERSIST, on_flushed);
	event_add(n->flush_event, NULL);
	if (sigpool_fd(n->sigpool) < 0)
		return;
	n->sig_event = add_event(n, sigpool_fd(n->sigpool), EV_READ | EV_PERSIST, on_signatures);
	event_add(n->sig_event, NULL);
}

/* Without a console what was ignored when we were started goes on being ignored: the terminal's end
 * under nohup(1), ^C in what a script left in the background. */
static bool stays_ignored(const struct node *n, int sig)
{
	struct sigaction at_start;

	return n->config.headless && sig != SIGTERM && sigaction(sig, NULL, &at_start) == 0 &&
	       at_start.sa_handler == SIG_IGN;
}

void node_loop_start(struct node *n)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	const struct timeval second = {.tv_sec = 1};

	for (size_t i = 0; i < 3; i++) {
		if (stays_ignored(n, signals[i]))
			continue;
		n->signal_events[i] = add_event(n, signals[i], EV_SIGNAL | EV_PERSIST, on_signal);
		event_add(n->signal_events[i], NULL);
	}
	n->tick_event = add_event(n, -1, EV_PERSIST, on_tick);
	event_add(n->tick_event, &second);
}

void node_loop_tick(struct node *n)
{
	if (n->tick_event)
		event_active(n->tick_event, EV_TIMEOUT, 0);
}

static void free_event(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

void node_loop_stop(struct node *n)
{
	for (size_t i = 0; i < 3; i++)
		free_event(&n->signal_events[i]);
	free_event(&n->tick_event);
	free_event(&n->sig_event);
	free_event(&n->flush_event);
}

void node_loop_close(struct node *n)
{
	free_event(&n->work_event);
	free_event(&n->fail_event);
	if (n->base)
		event_base_free(n->base);
	n->base = NULL;
}

static void on_enough(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

/* What was answered last is still sent; but who goes on sending to us must not keep us from
 * ending. */
static void send_last(struct node *n)
{
	const struct timeval most = {.tv_usec = LAST_US};
	struct event *enough = event_new(n->base, -1, 0, on_enough, n->base);

	event_priority_set(enough, NODE_PRIO_INPUT);
	event_add(enough, &most);
	event_base_loop(n->base, EVLOOP_NONBLOCK);
	event_free(enough);
}

int node_run(struct node *n, struct err *e)
{
	if (!n->stopping)
		event_base_dispatch(n->base);
	send_last(n);
	if (n->failed && e)
		*e = n->failure;
	return n->failed ? 1 : 0;
}

bool node_wait(struct node *n, const bool *done, struct err *e)
{
	while (!*done && !n->stopping)
		event_base_loop(n->base, EVLOOP_ONCE);
	if (n->failed && e)
		*e = n->failure;
	return !n->failed;
}

void node_settle_mempool(struct node *n)
{
	while (!n->stopping && !(mempool_idle(n->mempool) &&
				 (!n->pool_wanted || mempool_file_loaded(n->mempool_file)))) {
		node_schedule(n, WORK_MEMPOOL);
		event_base_loop(n->base, EVLOOP_ONCE);
	}
}

void node_stop(struct node *n, const char *why)
{
	if (n->stopping)
		return;
	log_info(LOG_NODE, "stopping: %s", why);
	n->stopping = true;
	n->dirty |= NODE_EV_STOP;
	observers_tell(n);
	event_base_loopbreak(n->base);
}

void node_fatal(struct node *n, const struct err *e)
{
	if (n->failed)
		return;
	n->failed = true;
	n->failure = *e;
	log_error(LOG_NODE, "cannot go on: %s: %s", e->token, e->detail);
	node_stop(n, "failure");
}
