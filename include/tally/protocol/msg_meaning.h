/* What a message means, for people. Needs no other header of the protocol. */
#ifndef TALLY_PROTOCOL_MSG_MEANING_H
#define TALLY_PROTOCOL_MSG_MEANING_H

#include <stdbool.h>

/* One sentence about the message `name`, from our point of view: out if we sent it. NULL: this
 * program doesn't know the message, so it was ignored. */
const char *protocol_msg_meaning(const char *name, bool out);

#endif
