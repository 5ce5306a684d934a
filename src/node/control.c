/* The control port: JSON-RPC over HTTP on loopback, as Bitcoin Core's (httprpc.cpp), so that
 * clients written for it can talk to us. An answer may come later than its request. */
#include "node_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define BODY_MAX     8100000
#define HEADERS_MAX  8192
#define TIMEOUT_S    30
#define PENDING_MAX  256
#define BATCH_MAX    1000
#define COOKIE_BYTES 32
#define COOKIE_USER  "__cookie__:"

struct control {
	struct node *node;
	struct evhttp *http;
	char *cookie_path;
	char auth[128]; /* "Basic …" as it must come */
	struct list requests;
};

/* One HTTP request: one call, or a batch of them. */
struct request {
	struct list link;
	struct control *control;
	struct evhttp_request *http; /* NULL once the client is gone */
	json_t *answers;             /* array, in order of the batch */
	size_t waiting; /* calls without an answer; one more while they are being started */
	int status;
	bool batch;
	struct answer *calls;
};

/* The place of one call's answer. */
struct answer {
	struct request *request;
	size_t at;
	json_t *id;
};

/* --- the cookie ------------------------------------------------------------------- */

static bool cookie_write(struct control *k, const char *text, struct err *e)
{
	char *temp = mem_printf("%s.new", k->cookie_path);
	const size_t n = strlen(text);
	int fd;
	bool ok;

	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text, n) == (ssize_t)n;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(temp, k->cookie_path) == 0;
	if (!ok)
		err_set(e, ERR_IO, "cookie",
			"cannot write %s: %s: check that you own the directory", k->cookie_path,
			strerror(errno));
	free(temp);
	return ok;
}

static bool cookie_make(struct control *k, struct err *e)
{
	uint8_t secret[COOKIE_BYTES];
	char text[sizeof(COOKIE_USER) + 2 * COOKIE_BYTES];
	size_t at;

	rng_fill(rng_system(), secret, sizeof(secret));
	at = (size_t)snprintf(text, sizeof(text), COOKIE_USER);
	hex_encode(text + at, secret, sizeof(secret));
	at = (size_t)snprintf(k->auth, sizeof(k->auth), "Basic ");
	sodium_bin2base64(k->auth + at, sizeof(k->auth) - at, (const uint8_t *)text, strlen(text),
			  sodium_base64_VARIANT_ORIGINAL);
	return cookie_write(k, text, e);
}

static bool authorised(const struct control *k, struct evhttp_request *http)
{
	const char *given =
		evhttp_find_header(evhttp_request_get_input_headers(http), "Authorization");
	char padded[sizeof(k->auth)] = {0};

	if (!given || strlen(given) >= sizeof(padded))
		return false;
	snprintf(padded, sizeof(padded), "%s", given);
	return sodium_memcmp(padded, k->auth, sizeof(padded)) == 0;
}

/* --- answering ---------------------------------------------------------------------- */

static void reply_plain(struct evhttp_request *http, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add_printf(body, "%s\n", text);
	evhttp_send_reply(http, status, text, body);
	evbuffer_free(body);
}

static void reply_json(struct evhttp_request *http, int status, const json_t *answer)
{
	struct evbuffer *body = evbuffer_new();
	char *text = command_json(answer, JSON_COMPACT);

	evbuffer_add_printf(body, "%s\n", text ? text : "null");
	evhttp_add_header(evhttp_request_get_output_headers(http), "Content-Type",
			  "application/json");
	evhttp_send_reply(http, status, NULL, body);
	free(text);
	evbuffer_free(body);
}

static json_t *json_answer(json_t *result, const struct err *err, int code, json_t *id)
{
	json_t *o = json_object();

	json_object_set(o, "result", err ? json_null() : result);
	json_object_set_new(o, "error",
			    err ? json_pack("{s:i,s:s}", "code", code, "message", err->detail)
				: json_null());
	json_object_set(o, "id", id ? id : json_null());
	return o;
}

static void request_free(struct request *r)
{
	list_del(&r->link);
	for (size_t i = 0; i < json_array_size(r->answers); i++)
		json_decref(r->calls[i].id);
	json_decref(r->answers);
	free(r->calls);
	free(r);
}

static void on_client_gone(struct evhttp_connection *conn, void *arg)
{
	struct request *r = arg;

	(void)conn;
	r->http = NULL;
}

/* When the last answer is there. */
static void request_finish(struct request *r)
{
	if (r->http) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(r->http), NULL, NULL);
		reply_json(r->http, r->batch ? HTTP_OK : r->status,
			   r->batch ? r->answers : json_array_get(r->answers, 0));
	}
	request_free(r);
}

static void request_settle(struct request *r)
{
	if (--r->waiting == 0)
		request_finish(r);
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

	r->status = http_status(err, code);
	json_array_set_new(r->answers, a->at, json_answer(result, err, code, a->id));
	request_settle(r);
}

static void start_call(struct answer *a, json_t *call)
{
	json_t *method = json_object_get(call, "method"), *params = json_object_get(call, "params");
	struct err err = {0};

	a->id = json_incref(json_object_get(call, "id"));
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

/* --- requests ---------------------------------------------------------------------------- */

static void start_request(struct control *k, struct evhttp_request *http, json_t *body)
{
	struct request *r = NEW(struct request);
	const size_t count = json_is_array(body) ? json_array_size(body) : 1;

	r->control = k;
	r->http = http;
	r->batch = json_is_array(body);
	r->status = HTTP_OK;
	r->answers = json_array();
	r->calls = mem_array(count + 1, sizeof(*r->calls));
	r->waiting = count + 1;
	list_add(&k->requests, &r->link);
	evhttp_connection_set_closecb(evhttp_request_get_connection(http), on_client_gone, r);
	for (size_t i = 0; i < count; i++) {
		r->calls[i] = (struct answer){.request = r, .at = i};
		json_array_append_new(r->answers, json_null());
	}
	for (size_t i = 0; i < count; i++)
		start_call(&r->calls[i], r->batch ? json_array_get(body, i) : body);
	request_settle(r);
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
	json_t *body, *answer;

	if (evhttp_request_get_command(http) != EVHTTP_REQ_POST) {
		reply_plain(http, HTTP_BADMETHOD, "JSON-RPC server handles only POST requests");
		return;
	}
	if (!authorised(k, http)) {
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
		answer = json_answer(NULL, &err, RPC_PARSE_ERROR, NULL);
		reply_json(http, HTTP_INTERNAL, answer);
		json_decref(answer);
	}
	json_decref(body);
}

/* evhttp makes its connections' events at the base's middle priority by default; ours
 * come after keys. */
static struct bufferevent *make_bufferevent(struct event_base *base, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);

	(void)arg;
	if (bev)
		bufferevent_priority_set(bev, NODE_PRIO_WORK);
	return bev;
}

bool control_open(struct node *n, struct err *e)
{
	struct control *k = NEW(struct control);

	n->control = k;
	k->node = n;
	list_init(&k->requests);
	k->cookie_path = mem_printf("%s/.cookie", n->config.dir);
	if (!cookie_make(k, e)) /* before anybody can connect */
		return false;
	k->http = evhttp_new(n->base);
	evhttp_set_max_body_size(k->http, BODY_MAX);
	evhttp_set_max_headers_size(k->http, HEADERS_MAX);
	evhttp_set_timeout(k->http, TIMEOUT_S);
	evhttp_set_allowed_methods(k->http, EVHTTP_REQ_POST | EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_bevcb(k->http, make_bufferevent, NULL);
	evhttp_set_gencb(k->http, on_request, k);
	if (evhttp_bind_socket(k->http, "127.0.0.1", (uint16_t)n->config.control_port) != 0)
		return err_set(
			e, ERR_IO, "port-in-use",
			"control port %u is in use: another node runs there, or choose one with --control-port",
			n->config.control_port);
	return true;
}

void control_close(struct node *n)
{
	struct control *k = n->control;

	if (!k)
		return;
	list_each_safe (it, &k->requests) {
		struct request *r = list_entry(it, struct request, link);

		for (size_t i = 0; i < json_array_size(r->answers); i++)
			node_command_forget(n, &r->calls[i]);
		if (r->http)
			evhttp_connection_set_closecb(evhttp_request_get_connection(r->http), NULL,
						      NULL);
		request_free(r);
	}
	if (k->http)
		evhttp_free(k->http);
	if (k->auth[0])
		unlink(k->cookie_path);
	sodium_memzero(k->auth, sizeof(k->auth));
	free(k->cookie_path);
	free(k);
	n->control = NULL;
}
