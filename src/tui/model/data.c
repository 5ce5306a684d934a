#include "tui/model/data_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

void tui_data_clear(struct tui_data *d)
{
	free(d->chain);
	free(d->mempool);
	free(d->msgs_window.base);
	free(d->logs_window.base);
	free(d->history);
	free(d->addresses);
	*d = (struct tui_data){0};
}

void record_window_init(struct record_window *w, size_t record_bytes, size_t kept)
{
	*w = (struct record_window){
		.base = mem_array(2 * kept, record_bytes),
		.record_bytes = record_bytes,
		.kept = kept,
	};
}

static char *record_at(const struct record_window *w, size_t i)
{
	return (char *)w->base + i * w->record_bytes;
}

void *record_window_advance(struct record_window *w, uint64_t first, uint64_t next,
			    struct record_range *missing)
{
	const uint64_t oldest = w->next - w->n;
	const size_t gone = first > oldest ? (size_t)MIN(first - oldest, w->n) : 0;

	w->at += gone;
	w->n -= gone;
	missing->first = MAX(first, w->next);
	missing->max = MIN((size_t)(next - missing->first), w->kept - w->n);
	if (w->at + w->n + missing->max > 2 * w->kept) {
		memmove(w->base, record_at(w, w->at), w->n * w->record_bytes);
		w->at = 0;
	}
	w->next = next;
	return record_at(w, w->at + w->n);
}

const void *record_window_first(const struct record_window *w)
{
	return record_at(w, w->at);
}
