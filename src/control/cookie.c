/* The secret that a client must send: a new one at every start, in a file that only its owner can
 * read. Source: Bitcoin Core, rpc/request.cpp. */
#include "control/cookie_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>

#define SECRET_BYTES 32
#define COOKIE_USER  "__cookie__:"

static bool write_file(const char *path, const char *text, struct err *e)
{
	char *temp = mem_printf("%s.new", path);
	const size_t n = strlen(text);
	int fd;
	bool ok;

	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text, n) == (ssize_t)n;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(temp, path) == 0;
	if (!ok)
		err_set(e, ERR_IO, "cookie",
			"cannot write %s: %s: check the permissions of the directory and its free space",
			path, strerror(errno));
	free(temp);
	return ok;
}

bool cookie_make(const char *path, char auth[COOKIE_AUTH_CHARS + 1], struct err *e)
{
	uint8_t secret[SECRET_BYTES];
	char text[sizeof(COOKIE_USER) + 2 * SECRET_BYTES];
	size_t at;
	bool ok;

	rng_fill(rng_system(), secret, sizeof(secret));
	at = (size_t)snprintf(text, sizeof(text), COOKIE_USER);
	hex_encode(text + at, secret, sizeof(secret));
	at = (size_t)snprintf(auth, COOKIE_AUTH_CHARS + 1, "Basic ");
	sodium_bin2base64(auth + at, COOKIE_AUTH_CHARS + 1 - at, (const uint8_t *)text,
			  strlen(text), sodium_base64_VARIANT_ORIGINAL);
	ok = write_file(path, text, e);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	return ok;
}

bool cookie_matches(const char auth[COOKIE_AUTH_CHARS + 1], const char *given)
{
	char padded[COOKIE_AUTH_CHARS + 1] = {0}, want[COOKIE_AUTH_CHARS + 1] = {0};

	if (!given || strlen(given) >= sizeof(padded))
		return false;
	snprintf(padded, sizeof(padded), "%s", given);
	snprintf(want, sizeof(want), "%s", auth);
	return sodium_memcmp(padded, want, sizeof(padded)) == 0;
}
