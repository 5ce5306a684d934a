/* Calls: finding the verb, its arguments by position or name, and the answer. */
#include "rpc/rpc_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

struct call {
	struct list link;
	struct node *node;
	const struct command *verb;
	json_t *args; /* object, by name */
	node_reply *reply;
	void *arg;
	const void *asker; /* the arg of the outermost call, where one verb makes another call */
};

const struct command *command_find(const char *name)
{
	const struct command *v;
	size_t group = 0, at = 0;

	while ((v = command_next(&group, &at)))
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static void call_free(struct call *c)
{
	list_del(&c->link);
	json_decref(c->args);
	free(c);
}

void call_done(struct call *c, json_t *take_result)
{
	if (c->reply)
		c->reply(c->arg, take_result, NULL, 0);
	json_decref(take_result);
	call_free(c);
}

void call_fail(struct call *c, int code, const struct err *e)
{
	if (c->reply)
		c->reply(c->arg, NULL, e, code);
	call_free(c);
}

void call_error(struct call *c, int code, enum err_class cls, const char *token, const char *fmt,
		...)
{
	struct err err = {0};
	char detail[ERR_DETAIL_CHARS + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	err_set(&err, cls, token, "%s", detail);
	call_fail(c, code, &err);
}

void node_command_forget(struct node *n, void *arg)
{
	list_each (it, &n->calls) {
		struct call *c = list_entry(it, struct call, link);

		if (c->arg == arg)
			c->reply = NULL;
	}
}

const void *call_asker(const struct call *c)
{
	return c->asker;
}

const char *call_method(const struct call *c)
{
	return c->verb->name;
}

bool err_given_up(struct err *e)
{
	return err_set(e, ERR_BUSY, "given-up",
		       "who asked has closed the connection: keep it open until the answer comes");
}

void node_command_give_up(struct node *n, const void *arg)
{
	struct err err = {0};

	err_given_up(&err);
	async_calls_cancel(n, arg);
	mining_cancel(n->mining, arg, &err);
}

/* --- arguments ------------------------------------------------------------------- */

static size_t count_params(const struct command *v)
{
	size_t n = 0;

	while (v->params && v->params[n].name)
		n++;
	return n;
}

static bool args_by_position(const struct command *v, json_t *params, json_t *args, struct err *e)
{
	const size_t most = count_params(v);

	if (json_array_size(params) > most && most == 0)
		return err_set(e, ERR_USAGE, "too-many-arguments",
			       "%s takes no arguments: leave them out", v->name);
	if (json_array_size(params) > most)
		return err_set(e, ERR_USAGE, "too-many-arguments",
			       "%s takes at most %zu argument%s: see help %s", v->name, most,
			       most == 1 ? "" : "s", v->name);
	for (size_t i = 0; i < json_array_size(params); i++)
		json_object_set(args, v->params[i].name, json_array_get(params, i));
	return true;
}

static bool args_by_name(const struct command *v, json_t *params, json_t *args, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value)
	{
		const struct command_param *p = v->params;

		while (p && p->name && strcmp(p->name, key) != 0)
			p++;
		if (!p || !p->name)
			return err_set(e, ERR_USAGE, "unknown-argument",
				       "%s has no argument '%s': see help %s", v->name, key,
				       v->name);
		json_object_set(args, key, value);
	}
	return true;
}

static bool args_complete(const struct command *v, const json_t *args, struct err *e)
{
	for (const struct command_param *p = v->params; p && p->name; p++) {
		const json_t *value = json_object_get(args, p->name);

		if (!p->optional && (!value || json_is_null(value)))
			return err_set(e, ERR_USAGE, "missing-argument",
				       "%s needs %s (%s): see help %s", v->name, p->name, p->help,
				       v->name);
	}
	return true;
}

void call_run(struct node *n, struct call *c)
{
	const struct command *v = c->verb;
	const void *before = n->asker;

	if (v->flags & COMMAND_MEMPOOL)
		node_load_mempool(n);
	/* What it asks for in its turn is asked for by the same. */
	n->asker = c->asker;
	v->run(n, c); /* c may be gone now */
	n->asker = before;
}

static void unknown_method(const char *name, struct err *e)
{
	struct nearest near = {.to = name};

	command_nearest(&near, COMMAND_RPC);
	if (near.word)
		err_set(e, ERR_USAGE, "unknown-command",
			"there is no method '%s': did you mean %s?", name, near.word);
	else
		err_set(e, ERR_USAGE, "unknown-command",
			"there is no method '%s': the method help lists them", name);
}

/* Neither does it dial, nor listen, nor is anybody there. */
static bool nobody_comes(const struct node *n)
{
	const struct net_stats s = net_stats(n->net);
	struct net_dial one;

	return !n->config.listen && n->config.n_connect > 0 && !net_dials(n->net, &one, 1) &&
	       s.inbound + s.outbound + s.manual == 0;
}

static const char *how_to_a_chain(const struct node *n)
{
	if (n->mode == NODE_OFFLINE)
		return "tally createblockchain -address NAME makes one, startnode joins one";
	if (nobody_comes(n))
		return "connect to a peer that has one, or stop this node and make one with tally "
		       "createblockchain -address NAME";
	return "wait for a peer that has one, or stop this node and make one with tally "
	       "createblockchain -address NAME";
}

void node_command(struct node *n, const char *method, json_t *params, node_reply *reply, void *arg)
{
	const struct command *v = command_find(method);
	struct err err = {0};
	struct call *c;
	bool ok = true;

	if (!v) {
		unknown_method(method, &err);
		reply(arg, NULL, &err, RPC_METHOD_NOT_FOUND);
		return;
	}
	c = NEW(struct call);
	list_add(&n->calls, &c->link);
	c->node = n;
	c->verb = v;
	c->args = json_object();
	c->reply = reply;
	c->arg = arg;
	c->asker = n->asker ? n->asker : arg;
	if (json_is_array(params))
		ok = args_by_position(v, params, c->args, &err);
	else if (json_is_object(params))
		ok = args_by_name(v, params, c->args, &err);
	if (!ok || !args_complete(v, c->args, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
		return;
	}
	if ((v->flags & COMMAND_CHAIN) && !n->mempool)
		call_error(c, RPC_CLIENT_IN_INITIAL_DOWNLOAD, ERR_NOTFOUND, "no-chain",
			   "node %u has no chain yet (in %s): %s", n->config.node_id, n->config.dir,
			   how_to_a_chain(n));
	else if (!(v->flags & COMMAND_OFFLINE) && n->mode == NODE_OFFLINE)
		call_error(c, RPC_CLIENT_NOT_CONNECTED, ERR_NOTFOUND, "not-running",
			   "%s needs a running node: startnode first", v->name);
	else if ((v->flags & COMMAND_SETTLED) && !node_settled(n))
		async_call_when_settled(n, c);
	else
		call_run(n, c);
}

json_t *call_arg(const struct call *c, const char *name)
{
	json_t *v = json_object_get(c->args, name);

	return json_is_null(v) ? NULL : v;
}

bool call_number(struct call *c, const char *name, int64_t lo, int64_t hi, int64_t fallback,
		 int64_t *out)
{
	const json_t *v = call_arg(c, name);
	char *end;

	*out = fallback;
	if (!v)
		return true;
	if (json_is_integer(v)) {
		*out = json_integer_value(v);
	} else if (json_is_string(v)) {
		*out = strtoll(json_string_value(v), &end, 10);
		if (end == json_string_value(v) || *end)
			goto type;
	} else {
		goto type;
	}
	if (*out >= lo && *out <= hi)
		return true;
	call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "out-of-range",
		   "%s %lld is out of range: give a whole number from %lld to %lld", name,
		   (long long)*out, (long long)lo, (long long)hi);
	return false;
type:
	call_error(c, RPC_TYPE_ERROR, ERR_USAGE, "bad-type",
		   "%s is no whole number: give one from %lld to %lld", name, (long long)lo,
		   (long long)hi);
	return false;
}

bool call_flag(struct call *c, const char *name, bool fallback, bool *out)
{
	const json_t *v = call_arg(c, name);
	const char *s = json_string_value(v);

	*out = fallback;
	if (!v)
		return true;
	if (json_is_boolean(v) || json_is_integer(v)) {
		*out = json_is_true(v) || json_integer_value(v) != 0;
		return true;
	}
	if (s && parse_flag(s, out))
		return true;
	call_error(c, RPC_TYPE_ERROR, ERR_USAGE, "bad-type",
		   s ? "%s '%.40s' is neither true nor false, on nor off"
		     : "%s is neither true nor false: give one of them",
		   name, s);
	return false;
}

bool call_text(struct call *c, const char *name, const char *fallback, const char **out)
{
	const json_t *v = call_arg(c, name);

	*out = fallback;
	if (!v)
		return true;
	if (json_is_string(v)) {
		*out = json_string_value(v);
		return true;
	}
	call_error(c, RPC_TYPE_ERROR, ERR_USAGE, "bad-type", "%s is no text: give it in quotes",
		   name);
	return false;
}

/* A number of JSON was read as a double: it is the amount of eight places that reads as the same
 * double, if one does. Up to MAX_MONEY no two amounts do. */
static void real_text(char *out, size_t size, double v)
{
	snprintf(out, size, "%.8f", v);
	if (strtod(out, NULL) != v)
		snprintf(out, size, "%.12f", v);
}

bool call_amount(struct call *c, const char *name, int64_t *out)
{
	const json_t *v = call_arg(c, name);
	struct err err = {0};
	char text[64];

	if (json_is_integer(v))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		real_text(text, sizeof(text), json_real_value(v));
	else
		snprintf(text, sizeof(text), "%s", v ? "(no number)" : "(nothing)");
	if (amount_parse(out, json_is_string(v) ? json_string_value(v) : text, false, &err))
		return true;
	call_fail(c, RPC_TYPE_ERROR, &err);
	return false;
}

bool call_hash(struct call *c, const char *name, struct hash256 *out)
{
	const char *text;

	if (!call_text(c, name, "", &text))
		return false;
	if (hash256_parse(out, text))
		return true;
	if (*text && strlen(text) < 10 && !text[strspn(text, "0123456789")])
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-hash",
			   "%s '%s' is no hash: getblockhash %s gives that of a height", name, text,
			   text);
	else
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-hash",
			   "%s '%.70s' is no hash: give 64 hex digits", name, text);
	return false;
}

bool call_address(struct call *c, const char *name, bool make, struct key_hash *out)
{
	struct err err = {0};
	const char *text;

	if (!call_text(c, name, "", &text))
		return false;
	if (receiver_resolve(c->node->wallet, text, make, out, &err))
		return true;
	call_fail(c, RPC_INVALID_ADDRESS_OR_KEY, &err);
	return false;
}

/* --- amounts in JSON: numbers with exactly eight places, which jansson can't print ----- */

/* An amount is a text behind a NUL, which no other text has: C's end there, and in JSON that comes
 * from outside jansson takes none. */
json_t *json_amount(int64_t units)
{
	char text[1 + AMOUNT_CHARS + 1] = "";

	amount_format_fixed(text + 1, units);
	return json_stringn(text, 1 + strlen(text + 1));
}

/* NULL: another value. */
static const char *marked_text(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && !*s && json_string_length(v) > 0 ? s + 1 : NULL;
}

bool json_amount_text(const json_t *v, char out[AMOUNT_CHARS + 1])
{
	int64_t units;
	const char *s = marked_text(v);

	if (s) {
		const bool minus = *s == '-';

		if (!amount_parse(&units, s + minus, true, NULL))
			return false;
		amount_format(out, minus ? -units : units);
		return true;
	}
	if (!json_is_number(v))
		return false;
	amount_format(out, llround(json_number_value(v) * 1e8));
	return true;
}

char *command_json(const json_t *v, size_t flags)
{
	static const char mark[] = "\"\\u0000";
	const char *ready = json_stream_text(v);
	char *text, *from, *to;

	if (ready)
		return flags & JSON_COMPACT ? mem_strdup(ready) : json_on_lines(ready);
	text = json_dumps(v, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	if (!text)
		return NULL;
	for (from = to = text; *from;) {
		if (*from != '"' || strncmp(from, mark, sizeof(mark) - 1) != 0) {
			*to++ = *from++;
			continue;
		}
		for (from += sizeof(mark) - 1; *from && *from != '"';)
			*to++ = *from++;
		from += *from == '"';
	}
	*to = '\0';
	return text;
}
