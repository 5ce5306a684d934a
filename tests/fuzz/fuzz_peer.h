/* A peer's side of a conversation with a node's protocol. */
#ifndef TALLY_TESTS_FUZZ_PEER_H
#define TALLY_TESTS_FUZZ_PEER_H

#include <stddef.h>
#include <stdint.h>

/* The first byte: 1 no version first, 2 it is we who dialled, 4 the node has no chain yet, 8 an old peer. Then messages:
 * which (one byte), length (u16), payload; a length above what is left takes it all. */
void fuzz_peer(const uint8_t *data, size_t size);

#endif
