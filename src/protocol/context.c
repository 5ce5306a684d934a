#include "protocol/context_priv.h"

int64_t protocol_now_ms(const struct protocol *p)
{
	return clock_mono_ms(p->o.clock);
}

int64_t protocol_now_unix(const struct protocol *p)
{
	return clock_unix(p->o.clock);
}

bool protocol_has_chain(const struct protocol *p)
{
	return p->has_chain;
}

void protocol_enter(struct protocol *p)
{
	p->depth++;
}

bool part_is_due(const struct protocol *p, const struct part *part)
{
	switch (part->when) {
	case PART_ALWAYS:
		return true;
	case PART_WITH_CHAIN:
		return protocol_has_chain(p);
	case PART_WITHOUT_CHAIN:
		return !protocol_has_chain(p);
	}
	return false;
}

static void run_leave_hooks(struct protocol *p)
{
	for (size_t i = 0; i < p->n_parts; i++)
		if (p->parts[i].leave)
			p->parts[i].leave(p);
}

void protocol_leave(struct protocol *p)
{
	static const struct protocol_events none;
	const struct protocol_events *ev = p->o.events ? p->o.events : &none;
	void *arg = p->o.events_arg;
	unsigned wake;

	/* The hooks run at depth 1, so that calls into the protocol from within them make no
	 * callbacks of their own. */
	if (p->depth == 1)
		run_leave_hooks(p);
	if (--p->depth > 0)
		return;
	wake = p->wake;
	p->wake = 0;
	if ((wake & WAKE_CHAIN) && ev->chain_work)
		ev->chain_work(arg);
	if ((wake & WAKE_MEMPOOL) && ev->mempool_work)
		ev->mempool_work(arg);
	if ((wake & WAKE_WORK) && ev->protocol_work)
		ev->protocol_work(arg);
	if ((wake & WAKE_PEERS) && ev->peers)
		ev->peers(arg);
	if ((wake & WAKE_OFFERS) && ev->offers)
		ev->offers(arg);
}
