/* Headers that differ from the store. A header is written once per commit, with the status that it
 * has then, however often that changed. */
#include "chain/header_writer_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "chain/chain_state_priv.h"

/* Headers kept in memory until they are written together. */
#define UNSAVED_MAX 512

static bool read_stored(const struct chain *c, chain_index i, uint8_t out[HEADER_BYTES],
			struct err *e)
{
	uint32_t status;

	return store_get_header(c->store, tree_at(&c->tree, i)->height, tree_seq(&c->tree, i), out,
				&status, e);
}

bool headers_read(const struct chain *c, chain_index i, uint8_t out[HEADER_BYTES], struct err *e)
{
	const uint8_t *kept = map_get(&c->unsaved, &i);

	if (kept == NULL)
		return read_stored(c, i, out, e);
	memcpy(out, kept, HEADER_BYTES);
	return true;
}

bool headers_mark_unsaved(struct chain *c, chain_index i, const struct block_header *h,
			  struct err *e)
{
	uint8_t bytes[HEADER_BYTES];

	chain_changed(c, COMMIT_LAZY);
	if ((tree_status(&c->tree, i) & TREE_UNSAVED) != 0)
		return true;
	header_encode(bytes, h);
	if (map_len(&c->unsaved) >= UNSAVED_MAX && !headers_flush(c, e))
		return false;
	memcpy(map_put(&c->unsaved, &i, NULL), bytes, HEADER_BYTES);
	tree_at(&c->tree, i)->seq_status |= TREE_UNSAVED;
	return true;
}

static int by_index(const void *a, const void *b)
{
	const chain_index *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool headers_flush(struct chain *c, struct err *e)
{
	chain_index order[UNSAVED_MAX];
	size_t n = 0;
	const void *key;
	void *value;

	for (size_t at = 0; map_next(&c->unsaved, &at, &key, &value);)
		memcpy(&order[n++], key, sizeof(order[0]));
	/* Headers that arrived one after another are neighbours in the store: in this order they
	 * share pages. */
	qsort(order, n, sizeof(order[0]), by_index);
	for (size_t k = 0; k < n; k++) {
		chain_index i = order[k];
		struct tree_entry *en = tree_at(&c->tree, i);

		if (!store_put_header(c->store, en->height, tree_seq(&c->tree, i),
				      map_get(&c->unsaved, &i),
				      tree_status(&c->tree, i) & TREE_STORED_BITS, e))
			return false;
		en->seq_status &= ~(uint32_t)TREE_UNSAVED;
	}
	map_clear(&c->unsaved);
	return true;
}
