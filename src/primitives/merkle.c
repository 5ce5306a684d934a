#include <tally/primitives/merkle.h>

#include <assert.h>
#include <stdlib.h>

#include <tally/base/mem.h>

void merkle_root(struct hash256 *out, struct hash256 *leaves, size_t n, bool *mutated)
{
	bool twins = false;

	assert(n >= 1);
	for (; n > 1; n = (n + 1) / 2) {
		/* On every level, because an attacker may repeat whole subtrees, and before the
		 * duplication of the last node, which honest trees have, too. */
		for (size_t i = 0; i + 1 < n; i += 2)
			twins = twins || hash256_equal(&leaves[i], &leaves[i + 1]);
		for (size_t i = 0; i < n; i += 2)
			sha256d_pair(&leaves[i / 2], &leaves[i], &leaves[i + 1 < n ? i + 1 : i]);
	}
	*out = leaves[0];
	if (mutated)
		*mutated = twins;
}

void block_merkle_root(struct hash256 *out, const struct block *b, bool *mutated)
{
	struct hash256 *leaves;

	if (b->n_tx == 0) {
		*out = (struct hash256){{0}};
		if (mutated)
			*mutated = false;
		return;
	}
	leaves = mem_array(b->n_tx, sizeof(*leaves));
	for (uint32_t i = 0; i < b->n_tx; i++)
		leaves[i] = b->tx[i].id.h;
	merkle_root(out, leaves, b->n_tx, mutated);
	free(leaves);
}
