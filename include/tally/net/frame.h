/* Message framing: the 24-byte header. Source: tally-protocol(7), MESSAGES. */
#ifndef TALLY_NET_FRAME_H
#define TALLY_NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/err.h>

#define FRAME_HEADER_BYTES  24
#define FRAME_PAYLOAD_MAX   4000000
#define FRAME_COMMAND_CHARS 12

struct frame_header {
	char command[FRAME_COMMAND_CHARS + 1]; /* printable ASCII, NUL-terminated */
	uint32_t length;                       /* of the payload */
	uint8_t checksum[4];
};

/* ERR_DECODE "frame-magic", "frame-command" (not ASCII, or bytes after the padding began),
 * "frame-length". */
bool frame_decode(struct frame_header *out, const uint8_t in[FRAME_HEADER_BYTES], struct err *e);
void frame_encode(uint8_t out[FRAME_HEADER_BYTES], const char *command, struct span payload);
/* ERR_DECODE "frame-checksum". */
bool frame_check(const struct frame_header *h, struct span payload, struct err *e);

#endif
