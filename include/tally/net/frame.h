/* Message framing: the 24-byte header of a message. Source: tally-protocol(7), MESSAGES. */
#ifndef TALLY_NET_FRAME_H
#define TALLY_NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>

#define FRAME_HEADER_BYTES 24
#define FRAME_PAYLOAD_MAX  4000000
#define FRAME_TYPE_CHARS   12

struct frame_header {
	char type[FRAME_TYPE_CHARS + 1]; /* message type: printable ASCII, NUL-terminated */
	uint32_t length;                 /* of the payload, in bytes */
	uint8_t checksum[4];
};

/* Fails with ERR_DECODE "frame-magic", "frame-type" (not printable ASCII padded with zeros) or
 * "frame-length" (over FRAME_PAYLOAD_MAX). */
bool frame_decode(struct frame_header *out, const uint8_t in[FRAME_HEADER_BYTES], struct err *e);
void frame_encode(uint8_t out[FRAME_HEADER_BYTES], const char *type, struct span payload);
/* Compares the payload with the header's checksum. Fails with ERR_DECODE "frame-checksum". */
bool frame_check(const struct frame_header *h, struct span payload, struct err *e);

#endif
