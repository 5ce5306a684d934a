#include "tui/redraw_priv.h"

#include <stdio.h>

#include <event2/event.h>

#include <tally/base/clock.h>
#include "tui/app_priv.h"
#include "tui/detail_page_priv.h"
#include "tui/model/flash_priv.h"
#include "tui/model/refresh_priv.h"
#include "tui/views/screen_priv.h"

#define NODE_FRAME_MS 50 /* the least time between two frames, if only the node changes */
#define KEY_FRAME_MS  10

/* --- asking for a frame --------------------------------------------------------------- */

/* Schedules a frame `ms` milliseconds after the last one, or at once if that time has passed. */
static void schedule_frame(struct tui *t, int64_t ms)
{
	const int64_t left = t->drawn_us + ms * 1000 - clock_mono_us(clock_system());
	const struct timeval tv = {.tv_usec = left > 0 ? left : 0};

	t->frame_due = true;
	event_add(t->frame, &tv);
}

void redraw_soon(struct tui *t)
{
	if (!t->frame_due)
		schedule_frame(t, NODE_FRAME_MS);
}

/* If the terminal has not taken the last frame, redraw_drained draws this one. */
void redraw_for_key(struct tui *t)
{
	if (!t->frame_due || event_pending(t->frame, EV_TIMEOUT, NULL))
		schedule_frame(t, KEY_FRAME_MS);
}

void redraw_drained(struct tui *t)
{
	if (t->frame_due && !event_pending(t->frame, EV_TIMEOUT, NULL))
		redraw_now(t);
}

/* --- drawing ----------------------------------------------------------------------- */

/* If peers offer only one chain, a node without a chain joins it without asking the user. */
static void report_joined(struct tui *t)
{
	const struct snapshot *s = &t->model.live;
	char hash[HASH_SHORT_CHARS + 1], text[FLASH_BYTES];

	hash256_short(hash, &s->params.genesis_hash.h);
	snprintf(text, sizeof(text), "joined chain %s (genesis %s), offered by %s", s->params.name,
		 hash, s->joined_from);
	model_flash_news(&t->model, FLASH_GOOD, text);
}

static void report_reorg(struct tui *t)
{
	const struct snapshot *s = &t->model.live;
	char text[FLASH_BYTES];

	snprintf(text, sizeof(text),
		 "reorganisation: %u block%s undone; the new tip, block %u, has more work",
		 s->reorg_depth, s->reorg_depth == 1 ? "" : "s", s->tip.height);
	model_flash_news(&t->model, FLASH_BAD, text);
}

static void read_source(struct tui *t)
{
	const bool had_chain = t->model.live.has_chain;
	const uint32_t reorgs = t->model.live.reorgs;

	t->read_due = false;
	model_refresh(&t->model, t->source);
	if (!had_chain && t->model.live.has_chain && t->model.live.joined_from[0])
		report_joined(t);
	if (t->model.live.reorgs != reorgs)
		report_reorg(t);
}

void redraw_now(struct tui *t)
{
	if (t->read_due)
		read_source(t);
	detail_page_renew(t);
	t->drawn_us = clock_mono_us(clock_system());
	screen_draw(&t->canvas, &t->model);
	if (terminal_show(t->terminal, &t->canvas, t->model.cursor_x, t->model.cursor_y))
		t->frame_due = false;
	if (model_refresh_incomplete(&t->model)) {
		t->read_due = true;
		redraw_soon(t);
	}
}

static void on_frame(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	redraw_now(arg);
}

void redraw_init(struct tui *t)
{
	t->frame = event_new(t->source->base, -1, 0, on_frame, t);
	event_priority_set(t->frame, t->source->input_priority);
}

void redraw_clear(struct tui *t)
{
	event_free(t->frame);
}
