/* The table of verbs: every command there is, by subject. */
#include "verbs_priv.h"

const struct verb *const node_verb_groups[] = {
	verbs_chain, verbs_coins, verbs_mempool, verbs_mining, verbs_net,
	verbs_bans,  verbs_addrs, verbs_wallet,  verbs_node,   NULL,
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
