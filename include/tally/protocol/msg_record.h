/* A record of one message, sent or received, for the console's message log. */
#ifndef TALLY_PROTOCOL_MSG_RECORD_H
#define TALLY_PROTOCOL_MSG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/crypto/hash.h>
#include <tally/net/transport.h>

#define MSG_SUMMARY_CHARS 127

struct msg_record {
	uint64_t seq;    /* 1 upward; set by the journal that keeps the records */
	int64_t unix_us; /* when it was handled or sent */
	conn_id peer;
	bool out;         /* sent by us */
	bool ok;          /* false: malformed or ignored; the summary says why */
	char command[13]; /* the message's name, as on the wire */
	uint32_t bytes;   /* of the payload */
	/* Its content in one line of sanitised UTF-8: "500 blocks 00a3f1..c9",
	 * "h=1042 3tx 00a3f1..c9 prev=004be0..11". */
	char summary[MSG_SUMMARY_CHARS + 1];
	/* The block or transaction that it is about (the first one of an inv), for its colour on
	 * the screen; zeros: none. */
	struct hash256 about;
};

#endif
