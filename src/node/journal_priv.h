/* The journal: the last messages and log lines, for the console and commands. */
#ifndef TALLY_NODE_JOURNAL_PRIV_H
#define TALLY_NODE_JOURNAL_PRIV_H

#include <tally/base/log.h>
#include <tally/node/snapshot.h>
#include <tally/protocol/msg_record.h>

struct journal;

struct journal *journal_new(void);
void journal_free(struct journal *j);
/* Numbers a message and keeps a copy. unix_us: microseconds. */
void journal_msg(struct journal *j, const struct msg_record *rec, int64_t unix_us);
/* The text is sanitised and cut to LOG_TEXT_CHARS. */
void journal_log(struct journal *j, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		 const char *text);
/* Sets the snapshot's numbers of kept messages and log lines, and its msg_rate for the 60 s up to
 * unix_us. */
void journal_fill(const struct journal *j, struct snapshot *out, int64_t unix_us);
/* Records from number `first` on, the oldest first. Each returns how many it wrote, at most max. */
size_t journal_msgs(const struct journal *j, uint64_t first, struct msg_row *out, size_t max);
size_t journal_logs(const struct journal *j, uint64_t first, struct log_row *out, size_t max);

#endif
