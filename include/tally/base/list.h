/* Intrusive doubly linked list. A head is a link that points at itself. */
#ifndef TALLY_BASE_LIST_H
#define TALLY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/mem.h>

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts `item` before `at`: with a head, at the end. */
static inline void list_add(struct list *at, struct list *item)
{
	item->next = at;
	item->prev = at->prev;
	at->prev->next = item;
	at->prev = item;
}

/* Takes the item out; harmless for one that is out (list_init'ed) already. */
static inline void list_del(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(l, type, member) container_of(l, type, member)
#define list_first(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
/* The current item may be taken out meanwhile. */
#define list_each_safe(it, head)                                                  \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)

#endif
