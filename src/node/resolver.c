/* Looking up the address behind a name, which the system does by waiting: on a thread, so that the
 * loop does not. */
#include "node/resolver_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <tally/base/mem.h>
#include <tally/base/thread.h>
#include <tally/base/wake.h>

#include "node/node_priv.h"

#define THREADS_MAX 8

/* What the loop and the threads share. A thread may outlive the node: who leaves last frees it. */
struct resolver {
	struct node *node;
	struct event *event;
	struct list asked; /* the loop's: unanswered */

	pthread_mutex_t lock;
	struct list found; /* by threads, not told yet */
	struct wake wake;
	bool raised, closed;
	unsigned users;
};

struct asker {
	resolve_done *done;
	void *arg;
};

struct lookup {
	struct list link, found;
	struct resolver *all;
	char text[RESOLVE_TEXT_MAX + 1];
	uint16_t port;
	resolve_done *done;
	void *arg;
	/* The answer: */
	bool ok;
	struct net_addr addr;
	struct err err;
};

static void leave(struct resolver *all)
{
	bool last;

	pthread_mutex_lock(&all->lock);
	last = --all->users == 0;
	pthread_mutex_unlock(&all->lock);
	if (!last)
		return;
	wake_close(&all->wake);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

/* For one more thread. False: there are enough. */
static bool join(struct resolver *all)
{
	bool ok;

	pthread_mutex_lock(&all->lock);
	ok = all->users <= THREADS_MAX;
	all->users += ok;
	pthread_mutex_unlock(&all->lock);
	return ok;
}

static void *thread_main(void *arg)
{
	struct lookup *l = arg;
	struct resolver *all = l->all;
	bool closed;

	l->ok = net_addr_parse(&l->addr, l->text, l->port, &l->err);
	pthread_mutex_lock(&all->lock);
	closed = all->closed;
	if (!closed) {
		list_add(&all->found, &l->found);
		if (!all->raised)
			wake_raise(&all->wake);
		all->raised = true;
	}
	pthread_mutex_unlock(&all->lock);
	if (closed)
		free(l);
	leave(all);
	return NULL;
}

static void tell(struct lookup *l)
{
	list_del(&l->link);
	l->done(l->arg, l->ok ? &l->addr : NULL, &l->err);
	free(l);
}

static void on_found(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *all = arg;
	struct lookup *l = NULL;

	(void)fd, (void)what;
	pthread_mutex_lock(&all->lock);
	if (!list_empty(&all->found)) {
		l = list_first(&all->found, struct lookup, found);
		list_del(&l->found);
	}
	if (list_empty(&all->found) && all->raised) {
		all->raised = false;
		wake_lower(&all->wake);
	}
	pthread_mutex_unlock(&all->lock);
	if (l)
		tell(l);
}

static struct resolver *lookups_open(struct node *n)
{
	struct resolver *all = NEW(struct resolver);

	all->node = n;
	list_init(&all->asked);
	list_init(&all->found);
	pthread_mutex_init(&all->lock, NULL);
	all->users = 1;
	if (!wake_open(&all->wake)) {
		leave(all);
		return NULL;
	}
	all->event = event_new(n->base, all->wake.fd, EV_READ | EV_PERSIST, on_found, all);
	event_priority_set(all->event, NODE_PRIO_WORK);
	event_add(all->event, NULL);
	return all;
}

static bool start_thread(struct lookup *l)
{
	pthread_t thread;
	const bool ok = thread_start(&thread, thread_main, l) == 0;

	if (ok)
		pthread_detach(thread);
	else
		leave(l->all);
	return ok;
}

static void no_lookup(resolve_done *done, void *arg)
{
	struct err err = {0};

	err_set(&err, ERR_IO, "no-lookup", "a name can't be looked up now: give an address");
	done(arg, NULL, &err);
}

void node_resolve(struct node *n, const char *text, uint16_t port, resolve_done *done, void *arg)
{
	struct net_addr addr;
	struct err err = {0};
	struct lookup *l;

	if (net_addr_parse_numeric(&addr, text, port, NULL)) {
		done(arg, &addr, &err);
		return;
	}
	if (strlen(text) > RESOLVE_TEXT_MAX || !net_addr_check(text, port, &err)) {
		if (err.cls == ERR_NONE)
			err_set(&err, ERR_USAGE, "bad-address", "that name is too long");
		done(arg, NULL, &err);
		return;
	}
	if (!n->resolver && !(n->resolver = lookups_open(n))) {
		no_lookup(done, arg);
		return;
	}
	l = NEW(struct lookup);
	l->all = n->resolver;
	snprintf(l->text, sizeof(l->text), "%s", text);
	l->port = port;
	l->done = done;
	l->arg = arg;
	list_add(&l->all->asked, &l->link);
	if (join(l->all) && start_thread(l))
		return;
	list_del(&l->link);
	free(l);
	no_lookup(done, arg);
}

/* Who asked is told; what a thread still looks for is freed by it. */
void node_resolver_close(struct node *n)
{
	struct resolver *all = n->resolver;
	struct err err = {0};
	struct asker *askers;
	size_t count = 0;

	if (!all)
		return;
	n->resolver = NULL;
	event_free(all->event);
	err_set(&err, ERR_BUSY, "stopping", "the node is stopping");
	pthread_mutex_lock(&all->lock);
	list_each (it, &all->asked)
		count++;
	askers = mem_array(count + 1, sizeof(*askers));
	count = 0;
	list_each_safe (it, &all->asked) {
		const struct lookup *l = list_entry(it, struct lookup, link);

		askers[count++] = (struct asker){l->done, l->arg};
		list_del(it);
	}
	list_each_safe (it, &all->found)
		free(list_entry(it, struct lookup, found));
	all->closed = true;
	pthread_mutex_unlock(&all->lock);
	for (size_t i = 0; i < count; i++)
		askers[i].done(askers[i].arg, NULL, &err);
	free(askers);
	leave(all);
}
