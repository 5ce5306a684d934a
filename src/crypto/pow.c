#include <tally/crypto/pow.h>

#include <tally/base/checked.h>

#include "crypto/sha256_priv.h"

bool pow_scan(const uint8_t header[POW_HEADER_BYTES], const uint8_t target[32], uint32_t first,
	      uint64_t count, uint32_t *nonce, uint64_t *tried)
{
	struct scan s = {header, target, first, 0};
	uint64_t made = 0;
	bool found = false;

	s.count = MIN(count, (UINT64_C(1) << 32) - first);
	if (s.count)
		made = sha256_engine()->scan(&s, &found);
	if (found)
		*nonce = (uint32_t)(first + made - 1);
	*tried = made;
	return found;
}
