/* The control port: JSON-RPC over HTTP on loopback, as Bitcoin Core's (httprpc.cpp), so that
 * clients written for it can talk to us. An answer may come later than its request. */
#include "control/control_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>

#include <tally/base/mem.h>
#include <tally/control/control.h>

#define BODY_MAX    8100000
#define HEADERS_MAX 8192
#define TIMEOUT_S   30
#define PENDING_MAX 256
#define BATCH_MAX   1000
#define ANSWERS_MAX (32U << 20) /* bytes, of one batch */

struct control {
	struct node *node;
	struct evhttp *http;
	struct http_admission *door;
	char *cookie_path;
	char auth[CONTROL_AUTH_CHARS + 1];
	struct list requests;
};

/* The place of one call's answer. */
struct answer {
	struct request *request;
	json_t *call, *id; /* borrowed of the request's body */
	char *text;        /* NULL: not there yet */
	size_t len;
};

/* One HTTP request: one call, or a batch of them: the next is begun when the one before is
 * answered, in another turn. */
struct request {
	struct list link;
	struct control *control;
	struct evhttp_request *http; /* NULL once the client is gone */
	struct event *next, *left;   /* left: the client has closed its side */
	json_t *body;
	bool batch;
	int status;
	struct answer *calls;
	size_t n_calls, begun, answered;
	size_t bytes; /* of the answers so far */
};

/* --- answering ---------------------------------------------------------------------- */

static void reply_plain(struct evhttp_request *http, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add_printf(body, "%s\n", text);
	evhttp_send_reply(http, status, text, body);
	evbuffer_free(body);
}

static void reply_json(struct evhttp_request *http, int status, struct evbuffer *body)
{
	evbuffer_add(body, "\n", 1);
	evhttp_add_header(evhttp_request_get_output_headers(http), "Content-Type",
			  "application/json");
	evhttp_send_reply(http, status, NULL, body);
}

static void put_text(struct writer *w, const char *text)
{
	put_bytes(w, text, strlen(text));
}

static void put_json(struct writer *w, char *take_text)
{
	put_text(w, take_text ? take_text : "null");
	free(take_text);
}

/* What is text already may be long: it is copied once. */
static void put_result(struct writer *w, const json_t *result)
{
	const char *text = json_stream_text(result);

	if (text)
		put_text(w, text);
	else
		put_json(w, result ? command_json(result, JSON_COMPACT) : NULL);
}

/* {"result":…,"error":…,"id":…}. Amounts are written in the result alone: what a client sent comes
 * back as it was. Beside Bitcoin Core's code an error carries our class and token, for our own
 * command line. */
static char *answer_text(const json_t *result, const struct err *err, int code, const json_t *id,
			 size_t *len)
{
	json_t *error =
		err ? json_pack("{s:i,s:s,s:{s:s,s:s}}", "code", code, "message", err->detail,
				"data", "class", err_class_name(err->cls), "token", err->token)
		    : NULL;
	struct writer w;

	writer_init(&w);
	put_text(&w, "{\"result\":");
	put_result(&w, err ? NULL : result);
	put_text(&w, ",\"error\":");
	put_json(&w, error ? json_dumps(error, JSON_COMPACT) : NULL);
	put_text(&w, ",\"id\":");
	put_json(&w, id ? json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY) : NULL);
	put_text(&w, "}");
	json_decref(error);
	return (char *)writer_take(&w, len);
}

static void free_text(const void *text, size_t len, void *arg)
{
	(void)len, (void)arg;
	free((void *)text);
}

/* Without copying it. */
static void add_text(struct evbuffer *body, char *take_text, size_t len)
{
	if (evbuffer_add_reference(body, take_text, len, free_text, NULL) < 0)
		free(take_text);
}

static void request_free(struct request *r)
{
	list_del(&r->link);
	for (size_t i = 0; i < r->n_calls; i++)
		free(r->calls[i].text);
	event_free(r->next);
	event_free(r->left);
	json_decref(r->body);
	free(r->calls);
	free(r);
}

/* When the last answer is there. */
static void request_finish(struct request *r)
{
	struct evbuffer *body = evbuffer_new();

	for (size_t i = 0; i < r->n_calls; i++) {
		evbuffer_add_printf(body, "%s", i ? "," : r->batch ? "[" : "");
		add_text(body, r->calls[i].text, r->calls[i].len);
		r->calls[i].text = NULL;
	}
	if (r->batch)
		evbuffer_add_printf(body, r->n_calls ? "]" : "[]");
	if (r->http) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(r->http), NULL, NULL);
		reply_json(r->http, r->batch ? HTTP_OK : r->status, body);
	}
	evbuffer_free(body);
	request_free(r);
}

static int http_status(const struct err *err, int code)
{
	if (!err)
		return HTTP_OK;
	return code == RPC_METHOD_NOT_FOUND  ? HTTP_NOTFOUND
	       : code == RPC_INVALID_REQUEST ? HTTP_BADREQUEST
					     : HTTP_INTERNAL;
}

static void on_reply(void *arg, json_t *result, const struct err *err, int code)
{
	struct answer *a = arg;
	struct request *r = a->request;
	struct err much = {0};

	a->text = answer_text(result, err, code, a->id, &a->len);
	if (r->batch && r->bytes + a->len > ANSWERS_MAX) {
		free(a->text);
		err_set(&much, ERR_POLICY, "batch-too-large",
			"the batch's answers are too large: ask for less at a time");
		a->text = answer_text(NULL, &much, RPC_MISC_ERROR, a->id, &a->len);
	}
	r->bytes += a->len;
	r->status = http_status(err, code);
	if (++r->answered == r->begun)
		event_active(r->next, EV_TIMEOUT, 0);
}

static void answer_init(struct answer *a, struct request *r, json_t *call)
{
	*a = (struct answer){.request = r, .call = call, .id = json_object_get(call, "id")};
}

static void begin_call(struct answer *a)
{
	json_t *method = json_object_get(a->call, "method"),
	       *params = json_object_get(a->call, "params");
	struct err err = {0};

	if (json_is_string(method) &&
	    (!params || json_is_null(params) || json_is_array(params) || json_is_object(params))) {
		node_command(a->request->control->node, json_string_value(method), params, on_reply,
			     a);
		return;
	}
	err_set(&err, ERR_DECODE, "bad-request",
		"Invalid Request object: method is a string, params an array or object");
	on_reply(a, NULL, &err, RPC_INVALID_REQUEST);
}

/* --- the client leaves -------------------------------------------------------------- */

/* What is not begun by now never is; what takes long ends. All of it is answered: to who has closed
 * its side alone. */
static void give_up(struct request *r)
{
	struct err err = {0};

	for (size_t i = 0; i < r->begun; i++)
		if (!r->calls[i].text)
			node_command_give_up(r->control->node, &r->calls[i]);
	err_given_up(&err);
	while (r->begun < r->n_calls)
		on_reply(&r->calls[r->begun++], NULL, &err, RPC_MISC_ERROR);
}

static void on_client_gone(struct evhttp_connection *conn, void *arg)
{
	struct request *r = arg;

	(void)conn;
	event_del(r->left); /* before its descriptor is another's */
	r->http = NULL;
	give_up(r);
}

/* evhttp doesn't read while a request is being answered, and so doesn't notice. Who was killed says
 * no more than who closes the side that sends alone (until something is written): both have
 * left. */
static void on_client_left(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	give_up(arg);
}

/* --- requests ---------------------------------------------------------------------------- */

static void on_next(evutil_socket_t fd, short what, void *arg)
{
	struct request *r = arg;

	(void)fd, (void)what;
	if (r->answered == r->n_calls) {
		request_finish(r);
		return;
	}
	if (r->answered == r->begun) /* the one before may take long */
		begin_call(&r->calls[r->begun++]);
}

static struct event *watch_client(struct request *r)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(r->http);
	const evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(conn));
	struct event *ev = event_new(r->control->node->base, fd, EV_CLOSED, on_client_left, r);

	event_priority_set(ev, NODE_PRIO_WORK);
	event_add(ev, NULL);
	return ev;
}

static void start_request(struct control *k, struct evhttp_request *http, json_t *body)
{
	struct request *r = NEW(struct request);

	r->control = k;
	r->http = http;
	r->batch = json_is_array(body);
	r->n_calls = r->batch ? json_array_size(body) : 1;
	r->status = HTTP_OK;
	r->body = json_incref(body);
	r->calls = mem_array(r->n_calls + 1, sizeof(*r->calls));
	list_add(&k->requests, &r->link);
	evhttp_connection_set_closecb(evhttp_request_get_connection(http), on_client_gone, r);
	for (size_t i = 0; i < r->n_calls; i++)
		answer_init(&r->calls[i], r, r->batch ? json_array_get(body, i) : body);
	r->next = event_new(k->node->base, -1, 0, on_next, r);
	event_priority_set(r->next, NODE_PRIO_WORK);
	event_active(r->next, EV_TIMEOUT, 0);
	r->left = watch_client(r);
}

static size_t pending(const struct control *k)
{
	size_t n = 0;

	list_each (it, &k->requests)
		n++;
	return n;
}

static json_t *read_body(struct evhttp_request *http)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(http);
	const size_t n = evbuffer_get_length(in);

	return n ? json_loadb((const char *)evbuffer_pullup(in, -1), n, JSON_REJECT_DUPLICATES,
			      NULL)
		 : NULL;
}

static void on_request(struct evhttp_request *http, void *arg)
{
	struct control *k = arg;
	struct err err = {0};
	struct evbuffer *answer;
	size_t len;
	char *text;
	json_t *body;

	if (evhttp_request_get_command(http) != EVHTTP_REQ_POST) {
		reply_plain(http, HTTP_BADMETHOD, "JSON-RPC server handles only POST requests");
		return;
	}
	if (!cookie_matches(k->auth, evhttp_find_header(evhttp_request_get_input_headers(http),
							"Authorization"))) {
		evhttp_add_header(evhttp_request_get_output_headers(http), "WWW-Authenticate",
				  "Basic realm=\"jsonrpc\"");
		reply_plain(http, 401, "Unauthorized");
		return;
	}
	if (pending(k) >= PENDING_MAX) {
		reply_plain(http, HTTP_SERVUNAVAIL, "Work queue depth exceeded");
		return;
	}
	body = read_body(http);
	if (json_is_object(body) || (json_is_array(body) && json_array_size(body) <= BATCH_MAX)) {
		start_request(k, http, body);
	} else {
		err_set(&err, ERR_DECODE, "parse",
			"Parse error: send a JSON-RPC object, or an array of at most 1000");
		text = answer_text(NULL, &err, RPC_PARSE_ERROR, NULL, &len);
		answer = evbuffer_new();
		add_text(answer, text, len);
		reply_json(http, HTTP_INTERNAL, answer);
		evbuffer_free(answer);
	}
	json_decref(body);
}

static void on_node(void *arg, unsigned bits)
{
	struct control *k = arg;

	if (bits & NODE_EV_SECOND)
		http_admission_tick(k->door);
}

bool control_open(struct control **out, struct node *n, struct err *e)
{
	struct control *k = NEW(struct control);

	k->node = n;
	list_init(&k->requests);
	node_subscribe(n, on_node, k);
	k->cookie_path = mem_printf("%s/.cookie", n->config.dir);
	if (!cookie_make(k->cookie_path, k->auth, e)) { /* before anybody can connect */
		control_close(k);
		return false;
	}
	k->http = evhttp_new(n->base);
	evhttp_set_max_body_size(k->http, BODY_MAX);
	evhttp_set_max_headers_size(k->http, HEADERS_MAX);
	evhttp_set_timeout(k->http, TIMEOUT_S);
	evhttp_set_allowed_methods(k->http, EVHTTP_REQ_POST | EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(k->http, on_request, k);
	if (!http_admission_open(&k->door, n->base, k->http, (uint16_t)n->config.control_port,
				 k->auth, e)) {
		control_close(k);
		return false;
	}
	*out = k;
	return true;
}

void control_close(struct control *k)
{
	if (!k)
		return;
	node_unsubscribe(k->node, on_node, k);
	list_each_safe (it, &k->requests) {
		struct request *r = list_entry(it, struct request, link);

		for (size_t i = 0; i < r->n_calls; i++)
			node_command_forget(k->node, &r->calls[i]);
		if (r->http)
			evhttp_connection_set_closecb(evhttp_request_get_connection(r->http), NULL,
						      NULL);
		request_free(r);
	}
	if (k->http)
		evhttp_free(k->http);
	http_admission_free(k->door);
	if (k->auth[0])
		unlink(k->cookie_path);
	sodium_memzero(k->auth, sizeof(k->auth));
	free(k->cookie_path);
	free(k);
}
