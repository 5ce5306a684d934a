#include <tally/base/clock.h>

#include <time.h>

#define US_PER_S INT64_C(1000000)

int64_t clock_unix(const struct clock *c)
{
	return c->unix_us(c->ctx) / US_PER_S;
}

int64_t clock_unix_us(const struct clock *c)
{
	return c->unix_us(c->ctx);
}

int64_t clock_mono_us(const struct clock *c)
{
	return c->mono_us(c->ctx);
}

int64_t clock_mono_ms(const struct clock *c)
{
	return c->mono_us(c->ctx) / 1000;
}

static int64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

static int64_t system_unix_us(void *ctx)
{
	(void)ctx;
	return read_us(CLOCK_REALTIME);
}

static int64_t system_mono_us(void *ctx)
{
	(void)ctx;
	return read_us(CLOCK_MONOTONIC);
}

const struct clock *clock_system(void)
{
	static const struct clock system = {system_unix_us, system_mono_us, NULL};

	return &system;
}

static int64_t mock_unix_us(void *ctx)
{
	const struct clock_mock *m = ctx;

	return m->mocked ? m->unix_s * US_PER_S : system_unix_us(NULL);
}

static int64_t mock_mono_us(void *ctx)
{
	const struct clock_mock *m = ctx;

	return system_mono_us(NULL) + m->jumped_us;
}

void clock_mock_init(struct clock_mock *m)
{
	*m = (struct clock_mock){.clock = {mock_unix_us, mock_mono_us, m}};
}

void clock_mock_set(struct clock_mock *m, int64_t unix_s)
{
	int64_t forward = unix_s * US_PER_S - mock_unix_us(m);

	m->mocked = unix_s != 0;
	m->unix_s = unix_s;
	if (forward > 0)
		m->jumped_us += forward;
}

static int64_t manual_unix_us(void *ctx)
{
	return ((const struct clock_manual *)ctx)->unix_us;
}

static int64_t manual_mono_us(void *ctx)
{
	return ((const struct clock_manual *)ctx)->mono_us;
}

void clock_manual_init(struct clock_manual *m, int64_t unix_s)
{
	*m = (struct clock_manual){
		.clock = {manual_unix_us, manual_mono_us, m},
		.unix_us = unix_s * US_PER_S,
	};
}

void clock_manual_advance(struct clock_manual *m, int64_t us)
{
	m->unix_us += us;
	m->mono_us += us;
}
