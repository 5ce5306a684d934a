/* The gate: every message, in and out, passes here before it is handled or sent. It counts and
 * journals. Later a lesson holds, delays, drops or steps messages here. */
#ifndef TALLY_PROTOCOL_MSG_RECORD_H
#define TALLY_PROTOCOL_MSG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/crypto/hash.h>
#include <tally/net/transport.h>

#define MSG_SUMMARY_CHARS 127

/* One message as journalled, by value. */
struct msg_record {
	uint64_t seq;    /* 1 upward; given by who keeps them */
	int64_t unix_us; /* when it was handled or sent */
	conn_id peer;
	bool out;
	bool ok; /* false: the payload was malformed, or the message was ignored */
	char command[13];
	uint32_t bytes; /* of the payload */
	/* What is in it, decoded: "500 blocks 00a3f1..c9", "h=1042 3tx 00a3f1..c9 prev=004be0..11".
	 * Sanitised UTF-8. */
	char summary[MSG_SUMMARY_CHARS + 1];
	/* What it is about where it is about one thing (a block, a tx, the first of an inv), for
	 * colour; all zeros otherwise. */
	struct hash256 about;
};

#endif
