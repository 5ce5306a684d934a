/* The control port: JSON-RPC over HTTP on loopback. Source: Bitcoin Core, httprpc.cpp, so that
 * clients written for it work here. An answer may come long after its request; the loop goes on
 * meanwhile. */
#include <tally/control/http_server.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>
#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/list.h>
#include <tally/base/mem.h>
#include <tally/node/node.h>
#include <tally/rpc/call.h>
#include <tally/rpc/json_result.h>
#include <tally/rpc/rpc.h>

#include "control/cookie_priv.h"
#include "control/http_admission_priv.h"

#define BODY_MAX    8100000 /* bytes: a block of 4 MB in hex, and some more */
#define HEADERS_MAX 8192
#define TIMEOUT_S   30          /* of evhttp, when it reads or writes */
#define PENDING_MAX 256         /* HTTP requests that are being answered */
#define BATCH_MAX   1000        /* calls in one request */
#define ANSWERS_MAX (32U << 20) /* bytes, of one batch */

struct control {
	struct event_base *base;
	struct rpc *rpc;
	struct evhttp *http;
	struct http_admission *admission;
	char *cookie_path;
	char auth[COOKIE_AUTH_CHARS + 1];
	struct list requests;
};

/* A call of a request, and its answer. Its address is the client of its rpc_request, so that it can
 * be cancelled. */
struct http_call {
	struct request *request;
	json_t *call, *id; /* borrowed from the request's body */
	char *answer;      /* JSON text; NULL: not answered yet */
	size_t len;
};

/* One HTTP request: one call or a batch. A call of a batch begins when the one before is answered,
 * in another turn of the loop, so that a large batch does not block it. */
struct request {
	struct list link;
	struct control *control;
	struct evhttp_request *http; /* NULL: the client has disconnected */
	struct event *next;          /* the next call begins, or the request is finished */
	struct event *closed;        /* the client has closed its sending side */
	json_t *body;
	bool batch;
	int status;
	struct http_call *calls;
	size_t n_calls, begun, answered;
	size_t bytes; /* of the answers so far */
};

/* --- answering -------------------------------------------------------------------------- */

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

/* A result that is text already may be long: it is not copied more often than needed. */
static void put_result(struct writer *w, const json_t *result)
{
	const char *ready = json_result_ready(result);

	if (ready)
		put_text(w, ready);
	else
		put_json(w, result ? json_result_text(result, JSON_COMPACT) : NULL);
}

/* {"result":...,"error":...,"id":...}. The id is printed by jansson, not by json_result_text: a
 * client gets back exactly what it sent. Beside Bitcoin Core's code an error carries class and
 * token, for our own command line. */
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

/* The buffer refers to the text and frees it when it is sent. */
static void add_text(struct evbuffer *body, char *take_text, size_t len)
{
	if (evbuffer_add_reference(body, take_text, len, free_text, NULL) < 0)
		free(take_text);
}

static void request_free(struct request *r)
{
	list_del(&r->link);
	for (size_t i = 0; i < r->n_calls; i++)
		free(r->calls[i].answer);
	event_free(r->next);
	event_free(r->closed);
	json_decref(r->body);
	free(r->calls);
	free(r);
}

static void request_finish(struct request *r)
{
	struct evbuffer *body = evbuffer_new();

	for (size_t i = 0; i < r->n_calls; i++) {
		evbuffer_add_printf(body, "%s", i ? "," : r->batch ? "[" : "");
		add_text(body, r->calls[i].answer, r->calls[i].len);
		r->calls[i].answer = NULL;
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
	struct http_call *c = arg;
	struct request *r = c->request;
	struct err too_large = {0};

	c->answer = answer_text(result, err, code, c->id, &c->len);
	if (r->batch && r->bytes + c->len > ANSWERS_MAX) {
		free(c->answer);
		err_set(&too_large, ERR_POLICY, "batch-too-large",
			"the answers of this batch are too large: send fewer calls at a time");
		c->answer = answer_text(NULL, &too_large, RPC_MISC_ERROR, c->id, &c->len);
	}
	r->bytes += c->len;
	r->status = http_status(err, code);
	if (++r->answered == r->begun)
		event_active(r->next, EV_TIMEOUT, 0);
}

static void begin_call(struct http_call *c)
{
	const char *method = json_string_value(json_object_get(c->call, "method"));
	json_t *params = json_object_get(c->call, "params");
	struct err err = {0};

	if (method &&
	    (!params || json_is_null(params) || json_is_array(params) || json_is_object(params))) {
		rpc_call(c->request->control->rpc, &(struct rpc_request){.command = method,
									 .params = params,
									 .client = c,
									 .reply = on_reply,
									 .arg = c});
		return;
	}
	err_set(&err, ERR_DECODE, "bad-request",
		"Invalid Request object: method must be a string, params an array or an object");
	on_reply(c, NULL, &err, RPC_INVALID_REQUEST);
}

/* --- clients that leave ----------------------------------------------------------------- */

/* Cancels the calls that run and answers those that have not begun: with an error, which a client
 * that closed only its sending side still receives. */
static void cancel(struct request *r)
{
	struct err err = {0};

	for (size_t i = 0; i < r->begun; i++)
		if (!r->calls[i].answer)
			rpc_client_gone(r->control->rpc, &r->calls[i]);
	rpc_err_client_gone(&err);
	while (r->begun < r->n_calls)
		on_reply(&r->calls[r->begun++], NULL, &err, RPC_MISC_ERROR);
}

static void on_disconnect(struct evhttp_connection *conn, void *arg)
{
	struct request *r = arg;

	(void)conn;
	event_del(r->closed); /* its descriptor may soon belong to another connection */
	r->http = NULL;
	cancel(r);
}

/* evhttp does not read while a request is being answered, so it would not notice that a client was
 * killed. Until something is written to it, a killed client looks like one that closed only its
 * sending side: both count as gone. */
static void on_closed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	cancel(arg);
}

/* --- requests --------------------------------------------------------------------------- */

static void on_next(evutil_socket_t fd, short what, void *arg)
{
	struct request *r = arg;

	(void)fd, (void)what;
	if (r->answered == r->n_calls) {
		request_finish(r);
		return;
	}
	if (r->answered == r->begun) /* else a call is still running */
		begin_call(&r->calls[r->begun++]);
}

static struct event *watch_client(struct request *r)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(r->http);
	const evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(conn));
	struct event *ev = event_new(r->control->base, fd, EV_CLOSED, on_closed, r);

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
	evhttp_connection_set_closecb(evhttp_request_get_connection(http), on_disconnect, r);
	for (size_t i = 0; i < r->n_calls; i++) {
		json_t *call = r->batch ? json_array_get(body, i) : body;

		r->calls[i] = (struct http_call){
			.request = r, .call = call, .id = json_object_get(call, "id")};
	}
	r->next = event_new(k->base, -1, 0, on_next, r);
	event_priority_set(r->next, NODE_PRIO_WORK);
	event_active(r->next, EV_TIMEOUT, 0);
	r->closed = watch_client(r);
}

static size_t count_requests(const struct control *k)
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

static void reply_parse_error(struct evhttp_request *http)
{
	struct evbuffer *answer = evbuffer_new();
	struct err err = {0};
	size_t len;
	char *text;

	err_set(&err, ERR_DECODE, "parse",
		"Parse error: send a JSON-RPC object, or an array of at most %d", BATCH_MAX);
	text = answer_text(NULL, &err, RPC_PARSE_ERROR, NULL, &len);
	add_text(answer, text, len);
	reply_json(http, HTTP_INTERNAL, answer);
	evbuffer_free(answer);
}

/* The plain texts are Bitcoin Core's (httprpc.cpp, httpserver.cpp): clients may look for them. */
static void on_request(struct evhttp_request *http, void *arg)
{
	struct control *k = arg;
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
	if (count_requests(k) >= PENDING_MAX) {
		reply_plain(http, HTTP_SERVUNAVAIL, "Work queue depth exceeded");
		return;
	}
	body = read_body(http);
	if (json_is_object(body) || (json_is_array(body) && json_array_size(body) <= BATCH_MAX))
		start_request(k, http, body);
	else
		reply_parse_error(http);
	json_decref(body);
}

/* --- opening and closing ---------------------------------------------------------------- */

bool control_open(struct control **out, const struct control_options *o, struct err *e)
{
	struct control *k = NEW(struct control);

	k->base = o->base;
	k->rpc = o->rpc;
	list_init(&k->requests);
	k->cookie_path = mem_printf("%s/.cookie", o->dir);
	if (!cookie_make(k->cookie_path, k->auth, e)) /* before a client can connect */
		goto fail;
	k->http = evhttp_new(k->base);
	evhttp_set_max_body_size(k->http, BODY_MAX);
	evhttp_set_max_headers_size(k->http, HEADERS_MAX);
	evhttp_set_timeout(k->http, TIMEOUT_S);
	evhttp_set_allowed_methods(k->http, EVHTTP_REQ_POST | EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(k->http, on_request, k);
	if (!http_admission_open(&k->admission, k->base, k->http, o->port, k->auth, e))
		goto fail;
	*out = k;
	return true;
fail:
	control_close(k);
	return false;
}

void control_close(struct control *k)
{
	if (!k)
		return;
	list_each_safe (it, &k->requests) {
		struct request *r = list_entry(it, struct request, link);

		for (size_t i = 0; i < r->n_calls; i++)
			rpc_forget(k->rpc, &r->calls[i]);
		if (r->http)
			evhttp_connection_set_closecb(evhttp_request_get_connection(r->http), NULL,
						      NULL);
		request_free(r);
	}
	if (k->http)
		evhttp_free(k->http);
	http_admission_free(k->admission);
	if (k->auth[0])
		unlink(k->cookie_path);
	sodium_memzero(k->auth, sizeof(k->auth));
	free(k->cookie_path);
	free(k);
}
