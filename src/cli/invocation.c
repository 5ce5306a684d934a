#include "cli/invocation_priv.h"

#include <string.h>

size_t invocation_option(const struct invocation *in, const char *name)
{
	const struct cli_option *options = in->command ? in->command->options : NULL;

	for (size_t i = 0; options && options[i].name; i++)
		if (strcmp(options[i].name, name) == 0)
			return i;
	return CLI_OPTIONS_MAX;
}

const char *invocation_value(const struct invocation *in, const char *name)
{
	const size_t at = invocation_option(in, name);

	return at < CLI_OPTIONS_MAX ? in->values[at] : NULL;
}

json_t *invocation_json(const char *name, const char *word, struct err *e)
{
	json_t *v = json_string(word);

	if (!v)
		err_set(e, ERR_USAGE, "bad-text", "%s is not UTF-8: give plain text", name);
	return v;
}

bool invocation_params(const struct invocation *in, const char *option, json_t **params,
		       struct err *e)
{
	const char *text = invocation_value(in, option);
	json_t *value = text ? invocation_json(option, text, e) : NULL;

	*params = value ? json_pack("[o]", value) : NULL;
	return value || !text;
}
