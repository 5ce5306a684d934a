#include <tally/net/frame.h>

#include <assert.h>
#include <string.h>

#include <tally/crypto/hash.h>

static const uint8_t frame_magic[4] = {0xfa, 0xbf, 0xb5, 0xda};

/* Requires printable ASCII, then zeros up to the end. */
static bool read_type(char out[FRAME_TYPE_CHARS + 1], const uint8_t *in)
{
	size_t n = 0;

	while (n < FRAME_TYPE_CHARS && in[n] > ' ' && in[n] < 0x7f) {
		out[n] = (char)in[n];
		n++;
	}
	memset(out + n, 0, FRAME_TYPE_CHARS + 1 - n);
	for (size_t i = n; i < FRAME_TYPE_CHARS; i++)
		if (in[i] != 0)
			return false;
	return n > 0;
}

bool frame_decode(struct frame_header *out, const uint8_t in[FRAME_HEADER_BYTES], struct err *e)
{
	if (memcmp(in, frame_magic, sizeof(frame_magic)) != 0)
		return err_set(
			e, ERR_DECODE, "frame-magic",
			"not a message of this protocol: it begins with %02x%02x%02x%02x, not fabfb5da",
			in[0], in[1], in[2], in[3]);
	if (!read_type(out->type, in + 4))
		return err_set(e, ERR_DECODE, "frame-type",
			       "the message type is not printable ASCII padded with zeros");
	out->length = le32(in + 16);
	if (out->length > FRAME_PAYLOAD_MAX)
		return err_set(e, ERR_DECODE, "frame-length", "%s announces %u bytes: at most %u",
			       out->type, out->length, FRAME_PAYLOAD_MAX);
	memcpy(out->checksum, in + 20, sizeof(out->checksum));
	return true;
}

void frame_encode(uint8_t out[FRAME_HEADER_BYTES], const char *type, struct span payload)
{
	size_t n = strlen(type);
	struct hash256 sum;

	assert(n >= 1 && n <= FRAME_TYPE_CHARS && payload.len <= FRAME_PAYLOAD_MAX);
	memcpy(out, frame_magic, sizeof(frame_magic));
	memset(out + 4, 0, FRAME_TYPE_CHARS);
	memcpy(out + 4, type, n);
	set_le32(out + 16, (uint32_t)payload.len);
	sha256d(&sum, payload.p, payload.len);
	memcpy(out + 20, sum.b, 4);
}

bool frame_check(const struct frame_header *h, struct span payload, struct err *e)
{
	struct hash256 sum;

	sha256d(&sum, payload.p, payload.len);
	if (memcmp(sum.b, h->checksum, sizeof(h->checksum)) != 0)
		return err_set(
			e, ERR_DECODE, "frame-checksum",
			"%s of %zu bytes has checksum %02x%02x%02x%02x, not %02x%02x%02x%02x",
			h->type, payload.len, h->checksum[0], h->checksum[1], h->checksum[2],
			h->checksum[3], sum.b[0], sum.b[1], sum.b[2], sum.b[3]);
	return true;
}
