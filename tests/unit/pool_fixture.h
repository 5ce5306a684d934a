/* A mempool on a real chain, which gets the chain's events as in the node. Counts the calls of
 * key_verify: the linker option --wrap sends them through pool_fixture.c. */
#ifndef TALLY_TESTS_POOL_FIXTURE_H
#define TALLY_TESTS_POOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/mem.h>
#include <tally/mempool/mempool.h>

#include "chain_fixture.h"

#define PF_VERDICTS 2048

struct pf_verdict {
	struct txid id;
	uint64_t origin;
	struct err err;
};

struct pf {
	struct fx fx;
	struct mempool *pool;
	struct block *tip; /* the last block mined by the fixture */
	struct tx *fan;    /* in block 1: many coins of key 0 */
	unsigned added, removed;
	struct txid last_removed;
	char last_reason[16];
	struct pf_verdict verdicts[PF_VERDICTS];
	size_t n_verdicts;
};

extern unsigned pf_signatures; /* checked so far */

/* max_bytes 0: the default. */
struct pf *pf_open(const struct fx_options *o, uint64_t max_bytes);

void pf_close(struct pf *p);

/* Mines a block with these transactions after the last one, and connects it. */
void pf_mine(struct pf *p, struct tx *const *txs, size_t n);

/* Splits the reward of genesis into n equal coins of key 0, in block 1. */
void pf_fan(struct pf *p, size_t n);

struct fx_in pf_coin(const struct pf *p, uint32_t i);

void pf_accept(struct pf *p, struct tx *tx);

/* mempool_accept must fail with this error and leave the pool unchanged. */
void pf_refused(struct pf *p, struct tx *tx, enum err_class cls, const char *token);

/* Works until nothing is queued or being checked. */
void pf_work(struct pf *p);

void pf_submit(struct pf *p, struct tx *tx, uint64_t origin);

/* The last verdict on a transaction. */
const struct err *pf_verdict_on(const struct pf *p, const struct tx *tx);

bool pf_in(const struct pf *p, const struct tx *tx);

#endif
