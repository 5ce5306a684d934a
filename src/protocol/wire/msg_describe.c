/* One line on what a message holds, for people. */
#include <inttypes.h>
#include <string.h>

#include <tally/base/text.h>
#include <tally/primitives/amount.h>

#include "protocol/protocol_priv.h"

#define OUTPUTS_TOLD  3
#define SUMMARY_BYTES (MSG_SUMMARY_CHARS + 1)
#define AGENT_SHOWN   60

static void add_hash(char *out, const char *before, const struct hash256 *h)
{
	char shown[HASH_SHORT_CHARS + 1];

	hash256_short(shown, h);
	text_append(out, SUMMARY_BYTES, "%s%s", before, shown);
}

/* The user agent without the chain's tag, which is the same with every peer that stays. */
static void describe_version(const struct msg_version *v, char *out)
{
	char agent[PEER_AGENT_MAX + 1], shown[AGENT_SHOWN + 1];
	char *from, *to;

	utf8_sanitise(agent, sizeof(agent), v->agent.p, v->agent.len);
	from = strstr(agent, "(chain=");
	to = from ? strchr(from, ')') : NULL;
	if (to)
		memmove(from, to + 1, strlen(to + 1) + 1);
	text_append(out, SUMMARY_BYTES, "v%" PRId32, v->version);
	utf8_sanitise(shown, sizeof(shown), agent, strlen(agent));
	if (shown[0])
		text_append(out, SUMMARY_BYTES, " %s", shown);
	if (v->fields > 2 && v->start_height < 0)
		text_append(out, SUMMARY_BYTES, " no chain");
	else if (v->fields > 2)
		text_append(out, SUMMARY_BYTES, " h=%" PRId32, v->start_height);
	if (v->services == 0)
		text_append(out, SUMMARY_BYTES, " wallet");
}

static void describe_locator(const struct msg_locator *l, char *out, struct hash256 *about)
{
	if (l->n == 0) {
		text_append(out, SUMMARY_BYTES, "from genesis");
	} else {
		memcpy(about->b, l->hashes, HASH_BYTES);
		add_hash(out, "from ", about);
		if (l->n > 1)
			text_append(out, SUMMARY_BYTES, " +%zu locator", l->n - 1);
	}
	if (!hash256_is_zero(&l->stop.h))
		add_hash(out, " to ", &l->stop.h);
}

static void add_count(char *out, size_t n, const char *what)
{
	if (n == 0)
		return;
	if (out[0])
		text_append(out, SUMMARY_BYTES, " ");
	if (n == 1)
		text_append(out, SUMMARY_BYTES, "%s", what);
	else
		text_append(out, SUMMARY_BYTES, "%zu %ss", n, what);
}

static void describe_inv(const struct msg_list *l, char *out, struct hash256 *about)
{
	size_t blocks = 0, txs = 0, filtered = 0;

	if (l->n == 0) {
		text_append(out, SUMMARY_BYTES, "nothing");
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		uint32_t type = le32(l->items + i * INV_ITEM_BYTES);

		blocks += type == INV_BLOCK;
		txs += type == INV_TX;
		filtered += type == INV_FILTERED_BLOCK;
	}
	add_count(out, blocks, "block");
	add_count(out, txs, "tx");
	add_count(out, filtered, "filtered block");
	add_count(out, l->n - blocks - txs - filtered, "unknown");
	*about = msg_inv_at(l, 0).hash;
	add_hash(out, " ", about);
}

/* Its height where the parent is known: the block itself may not be here yet. */
static bool height_of(const struct protocol *p, const struct block *b, uint32_t *height)
{
	struct chain_entry en;

	*height = 0;
	if (hash256_is_zero(&b->header.prev.h))
		return true;
	if (!has_chain(p) || !chain_find(p->o.chain, &b->header.prev, &en))
		return false;
	*height = en.height + 1;
	return true;
}

static void describe_block(const struct protocol *p, const struct block *b, char *out,
			   struct hash256 *about)
{
	uint32_t height;

	if (height_of(p, b, &height))
		text_append(out, SUMMARY_BYTES, "h=%" PRIu32 " ", height);
	text_append(out, SUMMARY_BYTES, "%" PRIu32 "tx", b->n_tx);
	add_hash(out, " ", &b->hash.h);
	add_hash(out, " prev=", &b->header.prev.h);
	*about = b->hash.h;
}

/* A few are told one by one: a payment is not its change. */
static void add_outputs(char *out, const struct tx *tx)
{
	char amount[AMOUNT_CHARS + 1];
	int64_t sum = 0;
	bool fits = true;

	if (tx->n_out <= OUTPUTS_TOLD) {
		for (uint32_t i = 0; i < tx->n_out; i++) {
			amount_format(amount, tx->out[i].value);
			text_append(out, SUMMARY_BYTES, "%s%s", i ? "+" : " ", amount);
		}
		return;
	}
	for (uint32_t i = 0; i < tx->n_out; i++)
		fits = amount_add(&sum, tx->out[i].value) && fits;
	amount_format(amount, sum);
	text_append(out, SUMMARY_BYTES, " %s", fits ? amount : "?");
}

static void describe_tx(const struct tx *tx, char *out, struct hash256 *about)
{
	add_hash(out, "", &tx->id.h);
	text_append(out, SUMMARY_BYTES, " %" PRIu32 "in %" PRIu32 "out", tx->n_in, tx->n_out);
	add_outputs(out, tx);
	text_append(out, SUMMARY_BYTES, " coins");
	*about = tx->id.h;
}

static void describe_headers(const struct msg_list *l, char *out, struct hash256 *about)
{
	struct block_header h;
	struct block_hash hash;

	if (l->n == 0) {
		text_append(out, SUMMARY_BYTES, "none");
		return;
	}
	add_count(out, l->n, "header");
	msg_header_at(l, 0, &h);
	header_hash(&hash, &h);
	*about = hash.h;
	add_hash(out, " ", about);
}

static void describe_addr(const struct msg_list *l, char *out)
{
	char shown[NET_ADDR_CHARS + 1];
	struct addr_item a;

	if (l->n == 0) {
		text_append(out, SUMMARY_BYTES, "none");
		return;
	}
	a = msg_addr_at(l, 0);
	net_addr_format(shown, &a.s.addr);
	text_append(out, SUMMARY_BYTES, "%s", shown);
	if (l->n > 1)
		text_append(out, SUMMARY_BYTES, " and %zu more", l->n - 1);
}

void msg_describe(const struct protocol *p, const struct msg *m, char out[MSG_SUMMARY_CHARS + 1],
		  struct hash256 *about)
{
	out[0] = '\0';
	memset(about, 0, sizeof(*about));
	switch (m->kind) {
	case MSG_VERSION:
		describe_version(&m->u.version, out);
		break;
	case MSG_GETBLOCKS:
	case MSG_GETHEADERS:
		describe_locator(&m->u.locator, out, about);
		break;
	case MSG_INV:
	case MSG_GETDATA:
	case MSG_NOTFOUND:
		describe_inv(&m->u.list, out, about);
		break;
	case MSG_BLOCK:
		describe_block(p, m->u.block, out, about);
		break;
	case MSG_TX:
		describe_tx(m->u.tx, out, about);
		break;
	case MSG_HEADERS:
		describe_headers(&m->u.list, out, about);
		break;
	case MSG_ADDR:
		describe_addr(&m->u.list, out);
		break;
	case MSG_PING:
	case MSG_PONG:
		text_append(out, SUMMARY_BYTES, "%016" PRIx64, m->u.nonce);
		break;
	case MSG_VERACK:
	case MSG_GETADDR:
	case MSG_MEMPOOL:
	case MSG_SENDHEADERS:
	case MSG_KINDS:
		break;
	}
}
