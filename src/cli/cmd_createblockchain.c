/* createblockchain: creates a new chain, whose first coins go to an address. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/text.h>
#include <tally/consensus/params.h>
#include <tally/crypto/label.h>
#include <tally/node/node.h>
#include <tally/primitives/amount.h>
#include <tally/wallet/receiver.h>

#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"
#include "cli/output_priv.h"

/* An option whose value is a whole number, decimal or 0x hex. */
struct number_option {
	const char *name;
	uint64_t min, max;
};

/* Leaves *out unchanged if the option is not given. */
static bool read_number(const struct invocation *in, struct number_option o, uint64_t *out,
			struct err *e)
{
	const char *text = invocation_value(in, o.name);

	if (!text || parse_u64_any(text, o.min, o.max, out))
		return true;
	return err_set(e, ERR_USAGE, "bad-option",
		       parse_u64_any(text, 0, UINT64_MAX, &(uint64_t){0})
			       ? "-%s '%s' is out of range: give a whole number from %" PRIu64
				 " to %" PRIu64
			       : "-%s '%s' is not a whole number: give one from %" PRIu64
				 " to %" PRIu64,
		       o.name, text, o.min, o.max);
}

static bool read_name(const struct invocation *in, struct chain_params *p, struct err *e)
{
	const char *name = invocation_value(in, "name");

	if (!name)
		name = "tally";
	if (!*name || strlen(name) > CHAIN_NAME_MAX || !utf8_printable(name, strlen(name)))
		return err_set(e, ERR_USAGE, "bad-name",
			       "-name '%.60s' is not valid: give 1 to %d bytes of printable text",
			       name, CHAIN_NAME_MAX);
	snprintf(p->name, sizeof(p->name), "%s", name);
	return true;
}

static bool read_params(const struct invocation *in, struct chain_params *p, struct err *e)
{
	const char *reward = invocation_value(in, "reward");
	uint64_t spacing = SPACING_DEFAULT, limit, halving, maturity, bytes;

	if (!read_number(in, (struct number_option){"spacing", 0, SPACING_MAX}, &spacing, e))
		return false;
	params_default(p, (uint32_t)spacing);
	limit = p->pow_limit;
	halving = p->halving;
	maturity = p->maturity;
	bytes = p->max_block_bytes;
	if (!read_number(in, (struct number_option){"pow-limit", 1, UINT32_MAX}, &limit, e) ||
	    !read_number(in, (struct number_option){"halving", 0, UINT32_MAX}, &halving, e) ||
	    !read_number(in, (struct number_option){"maturity", 1, MATURITY_MAX}, &maturity, e) ||
	    !read_number(
		    in,
		    (struct number_option){"max-block-bytes", MAX_BLOCK_BYTES_MIN, BLOCK_MAX_BYTES},
		    &bytes, e))
		return false;
	p->pow_limit = (uint32_t)limit;
	p->halving = (uint32_t)halving;
	p->maturity = (uint16_t)maturity;
	p->max_block_bytes = (uint32_t)bytes;
	p->genesis_bits = 0; /* node_create_chain sets them by measuring this machine */
	if (halving == 0)
		p->reward = REWARD_DEFAULT_UNHALVED;
	if (reward && !amount_parse(&p->reward, reward, true, e))
		return err_prefix(e, "-reward");
	return read_name(in, p, e) && params_check(p, e);
}

static bool run_createblockchain(struct invocation *in, struct err *e)
{
	struct chain_params p;
	struct node *n;
	char hash[HASH_HEX_CHARS + 1];
	const char *to = invocation_value(in, "address");
	bool ok;

	/* Finds every error before it makes a directory. */
	if (!read_params(in, &p, e) || !label_check_receiver(to, e)) {
		e->cls = ERR_USAGE;
		return false;
	}
	if (!node_open(&n, &in->config, NODE_OFFLINE, e))
		return false;
	ok = !node_has_chain(n) && receiver_resolve(node_wallet(n), to, true, &p.creator, e);
	if (ok || node_has_chain(n))
		ok = node_create_chain(n, &p, e); /* fails with "chain-exists" if it has one */
	if (!node_close(n, ok ? e : NULL) || !ok)
		return false;
	hash256_hex(hash, &p.genesis_hash.h);
	printf("%s\n", hash);
	output_note(
		"this is the hash of the first block; the chain is in %s, tally startnode runs its node",
		in->config.dir);
	return true;
}

static const struct cli_option options[] = {
	{.name = "address",
	 .value_name = "ADDR",
	 .required = true,
	 .help = "receiver of the first coins: an address, or a label (made if it is new)"},
	{.name = "name",
	 .value_name = "TEXT",
	 .help = "name of the chain, 1 to 40 bytes (default: tally)"},
	{.name = "spacing",
	 .value_name = "SECONDS",
	 .help = "seconds between blocks, 0 to 86400; 0 makes an instant chain (default: 10)"},
	{.name = "pow-limit",
	 .value_name = "BITS",
	 .help = "easiest target, in compact form (default: 0x1f00ffff)"},
	{.name = "reward",
	 .value_name = "COINS",
	 .help = "new coins in each block (default: 50, or 10 without halving)"},
	{.name = "halving",
	 .value_name = "BLOCKS",
	 .help = "number of blocks after which the reward halves; 0: never (default: 210000)"},
	{.name = "maturity",
	 .value_name = "BLOCKS",
	 .help = "number of blocks after which new coins can be spent, 1 to 1000 (default: 5)"},
	{.name = "max-block-bytes",
	 .value_name = "BYTES",
	 .help = "maximum size of a block, 10000 to 4000000 (default: 1000000)"},
	{.name = NULL},
};

const struct cli_command cmd_createblockchain = {
	.name = "createblockchain",
	.summary = "creates a chain and pays its first coins to an address",
	.options = options,
	.makes_directory = true,
	.run = run_createblockchain,
};
