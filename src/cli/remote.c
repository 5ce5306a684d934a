/* Calls to the node that runs in a data directory, through its control port. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/store/lock.h>

#include "cli/cli_priv.h"

#define COOKIE_MAX 128
#define CONNECT_S  5
#define LOOK_S     1 /* without an answer: is the node suspended? */

static bool read_cookie(const struct config *c, char out[COOKIE_MAX])
{
	char *path = mem_printf("%s/.cookie", c->dir);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;

	free(path);
	if (fd < 0)
		return false;
	n = read(fd, out, COOKIE_MAX - 1);
	close(fd);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

/* -1: nobody listens. */
static int dial(uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval tv = {.tv_sec = CONNECT_S}, look = {.tv_sec = LOOK_S};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		const ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

bool remote_suspended(const struct config *c, struct err *e)
{
	unsigned long pid;

	if (!dir_lock_suspended(c->dir, &pid))
		return false;
	err_set(e, ERR_BUSY, "suspended",
		"node %u is suspended (process %lu, ^Z): fg in its terminal lets it go on",
		c->node_id, pid);
	return true;
}

/* Until the other side closes, however long that takes; but not while the node is suspended. NUL-terminated; NULL: it
 * is. */
static char *receive_all(const struct config *c, int fd, struct err *e)
{
	struct writer w;
	char buf[16384];
	ssize_t n;

	writer_init(&w);
	while ((n = recv(fd, buf, sizeof(buf), 0)) != 0) {
		if (n > 0) {
			put_bytes(&w, buf, (size_t)n);
		} else if (errno == EAGAIN || errno == EINTR) {
			if (!remote_suspended(c, e))
				continue;
			err_set(e, ERR_BUSY, "suspended",
				"node %u was suspended (^Z) while it did this, and does it when it goes "
				"on (fg): look before you repeat it",
				c->node_id);
			writer_clear(&w);
			return NULL;
		} else {
			break;
		}
	}
	put_u8(&w, 0);
	return (char *)writer_take(&w, &(size_t){0});
}

/* NULL: err set. */
static char *exchange(const struct config *c, int fd, const char *cookie, const char *body,
		      struct err *e)
{
	char auth[COOKIE_MAX * 2];
	char *head, *answer = NULL;

	sodium_bin2base64(auth, sizeof(auth), (const uint8_t *)cookie, strlen(cookie),
			  sodium_base64_VARIANT_ORIGINAL);
	head = mem_printf(
		"POST / HTTP/1.0\r\nHost: 127.0.0.1:%u\r\nAuthorization: Basic %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		c->control_port, auth, strlen(body));
	err_set(e, ERR_IO, "no-answer", "the node at control port %u gave no answer: see its log",
		c->control_port);
	if (send_all(fd, head, strlen(head)) && send_all(fd, body, strlen(body)))
		answer = receive_all(c, fd, e);
	free(head);
	if (answer && *answer) {
		err_clear(e);
		return answer;
	}
	free(answer);
	return NULL;
}

/* {"result":R,"error":null,…}: R as the node printed it. */
static char *raw_result(const char *body)
{
	static const char before[] = "{\"result\":", after[] = ",\"error\":null";
	const char *end = NULL;

	if (strncmp(body, before, sizeof(before) - 1) != 0)
		return NULL;
	body += sizeof(before) - 1;
	for (const char *at = strstr(body, after); at; at = strstr(at + 1, after))
		end = at;
	return end ? mem_printf("%.*s", (int)(end - body), body) : NULL;
}

/* The class that the node names; of another program's answer: it failed. */
static enum err_class read_class(const json_t *data)
{
	const char *name = json_string_value(json_object_get(data, "class"));

	for (int c = ERR_NONE + 1; name && c <= ERR_INTERNAL; c++)
		if (strcmp(err_class_name((enum err_class)c), name) == 0)
			return (enum err_class)c;
	return ERR_IO;
}

static bool read_answer(const char *http, json_t **result, char **raw, struct err *e)
{
	const char *body = strstr(http, "\r\n\r\n");
	json_t *answer = body ? json_loads(body + 4, 0, NULL) : NULL, *error;
	const char *message;

	if (!answer)
		return err_set(
			e, ERR_IO, "bad-answer",
			"the node's control port gave no answer: is another program at that port?");
	error = json_object_get(answer, "error");
	message = json_string_value(json_object_get(error, "message"));
	if (error && !json_is_null(error)) {
		const json_t *data = json_object_get(error, "data");
		const char *token = json_string_value(json_object_get(data, "token"));

		err_set(e, read_class(data), token ? token : "remote", "%s",
			message ? message : "the node refused");
		json_decref(answer);
		return false;
	}
	*result = json_incref(json_object_get(answer, "result"));
	if (raw)
		*raw = raw_result(body + 4);
	json_decref(answer);
	return true;
}

bool remote_call(const struct config *c, const char *method, json_t *params, bool *found,
		 json_t **result, char **raw, struct err *e)
{
	char cookie[COOKIE_MAX], *body, *answer;
	json_t *request;
	bool ok;
	int fd;

	*found = false;
	if (!read_cookie(c, cookie))
		return false;
	fd = dial((uint16_t)c->control_port);
	if (fd < 0)
		return false;
	*found = true;
	request = json_pack("{s:s,s:O,s:i}", "method", method, "params", params, "id", 1);
	body = command_json(request, JSON_COMPACT);
	answer = exchange(c, fd, cookie, body, e);
	close(fd);
	ok = answer && read_answer(answer, result, raw, e);
	json_decref(request);
	free(body);
	free(answer);
	return ok;
}
