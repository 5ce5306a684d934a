#include "node/observers_priv.h"

#include <stdlib.h>

#include <event2/event.h>

#include <tally/base/mem.h>

#include "node/node_priv.h"

void node_mark(struct node *n, unsigned bits)
{
	n->marked |= bits;
	if (!n->notifying)
		event_active(n->work_event, EV_TIMEOUT, 0);
}

void node_subscribe(struct node *n, node_observer *fn, void *arg)
{
	mem_reserve(&n->observers, &n->cap_observers, n->n_observers + 1, sizeof(*n->observers));
	n->observers[n->n_observers++] =
		(struct observer){.fn = fn, .arg = arg, .generation = n->generation};
}

static void remove_dead(struct node *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->n_observers; i++)
		if (!n->observers[i].dead)
			n->observers[kept++] = n->observers[i];
	n->n_observers = kept;
}

void node_unsubscribe(struct node *n, node_observer *fn, void *arg)
{
	for (size_t i = 0; i < n->n_observers; i++)
		if (n->observers[i].fn == fn && n->observers[i].arg == arg)
			n->observers[i].dead = true;
	if (!n->notifying)
		remove_dead(n);
}

void observers_notify(struct node *n)
{
	const unsigned bits = n->marked;
	const unsigned generation = ++n->generation;

	if (!bits || n->notifying)
		return;
	n->marked = 0;
	n->notifying = true;
	for (size_t i = 0; i < n->n_observers; i++) {
		const struct observer o = n->observers[i]; /* a copy: the array may move */

		if (!o.dead && o.generation != generation)
			o.fn(o.arg, bits);
	}
	n->notifying = false;
	remove_dead(n);
}

void observers_free(struct node *n)
{
	free(n->observers);
	n->observers = NULL;
	n->n_observers = n->cap_observers = 0;
}
