/* Those who watch a node. An observer added while others are told hears from the next time
 * on; one that leaves meanwhile is marked dead and swept afterwards. */
#include "node/node_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

void node_subscribe(struct node *n, node_observer *fn, void *arg)
{
	mem_reserve(&n->observers, &n->cap_observers, n->n_observers + 1, sizeof(*n->observers));
	n->observers[n->n_observers++] =
		(struct observer){.fn = fn, .arg = arg, .generation = n->generation};
}

static void observers_sweep(struct node *n)
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
	if (!n->dispatching)
		observers_sweep(n);
}

void observers_tell(struct node *n)
{
	const unsigned bits = n->dirty;
	const unsigned generation = ++n->generation;

	if (!bits || n->dispatching)
		return;
	n->dirty = 0;
	n->dispatching = 1;
	for (size_t i = 0; i < n->n_observers; i++) {
		const struct observer o = n->observers[i]; /* the array may move meanwhile */

		if (!o.dead && o.generation != generation)
			o.fn(o.arg, bits);
	}
	n->dispatching = 0;
	observers_sweep(n);
}

void observers_free(struct node *n)
{
	free(n->observers);
	n->observers = NULL;
	n->n_observers = n->cap_observers = 0;
}
