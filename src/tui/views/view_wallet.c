/* The wallet: balance above, payments below. */
#include "tui/views/views_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include "tui/model/model_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/detail_priv.h"
#include "tui/views/format_priv.h"

#define HISTORY_ROWS 500
#define ADDRESS_ROWS 100
#define STATE_COLS   12

static void wallet_read(struct tui_data *d, const struct source *s)
{
	mem_reserve(&d->history, &d->history_cap, HISTORY_ROWS, sizeof(*d->history));
	d->n_history = s->ops->wallet_history(s, d->history, HISTORY_ROWS);
	mem_reserve(&d->addresses, &d->addresses_cap, ADDRESS_ROWS, sizeof(*d->addresses));
	d->n_addresses = s->ops->wallet_addresses(s, d->addresses, ADDRESS_ROWS);
}

static size_t wallet_count(const struct tui_data *d)
{
	return d->n_history;
}

static void wallet_id(const struct tui_data *d, size_t i, struct row_id *out)
{
	*out = (struct row_id){.b[0] = 'w'};
	memcpy(out->b + 1, d->history[i].id.h.b, HASH_BYTES);
}

static const char *payment_kind(const struct payment_row *t)
{
	return t->coinbase ? "mined" : t->to_self ? "to self" : t->sent ? "sent" : "received";
}

/* "": the address has no label. */
static const char *label_of(const struct tui_data *d, const struct key_hash *of)
{
	for (size_t i = 0; i < d->n_addresses; i++)
		if (memcmp(d->addresses[i].owner.b, of->b, KEY_HASH_BYTES) == 0)
			return d->addresses[i].label;
	return "";
}

static void wallet_words(const struct tui_data *d, size_t i, char *out, size_t size)
{
	const struct payment_row *t = &d->history[i];
	const char *label = label_of(d, &t->to);
	char hex[HASH_HEX_CHARS + 1], to[ADDRESS_CHARS + 1];

	hash256_hex(hex, &t->id.h);
	address_encode(to, &t->to);
	snprintf(out, size, "tx=%s to=%s height=%u %s %s %s", hex, to, t->height, t->memo,
		 payment_kind(t), label);
	if (*label)
		text_append(out, size, " to=%s", label);
}

/* The words around the amounts of the balance, the longest form first. The first form that fits is
 * used. */
static const struct wording {
	const char *spendable, *plus, *immature, *pending;
} wordings[] = {
	{.spendable = " spendable",
	 .plus = "  ",
	 .immature = " immature",
	 .pending = " unconfirmed"},
	{.spendable = "", .plus = " +", .immature = " immature", .pending = " unconfirmed"},
	{.spendable = "", .plus = " +", .immature = " imm.", .pending = " unc."},
};

/* The text after the spendable amount. */
static void balance_rest(const struct snapshot_balance *b, const struct wording *w, char *out,
			 size_t size)
{
	char text[FORMAT_BYTES];

	snprintf(out, size, "%s", w->spendable);
	format_coins(text, b->immature);
	if (b->immature)
		text_append(out, size, "%s%s%s", w->plus, text, w->immature);
	format_coins(text, b->pending);
	if (b->pending)
		text_append(out, size, "%s%s%s", w->plus, text, w->pending);
}

static int balance_draw(const struct model *m, struct canvas *c, const struct rect *r)
{
	const struct snapshot_balance *b = &m->data.snap.balance;
	struct row row = {c, r->x, r->y, r->x + r->w, 0};
	char text[FORMAT_BYTES], rest[4 * FORMAT_BYTES];
	size_t i = 0;

	format_coins(text, b->spendable);
	row_text(&row, ROLE_MONEY | STYLE_BOLD, text);
	do
		balance_rest(b, &wordings[i++], rest, sizeof(rest));
	while (i < ARRAY_LEN(wordings) && canvas_width(c, rest) > row_left(&row));
	row_text(&row, ROLE_DIM, rest);
	return 1;
}

static int wallet_head(const struct model *m, struct canvas *c, const struct rect *r)
{
	int lines = balance_draw(m, c, r);

	if (r->h < 8)
		return lines;
	for (size_t i = 0; i < m->data.n_addresses && lines < r->h / 3; i++, lines++) {
		const struct address_row *a = &m->data.addresses[i];
		struct row row = {c, r->x, r->y + lines, r->x + r->w, 0};
		char text[ADDRESS_CHARS + 1], amount[FORMAT_BYTES];

		address_encode(text, &a->owner);
		format_coins(amount, a->spendable);
		/* If there is no room for all, label and address are shown: a person needs them to
		 * be paid. */
		if (r->w < ADDRESS_CHARS + 30) {
			row_field(&row, ROLE_TITLE, r->w - ADDRESS_CHARS - 1, a->label);
			row_text(&row, ROLE_NORMAL, text);
			continue;
		}
		row_field(&row, ROLE_NORMAL, ADDRESS_CHARS + 1, text);
		row_field(&row, ROLE_MONEY, -16, amount);
		row_printf(&row, ROLE_TITLE, "  %s", a->label);
	}
	return lines;
}

static void wallet_draw_row(const struct model *m, struct row *r, size_t i)
{
	const struct payment_row *t = &m->data.history[i];
	const int64_t net = t->received - t->sent;
	const char *label = label_of(&m->data, &t->to);
	char hash[HASH_SHORT_CHARS + 1], age[FORMAT_BYTES], amount[FORMAT_BYTES + 1],
		to[ADDRESS_CHARS + 1];

	hash256_short(hash, &t->id.h);
	format_age(age, m->data.snap.now_us / 1000000 - t->time);
	format_coins(amount, net < 0 ? -net : net);
	address_encode(to, &t->to);
	row_field(r, ROLE_DIM, -5, age);
	row_gap(r, 1);
	row_fieldf(r, net < 0 ? ROLE_OUT : ROLE_GOOD, -14, "%s%s", net < 0 ? "-" : "+", amount);
	row_gap(r, 1);
	row_field(r, ROLE_NORMAL, 9, payment_kind(t));
	if (t->abandoned)
		row_field(r, ROLE_BAD, STATE_COLS, "abandoned");
	else
		row_field(r, ROLE_WARN, STATE_COLS, t->unconfirmed ? "unconfirmed" : "");
	row_column(r, theme_hash(&t->id.h), 11, hash);
	if (!t->coinbase && row_left(r) > 20)
		row_printf(r, ROLE_DIM, "%s %s", *label ? label : to, t->memo);
}

static void wallet_empty(const struct model *m, char *out, size_t size)
{
	snprintf(out, size, "%s; :getnewaddress makes an address",
		 m->data.snap.has_chain ? "no payments yet: m starts mining"
					: "no payments: there is no chain yet");
}

static void wallet_explain(const struct model *m, size_t i, char *out, size_t size)
{
	const struct payment_row *t = &m->data.history[i];
	const uint32_t depth = m->data.snap.tip.height - t->height + 1;

	if (t->abandoned && t->coinbase)
		snprintf(out, size, "abandoned: the block of this reward was reorganised away");
	else if (t->parent_abandoned)
		snprintf(out, size,
			 "abandoned: it spends coins from a block that was reorganised away");
	else if (t->abandoned)
		snprintf(out, size,
			 "abandoned: another payment spends its coins, or the user abandoned it");
	else if (t->to_self && t->unconfirmed)
		snprintf(out, size, "unconfirmed; a payment to this wallet costs only the fee");
	else if (t->unconfirmed)
		snprintf(out, size, "unconfirmed: no block has it yet");
	else
		snprintf(out, size, "in block %" PRIu32 ": %" PRIu32 " confirmation%s", t->height,
			 depth, depth == 1 ? "" : "s");
}

const struct view view_wallet = {
	.name = "Wallet",
	.help_word = "wallet",
	.newest = NEWEST_FIRST,
	.detail_kind = DETAIL_SLOW,
	.read = wallet_read,
	.count = wallet_count,
	.id = wallet_id,
	.fields = "tx to height",
	.words = wallet_words,
	.head = wallet_head,
	.row = wallet_draw_row,
	.empty = wallet_empty,
	.explain = wallet_explain,
	.detail = detail_of_tx,
};
