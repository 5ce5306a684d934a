/* Benchmarks of signature checks and of hashing. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/crypto/pow.h>

#include "crypto/sha256_priv.h"

#define CHECKS 8192
#define ROUNDS 5

static void on_job_done(void *arg, struct sigjob *job)
{
	(void)arg;
	(void)job;
}

static double pool_rate(void *arg)
{
	const struct sigcheck *checks = arg;
	struct sigpool *pool = sigpool_new(bench_cores());
	double start = bench_now(), took;
	struct sigjob *job = sigjob_new(pool, on_job_done, NULL);

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
	struct bench_pair p = bench_compare(fn, raw_times_cores, checks, ROUNDS);

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

/* MH/s of one engine. As s.top is 0, scan() stops only at a hash with 32 leading zero bits: none of these has them. */
static double scan_rate(void *arg)
{
	const struct sha256_engine *en = arg;
	struct sha256_scan s = {.tail = {1, 2, 3}};
	double start = bench_now();
	uint64_t n = en == &sha256_sodium ? SLICE_HASHES : 8 * SLICE_HASHES;

	fx_must(en->scan(&s, 0, n) == n);
	return (double)n / (bench_now() - start) / 1e6;
}

/* MH/s of the function that miners call, which chooses the engine. A target of 0 is never met. */
static double pow_rate(void *arg)
{
	uint8_t header[POW_HEADER_BYTES] = {1}, target[32] = {0};
	double start = bench_now();
	uint64_t tried;
	uint32_t nonce;

	(void)arg;
	fx_must(!pow_scan(header, target, 0, 8 * SLICE_HASHES, &nonce, &tried));
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

static void mining(const char *name, bench_fn *fn, void *arg, double aim)
{
	struct bench_pair p = bench_compare(fn, sodium_midstate_rate, arg, ROUNDS);

	bench_print(&(struct line){.name = name,
				   .unit = "MH/s/core",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "libsodium with midstate",
				   .aim = aim > 0 ? AIM_AT_LEAST : AIM_NONE,
				   .aim_value = aim});
}

static void mining_engines(const char *filter)
{
	mining("sha256d_mining", pow_rate, NULL, 13.7);
	for (size_t i = 0; i < sha256_n_engines; i++) {
		const struct sha256_engine *en = sha256_engines[i];
		char name[64];

		snprintf(name, sizeof(name), "sha256d_mining_%s", en->name);
		if (en->usable() && bench_wanted(filter, name))
			mining(name, scan_rate, (void *)(uintptr_t)en, 0);
	}
	if (bench_wanted(filter, "sha256d_mining_no_midstate"))
		mining("sha256d_mining_no_midstate", sodium_rate, NULL, 0);
}

/* --- hashing data of other sizes ------------------------------------------------------ */

struct hashed {
	const uint8_t *bytes;
	size_t n, times;
};

static double sha256d_rate(void *arg)
{
	const struct hashed *h = arg;
	double start = bench_now();
	struct hash256 out;

	for (size_t i = 0; i < h->times; i++)
		sha256d(&out, h->bytes, h->n);
	return (double)(h->n * h->times) / (bench_now() - start) / 1e6;
}

static double libsodium_rate(void *arg)
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
	struct bench_pair p = bench_compare(sha256d_rate, libsodium_rate, &h, ROUNDS);

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
		mining_engines(filter);
	if (bench_wanted(filter, "sha256d_payment"))
		hashing("sha256d_payment", 211);
	if (bench_wanted(filter, "sha256d_megabyte"))
		hashing("sha256d_megabyte", 1000000);
}
