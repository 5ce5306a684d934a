#include <tally/crypto/pow.h>

#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/crypto/hash.h>

#include "crypto/sha256_priv.h"

#define MIDSTATE_BYTES 64 /* the first block of the header, which does not contain the nonce */
#define NONCE_AT       76

/* hash <= target, both little-endian: the comparison begins with the most significant limb. */
static bool meets(const struct hash256 *h, const uint8_t target[32])
{
	for (int limb = 3; limb >= 0; limb--) {
		uint64_t a = le64(h->b + 8 * limb), b = le64(target + 8 * limb);

		if (a != b)
			return a < b;
	}
	return true;
}

static bool nonce_meets(const uint8_t header[POW_HEADER_BYTES], const uint8_t target[32],
			uint32_t nonce)
{
	uint8_t bytes[POW_HEADER_BYTES];
	struct hash256 h;

	memcpy(bytes, header, NONCE_AT);
	set_le32(bytes + NONCE_AT, nonce);
	sha256d(&h, bytes, sizeof(bytes));
	return meets(&h, target);
}

bool pow_scan(const uint8_t header[POW_HEADER_BYTES], const uint8_t target[32], uint32_t first,
	      uint64_t count, uint32_t *nonce, uint64_t *tried)
{
	struct sha256_scan s = {.top = le32(target + 28)};

	memcpy(s.mid, sha256_iv, sizeof(s.mid));
	sha256_blocks()(s.mid, header, 1);
	for (size_t i = 0; i < 3; i++)
		s.tail[i] = be32(header + MIDSTATE_BYTES + 4 * i);
	count = MIN(count, (UINT64_C(1) << 32) - first);
	for (*tried = 0; *tried < count;) {
		uint32_t at;

		*tried += sha256_scan()(&s, (uint32_t)(first + *tried), count - *tried);
		if (*tried == count)
			break;
		at = (uint32_t)(first + (*tried)++);
		if (nonce_meets(header, target, at)) {
			*nonce = at;
			return true;
		}
	}
	return false;
}
