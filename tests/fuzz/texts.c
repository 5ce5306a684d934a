/* Fuzz targets for text of users: addresses, amounts, hosts, invites, settings. */
#include "fuzz.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/crypto/address.h>
#include <tally/net/addr.h>
#include <tally/net/invite.h>
#include <tally/net/subnet.h>
#include <tally/config/config.h>
#include <tally/primitives/amount.h>

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

static void run_address(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), again[ADDRESS_CHARS + 1];
	struct key_hash kh;
	struct err e = {0};

	if (address_decode(&kh, text, &e)) {
		address_encode(again, &kh);
		lower(text);
		REQUIRE(strcmp(again, text) == 0 && address_looks_like(text));
	} else {
		REQUIRE(e.cls == ERR_USAGE && e.detail[0] != '\0');
	}
	free(text);
}

/* Bech32 and bech32m, the encodings of addresses and invites. */
static void run_bech32(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *again;
	uint8_t *groups = mem_alloc(size + 1), *bytes = mem_alloc(size + 1);
	char hrp[84];
	size_t n, len;

	for (int kind = BECH32; kind <= BECH32M; kind++) {
		if (!bech32_decode(hrp, groups, &n, kind, text, BECH32_MAX_CHARS, NULL))
			continue;
		len = strlen(text) + 1;
		again = mem_alloc(len);
		REQUIRE(bech32_encode(again, len, kind, hrp, groups, n));
		lower(text);
		REQUIRE(strcmp(again, text) == 0);
		free(again);
		len = size + 1;
		(void)bech32_convert(bytes, &len, 8, groups, n, 5, false);
	}
	free(bytes);
	free(groups);
	free(text);
}

static void run_amount(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), again[AMOUNT_CHARS + 1];
	int64_t a, b;

	if (amount_parse(&a, text, true, NULL)) {
		REQUIRE(amount_valid(a));
		amount_format(again, a);
		REQUIRE(amount_parse(&b, again, true, NULL) && a == b);
		amount_format_fixed(again, a);
		REQUIRE(amount_parse(&b, again, true, NULL) && a == b);
	}
	free(text);
}

static void run_host(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), again[NET_ADDR_CHARS + 1], net[SUBNET_CHARS + 1];
	struct net_addr a, b;
	struct subnet s, t;
	uint8_t key[NET_ADDR_KEY_BYTES];

	if (net_addr_parse_numeric(&a, text, 3000, NULL)) {
		net_addr_format(again, &a);
		REQUIRE(net_addr_parse_numeric(&b, again, 1, NULL) && net_addr_equal(&a, &b));
		net_addr_pack(key, &a);
		net_addr_unpack(&b, key);
		REQUIRE(net_addr_equal(&a, &b) && net_addr_group(&a) == net_addr_group(&b));
	}
	if (subnet_parse(&s, text, NULL)) {
		subnet_format(net, &s);
		REQUIRE(subnet_parse(&t, net, NULL) && memcmp(&s, &t, sizeof s) == 0);
	}
	free(text);
}

static void run_invite(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), again[INVITE_CHARS + 1];
	struct invite in;

	if (invite_decode(&in, text, NULL)) {
		invite_encode(again, &in);
		lower(text);
		REQUIRE(strcmp(again, text) == 0);
	}
	free(text);
}

static void run_utf8(const uint8_t *data, size_t size)
{
	char out[64], tiny[5], *hex;
	uint8_t *bytes;
	size_t n;

	utf8_sanitise(out, sizeof out, data, size);
	REQUIRE(utf8_printable(out, strlen(out)));
	utf8_sanitise(tiny, sizeof tiny, data, size);
	REQUIRE(utf8_printable(tiny, strlen(tiny)));
	REQUIRE(!utf8_printable(data, size) || utf8_valid(data, size));
	hex = mem_alloc(2 * size + 1);
	hex_encode(hex, data, size);
	REQUIRE(hex_decode_alloc(&bytes, &n, hex, size));
	fuzz_require_bytes(bytes, n, data, size);
	free(bytes);
	free(hex);
	hex = fuzz_text(data, size);
	if (hex_decode_alloc(&bytes, &n, hex, size)) {
		REQUIRE(2 * n == strlen(hex));
		free(bytes);
	}
	free(hex);
}

static void run_conf(const uint8_t *data, size_t size)
{
	char home[100], path[128];
	struct config *c = NEW(struct config);
	int fd;

	snprintf(home, sizeof home, "%s/conf", fuzz_dir());
	snprintf(path, sizeof path, "%s/tally.conf", home);
	mkdir(home, 0700); /* fails if an earlier input has created it */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	config_init(c);
	snprintf(c->home, sizeof c->home, "%s", home);
	if (config_finish(c, config_bit(config_find("home")), NULL))
		REQUIRE(c->port <= UINT16_MAX && c->control_port <= UINT16_MAX &&
			c->n_connect <= CONFIG_PEERS_MAX && c->n_addnode <= CONFIG_PEERS_MAX);
	free(c);
}

const struct fuzz_target fuzz_texts[] = {
	{"address", run_address}, {"bech32", run_bech32},
	{"amount", run_amount},   {"host", run_host},
	{"invite", run_invite},   {"utf8", run_utf8},
	{"conf", run_conf},       {0},
};
