/* Transactions that wait for a block. */
#include "tui/views/view_priv.h"

#include <stdio.h>
#include <string.h>

static size_t count(const struct tui_data *d)
{
	return d->n_mempool;
}

static void id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 't'};
	memcpy(out->b + 1, d->mempool[i].id.h.b, HASH_BYTES);
}

static double rate(const struct mempool_row *t)
{
	return t->bytes ? (double)t->fee / t->bytes : 0;
}

static void words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct mempool_row *t = &d->mempool[i];
	char hex[HASH_HEX_CHARS + 1];

	hash256_hex(hex, &t->id.h);
	snprintf(out, size, "tx=%s in=%u out=%u fee=%lld %s", hex, t->n_in, t->n_out,
		 (long long)t->fee, t->mine ? "mine" : "");
}

static int order(double a, double b)
{
	return a > b ? -1 : a < b;
}

enum { BY_AGE, BY_FEE_RATE, BY_OUTPUTS };
static const char *const sorts[] = {
	[BY_AGE] = "age", [BY_FEE_RATE] = "fee rate", [BY_OUTPUTS] = "outputs", NULL};

static int compare(const struct tui_data *d, unsigned sort, size_t a, size_t b)
{
	const struct mempool_row *x = &d->mempool[a], *y = &d->mempool[b];

	switch (sort) {
	case BY_FEE_RATE:
		return order(rate(x), rate(y));
	case BY_OUTPUTS:
		return order((double)x->value, (double)y->value);
	}
	return order((double)x->seq, (double)y->seq);
}

static void note(const struct model *m, char *out, size_t size)
{
	char bytes[FORMAT_BYTES];

	format_size(bytes, m->data.snap.mempool_bytes);
	snprintf(out, size, "%u, %s", m->data.snap.mempool_count, bytes);
}

static int head(const struct model *m, struct canvas *c, const struct rect *r)
{
	struct row row = {c, r->x, r->y, r->x + r->w, 0};

	(void)m;
	row_field(&row, ROLE_DIM, 11, "tx");
	row_field(&row, ROLE_DIM, -7, "in/out");
	row_column(&row, ROLE_DIM, -13, "outputs");
	row_column(&row, ROLE_DIM, -6, "fee/B");
	row_column(&row, ROLE_DIM, -5, "age");
	return 1;
}

static void row(const struct model *m, struct row *r, size_t i)
{
	const struct mempool_row *t = &m->data.mempool[i];
	char hash[HASH_SHORT_CHARS + 1], age[FORMAT_BYTES], value[FORMAT_BYTES], fee[24];

	hash256_short(hash, &t->id.h);
	format_age(age, m->data.snap.now_us / 1000000 - t->time);
	format_coins(value, t->value);
	row_field(r, theme_hash(&t->id.h), 11, hash);
	row_fieldf(r, ROLE_NORMAL, -7, "%u/%u", t->n_in, t->n_out);
	row_column(r, ROLE_MONEY, -13, value);
	snprintf(fee, sizeof(fee), "%.1f", rate(t));
	row_column(r, ROLE_NORMAL, -6, fee);
	row_column(r, ROLE_DIM, -5, age);
	if (t->mine)
		row_column(r, ROLE_GOOD, 3, " me");
}

static void empty(const struct model *m, char *out, size_t size)
{
	snprintf(out, size, "nothing waits: %s",
		 m->data.snap.has_chain ? "S sends coins" : "a chain comes first");
}

static void explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct mempool_row *t = &m->data.mempool[i];

	snprintf(out, size, "%s payment of %u bytes: miners take the best fee a byte first",
		 t->mine ? "this wallet's" : "a", t->bytes);
}

const struct view view_mempool = {
	.name = "Mempool",
	.short_name = "Mempool",
	.sorts = sorts,
	.count = count,
	.id = id,
	.fields = "tx in out fee",
	.words = words,
	.greatest_first = 1u << BY_FEE_RATE | 1u << BY_OUTPUTS,
	.compare = compare,
	.note = note,
	.head = head,
	.row = row,
	.empty = empty,
	.explain = explain,
};
