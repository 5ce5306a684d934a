/* Signatures through the pool, and hashes a second. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/crypto/pow.h>

#define CHECKS 8192
#define ROUNDS 5

static void ignore(void *arg, struct sigjob *job)
{
	(void)arg;
	(void)job;
}

static double pool_rate(void *arg)
{
	const struct sigcheck *checks = arg;
	struct sigpool *pool = sigpool_new(bench_cores());
	double start = bench_now(), took;
	struct sigjob *job = sigjob_new(pool, ignore, NULL);

	for (size_t i = 0; i < CHECKS; i += 64)
		sigjob_add(job, checks + i, 64);
	sigjob_close(job);
	sigpool_wait(pool, job);
	took = bench_now() - start;
	fx_must(sigjob_first_bad(job) == SIZE_MAX);
	sigjob_free(job);
	sigpool_free(pool);
	return CHECKS / took;
}

static double raw_all_cores(void *arg)
{
	return bench_raw_rate(arg, CHECKS / bench_cores(), bench_cores());
}

static double raw_times_cores(void *arg)
{
	return bench_raw_rate(arg, CHECKS / bench_cores(), 1) * bench_cores();
}

static void signatures(const char *name, bench_fn *fn, double aim)
{
	struct sigcheck *checks = bench_checks(CHECKS);
	struct bench_pair p = bench_beside(fn, raw_times_cores, checks, ROUNDS);

	bench_print(&(struct line){.name = name,
				   .unit = "checks/s",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "libsodium on one core, times cores",
				   .aim = aim > 0 ? AIM_RATIO : AIM_NONE,
				   .aim_value = aim});
	free(checks);
}

/* --- hashes ------------------------------------------------------------------------ */

#define SLICE_HASHES 400000

/* Our way: whatever engine was chosen. Nothing meets a target of zero. */
static double scan_rate(void *arg)
{
	uint8_t header[POW_HEADER_BYTES] = {1}, target[32] = {0};
	double start = bench_now();
	uint64_t tried, n = *(const uint64_t *)arg;
	uint32_t nonce;

	fx_must(!pow_scan(header, target, 0, n, &nonce, &tried));
	return (double)tried / (bench_now() - start) / 1e6;
}

static double sodium_midstate_rate(void *arg)
{
	uint8_t header[POW_HEADER_BYTES] = {1}, h[32];
	crypto_hash_sha256_state mid, s;
	double start = bench_now();

	(void)arg;
	crypto_hash_sha256_init(&mid);
	crypto_hash_sha256_update(&mid, header, 64);
	for (uint32_t i = 0; i < SLICE_HASHES; i++) {
		set_le32(header + 76, i);
		s = mid;
		crypto_hash_sha256_update(&s, header + 64, 16);
		crypto_hash_sha256_final(&s, h);
		crypto_hash_sha256(h, h, sizeof(h));
	}
	return SLICE_HASHES / (bench_now() - start) / 1e6;
}

static double sodium_rate(void *arg)
{
	uint8_t header[POW_HEADER_BYTES] = {1}, h[32];
	double start = bench_now();

	(void)arg;
	for (uint32_t i = 0; i < SLICE_HASHES; i++) {
		set_le32(header + 76, i);
		crypto_hash_sha256(h, header, sizeof(header));
		crypto_hash_sha256(h, h, sizeof(h));
	}
	return SLICE_HASHES / (bench_now() - start) / 1e6;
}

static void mining(void)
{
	uint64_t n = 4 * SLICE_HASHES;
	struct bench_pair p = bench_beside(scan_rate, sodium_midstate_rate, &n, ROUNDS);

	bench_print(&(struct line){.name = "sha256d_mining",
				   .unit = "MH/s/core",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "libsodium with midstate",
				   .aim = AIM_AT_LEAST,
				   .aim_value = 13.7});
	p = bench_beside(sodium_midstate_rate, sodium_rate, NULL, ROUNDS);
	bench_print(&(struct line){.name = "sha256d_mining_libsodium",
				   .unit = "MH/s/core",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "libsodium without midstate"});
}

/* --- hashing what is not a header ---------------------------------------------------- */

struct hashed {
	const uint8_t *bytes;
	size_t n, times;
};

static double ours_rate(void *arg)
{
	const struct hashed *h = arg;
	double start = bench_now();
	struct hash256 out;

	for (size_t i = 0; i < h->times; i++)
		sha256d(&out, h->bytes, h->n);
	return (double)(h->n * h->times) / (bench_now() - start) / 1e6;
}

static double sodiums_rate(void *arg)
{
	const struct hashed *h = arg;
	double start = bench_now();
	uint8_t out[32];

	for (size_t i = 0; i < h->times; i++) {
		crypto_hash_sha256(out, h->bytes, h->n);
		crypto_hash_sha256(out, out, sizeof(out));
	}
	return (double)(h->n * h->times) / (bench_now() - start) / 1e6;
}

static void hashing(const char *name, size_t n)
{
	static const uint8_t bytes[1000000];
	struct hashed h = {bytes, n, 20000000 / n};
	struct bench_pair p = bench_beside(ours_rate, sodiums_rate, &h, ROUNDS);

	bench_print(&(struct line){.name = name,
				   .unit = "MB/s",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "libsodium",
				   .aim = AIM_RATIO,
				   .aim_value = 1});
}

void bench_crypto(const char *filter)
{
	if (bench_wanted(filter, "signature_checks"))
		signatures("signature_checks", pool_rate, 0.90);
	if (bench_wanted(filter, "signature_checks_raw"))
		signatures("signature_checks_raw", raw_all_cores, 0);
	if (bench_wanted(filter, "sha256d_mining"))
		mining();
	if (bench_wanted(filter, "sha256d_payment"))
		hashing("sha256d_payment", 211);
	if (bench_wanted(filter, "sha256d_megabyte"))
		hashing("sha256d_megabyte", 1000000);
}
