/* Clocks are passed in, so that tests and a simulator can set the time. */
#ifndef TALLY_BASE_CLOCK_H
#define TALLY_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	int64_t (*unix_us)(void *ctx); /* wall clock, microseconds since 1970 */
	int64_t (*mono_us)(void *ctx); /* monotonic; for timeouts and durations */
	void *ctx;
};

int64_t clock_unix(const struct clock *c); /* whole seconds since 1970 */
int64_t clock_unix_us(const struct clock *c);
int64_t clock_mono_us(const struct clock *c);
int64_t clock_mono_ms(const struct clock *c);

/* The system's clocks. */
const struct clock *clock_system(void);

/* The system's clocks, which a test can set with the command setmocktime. While mocked, the wall
 * clock stays at the given second. The monotonic clock goes on. When the wall clock is set forward,
 * the monotonic clock jumps forward by the same amount, so that a test need not wait for a timeout
 * of 20 minutes. */
struct clock_mock {
	struct clock clock;
	bool mocked;
	int64_t unix_s;    /* what the wall clock shows while mocked */
	int64_t jumped_us; /* how far the monotonic clock is ahead of the system's */
};
void clock_mock_init(struct clock_mock *m);
void clock_mock_set(struct clock_mock *m, int64_t unix_s); /* 0: the system's time again */

/* Both clocks move only by clock_manual_advance. For unit tests. */
struct clock_manual {
	struct clock clock;
	int64_t unix_us, mono_us;
};
void clock_manual_init(struct clock_manual *m, int64_t unix_s);
void clock_manual_advance(struct clock_manual *m, int64_t us);

#endif
