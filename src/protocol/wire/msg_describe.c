#include "protocol/wire/msg_describe_priv.h"

#include <tally/base/text.h>

void describe_hash(struct msg_record *rec, const char *before, const struct hash256 *h)
{
	char shown[HASH_SHORT_CHARS + 1];

	hash256_short(shown, h);
	text_append(rec->summary, sizeof(rec->summary), "%s%s", before, shown);
}

void describe_count(struct msg_record *rec, size_t n, const char *noun)
{
	const size_t size = sizeof(rec->summary);

	if (n == 0)
		return;
	if (rec->summary[0])
		text_append(rec->summary, size, " ");
	if (n == 1)
		text_append(rec->summary, size, "%s", noun);
	else
		text_append(rec->summary, size, "%zu %ss", n, noun);
}

void describe_inv(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	const struct msg_list *l = &m->u.list;
	size_t blocks = 0, txs = 0, filtered = 0;

	(void)p;
	if (l->n == 0) {
		text_append(rec->summary, sizeof(rec->summary), "nothing");
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		uint32_t type = msg_inv_at(l, i).type;

		blocks += type == INV_BLOCK;
		txs += type == INV_TX;
		filtered += type == INV_FILTERED_BLOCK;
	}
	describe_count(rec, blocks, "block");
	describe_count(rec, txs, "tx");
	describe_count(rec, filtered, "filtered block");
	describe_count(rec, l->n - blocks - txs - filtered, "unknown");
	rec->about = msg_inv_at(l, 0).hash;
	describe_hash(rec, " ", &rec->about);
}
