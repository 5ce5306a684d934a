#include "node/journal_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

_Static_assert(SNAPSHOT_SUMMARY_CHARS == MSG_SUMMARY_CHARS, "a summary fits");

struct journal {
	struct msg_row *msgs; /* a ring: number s is at s % NODE_MSGS_KEPT */
	struct log_row *logs;
	uint64_t msgs_next, logs_next; /* number of the next one; the first is 1 */
	/* Messages in each second: that of second s is counts[s % NODE_RATE_SAMPLES]. */
	uint16_t counts[NODE_RATE_SAMPLES];
	int64_t second; /* unix time of the newest count */
};

struct journal *journal_new(void)
{
	struct journal *j = NEW(struct journal);

	j->msgs = mem_array(NODE_MSGS_KEPT, sizeof(*j->msgs));
	j->logs = mem_array(NODE_LOGS_KEPT, sizeof(*j->logs));
	j->msgs_next = j->logs_next = 1;
	return j;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	free(j->msgs);
	free(j->logs);
	free(j);
}

/* Starts the count of a new second; those of skipped seconds become 0. */
static void journal_advance(struct journal *j, int64_t second)
{
	int64_t from = j->second + 1;

	if (second <= j->second)
		return; /* same second, or the clock was set back: keep counting in the newest one */
	if (second - from >= NODE_RATE_SAMPLES)
		from = second - NODE_RATE_SAMPLES + 1;
	for (int64_t s = from; s <= second; s++)
		j->counts[s % NODE_RATE_SAMPLES] = 0;
	j->second = second;
}

void journal_msg(struct journal *j, const struct msg_record *rec, int64_t unix_us)
{
	struct msg_row *row;
	uint16_t *count;

	journal_advance(j, unix_us / 1000000);
	count = &j->counts[j->second % NODE_RATE_SAMPLES];
	if (*count < UINT16_MAX)
		++*count;
	row = &j->msgs[j->msgs_next % NODE_MSGS_KEPT];
	*row = (struct msg_row){
		.seq = j->msgs_next++,
		.unix_us = rec->unix_us,
		.peer = rec->peer,
		.out = rec->out,
		.ok = rec->ok,
		.bytes = rec->bytes,
		.about = rec->about,
	};
	memcpy(row->command, rec->command, sizeof(row->command));
	memcpy(row->summary, rec->summary, sizeof(row->summary));
}

void journal_log(struct journal *j, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		 const char *text)
{
	struct log_row *rec = &j->logs[j->logs_next % NODE_LOGS_KEPT];

	rec->seq = j->logs_next++;
	rec->unix_us = unix_us;
	rec->sub = sub;
	rec->level = level;
	utf8_sanitise(rec->text, sizeof(rec->text), text, strlen(text));
}

static uint64_t first_kept(uint64_t next, uint64_t kept)
{
	return next > kept ? next - kept : 1;
}

void journal_fill(const struct journal *j, struct snapshot *out, int64_t unix_us)
{
	const int64_t now = unix_us / 1000000;

	out->msgs_first = first_kept(j->msgs_next, NODE_MSGS_KEPT);
	out->msgs_next = j->msgs_next;
	out->logs_first = first_kept(j->logs_next, NODE_LOGS_KEPT);
	out->logs_next = j->logs_next;
	for (int64_t i = 0; i < NODE_RATE_SAMPLES; i++) {
		const int64_t s = now - (NODE_RATE_SAMPLES - 1) + i;
		const bool known = s >= 0 && s <= j->second && s > j->second - NODE_RATE_SAMPLES;

		out->msg_rate[i] = known ? j->counts[s % NODE_RATE_SAMPLES] : 0;
	}
}

size_t journal_msgs(const struct journal *j, uint64_t first, struct msg_row *out, size_t max)
{
	size_t n = 0;

	for (uint64_t s = MAX(first, first_kept(j->msgs_next, NODE_MSGS_KEPT));
	     s < j->msgs_next && n < max; s++)
		out[n++] = j->msgs[s % NODE_MSGS_KEPT];
	return n;
}

size_t journal_logs(const struct journal *j, uint64_t first, struct log_row *out, size_t max)
{
	size_t n = 0;

	for (uint64_t s = MAX(first, first_kept(j->logs_next, NODE_LOGS_KEPT));
	     s < j->logs_next && n < max; s++)
		out[n++] = j->logs[s % NODE_LOGS_KEPT];
	return n;
}
