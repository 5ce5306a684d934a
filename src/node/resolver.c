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

#define LOOKUPS_MAX 8 /* threads, one for each running lookup */

/* Shared by the loop and the threads. A thread that is still in the system's resolver may outlive
 * the node, so the last user frees this. */
struct resolver {
	/* Only used by the loop: */
	struct event *event;
	struct list unanswered; /* struct lookup */

	pthread_mutex_t lock; /* of everything below */
	struct list results;  /* struct lookup: the thread is done, the loop has not answered yet */
	struct wake wake;
	bool raised; /* wake is readable */
	bool closed; /* the node is gone */
	unsigned users;
};

struct lookup {
	struct list link;        /* resolver.unanswered */
	struct list result_link; /* resolver.results */
	struct resolver *resolver;
	char text[RESOLVE_TEXT_MAX + 1];
	uint16_t port;
	resolve_done *done;
	void *arg;
	/* The result: */
	bool ok;
	struct net_addr addr;
	struct err err;
};

/* The part of a lookup that its thread does not touch. */
struct pending_answer {
	resolve_done *done;
	void *arg;
};

static void resolver_unref(struct resolver *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->users == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	wake_close(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* A reference for one more thread. False: LOOKUPS_MAX are running. */
static bool resolver_ref(struct resolver *r)
{
	bool ok;

	pthread_mutex_lock(&r->lock);
	ok = r->users <= LOOKUPS_MAX;
	r->users += ok;
	pthread_mutex_unlock(&r->lock);
	return ok;
}

static void *lookup_main(void *arg)
{
	struct lookup *l = arg;
	struct resolver *r = l->resolver;
	bool closed;

	l->ok = net_addr_parse(&l->addr, l->text, l->port, &l->err);
	pthread_mutex_lock(&r->lock);
	closed = r->closed;
	if (!closed) {
		list_add(&r->results, &l->result_link);
		if (!r->raised)
			wake_raise(&r->wake);
		r->raised = true;
	}
	pthread_mutex_unlock(&r->lock);
	if (closed)
		free(l);
	resolver_unref(r);
	return NULL;
}

static void lookup_answer(struct lookup *l)
{
	list_del(&l->link);
	l->done(l->arg, l->ok ? &l->addr : NULL, &l->err);
	free(l);
}

static void on_results(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;
	struct lookup *l = NULL;

	(void)fd, (void)what;
	pthread_mutex_lock(&r->lock);
	if (!list_empty(&r->results)) {
		l = list_first(&r->results, struct lookup, result_link);
		list_del(&l->result_link);
	}
	if (list_empty(&r->results) && r->raised) {
		r->raised = false;
		wake_lower(&r->wake);
	}
	pthread_mutex_unlock(&r->lock);
	if (l)
		lookup_answer(l);
}

static struct resolver *resolver_open(struct node *n)
{
	struct resolver *r = NEW(struct resolver);

	list_init(&r->unanswered);
	list_init(&r->results);
	pthread_mutex_init(&r->lock, NULL);
	r->users = 1;
	if (!wake_open(&r->wake)) {
		resolver_unref(r);
		return NULL;
	}
	r->event = event_new(n->base, r->wake.fd, EV_READ | EV_PERSIST, on_results, r);
	event_priority_set(r->event, NODE_PRIO_WORK);
	event_add(r->event, NULL);
	return r;
}

static bool lookup_start(struct lookup *l)
{
	pthread_t thread;
	const bool ok = thread_start(&thread, lookup_main, l) == 0;

	if (ok)
		pthread_detach(thread);
	else
		resolver_unref(l->resolver);
	return ok;
}

static void fail_no_lookup(resolve_done *done, void *arg)
{
	struct err err = {0};

	err_set(&err, ERR_IO, "no-lookup",
		"no more names can be looked up now: give an IP address");
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
			err_set(&err, ERR_USAGE, "bad-address",
				"the name is too long: at most %d bytes", RESOLVE_TEXT_MAX);
		done(arg, NULL, &err);
		return;
	}
	if (!n->resolver && !(n->resolver = resolver_open(n))) {
		fail_no_lookup(done, arg);
		return;
	}
	l = NEW(struct lookup);
	l->resolver = n->resolver;
	snprintf(l->text, sizeof(l->text), "%s", text);
	l->port = port;
	l->done = done;
	l->arg = arg;
	list_add(&l->resolver->unanswered, &l->link);
	if (resolver_ref(l->resolver) && lookup_start(l))
		return;
	list_del(&l->link);
	free(l);
	fail_no_lookup(done, arg);
}

void node_resolver_close(struct node *n)
{
	struct resolver *r = n->resolver;
	struct err err = {0};
	struct pending_answer *answers;
	size_t count = 0;

	if (!r)
		return;
	n->resolver = NULL;
	event_free(r->event);
	err_set(&err, ERR_BUSY, "stopping", "the node is stopping");
	pthread_mutex_lock(&r->lock);
	list_each (it, &r->unanswered)
		count++;
	/* Copies of the requests are answered: once `closed` is set, a thread may free its lookup. */
	answers = mem_array(count + 1, sizeof(*answers));
	count = 0;
	list_each_safe (it, &r->unanswered) {
		const struct lookup *l = list_entry(it, struct lookup, link);

		answers[count++] = (struct pending_answer){.done = l->done, .arg = l->arg};

		list_del(it);
	}
	list_each_safe (it, &r->results)
		free(list_entry(it, struct lookup, result_link));
	r->closed = true;
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < count; i++)
		answers[i].done(answers[i].arg, NULL, &err);
	free(answers);
	resolver_unref(r);
}
