/* The genesis block: tally-protocol(7), GENESIS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tally/base/text.h>
#include <tally/consensus/target.h>

#include "consensus_build.h"

/* easy (4,096 hashes on average), because the tests make many blocks */
#define LIMIT UINT32_C(0x1f100000)
#define TIME  UINT32_C(1700000000)

static struct build b;
static struct block_header header;
static struct err e;

static struct chain_params chain(void)
{
	struct chain_params p;

	params_default(&p, 10);
	p.pow_limit = LIMIT;
	p.genesis_bits = LIMIT;
	p.genesis_time = TIME;
	strcpy(p.name, "physics-101");
	for (size_t i = 0; i < KEY_HASH_BYTES; i++)
		p.creator.b[i] = (uint8_t)(0x40 + i);
	return p;
}

/* Sets b and header to the parts of a valid genesis block, for a test to change. */
static void build_genesis(const struct chain_params *p)
{
	uint8_t script[BUILD_SCRIPT_MAX] = {0}, pay[SCRIPT_PAY_BYTES];
	uint8_t memo[2 + PARAMS_RECORD_BYTES] = {0x6a, 0x1e};
	size_t n = strlen(p->name);

	build_clear(&b);
	build_in(&b, build_outpoint(0, OUTPOINT_NULL_INDEX));
	script[1] = (uint8_t)n;
	memcpy(script + 2, p->name, n);
	build_cb_script(&b, script, n + 2);
	script_pay(pay, &p->creator);
	build_out(&b, p->reward, pay, sizeof pay);
	params_encode(memo + 2, p);
	build_out(&b, 0, memo, sizeof memo);
	header = (struct block_header){
		.version = 1, .time = p->genesis_time, .bits = p->genesis_bits};
}

/* A block of what is built, with these transactions after its first, whose hash meets pow_limit
 * (or, where meet is false, does not). */
static struct block *mine(uint32_t pow_limit, bool meet, struct tx *const *more, size_t n_more)
{
	struct tx *txs[3] = {build_tx(&b)};

	assert_true(n_more < ARRAY_LEN(txs));
	for (size_t i = 0; i < n_more; i++)
		txs[1 + i] = more[i];
	struct block *blk = build_block(header, txs, 1 + n_more);
	header.merkle_root = blk->header.merkle_root;
	while (pow_ok(&blk->hash, pow_limit) != meet) {
		struct block_hash hash;

		do {
			header.nonce++;
			header_hash(&hash, &header);
		} while (pow_ok(&hash, pow_limit) != meet);
		block_unref(blk);
		blk = build_block_raw(&header, txs, 1 + n_more);
	}
	tx_unref(txs[0]);
	return blk;
}

/* Runs genesis_read on the built block. token: the expected error; NULL: it must pass. */
static struct chain_params read_built(const char *token)
{
	struct block *blk = mine(LIMIT, true, NULL, 0);
	struct chain_params got, before;

	memset(&got, 0x5a, sizeof got);
	before = got;
	bool ok = genesis_read(&got, blk, &e);
	if (token) {
		assert_refused(ok, &e, ERR_INVALID, token);
		assert_memory_equal(&got, &before, sizeof got);
	} else {
		assert_passes(ok, &e);
	}
	block_unref(blk);
	return got;
}

/* Computed with Python's hashlib from tally-protocol(7), GENESIS: nonce 1772 is the first whose hash meets
 * 0x1f100000. The hash does not meet the bits of the block itself, 0x1e00ffff. */
static const char frozen[] =
	"010000000000000000000000000000000000000000000000000000000000000000000000c2739b5f0d4e34e9"
	"4774da16a4be41db4040d8f61fd9c740894ed1f3054228f100f15365ffff001eec0600000101000000010000"
	"000000000000000000000000000000000000000000000000000000000000ffffffff10000e70687973696373"
	"2d31303120c3a9ffffffff0200f2052a01000000160014404142434445464748494a4b4c4d4e4f5051525300"
	"00000000000000206a1e544c59010a0000000000101f00f2052a0100000050340300050040420f0000000000";
static const char frozen_hash[] =
	"000acb29343ae8c5a5baf808a4ff9f54f7596a8328489a1081e8b993aaf7ee3d";

static struct block *frozen_block(void)
{
	uint8_t *bytes;
	size_t n;
	struct block *blk;

	assert_true(hex_decode_alloc(&bytes, &n, frozen, sizeof frozen));
	if (!block_decode_take(&blk, bytes, n, &e))
		fail_msg("%s", e.detail);
	return blk;
}

static void genesis_with_known_hash_is_read(void **state)
{
	struct block *blk = frozen_block();
	struct chain_params p;
	char hex[HASH_HEX_CHARS + 1];

	(void)state;
	assert_passes(genesis_read(&p, blk, &e), &e);
	hash256_hex(hex, &p.genesis_hash.h);
	assert_string_equal(hex, frozen_hash);
	assert_string_equal(p.name, "physics-101 \xc3\xa9");
	assert_int_equal(p.spacing, 10);
	assert_int_equal(p.pow_limit, LIMIT);
	assert_int_equal(p.genesis_bits, 0x1e00ffff);
	assert_int_equal(p.genesis_time, TIME);
	assert_int_equal(p.reward, 50 * COIN);
	assert_int_equal(p.halving, 210000);
	assert_int_equal(p.maturity, 5);
	assert_int_equal(p.max_block_bytes, 1000000);
	for (size_t i = 0; i < KEY_HASH_BYTES; i++)
		assert_int_equal(p.creator.b[i], 0x40 + i);
	assert_false(pow_ok(&p.genesis_hash, p.genesis_bits));
	block_unref(blk);
}

static void genesis_made_has_the_known_hash(void **state)
{
	struct chain_params p = chain(), got;
	struct block *want = frozen_block(), *blk;

	(void)state;
	strcpy(p.name, "physics-101 \xc3\xa9");
	p.genesis_bits = 0x1e00ffff;
	assert_passes(genesis_make(&blk, &p, &e), &e);
	/* Only the nonce may differ. */
	assert_int_equal(blk->raw.len, want->raw.len);
	assert_memory_equal(blk->raw.p, want->raw.p, HEADER_BYTES - 4);
	assert_memory_equal(blk->raw.p + HEADER_BYTES, want->raw.p + HEADER_BYTES,
			    blk->raw.len - HEADER_BYTES);
	assert_passes(genesis_read(&got, blk, &e), &e);
	assert_memory_equal(&got.genesis_hash, &p.genesis_hash, HASH_BYTES);
	assert_int_equal(got.genesis_time, p.genesis_time);
	block_unref(blk);
	block_unref(want);
}

static void made_genesis_can_be_read(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		struct chain_params p = chain(), got = {0};
		struct block *blk;

		p.spacing = i == 1 ? 0 : 86400;
		p.maturity = (uint16_t)(1 + i);
		p.halving = i == 2 ? 0 : 7;
		p.reward = i == 3 ? 0 : 123456;
		p.max_block_bytes = 10000 + (uint32_t)i;
		p.genesis_bits =
			i == 1 ? LIMIT
			       : 0x1a010000; /* the search stops before such a hash is found */
		memset(p.name, 'a' + i, CHAIN_NAME_MAX);
		p.name[i == 4 ? CHAIN_NAME_MAX : 1] = '\0';
		assert_passes(genesis_make(&blk, &p, &e), &e);
		assert_passes(genesis_read(&got, blk, &e), &e);
		assert_string_equal(got.name, p.name);
		assert_int_equal(got.spacing, p.spacing);
		assert_int_equal(got.maturity, p.maturity);
		assert_int_equal(got.halving, p.halving);
		assert_int_equal(got.reward, p.reward);
		assert_int_equal(got.max_block_bytes, p.max_block_bytes);
		assert_int_equal(got.genesis_bits, p.genesis_bits);
		assert_memory_equal(&got.genesis_hash, &blk->hash, sizeof blk->hash);
		assert_memory_equal(&got.creator, &p.creator, sizeof p.creator);
		block_unref(blk);
	}
}

static void invalid_genesis_is_not_made(void **state)
{
	struct chain_params p = chain();
	struct block *blk;

	(void)state;
	p.maturity = 0;
	assert_refused(genesis_make(&blk, &p, &e), &e, ERR_INVALID, "bad-params-maturity");
	p = chain();
	p.name[0] = '\0';
	assert_refused(genesis_make(&blk, &p, &e), &e, ERR_INVALID, "genesis-name");
	p = chain();
	memset(p.name, 'x', sizeof p.name); /* 41 bytes without NUL */
	assert_refused(genesis_make(&blk, &p, &e), &e, ERR_INVALID, "genesis-name");
	strcpy(p.name, "a\nb");
	assert_refused(genesis_make(&blk, &p, &e), &e, ERR_INVALID, "genesis-name");
	p = chain();
	p.genesis_bits = LIMIT + 1;
	assert_refused(genesis_make(&blk, &p, &e), &e, ERR_INVALID, "genesis-bits");
	p.genesis_bits = 0;
	assert_refused(genesis_make(&blk, &p, &e), &e, ERR_INVALID, "genesis-bits");
}

static void built_parts_are_valid(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	struct chain_params got = read_built(NULL);
	assert_string_equal(got.name, p.name);
}

/* The script: 00, this length byte, this text. */
static void name_of(uint8_t n, const char *text, size_t bytes, const char *token)
{
	struct chain_params p = chain();
	uint8_t script[BUILD_SCRIPT_MAX] = {0, n};

	build_genesis(&p);
	memcpy(script + 2, text, bytes);
	build_cb_script(&b, script, 2 + bytes);
	read_built(token);
}

static void name_has_1_to_40_bytes(void **state)
{
	static const char text[] = "0123456789012345678901234567890123456789abc";

	(void)state;
	name_of(1, text, 1, NULL);
	name_of(40, text, 40, NULL);
	name_of(0, text, 0, "genesis-name");
	name_of(41, text, 41, "genesis-name");
	/* The length byte differs from the length of the text. */
	name_of(5, text, 4, "genesis-name");
	name_of(5, text, 6, "genesis-name");
	name_of(0x4c, text, 10, "genesis-name");
	name_of(0, text, 1, "genesis-name");
}

static void name_is_printable_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		bool ok;
	} cases[] = {
		{" ~", 2, true},
		{"\x1f", 1, false},
		{"\x7f", 1, false},
		{"a\0b", 3, false},
		{"\xc3\xa9", 2, true},
		{"\xc2\xa0", 2, true},          /* U+00A0, the first after the controls */
		{"\xc2\x9f", 2, false},         /* U+009F, the last of them */
		{"\xc3", 1, false},             /* cut */
		{"\xc0\xaf", 2, false},         /* overlong */
		{"\xed\xa0\x80", 3, false},     /* a surrogate */
		{"\xf4\x8f\xbf\xbd", 4, true},  /* U+10FFFD */
		{"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
		{"\xff", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		name_of((uint8_t)cases[i].n, cases[i].text, cases[i].n,
			cases[i].ok ? NULL : "genesis-name");
}

static void genesis_begins_with_height_0(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	b.cb_script[0] = 0x51;
	read_built("bad-cb-height");
}

static void genesis_has_no_previous_block(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	header.prev.h.b[0] = 1;
	read_built("genesis-prev");
	header.prev.h.b[0] = 0;
	header.prev.h.b[31] = 1;
	read_built("genesis-prev");
}

static void all_versions_are_1(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	header.version = 2;
	read_built("bad-version");
	header.version = 1;
	b.version = 2;
	read_built("bad-txns-version");
}

static void genesis_has_one_transaction(void **state)
{
	struct chain_params p = chain(), got;

	(void)state;
	build_payment(&b);
	struct tx *more = build_tx(&b);
	build_genesis(&p);
	struct block *blk = mine(LIMIT, true, &more, 1);
	assert_refused(genesis_read(&got, blk, &e), &e, ERR_INVALID, "genesis-transactions");
	block_unref(blk);
	tx_unref(more);
	blk = build_block_raw(&header, NULL, 0);
	assert_refused(genesis_read(&got, blk, &e), &e, ERR_MUTATED, "bad-blk-length");
	block_unref(blk);
}

static void wrong_bytes_under_the_header_are_a_mutation(void **state)
{
	struct chain_params p = chain(), got;

	(void)state;
	build_genesis(&p);
	struct block *blk = mine(LIMIT, true, NULL, 0);
	header = blk->header;
	block_unref(blk);
	b.out[0].value--;
	struct tx *tx = build_tx(&b);
	blk = build_block_raw(&header, &tx, 1);
	assert_refused(genesis_read(&got, blk, &e), &e, ERR_MUTATED, "bad-txnmrklroot");
	block_unref(blk);
	tx_unref(tx);
}

static void genesis_has_one_null_input(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	b.in[0].sequence = SEQUENCE_FINAL - 1;
	read_built("genesis-sequence");

	build_genesis(&p);
	build_in(&b, build_outpoint(1, 0));
	read_built("bad-txns-prevout-null");

	build_genesis(&p);
	b.in[0].prev = build_outpoint(1, 0);
	b.in[0].script = build_input_script();
	read_built("bad-cb-missing");
}

static void genesis_pays_the_reward_then_holds_the_record(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	b.out[0].value = p.reward - 1;
	read_built("genesis-reward");
	b.out[0].value = p.reward + 1;
	read_built("genesis-reward");
	b.out[0].value = p.reward;
	read_built(NULL);
	b.out[1].value = 1;
	read_built("bad-txns-memo-value");

	build_genesis(&p);
	struct txout first = b.out[0];
	b.out[0] = b.out[1];
	b.out[1] = first;
	read_built("genesis-outputs");

	build_genesis(&p);
	b.n_out = 1;
	read_built("genesis-outputs");
	build_genesis(&p);
	build_pay(&b, 0);
	read_built("genesis-outputs");
	build_genesis(&p);
	b.n_out = 1;
	build_pay(&b, 0);
	read_built("genesis-outputs");
}

static void reward_of_0_is_a_reward(void **state)
{
	struct chain_params p = chain();

	(void)state;
	p.reward = 0;
	build_genesis(&p);
	read_built(NULL);
	b.out[0].value = 1;
	read_built("genesis-reward");
}

static void record_has_30_bytes(void **state)
{
	struct chain_params p = chain();
	uint8_t memo[2 + PARAMS_RECORD_BYTES + 1] = {0x6a};

	(void)state;
	for (size_t n = PARAMS_RECORD_BYTES - 1; n <= PARAMS_RECORD_BYTES + 1; n++) {
		build_genesis(&p);
		memcpy(memo + 2, b.out_script[1] + 2, PARAMS_RECORD_BYTES);
		memo[1] = (uint8_t)n;
		b.n_out = 1;
		build_out(&b, 0, memo, 2 + n);
		read_built(n == PARAMS_RECORD_BYTES ? NULL : "genesis-outputs");
	}
}

static void record_out_of_bounds_is_refused(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	b.out_script[1][2] = 'X';
	read_built("bad-params-magic");
	build_genesis(&p);
	b.out_script[1][5] = 2;
	read_built("bad-params-version");
	p.maturity = 1001;
	build_genesis(&p);
	read_built("bad-params-maturity");
	p.maturity = 1000;
	build_genesis(&p);
	read_built(NULL);
}

static void lock_time_is_0(void **state)
{
	struct chain_params p = chain();

	(void)state;
	build_genesis(&p);
	b.lock_time = 1; /* still final: the sequence is ffffffff */
	read_built("genesis-lock-time");
}

static void bits_are_canonical_and_at_most_pow_limit(void **state)
{
	static const struct {
		uint32_t bits;
		bool ok;
	} cases[] = {
		{LIMIT, true},       {LIMIT + 1, false},  {LIMIT - 1, true},
		{0x20001000, false},                      /* pow_limit, not canonical */
		{0x1d00ffff, true},  {0x1e0000ff, false}, /* not canonical */
		{0x01010000, true},                       /* far too hard to mine on, but valid */
		{0, false},          {0x1d80ffff, false}, {0xff123456, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct chain_params p = chain();

		p.genesis_bits = cases[i].bits;
		build_genesis(&p);
		read_built(cases[i].ok ? NULL : "genesis-bits");
	}
}

static void instant_chains_begin_with_pow_limit(void **state)
{
	struct chain_params p = chain();

	(void)state;
	p.spacing = 0;
	build_genesis(&p);
	read_built(NULL);
	header.bits = LIMIT - 1;
	read_built("genesis-bits");
	p.spacing = 1;
	build_genesis(&p);
	header.bits = LIMIT - 1;
	read_built(NULL);
}

static void hash_meets_pow_limit(void **state)
{
	struct chain_params p = chain(), got;

	(void)state;
	build_genesis(&p);
	struct block *blk = mine(LIMIT, false, NULL, 0);
	assert_refused(genesis_read(&got, blk, &e), &e, ERR_INVALID, "high-hash");
	block_unref(blk);
	header.bits = 0x1d00ffff; /* harder bits do not matter */
	blk = mine(LIMIT, false, NULL, 0);
	assert_refused(genesis_read(&got, blk, &e), &e, ERR_INVALID, "high-hash");
	block_unref(blk);
	blk = mine(LIMIT, true, NULL, 0);
	assert_passes(genesis_read(&got, blk, &e), &e);
	block_unref(blk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genesis_with_known_hash_is_read),
		cmocka_unit_test(genesis_made_has_the_known_hash),
		cmocka_unit_test(made_genesis_can_be_read),
		cmocka_unit_test(invalid_genesis_is_not_made),
		cmocka_unit_test(built_parts_are_valid),
		cmocka_unit_test(name_has_1_to_40_bytes),
		cmocka_unit_test(name_is_printable_utf8),
		cmocka_unit_test(genesis_begins_with_height_0),
		cmocka_unit_test(genesis_has_no_previous_block),
		cmocka_unit_test(all_versions_are_1),
		cmocka_unit_test(genesis_has_one_transaction),
		cmocka_unit_test(wrong_bytes_under_the_header_are_a_mutation),
		cmocka_unit_test(genesis_has_one_null_input),
		cmocka_unit_test(genesis_pays_the_reward_then_holds_the_record),
		cmocka_unit_test(reward_of_0_is_a_reward),
		cmocka_unit_test(record_has_30_bytes),
		cmocka_unit_test(record_out_of_bounds_is_refused),
		cmocka_unit_test(lock_time_is_0),
		cmocka_unit_test(bits_are_canonical_and_at_most_pow_limit),
		cmocka_unit_test(instant_chains_begin_with_pow_limit),
		cmocka_unit_test(hash_meets_pow_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
