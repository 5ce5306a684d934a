#include "cli/remote_priv.h"

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
#include <tally/rpc/json_amount.h>
#include <tally/store/lock.h>

#define COOKIE_MAX    128 /* with the NUL */
#define CONNECT_S     5
#define CHECK_EVERY_S 1 /* while there is no answer, check if the node is suspended */

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

/* Returns a socket, or -1 if nothing listens at this port. */
static int connect_to(uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval tv = {.tv_sec = CONNECT_S}, check = {.tv_sec = CHECK_EVERY_S};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &check, sizeof(check));
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

bool remote_is_suspended(const struct config *c, struct err *e)
{
	unsigned long pid;

	if (!dir_lock_suspended(c->dir, &pid))
		return false;
	err_set(e, ERR_BUSY, "suspended",
		"node %u is suspended (process %lu, ^Z): resume it with fg in its terminal",
		c->node_id, pid);
	return true;
}

/* Receives until the node closes the connection, however long the command takes, but gives up when the
 * node is suspended. Returns NUL-terminated text, or NULL with an error. */
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
			if (!remote_is_suspended(c, e))
				continue;
			err_set(e, ERR_BUSY, "suspended",
				"node %u was suspended (^Z) during the command and continues it when it "
				"is resumed (fg): check the result before you repeat it",
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

/* Sends an HTTP request and returns the response, or NULL with an error. */
static char *exchange(const struct config *c, int fd, const char *cookie, const char *body,
		      struct err *e)
{
	char auth[COOKIE_MAX * 2];
	char *head, *response = NULL;

	sodium_bin2base64(auth, sizeof(auth), (const uint8_t *)cookie, strlen(cookie),
			  sodium_base64_VARIANT_ORIGINAL);
	head = mem_printf(
		"POST / HTTP/1.0\r\nHost: 127.0.0.1:%u\r\nAuthorization: Basic %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		c->control_port, auth, strlen(body));
	err_set(e, ERR_IO, "no-answer", "the node at control port %u did not answer: see its log",
		c->control_port);
	if (send_all(fd, head, strlen(head)) && send_all(fd, body, strlen(body)))
		response = receive_all(c, fd, e);
	free(head);
	if (response && *response) {
		err_clear(e);
		return response;
	}
	free(response);
	return NULL;
}

/* Returns R of {"result":R,"error":null,...} as it is written. */
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

/* The error class that the node names, or ERR_IO if it names none. */
static enum err_class read_class(const json_t *data)
{
	const char *name = json_string_value(json_object_get(data, "class"));

	for (int c = ERR_NONE + 1; name && c <= ERR_INTERNAL; c++)
		if (strcmp(err_class_name((enum err_class)c), name) == 0)
			return (enum err_class)c;
	return ERR_IO;
}

/* Sets the error of a response and returns false; returns true if it has none. */
static bool check_response(const json_t *response, struct err *e)
{
	const json_t *error = json_object_get(response, "error");
	const json_t *data = json_object_get(error, "data");
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *token = json_string_value(json_object_get(data, "token"));

	if (!error || json_is_null(error))
		return true;
	return err_set(e, read_class(data), token ? token : "remote", "%s",
		       message ? message : "the node refused the command and gave no reason");
}

static bool read_response(const char *http, struct cli_result *result, struct err *e)
{
	const char *body = strstr(http, "\r\n\r\n");
	json_t *response = body ? json_loads(body + 4, 0, NULL) : NULL;
	bool ok;

	if (!response)
		return err_set(e, ERR_IO, "bad-answer",
			       "the answer from the control port is not JSON: check that no other "
			       "program uses that port");
	ok = check_response(response, e);
	if (ok) {
		result->value = json_incref(json_object_get(response, "result"));
		result->json = raw_result(body + 4);
	}
	json_decref(response);
	return ok;
}

bool remote_call(const struct config *c, const struct cli_call *call, bool *found,
		 struct cli_result *result, struct err *e)
{
	char cookie[COOKIE_MAX], *body, *response;
	json_t *request;
	bool ok;
	int fd;

	*found = false;
	if (!read_cookie(c, cookie))
		return false;
	fd = connect_to((uint16_t)c->control_port);
	if (fd < 0)
		return false;
	*found = true;
	request = json_pack("{s:s,s:O,s:i}", "method", call->command, "params", call->params, "id",
			    1);
	body = json_amount_print(request, JSON_COMPACT);
	response = exchange(c, fd, cookie, body, e);
	close(fd);
	ok = response && read_response(response, result, e);
	json_decref(request);
	free(body);
	free(response);
	return ok;
}
