/* The mempool: unconfirmed transactions. */
#include "tui/views/views_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/detail_priv.h"
#include "tui/views/format_priv.h"

#define MEMPOOL_ROWS 500

static void mempool_read(struct tui_data *d, const struct source *s)
{
	mem_reserve(&d->mempool, &d->mempool_cap, MEMPOOL_ROWS, sizeof(*d->mempool));
	d->n_mempool = s->ops->mempool_rows(s, d->mempool, MEMPOOL_ROWS);
}

static size_t mempool_row_count(const struct tui_data *d)
{
	return d->n_mempool;
}

static void mempool_id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 't'};
	memcpy(out->b + 1, d->mempool[i].id.h.b, HASH_BYTES);
}

static double fee_rate(const struct mempool_row *t)
{
	return t->bytes ? (double)t->fee / t->bytes : 0;
}

static void mempool_words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct mempool_row *t = &d->mempool[i];
	char hex[HASH_HEX_CHARS + 1];

	hash256_hex(hex, &t->id.h);
	snprintf(out, size, "tx=%s in=%u out=%u fee=%lld %s", hex, t->n_in, t->n_out,
		 (long long)t->fee, t->mine ? "mine" : "");
}

static int compare_fee_rate(const struct tui_data *d, size_t a, size_t b)
{
	const double x = fee_rate(&d->mempool[a]), y = fee_rate(&d->mempool[b]);

	return x > y ? -1 : x < y;
}

static int compare_outputs(const struct tui_data *d, size_t a, size_t b)
{
	const int64_t x = d->mempool[a].value, y = d->mempool[b].value;

	return x > y ? -1 : x < y;
}

static int compare_age(const struct tui_data *d, size_t a, size_t b)
{
	const uint64_t x = d->mempool[a].seq, y = d->mempool[b].seq;

	return x > y ? -1 : x < y;
}

static const struct view_sort mempool_sorts[] = {
	{.name = "age", .compare = compare_age},
	{.name = "fee rate", .greatest_first = true, .compare = compare_fee_rate},
	{.name = "outputs", .greatest_first = true, .compare = compare_outputs},
	{0},
};

static void mempool_note(const struct model *m, char *out, size_t size)
{
	char bytes[FORMAT_BYTES];

	format_size(bytes, m->data.snap.mempool_bytes);
	snprintf(out, size, "%u tx, %s", m->data.snap.mempool_count, bytes);
}

static int mempool_head(const struct model *m, struct canvas *c, const struct rect *r)
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

static void mempool_draw_row(const struct model *m, struct row *r, size_t i)
{
	const struct mempool_row *t = &m->data.mempool[i];
	char hash[HASH_SHORT_CHARS + 1], age[FORMAT_BYTES], value[FORMAT_BYTES], fee[24];

	hash256_short(hash, &t->id.h);
	format_age(age, m->data.snap.now_us / 1000000 - t->time);
	format_coins(value, t->value);
	row_field(r, theme_hash(&t->id.h), 11, hash);
	row_fieldf(r, ROLE_NORMAL, -7, "%u/%u", t->n_in, t->n_out);
	row_column(r, ROLE_MONEY, -13, value);
	snprintf(fee, sizeof(fee), "%.1f", fee_rate(t));
	row_column(r, ROLE_NORMAL, -6, fee);
	row_column(r, ROLE_DIM, -5, age);
	if (t->mine)
		row_column(r, ROLE_GOOD, 3, " me");
}

static void mempool_empty(const struct model *m, char *out, size_t size)
{
	snprintf(out, size, "mempool empty: %s",
		 m->data.snap.has_chain ? "S sends coins" : "there is no chain yet");
}

static void mempool_explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct mempool_row *t = &m->data.mempool[i];

	snprintf(out, size, "%s payment, %u bytes: miners choose the highest fee per byte first",
		 t->mine ? "this wallet's" : "a", t->bytes);
}

const struct view view_mempool = {
	.name = "Mempool",
	.help_word = "mempool",
	.newest = NEWEST_FIRST,
	.detail_kind = DETAIL_SLOW,
	.sorts = mempool_sorts,
	.read = mempool_read,
	.count = mempool_row_count,
	.id = mempool_id,
	.fields = "tx in out fee",
	.words = mempool_words,
	.note = mempool_note,
	.head = mempool_head,
	.row = mempool_draw_row,
	.empty = mempool_empty,
	.explain = mempool_explain,
	.detail = detail_of_tx,
};
