#include <tally/crypto/pow.h>

#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/crypto/hash.h>

/* The first block of the header, 64 bytes, is the same for every nonce. */
#define MIDSTATE_BYTES 64
#define NONCE_AT       76

/* What a scan goes by; the nonce stands at the end of the tail. */
struct scan {
	const uint8_t *header;
	const uint8_t *target;
	uint32_t first;
	uint64_t count; /* at least 1, first + count at most 2^32 */
};

/* hash <= target, both little-endian: the last limb decides as good as always. */
static bool meets(const struct hash256 *h, const uint8_t target[32])
{
	for (int limb = 3; limb >= 0; limb--) {
		uint64_t a = le64(h->b + 8 * limb), b = le64(target + 8 * limb);

		if (a != b)
			return a < b;
	}
	return true;
}

/* An engine tries the scan's nonces in order and returns how many it tried; *found
 * where the last of them does it. This one runs everywhere. */
typedef uint64_t scan_engine(const struct scan *s, bool *found);

static uint64_t scan_sodium(const struct scan *s, bool *found)
{
	crypto_hash_sha256_state mid, state;
	uint8_t tail[POW_HEADER_BYTES - MIDSTATE_BYTES];
	struct hash256 h;

	crypto_hash_sha256_init(&mid);
	crypto_hash_sha256_update(&mid, s->header, MIDSTATE_BYTES);
	memcpy(tail, s->header + MIDSTATE_BYTES, sizeof(tail));
	for (uint64_t i = 0; i < s->count; i++) {
		set_le32(tail + NONCE_AT - MIDSTATE_BYTES, (uint32_t)(s->first + i));
		state = mid;
		crypto_hash_sha256_update(&state, tail, sizeof(tail));
		crypto_hash_sha256_final(&state, h.b);
		crypto_hash_sha256(h.b, h.b, sizeof(h.b));
		if (meets(&h, s->target)) {
			*found = true;
			return i + 1;
		}
	}
	return s->count;
}

/* The quickest engine this machine can run. */
static scan_engine *engine(void)
{
	return scan_sodium;
}

bool pow_scan(const uint8_t header[POW_HEADER_BYTES], const uint8_t target[32], uint32_t first,
	      uint64_t count, uint32_t *nonce, uint64_t *tried)
{
	struct scan s = {header, target, first, 0};
	uint64_t made = 0;
	bool found = false;

	s.count = MIN(count, (UINT64_C(1) << 32) - first);
	if (s.count)
		made = engine()(&s, &found);
	if (found)
		*nonce = (uint32_t)(first + made - 1);
	*tried = made;
	return found;
}
