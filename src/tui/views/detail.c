#include "tui/views/detail_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#define DETAIL_BYTES 131072

/* The text, or NULL if `known` is false. */
static char *text_if(bool known, char *text)
{
	if (known)
		return text;
	free(text);
	return NULL;
}

char *detail_of_block(const struct detail_request *rq)
{
	char *text = mem_alloc(DETAIL_BYTES);
	struct block_hash hash;

	memcpy(hash.h.b, rq->id.b + 1, HASH_BYTES);
	return text_if(rq->source->ops->describe_block(rq->source, &hash, text, DETAIL_BYTES),
		       text);
}

char *detail_of_tx(const struct detail_request *rq)
{
	char *text = mem_alloc(DETAIL_BYTES);
	struct txid id;

	memcpy(id.h.b, rq->id.b + 1, HASH_BYTES);
	return text_if(rq->source->ops->describe_tx(rq->source, &id, rq->cache, text, DETAIL_BYTES),
		       text);
}
