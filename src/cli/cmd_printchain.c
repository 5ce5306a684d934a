/* printchain: every block of the best chain, from the tip down. */
#include <stdio.h>
#include <time.h>

#include "cli/commands_priv.h"
#include "cli/invoke_priv.h"

#define BLOCKS_PER_CALL "200" /* so that the node is never busy for long */

static void print_block(const json_t *b)
{
	const time_t t = (time_t)json_integer_value(json_object_get(b, "time"));
	json_t *tx;
	char when[40];
	struct tm tm;
	size_t i;

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("block %" JSON_INTEGER_FORMAT "  %s\n",
	       json_integer_value(json_object_get(b, "height")),
	       json_string_value(json_object_get(b, "hash")));
	printf("  time        %s\n", when);
	printf("  difficulty  %.6g (bits %s)\n",
	       json_number_value(json_object_get(b, "difficulty")),
	       json_string_value(json_object_get(b, "bits")));
	json_array_foreach(json_object_get(b, "tx"), i, tx)
		printf("  %s%s\n", i == 0 ? "coinbase    " : "tx          ", json_string_value(tx));
}

static bool run_printchain(struct invocation *in, struct err *e)
{
	json_t *next = json_null(), *b;
	struct cli_result result;
	size_t i;

	do {
		if (!invoke(in, "printchain", json_pack("[o,s]", next, BLOCKS_PER_CALL), &result,
			    e))
			return false;
		json_array_foreach(json_object_get(result.value, "blocks"), i, b) print_block(b);
		next = json_object_get(result.value, "next");
		next = json_is_integer(next) ? json_incref(next) : json_null();
		cli_result_clear(&result);
	} while (json_is_integer(next));
	return true;
}

const struct cli_command cmd_printchain = {
	.name = "printchain",
	.summary = "prints every block from the tip down",
	.run = run_printchain,
};
