#include "protocol/wire/shared_payload_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "protocol/context_priv.h"

/* Smaller blocks are copied into the send queues: one write can then send many of them. */
#define SHARED_BYTES_MIN 16384

struct shared_payload {
	struct shared_bytes shared; /* first: on_release casts it back */
	struct protocol *p;
	struct block_hash hash;
	unsigned refs; /* send queues that contain it */
	uint8_t bytes[];
};

void shared_payload_init(struct shared_payloads *s)
{
	map_init(&s->by_hash, HASH_BYTES, sizeof(struct shared_payload *));
}

void shared_payload_free(struct shared_payloads *s)
{
	map_clear(&s->by_hash);
}

static struct shared_payload *payload_find(const struct protocol *p, const struct block_hash *hash)
{
	struct shared_payload *const *it = map_get(&p->shared.by_hash, hash);

	return it ? *it : NULL;
}

/* One queue has sent it, or was dropped. The last one frees it. Peers that wait for room are served
 * from the loop, because this may be called while a queue is being changed. */
static void on_release(struct shared_bytes *s)
{
	struct shared_payload *it = (struct shared_payload *)(void *)s;
	struct protocol *p = it->p;

	if (--it->refs > 0)
		return;
	p->shared.bytes -= s->bytes.len;
	map_del(&p->shared.by_hash, &it->hash);
	free(it);
	if (!p->serve.peers_waiting)
		return;
	protocol_enter(p);
	p->wake |= WAKE_WORK;
	protocol_leave(p);
}

/* NULL: out of memory. */
static struct shared_payload *payload_new(struct protocol *p, const struct block *b)
{
	struct shared_payload *it = mem_try(sizeof(*it) + b->raw.len);

	if (!it)
		return NULL;
	*it = (struct shared_payload){
		.shared = {{it->bytes, b->raw.len}, on_release}, .p = p, .hash = b->hash};
	memcpy(it->bytes, b->raw.p, b->raw.len);
	*(struct shared_payload **)map_put(&p->shared.by_hash, &it->hash, NULL) = it;
	p->shared.bytes += b->raw.len;
	return it;
}

bool shared_payload_send(struct protocol *p, conn_id to, const char *command, const struct block *b)
{
	struct shared_payload *it = payload_find(p, &b->hash);

	if (!it && b->raw.len >= SHARED_BYTES_MIN)
		it = payload_new(p, b);
	if (!it)
		return p->net.send(p->net.ctx, to, command, b->raw);
	it->refs++;
	return p->net.send_shared(p->net.ctx, to, command, &it->shared);
}
