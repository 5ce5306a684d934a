/* The loop does its work in turns of a few milliseconds each, so that a key press is handled
 * soon. */
#include "node/loop_priv.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <tally/base/log.h>

#include "node/clock_warning_priv.h"
#include "node/mempool_file_priv.h"
#include "node/node_priv.h"
#include "node/observers_priv.h"
#include "node/rebroadcast_priv.h"
#include "node/records_priv.h"

#define TURN_US      4000   /* for each kind of work in one turn */
#define SEND_LAST_US 200000 /* for sending the last responses when the node stops */

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

	if (n->wallet_caught_up || !n->mempool || !chain_settled(n->chain))
		return;
	if (!wallet_catch_up(n->wallet, TURN_US, &more, &err)) {
		node_fatal(n, &err);
		return;
	}
	if (more) {
		n->work |= WORK_WALLET;
		return;
	}
	n->wallet_caught_up = true;
	if (!wallet_commit(n->wallet, &err))
		node_fatal(n, &err);
	node_mark(n, NODE_EV_WALLET);
	node_rebroadcast(n);
}

static void turn_mempool(struct node *n)
{
	if (mempool_work(n->mempool, TURN_US))
		n->work |= WORK_MEMPOOL;
	if (n->wallet_caught_up && n->mempool_file_wanted && mempool_file_submit(n->mempool_file))
		n->work |= WORK_MEMPOOL;
}

/* Work that is not finished is in n->work again; the loop handles keys and sockets before the next
 * turn. */
void node_turn(struct node *n)
{
	const unsigned work = n->work;

	n->work = 0;
	if (work & WORK_CHAIN)
		turn_chain(n);
	if ((work & WORK_WALLET) && !n->stopping)
		turn_wallet(n);
	/* The mempool follows in the same turn, because the chain may leave this tip in the next
	 * one. */
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
	observers_notify(n);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd, (void)what;
	node_turn(n);
	if (n->work || n->marked)
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

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;
	struct err err = {0};

	(void)fd, (void)what;
	if (n->stopping)
		return;
	if (chain_failed(n->chain, &err)) { /* while storing a peer's block, for example */
		node_fatal(n, &err);
		return;
	}
	net_tick(n->net);
	protocol_tick(n->protocol);
	clock_warning_tick(n);
	if (chain_retry_future(n->chain))
		node_schedule(n, WORK_CHAIN);
	if (n->mempool) {
		mempool_expire(n->mempool);
		node_rebroadcast_due(n);
		if (mempool_file_due(n->mempool_file))
			node_schedule(n, WORK_MEMPOOL_FILE);
	}
	mining_tick(n->mining);
	records_tick(n);
	node_schedule(n, WORK_MEMPOOL | WORK_PROTOCOL | WORK_WALLET);
	node_mark(n, NODE_EV_SECOND);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct node *n = arg;

	(void)what;
	node_stop(n, sig == SIGTERM  ? "terminated (SIGTERM)"
		     : sig == SIGHUP ? "terminal closed (SIGHUP)"
				     : "interrupted (SIGINT)");
}

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

	(void)k; /* a full pipe is fine: one byte is enough to wake the loop */
}

static struct event *add_event(struct node *n, int fd, short what, event_callback_fn fn)
{
	struct event *ev = event_new(n->base, fd, what, fn, n);

	event_priority_set(ev, NODE_PRIO_WORK);
	return ev;
}

/* libevent would write to standard error, over the console. */
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
	/* Looks for input after each callback of lower priority, at the latest after 5 ms. */
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

/* Without a console, a signal that was ignored at start stays ignored: SIGHUP under nohup(1),
 * SIGINT in the background of a script. */
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

static void on_send_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

/* Sends responses that are still in buffers. Limited, because a client that keeps sending must not
 * delay the end. */
static void send_last_responses(struct node *n)
{
	const struct timeval most = {.tv_usec = SEND_LAST_US};
	struct event *timeout = event_new(n->base, -1, 0, on_send_timeout, n->base);

	event_priority_set(timeout, NODE_PRIO_INPUT);
	event_add(timeout, &most);
	event_base_loop(n->base, EVLOOP_NONBLOCK);
	event_free(timeout);
}

int node_run(struct node *n, struct err *e)
{
	if (!n->stopping)
		event_base_dispatch(n->base);
	send_last_responses(n);
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
	while (!n->stopping &&
	       !(mempool_idle(n->mempool) &&
		 (!n->mempool_file_wanted || mempool_file_loaded(n->mempool_file)))) {
		node_schedule(n, WORK_MEMPOOL);
		event_base_loop(n->base, EVLOOP_ONCE);
	}
}

void node_load_mempool(struct node *n)
{
	if (!n->mempool || n->mempool_file_wanted)
		return;
	n->mempool_file_wanted = true;
	node_settle_mempool(n);
}
