/* Headers: height and sequence number -> header (80 bytes) and status (1 to 4 bytes). */
#include <string.h>

#include <tally/base/bytes.h>

#include "store/store_priv.h"

#define RECORD_BYTES_MAX STORE_HEADER_RECORD_MAX
#define STATUS_BYTES_MAX (RECORD_BYTES_MAX - HEADER_BYTES)

/* The status takes only as many bytes as it needs, usually one. Berkeley DB adds 3 bytes to a record and
 * pads it to a multiple of 4: 81 bytes cost 84, and 84 would cost 88. */
static size_t record_write(uint8_t out[RECORD_BYTES_MAX], const uint8_t header[HEADER_BYTES],
			   uint32_t status)
{
	size_t n = RECORD_BYTES_MAX;

	memcpy(out, header, HEADER_BYTES);
	set_le32(out + HEADER_BYTES, status);
	while (n > HEADER_BYTES && out[n - 1] == 0)
		n--;
	return n;
}

bool store_header_record(struct span record, uint8_t header[HEADER_BYTES], uint32_t *status)
{
	uint8_t rest[STATUS_BYTES_MAX] = {0};

	if (record.len < HEADER_BYTES || record.len > RECORD_BYTES_MAX)
		return false;
	memcpy(header, record.p, HEADER_BYTES);
	memcpy(rest, record.p + HEADER_BYTES, record.len - HEADER_BYTES);
	*status = le32(rest);
	return true;
}

bool store_put_header(struct store *s, uint32_t height, uint32_t seq,
		      const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e)
{
	uint8_t key[STORE_KEY_BYTES], record[RECORD_BYTES_MAX];
	size_t n = record_write(record, header, status);

	store_key(key, height, seq);
	return env_put(&s->env, STORE_HEADERS, (struct span){key, sizeof key},
		       (struct span){record, n}, e);
}

bool store_get_header(struct store *s, uint32_t height, uint32_t seq, uint8_t header[HEADER_BYTES],
		      uint32_t *status, struct err *e)
{
	uint8_t key[STORE_KEY_BYTES], record[RECORD_BYTES_MAX];
	size_t n = sizeof record;
	struct err why;

	store_key(key, height, seq);
	if (!env_get(&s->env, STORE_HEADERS, (struct span){key, sizeof key}, record, &n, &why)) {
		if (why.cls == ERR_NONE)
			err_set(&why, ERR_NOTFOUND, "header-not-found",
				"header %u at height %u is not stored", (unsigned)seq,
				(unsigned)height);
		if (e != NULL)
			*e = why;
		return false;
	}
	if (!store_header_record((struct span){record, n}, header, status))
		return env_damaged(&s->env, e, "headers.db has a record of %zu bytes", n);
	return true;
}

struct each {
	store_header_fn *fn;
	void *arg;
	struct err *e;
	bool damaged;
};

static bool each_one(void *arg, struct span key, struct span value)
{
	struct each *each = arg;
	uint8_t header[HEADER_BYTES];
	uint32_t status;

	if (key.len != STORE_KEY_BYTES || !store_header_record(value, header, &status)) {
		each->damaged = true;
		return false;
	}
	return each->fn(each->arg, be32(key.p), be32(key.p + 4), header, status, each->e);
}

bool store_each_header(struct store *s, store_header_fn *fn, void *arg, struct err *e)
{
	struct each each = {.fn = fn, .arg = arg, .e = e};
	bool stopped = false;

	if (!env_each(&s->env, STORE_HEADERS, (struct span){NULL, 0}, each_one, &each, &stopped, e))
		return false;
	if (each.damaged)
		return env_damaged(&s->env, e, "a record in headers.db has the wrong size");
	return !stopped;
}
