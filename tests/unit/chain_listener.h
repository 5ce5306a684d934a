/* Receives the events of a chain, counts them, and checks that each block reported is a child of
 * the last one or the last one itself. */
#ifndef TALLY_TESTS_CHAIN_LISTENER_H
#define TALLY_TESTS_CHAIN_LISTENER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain_fixture.h"

struct listener {
	struct fx *fx;
	struct block_hash at; /* the tip according to the events */
	unsigned connected, disconnected, tips, invalid, committed;
	uint32_t lowest;
};

extern const struct chain_events listener_events;

void open_with_listener(struct fx *fx, struct listener *l, unsigned threads);

void assert_at(struct fx *fx, const struct listener *l, const struct block *b);

#endif
