/* The table of verbs: every command there is, by subject. */
#include "rpc/rpc_priv.h"

#include <tally/base/mem.h>
#include <tally/base/text.h>

const struct verb *const node_verb_groups[] = {
	verbs_chain, verbs_coins,  verbs_mempool, verbs_mining, verbs_net, verbs_bans,
	verbs_addrs, verbs_wallet, verbs_pay,     verbs_node,   NULL,
};

const struct verb *verb_next(size_t *group, size_t *at)
{
	while (node_verb_groups[*group]) {
		const struct verb *v = &node_verb_groups[*group][*at];

		if (v->name) {
			++*at;
			return v;
		}
		++*group;
		*at = 0;
	}
	return NULL;
}

void verb_nearest(struct nearest *near, unsigned flag)
{
	const struct verb *v;
	size_t group = 0, at = 0;

	while ((v = verb_next(&group, &at)))
		if (v->flags & flag)
			nearest_try(near, v->name);
}

char *text_string(const json_t *result)
{
	return mem_strdup(json_is_string(result) ? json_string_value(result) : "");
}
