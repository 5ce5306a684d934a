#include "net/conn_close_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/text.h>

#include "net/dial_state_priv.h"
#include "net/net_state_priv.h"

static void discourage_peer(struct conn *c)
{
	struct bans *bans = c->net->bans;
	bool before = bans_is_discouraged(bans, &c->info.peer);

	if (bans_discourage(bans, &c->info.peer) && !before)
		log_warn(LOG_NET, "peer %u %s: discouraged for 24 h: %s", c->info.id, c->name,
			 c->reason);
}

void conn_close(struct conn *c, enum close_kind kind, bool linger, const char *fmt, ...)
{
	struct net *n = c->net;
	char reason[REASON_CHARS + 1];
	va_list ap;

	if (c->state != CONN_OPEN)
		return;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	utf8_sanitise(c->reason, sizeof(c->reason), reason, strlen(reason));
	c->state = CONN_CLOSING;
	c->linger_wanted = linger;
	map_del(&n->by_id, &c->info.id);
	n->n_kind[c->info.kind]--;
	list_del(&c->ready);
	list_del(&c->link);
	list_add(&n->closing, &c->link);
	if (c->reading)
		event_del(c->readable);
	c->reading = false;
	if (kind == CLOSE_DISCOURAGE)
		discourage_peer(c);
	if (c->info.kind != CONN_INBOUND)
		dial_conn_closed(c);
	if (!linger)
		event_del(c->writable);
	net_schedule(n);
}
