/* reindex: rebuilds a damaged chain database. */
#include <stdio.h>

#include <tally/node/reindex.h>
#include <tally/store/env_replace.h>

#include "cli/commands_priv.h"
#include "cli/invoke_priv.h"

static void print_report(const struct invocation *in, const struct reindex_report *r)
{
	char hash[HASH_HEX_CHARS + 1];

	if (r->empty) {
		hash256_hex(hash, &r->chain.genesis.h);
		printf("the first block can't be read: the chain is empty now; startnode joins chain "
		       "%s again\n",
		       hash);
	} else {
		hash256_hex(hash, &r->tip.h);
		printf("rebuilt from %u blocks: height %u, tip %s\n", r->chain.blocks, r->height,
		       hash);
	}
	if (r->chain.missing > 0)
		printf("%u blocks can't be read, the lowest at height %u: the node will request them "
		       "from peers\n",
		       r->chain.missing, r->chain.first_missing);
	if (r->kept)
		printf("the old database is kept in %s/" ENV_REPLACE_DAMAGED "\n", in->config.dir);
}

static bool run_reindex(struct invocation *in, struct err *e)
{
	struct reindex_report r;

	if (!data_dir_exists(&in->config, e) || !node_reindex(&in->config, &r, e))
		return false;
	print_report(in, &r);
	return true;
}

const struct cli_command cmd_reindex = {
	.name = "reindex",
	.summary = "rebuilds a damaged chain database; does not change the wallet",
	.run = run_reindex,
};
