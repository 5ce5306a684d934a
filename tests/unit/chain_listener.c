#include "chain_listener.h"

static void on_connected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct listener *l = arg;

	assert_memory_equal(b->header.prev.h.b, l->at.h.b, HASH_BYTES);
	assert_memory_equal(b->hash.h.b, at->hash.h.b, HASH_BYTES);
	assert_true(chain_on_best(l->fx->chain, at->index));
	assert_int_equal(chain_height(l->fx->chain), at->height);
	l->at = b->hash;
	l->connected++;
}

static void on_disconnected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct listener *l = arg;

	assert_memory_equal(b->hash.h.b, l->at.h.b, HASH_BYTES);
	assert_false(chain_on_best(l->fx->chain, at->index));
	l->at = b->header.prev;
	l->disconnected++;
	if (at->height < l->lowest)
		l->lowest = at->height;
}

static void on_tip(void *arg, const struct chain_entry *tip)
{
	struct listener *l = arg;

	assert_memory_equal(tip->hash.h.b, l->at.h.b, HASH_BYTES);
	assert_true(chain_settled(l->fx->chain));
	l->tips++;
}

static void on_invalid(void *arg, const struct block_hash *hash, const struct err *why)
{
	struct listener *l = arg;

	(void)hash;
	assert_int_equal(why->cls, ERR_INVALID);
	l->invalid++;
}

static void on_committed(void *arg)
{
	((struct listener *)arg)->committed++;
}

const struct chain_events listener_events = {.connected = on_connected,
					     .disconnected = on_disconnected,
					     .tip = on_tip,
					     .invalid = on_invalid,
					     .committed = on_committed};

void open_with_listener(struct fx *fx, struct listener *l, unsigned threads)
{
	*l = (struct listener){.fx = fx, .lowest = UINT32_MAX};
	fx_open(fx, &(struct fx_options){
			    .threads = threads, .events = &listener_events, .events_arg = l});
	l->at = fx->genesis->hash;
}

void assert_at(struct fx *fx, const struct listener *l, const struct block *b)
{
	assert_true(fx_is_tip(fx, b));
	assert_memory_equal(l->at.h.b, b->hash.h.b, HASH_BYTES);
}
