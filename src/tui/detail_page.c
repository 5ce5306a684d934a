#include "tui/detail_page_priv.h"

#include <stdlib.h>
#include <string.h>

#include "tui/app_priv.h"
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"

#define SLOW_RENEW_US INT64_C(500000)

/* mem_alloc'ed; NULL: the row is unknown now. */
static char *describe_row(struct tui *t, enum panel p, const struct row_id *id,
			  struct tx_lookup_cache *cache)
{
	struct detail_request rq = {
		.data = &t->model.data,
		.source = t->source,
		.id = *id,
		.cache = cache,
	};

	if (!list_find_row(&t->model, p, id, &rq.row))
		rq.row = NO_ROW;
	return model_view(&t->model, p)->detail(&rq);
}

static void note_state(struct overlay_state *o, const struct snapshot *s)
{
	o->made_tip = s->tip.hash;
	o->made_mempool = s->mempool_count;
	o->made_us = s->now_us;
}

static bool is_current(const struct overlay_state *o, const struct snapshot *s)
{
	return o->made_mempool == s->mempool_count &&
	       memcmp(&o->made_tip, &s->tip.hash, sizeof(o->made_tip)) == 0;
}

/* A slow page reads blocks from the disk. While many blocks arrive, it is renewed twice a
 * second. */
static bool renew_due(const struct tui *t)
{
	const struct overlay_state *o = &t->model.over;
	const struct snapshot *s = &t->model.live;

	if (!o->live || t->model.frozen)
		return false;
	return model_view(&t->model, o->panel)->detail_kind != DETAIL_SLOW ||
	       (!is_current(o, s) && llabs(s->now_us - o->made_us) >= SLOW_RENEW_US);
}

void detail_page_renew(struct tui *t)
{
	struct overlay_state *o = &t->model.over;
	char *text;

	if (!renew_due(t))
		return;
	note_state(o, &t->model.live);
	text = describe_row(t, o->panel, &o->row, &o->tx_cache);
	o->gone = !text;
	if (text)
		overlay_renew(&t->model, text);
	free(text);
}

void detail_page_open(struct tui *t)
{
	struct model *m = &t->model;
	const enum panel p = m->focus;
	const struct view *v = model_view(m, p);
	struct tx_lookup_cache cache = {0};
	struct row_id id;
	char *text;
	size_t i;

	if (!v->detail || !list_selected(m, &i))
		return;
	v->id(&m->data, i, &id);
	text = describe_row(t, p, &id, &cache);
	if (text) {
		overlay_open(m, OVERLAY_TEXT, v->name, text);
		m->over.panel = p;
		m->over.row = id;
		m->over.tx_cache = cache;
		m->over.live = v->detail_kind != DETAIL_FIXED;
		note_state(&m->over, &m->live);
	} else {
		model_flash(m, FLASH_BAD, "no details: this row no longer exists");
	}
	free(text);
}
