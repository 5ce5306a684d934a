#ifndef TALLY_CHAIN_HEADER_WRITER_PRIV_H
#define TALLY_CHAIN_HEADER_WRITER_PRIV_H

#include "chain/chain_priv.h"

/* The next headers_flush writes the header, with the status that it has then. */
bool headers_mark_unsaved(struct chain *c, chain_index i, const struct block_header *h,
			  struct err *e);
/* Writes all unsaved headers to the store. */
bool headers_flush(struct chain *c, struct err *e);
/* Saved or not. */
bool headers_read(const struct chain *c, chain_index i, uint8_t out[HEADER_BYTES], struct err *e);

#endif
