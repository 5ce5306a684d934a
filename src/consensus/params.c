/* Chain parameters: bounds, record, subsidy. Source: tally-protocol(7), BLOCKS and GENESIS. */
#include <tally/consensus/params.h>

#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/text.h>
#include <tally/consensus/target.h>
#include <tally/primitives/amount.h>

#define RECORD_MAGIC       "TLY"
#define RECORD_MAGIC_BYTES 3
#define RECORD_VERSION     1

/* 2^200 and 2^244. */
static const struct u256 pow_limit_least = {{0, 0, 0, UINT64_C(1) << (200 - 192)}};
static const struct u256 pow_limit_most = {{0, 0, 0, UINT64_C(1) << (244 - 192)}};

void params_default(struct chain_params *p, uint32_t spacing)
{
	memset(p, 0, sizeof *p);
	p->spacing = spacing;
	p->pow_limit = spacing ? POW_LIMIT_BITS_DEFAULT : POW_LIMIT_BITS_INSTANT;
	p->reward = REWARD_DEFAULT;
	p->halving = HALVING_DEFAULT;
	p->maturity = MATURITY_DEFAULT;
	p->max_block_bytes = MAX_BLOCK_BYTES_DEFAULT;
	p->genesis_bits = p->pow_limit;
}

/* The largest reward. All blocks together must not create more than MAX_MONEY: with halvings, all
 * halvings together stay below it; without, a million blocks do. */
static uint64_t reward_most(uint32_t halving)
{
	if (halving == 0)
		return MAX_MONEY / 1000000;
	return (uint64_t)MAX_MONEY / (2 * (uint64_t)halving);
}

static bool check_reward(uint64_t reward, uint32_t halving, struct err *e)
{
	char got[AMOUNT_CHARS + 1], most[AMOUNT_CHARS + 1];

	if (reward <= reward_most(halving))
		return true;
	amount_format(got, (int64_t)MIN(reward, (uint64_t)INT64_MAX));
	amount_format(most, (int64_t)reward_most(halving));
	if (halving == 0)
		return err_set(e, ERR_INVALID, "bad-params-reward",
			       "reward %s: at most %s coins a block that never halves", got, most);
	return err_set(e, ERR_INVALID, "bad-params-reward",
		       "reward %s: at most %s coins with a halving of %u blocks", got, most,
		       halving);
}

static bool check_pow_limit(uint32_t bits, struct err *e)
{
	struct u256 target;

	if (!target_from_bits(&target, bits) || target_to_bits(&target) != bits)
		return err_set(e, ERR_INVALID, "bad-params-pow-limit",
			       "pow-limit 0x%08x: not a compact target in its shortest form", bits);
	if (u256_cmp(&target, &pow_limit_least) < 0 || u256_cmp(&target, &pow_limit_most) > 0)
		return err_set(e, ERR_INVALID, "bad-params-pow-limit",
			       "pow-limit 0x%08x: from 0x1a010000 to 0x1f100000", bits);
	return true;
}

bool params_check(const struct chain_params *p, struct err *e)
{
	if (p->spacing > SPACING_MAX)
		return err_set(e, ERR_INVALID, "bad-params-spacing", "spacing %u s: at most %d",
			       p->spacing, SPACING_MAX);
	if (!check_pow_limit(p->pow_limit, e))
		return false;
	if (p->reward < 0)
		return err_set(e, ERR_INVALID, "bad-params-reward", "reward %lld units: 0 or more",
			       (long long)p->reward);
	if (!check_reward((uint64_t)p->reward, p->halving, e))
		return false;
	if (p->maturity < 1 || p->maturity > MATURITY_MAX)
		return err_set(e, ERR_INVALID, "bad-params-maturity",
			       "maturity %u blocks: from 1 to %d", p->maturity, MATURITY_MAX);
	if (p->max_block_bytes < MAX_BLOCK_BYTES_MIN || p->max_block_bytes > BLOCK_MAX_BYTES)
		return err_set(e, ERR_INVALID, "bad-params-max-block-bytes",
			       "max-block-bytes %u: from %d to %d", p->max_block_bytes,
			       MAX_BLOCK_BYTES_MIN, BLOCK_MAX_BYTES);
	return true;
}

void params_encode(uint8_t out[PARAMS_RECORD_BYTES], const struct chain_params *p)
{
	struct writer w;

	writer_init_fixed(&w, out, PARAMS_RECORD_BYTES);
	put_bytes(&w, RECORD_MAGIC, RECORD_MAGIC_BYTES);
	put_u8(&w, RECORD_VERSION);
	put_le32(&w, p->spacing);
	put_le32(&w, p->pow_limit);
	put_le64(&w, (uint64_t)p->reward);
	put_le32(&w, p->halving);
	put_le16(&w, p->maturity);
	put_le32(&w, p->max_block_bytes);
}

bool params_decode(struct chain_params *p, const uint8_t in[PARAMS_RECORD_BYTES], struct err *e)
{
	struct chain_params got = *p;
	struct reader r;
	uint8_t magic[RECORD_MAGIC_BYTES];

	reader_init(&r, in, PARAMS_RECORD_BYTES);
	get_bytes(&r, magic, sizeof magic);
	if (memcmp(magic, RECORD_MAGIC, sizeof magic) != 0)
		return err_set(e, ERR_INVALID, "bad-params-magic",
			       "the memo is not a parameter record");
	uint8_t version = get_u8(&r);
	if (version != RECORD_VERSION)
		return err_set(e, ERR_INVALID, "bad-params-version",
			       "the parameter record has version %u: only %d is known", version,
			       RECORD_VERSION);
	got.spacing = get_le32(&r);
	got.pow_limit = get_le32(&r);
	uint64_t reward = get_le64(&r);
	got.halving = get_le32(&r);
	got.maturity = get_le16(&r);
	got.max_block_bytes = get_le32(&r);
	/* Checked before the conversion to a signed number. */
	if (!check_reward(reward, got.halving, e))
		return false;
	got.reward = (int64_t)reward;
	if (!params_check(&got, e))
		return false;
	*p = got;
	return true;
}

void params_memo_text(char *out, size_t size, struct span memo)
{
	static const char title[] = "the chain's parameters";
	struct chain_params ignored = {0};

	if (memo.len == PARAMS_RECORD_BYTES && params_decode(&ignored, memo.p, NULL))
		utf8_sanitise(out, size, title, sizeof(title) - 1);
	else
		utf8_sanitise(out, size, memo.p, memo.len);
}

size_t params_max_tx_bytes(const struct chain_params *p)
{
	return MIN((size_t)TX_MAX_BYTES, p->max_block_bytes - BLOCK_RESERVE_BYTES);
}

int64_t subsidy(const struct chain_params *p, uint32_t height)
{
	uint32_t halvings = p->halving ? height / p->halving : 0;

	return halvings < 64 ? (int64_t)((uint64_t)p->reward >> halvings) : 0;
}
