#include "chain/undo_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

void undo_encode(struct writer *w, const struct coin *coins, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_le64(w, (uint64_t)coins[i].value);
		put_bytes(w, coins[i].owner.b, KEY_HASH_BYTES);
		put_le32(w, coins[i].height << 1 | (coins[i].coinbase ? 1 : 0));
	}
}

bool undo_decode(struct coin **coins, size_t *n, struct span raw, struct err *e)
{
	size_t count = raw.len / UNDO_COIN_BYTES;
	struct coin *out;
	struct reader r;

	if (raw.len % UNDO_COIN_BYTES != 0)
		return err_set(
			e, ERR_CORRUPT, "db-damaged",
			"an undo record has %zu bytes, not a multiple of 32: run 'tally reindex'",
			raw.len);
	out = mem_array(count + 1, sizeof(*out));
	reader_init(&r, raw.p, raw.len);
	for (size_t i = 0; i < count; i++) {
		uint32_t height;

		out[i].value = (int64_t)get_le64(&r);
		get_bytes(&r, out[i].owner.b, KEY_HASH_BYTES);
		height = get_le32(&r);
		out[i].height = height >> 1;
		out[i].coinbase = (height & 1) != 0;
		if (!amount_valid(out[i].value)) {
			free(out);
			return err_set(
				e, ERR_CORRUPT, "db-damaged",
				"an undo record has an amount out of range: run 'tally reindex'");
		}
	}
	*coins = out;
	*n = count;
	return true;
}
