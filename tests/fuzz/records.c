/* Fuzz targets for records read from disk: a damaged database may return any bytes. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/net/addrbook.h>
#include <tally/net/bans.h>
#include <tally/store/salvage.h>
#include <tally/store/store.h>

#include "chain/undo_priv.h"
#include "store/env_priv.h"

#define PIECE     160 /* bytes of the input at the start of each page, and at its end */
#define PAGES_MAX 16
#define VALUE_MAX 100000

static void run_undo(const uint8_t *data, size_t size)
{
	struct coin *coins;
	struct writer w;
	size_t n;

	if (!undo_decode(&coins, &n, (struct span){data, size}, NULL))
		return;
	writer_init(&w);
	undo_encode(&w, coins, n);
	fuzz_require_bytes(w.buf, w.len, data, size);
	writer_clear(&w);
	free(coins);
}

static void run_header_record(const uint8_t *data, size_t size)
{
	uint8_t header[HEADER_BYTES];
	uint32_t status;

	if (store_header_record((struct span){data, size}, header, &status))
		fuzz_require_bytes(header, HEADER_BYTES, data, HEADER_BYTES);
}

/* A key and a record of the table that the address book and the bans share. The first byte is the key's length. */
static void run_peer_record(const uint8_t *data, size_t size)
{
	const struct record_store nowhere = {0};
	const size_t n = size > 0 ? data[0] : 0;
	struct addrbook_entry sample[4];
	struct clock_manual clock;
	struct rng_seeded rng;
	struct addrbook *book;
	struct bans *bans;
	struct ban ban;
	struct span key, record;

	if (size < 1 + n)
		return;
	key = (struct span){data + 1, n};
	record = (struct span){data + 1 + n, size - 1 - n};
	clock_manual_init(&clock, 1700000000);
	rng_seeded_init(&rng, 1);
	book = addrbook_new(&clock.clock, &rng.rng, &nowhere);
	bans = bans_new(&clock.clock, &nowhere);
	if (addrbook_load(book, key, record))
		REQUIRE(addrbook_count(book) <= 1);
	addrbook_loaded(book);
	(void)addrbook_sample(book, NET_LOOPBACK, sample, ARRAY_LEN(sample));
	if (bans_load(bans, key, record))
		REQUIRE(bans_list(bans, &ban, 1) <= 1);
	bans_tick(bans);
	bans_free(bans);
	addrbook_free(book);
}

struct scan {
	struct salvage *from;
	size_t n_records;
};

static void on_record(void *arg, struct span key, const struct salvage_place *at)
{
	struct scan *scan = arg;
	uint8_t *bytes;
	size_t n;

	REQUIRE(key.len <= ENV_PAGE_BYTES);
	scan->n_records++;
	if (salvage_read(scan->from, at, VALUE_MAX, &bytes, &n)) {
		REQUIRE(n <= VALUE_MAX);
		free(bytes);
	}
}

/* Makes a file whose pages have pieces of the input at their start and end, where Berkeley DB has the page's fields
 * and its items. The rest of each page is zero. */
static void run_salvage(const uint8_t *data, size_t size)
{
	struct scan scan = {0};
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/blocks.db", fuzz_dir());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	REQUIRE(fd >= 0);
	for (size_t at = 0, i = 0; at < size && i < 2 * PAGES_MAX; at += PIECE, i++) {
		const size_t n = size - at < PIECE ? size - at : PIECE;
		const size_t in_page = i % 2 ? ENV_PAGE_BYTES - PIECE : 0;
		const off_t where = (off_t)(i / 2 * ENV_PAGE_BYTES + in_page);

		REQUIRE(pwrite(fd, data + at, n, where) == (ssize_t)n);
	}
	close(fd);
	REQUIRE(salvage_open(&scan.from, fuzz_dir(), "blocks", NULL));
	salvage_scan(scan.from, on_record, &scan);
	/* A record takes at least two 16-bit entries in the index of its page. */
	REQUIRE(scan.n_records <= PAGES_MAX * ENV_PAGE_BYTES / 4);
	salvage_close(scan.from);
}

const struct fuzz_target fuzz_records[] = {
	{"undo", run_undo},
	{"header-record", run_header_record},
	{"peer-record", run_peer_record},
	{"salvage", run_salvage},
	{0},
};
