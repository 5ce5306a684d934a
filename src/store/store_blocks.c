/* Block bodies and undo data: the key of the header -> bytes. */
#include "store/store_priv.h"

static bool put(struct store *s, enum store_table t, uint32_t height, uint32_t seq, struct span raw,
		struct err *e)
{
	uint8_t key[STORE_KEY_BYTES];

	store_key(key, height, seq);
	return env_put(&s->env, t, (struct span){key, sizeof key}, raw, e);
}

static bool get(struct store *s, enum store_table t, uint32_t height, uint32_t seq, uint8_t **bytes,
		size_t *n, struct err *e)
{
	uint8_t key[STORE_KEY_BYTES];
	struct err why;

	store_key(key, height, seq);
	if (env_get_alloc(&s->env, t, (struct span){key, sizeof key}, bytes, n, &why))
		return true;
	if (why.cls == ERR_NONE)
		err_set(&why, ERR_NOTFOUND, "block-not-found",
			"block %u at height %u is not in %s.db", (unsigned)seq, (unsigned)height,
			env_table_name(&s->env, t));
	if (e != NULL)
		*e = why;
	return false;
}

bool store_put_block(struct store *s, uint32_t height, uint32_t seq, struct span raw, struct err *e)
{
	return put(s, STORE_BLOCKS, height, seq, raw, e);
}

bool store_get_block(struct store *s, uint32_t height, uint32_t seq, uint8_t **bytes, size_t *n,
		     struct err *e)
{
	return get(s, STORE_BLOCKS, height, seq, bytes, n, e);
}

bool store_put_undo(struct store *s, uint32_t height, uint32_t seq, struct span raw, struct err *e)
{
	return put(s, STORE_UNDO, height, seq, raw, e);
}

bool store_get_undo(struct store *s, uint32_t height, uint32_t seq, uint8_t **bytes, size_t *n,
		    struct err *e)
{
	return get(s, STORE_UNDO, height, seq, bytes, n, e);
}
