/* Blocks on their way to peers. A large one is not copied into each queue: however many it is sent to, it is there once. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define LEND_BYTES_MIN 16384 /* smaller ones are copied: many of them leave in one write */

struct lending {
	struct shared_bytes shared; /* first: on_release casts it back */
	struct protocol *p;
	struct block_hash hash;
	unsigned refs; /* queues it is in */
	uint8_t bytes[];
};

static struct lending *lending_find(const struct protocol *p, const struct block_hash *hash)
{
	struct lending *const *it = map_get(&p->lendings, hash);

	return it ? *it : NULL;
}

/* Who waits for room may go on: told from the loop, for a queue may end anywhere. */
static void on_release(struct shared_bytes *s)
{
	struct lending *it = (struct lending *)(void *)s;
	struct protocol *p = it->p;

	if (--it->refs > 0)
		return;
	p->lent_bytes -= s->bytes.len;
	map_del(&p->lendings, &it->hash);
	free(it);
	if (!p->serve_short)
		return;
	enter(p);
	p->wake |= WAKE_WORK;
	leave(p);
}

/* NULL: no memory. */
static struct lending *lending_new(struct protocol *p, const struct block *b)
{
	struct lending *it = mem_try(sizeof(*it) + b->raw.len);

	if (!it)
		return NULL;
	*it = (struct lending){
		.shared = {{it->bytes, b->raw.len}, on_release}, .p = p, .hash = b->hash};
	memcpy(it->bytes, b->raw.p, b->raw.len);
	*(struct lending **)map_put(&p->lendings, &it->hash, NULL) = it;
	p->lent_bytes += b->raw.len;
	return it;
}

bool lend_block(struct protocol *p, struct peer *peer, const struct block *b)
{
	const char *command = msg_type_name(MSG_BLOCK);
	struct lending *it = lending_find(p, &b->hash);

	if (!it && b->raw.len >= LEND_BYTES_MIN)
		it = lending_new(p, b);
	if (!it)
		return p->net.send(p->net.ctx, peer->info.id, command, b->raw);
	it->refs++;
	return p->net.send_shared(p->net.ctx, peer->info.id, command, &it->shared);
}
