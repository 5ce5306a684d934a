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

/* Inserts `item` before `at`. If `at` is the head of a list, that is the end of the list. */
static inline void list_add(struct list *at, struct list *item)
{
	item->next = at;
	item->prev = at->prev;
	at->prev->next = item;
	at->prev = item;
}

/* Removes the item from its list. Harmless if it is in none, as after list_init. */
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
/* The loop body may remove the current item. */
#define list_each_safe(it, head)                                                  \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)

#endif
