/* Fuzz target for the protocol: a whole connection with one peer. */
#ifndef TALLY_TESTS_FUZZ_PEER_H
#define TALLY_TESTS_FUZZ_PEER_H

#include <stddef.h>
#include <stdint.h>

/* The first byte is a set of flags: 1 the peer sends no version message first, 2 the connection is outbound, 4 the
 * node has no chain yet, 8 the peer has an old protocol version. Messages follow: kind (u8), length (u16,
 * little-endian), payload. A length above the number of bytes left means all of them. */
void fuzz_peer(const uint8_t *data, size_t size);

#endif
