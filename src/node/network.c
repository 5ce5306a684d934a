#include "node/network_priv.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/node/reindex.h>

#include "node/node_priv.h"

#define FILES_WANTED   4096 /* open files */
#define FILES_RESERVED 96   /* reserved for databases, control port, log and outbound connections */

/* --- peer addresses and bans, kept in the chain's database ----------------------------------- */

static void record_put(void *ctx, struct span key, struct span record)
{
	struct node *n = ctx;
	struct err err = {0};

	if (!store_put_addr(n->store, key, record, &err))
		node_fatal(n, &err);
}

static void record_del(void *ctx, struct span key)
{
	struct node *n = ctx;
	struct err err = {0};

	if (!store_del_addr(n->store, key, &err))
		node_fatal(n, &err);
}

static bool record_load(void *arg, struct span key, struct span record)
{
	struct node *n = arg;

	if (!addrbook_load(n->book, key, record))
		bans_load(n->bans, key, record);
	return true;
}

static bool load_records(struct node *n, struct err *e)
{
	const struct record_store store = {.put = record_put, .del = record_del, .ctx = n};

	n->book = addrbook_new(&n->clock.clock, n->rng, &store);
	n->bans = bans_new(&n->clock.clock, &store);
	if (!store_each_addr(n->store, record_load, n, e))
		return false;
	addrbook_loaded(n->book);
	return true;
}

/* --- listening and dialling --------------------------------------------------------------- */

/* Raises the limit on open files. Returns the new limit. */
static rlim_t raise_file_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return FILES_WANTED;
	if (r.rlim_cur < FILES_WANTED) {
		r.rlim_cur = MIN(r.rlim_max, FILES_WANTED);
		setrlimit(RLIMIT_NOFILE, &r);
	}
	return getrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : FILES_WANTED;
}

/* Each inbound connection needs an open file. */
static unsigned inbound_slots(uint32_t wanted)
{
	rlim_t files = raise_file_limit();
	rlim_t room = files > FILES_RESERVED ? files - FILES_RESERVED : 1;

	if (wanted <= room)
		return wanted;
	log_warn(LOG_NODE,
		 "only %llu open files are allowed: at most %llu inbound connections instead of %u",
		 (unsigned long long)files, (unsigned long long)room, wanted);
	return (unsigned)room;
}

/* Dials a configured peer and counts it in *expected. "0" is not an address: -connect 0
 * dials nobody. */
static bool dial_peer(struct node *n, const char *text, unsigned *expected, struct err *e)
{
	struct net_addr a;
	struct err known = {0};

	if (strcmp(text, "0") == 0)
		return true;
	if (!net_addr_parse(&a, text, NODE_ID_DEFAULT, e))
		return false;
	++*expected;
	addrbook_add(n->book, &a, SERVICE_NETWORK, clock_unix(&n->clock.clock), NULL);
	if (net_connect(n->net, &a, false, &known) || known.cls == ERR_KNOWN)
		return true;
	if (known.cls == ERR_POLICY) { /* banned; the user may lift the ban later */
		log_warn(LOG_NODE, "not connecting: %s", known.detail);
		--*expected;
		return true;
	}
	*e = known;
	return false;
}

static bool dial_configured(struct node *n, struct err *e)
{
	const struct config *c = &n->config;
	struct net_addr central;
	unsigned expected = 0;

	for (uint32_t i = 0; i < c->n_connect; i++)
		if (!dial_peer(n, c->connect[i], &expected, e))
			return false;
	for (uint32_t i = 0; i < c->n_addnode; i++)
		if (!dial_peer(n, c->addnode[i], &expected, e))
			return false;
	/* A node without configured peers dials the central node of a class on this machine. */
	if (c->n_connect + c->n_addnode == 0 && c->port != NODE_ID_DEFAULT &&
	    c->node_id != NODE_ID_DEFAULT &&
	    net_addr_parse_numeric(&central, "127.0.0.1", NODE_ID_DEFAULT, NULL)) {
		net_set_fallback(n->net, &central);
		expected = 1;
	}
	protocol_expect_peers(n->protocol, expected);
	return true;
}

/* The only chain that a node without a chain may join: that of -chain, or the chain that was in
 * this directory until reindex could recover nothing of it except its identity. */
static bool wanted_chain(const struct node *n, struct protocol_options *po, struct err *e)
{
	const char *chosen = n->config.chain;
	size_t len = HASH_BYTES;

	po->want_chain = chosen[0] != '\0';
	if (po->want_chain && !hash256_parse(&po->wanted.h, chosen))
		return err_set(e, ERR_USAGE, "bad-chain",
			       "-chain '%s' is not a hash: give all 64 hex digits", chosen);
	if (po->want_chain && chain_has_genesis(n->chain) &&
	    !hash256_equal(&po->wanted.h, &chain_params(n->chain)->genesis_hash.h))
		return err_set(
			e, ERR_USAGE, "other-chain",
			"this directory holds another chain ('%s'): use another --node-id for the chain %.16s…",
			chain_params(n->chain)->name, chosen);
	if (!po->want_chain && !chain_has_genesis(n->chain))
		po->want_chain = store_get_meta(n->store, META_JOIN, po->wanted.h.b, &len, NULL) &&
				 len == HASH_BYTES;
	return true;
}

static bool start_network(struct node *n, struct err *e)
{
	const struct config *c = &n->config;
	struct protocol_options po = {
		.chain = n->chain,
		.mempool = n->mempool,
		.book = n->book,
		.clock = &n->clock.clock,
		.rng = n->rng,
		.sync = c->sync_classic ? SYNC_CLASSIC : SYNC_HEADERS,
		.events = &n->protocol_events,
		.events_arg = n,
	};
	struct net_options no = {
		.base = n->base,
		.priority = NODE_PRIO_WORK,
		.clock = &n->clock.clock,
		.rng = n->rng,
		.book = n->book,
		.bans = n->bans,
		.inbound_max = inbound_slots(c->inbound_max),
	};

	if (!wanted_chain(n, &po, e))
		return false;
	/* Not while any chain may be joined: such a node joins the first chain that a dialled peer
	 * offers, and a stranger can get its own address into the book. */
	no.dial_book = c->n_connect == 0 && (po.want_chain || chain_has_genesis(n->chain));
	n->protocol = protocol_new(&po);
	no.handler = protocol_net_handler(n->protocol);
	n->net = net_new(&no);
	protocol_set_transport(n->protocol, net_transport(n->net));
	if (c->listen && !net_listen(n->net, c->bind[0] ? c->bind : NULL, (uint16_t)c->port, e))
		return false;
	protocol_set_port(n->protocol, net_port(n->net));
	return dial_configured(n, e);
}

bool node_open_network(struct node *n, struct err *e)
{
	signal(SIGPIPE, SIG_IGN);
	return load_records(n, e) && start_network(n, e);
}
