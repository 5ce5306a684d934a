/* The table of verbs: every command there is, by subject. */
#include "rpc/rpc_priv.h"

#include <tally/base/mem.h>
#include <tally/base/text.h>

const struct command *const node_verb_groups[] = {
	commands_chain, commands_coins, commands_mempool, commands_mining, commands_net,
	commands_bans,  commands_addrs, commands_wallet,  commands_pay,    commands_node,
	NULL,
};

const struct command *command_next(size_t *group, size_t *at)
{
	while (node_verb_groups[*group]) {
		const struct command *v = &node_verb_groups[*group][*at];

		if (v->name) {
			++*at;
			return v;
		}
		++*group;
		*at = 0;
	}
	return NULL;
}

void command_nearest(struct nearest *near, unsigned flag)
{
	const struct command *v;
	size_t group = 0, at = 0;

	while ((v = command_next(&group, &at)))
		if (v->flags & flag)
			nearest_try(near, v->name);
}

char *text_string(const json_t *result)
{
	return mem_strdup(json_is_string(result) ? json_string_value(result) : "");
}
