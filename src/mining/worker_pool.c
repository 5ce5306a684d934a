/* Mining workers: threads that look for a nonce. A job goes in by value, a solution
 * comes out through a pipe that wakes the loop. */
#include "node/node_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include <tally/base/mem.h>
#include <tally/base/thread.h>
#include <tally/consensus/target.h>
#include <tally/crypto/pow.h>

#define NONCES     (UINT64_C(1) << 32)
#define MINER_NICE 10

/* What a worker tells the loop. */
struct miner_word {
	uint64_t job;
	uint32_t nonce;
	uint32_t found; /* 0: the nonces have run out */
};

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t threads[WORKER_THREADS_MAX];
	unsigned n_threads;
	bool quit;
	/* The job: changed under the lock; `job` is also read without it, to notice a change. */
	_Atomic uint64_t job; /* even: none is running */
	uint64_t next_nonce;
	uint8_t header[HEADER_BYTES];
	uint8_t target[32];
	_Atomic uint64_t hashes;

	int pipe[2];
	struct event *event;
	worker_pool_found *found;
	worker_pool_exhausted *exhausted;
	void *arg;
};

static void miner_tell(struct worker_pool *m, uint64_t job, bool found, uint32_t nonce)
{
	struct miner_word word = {.job = job, .nonce = nonce, .found = found};
	ssize_t n;

	do
		n = write(m->pipe[1], &word, sizeof(word)); /* whole: below PIPE_BUF */
	while (n < 0 && errno == EINTR);
}

/* Takes the next slice of nonces, waiting for a job where there is none. False: quit. */
static bool miner_take(struct worker_pool *m, uint64_t *job, uint64_t *first,
		       uint8_t header[HEADER_BYTES], uint8_t target[32])
{
	pthread_mutex_lock(&m->lock);
	while (!m->quit && ((m->job & 1) == 0 || m->next_nonce >= NONCES))
		pthread_cond_wait(&m->wake, &m->lock);
	if (m->quit) {
		pthread_mutex_unlock(&m->lock);
		return false;
	}
	*job = m->job;
	*first = m->next_nonce;
	m->next_nonce += WORKER_SLICE;
	memcpy(header, m->header, HEADER_BYTES);
	memcpy(target, m->target, 32);
	pthread_mutex_unlock(&m->lock);
	return true;
}

/* The first worker to find a nonce ends the job; a later one is too late. */
static void miner_finish(struct worker_pool *m, uint64_t job, uint32_t nonce)
{
	bool first;

	pthread_mutex_lock(&m->lock);
	first = m->job == job;
	if (first)
		m->job = job + 1;
	pthread_mutex_unlock(&m->lock);
	if (first)
		miner_tell(m, job, true, nonce);
}

/* Whatever else wants the processor goes before: the loop, the other nodes of this machine. Elsewhere than on
 * Linux niceness is the whole process'. */
static void give_way(void)
{
#ifdef __linux__
	(void)setpriority(PRIO_PROCESS, 0, MINER_NICE);
#endif
}

static void *miner_main(void *arg)
{
	struct worker_pool *m = arg;
	uint8_t header[HEADER_BYTES], target[32];
	uint64_t job, first, tried;
	uint32_t nonce;

	give_way();
	while (miner_take(m, &job, &first, header, target)) {
		const bool found =
			pow_scan(header, target, (uint32_t)first, WORKER_SLICE, &nonce, &tried);

		atomic_fetch_add(&m->hashes, tried);
		if (found)
			miner_finish(m, job, nonce);
		else if (first + WORKER_SLICE >= NONCES && m->job == job)
			miner_tell(m, job, false, 0);
	}
	return NULL;
}

static void miner_on_word(evutil_socket_t fd, short what, void *arg)
{
	struct worker_pool *m = arg;
	struct miner_word word;

	(void)what;
	while (read(fd, &word, sizeof(word)) == (ssize_t)sizeof(word)) {
		if (word.found)
			m->found(m->arg, word.job, word.nonce);
		else
			m->exhausted(m->arg, word.job);
	}
}

struct worker_pool *worker_pool_new(struct event_base *base, worker_pool_found *found,
				    worker_pool_exhausted *exhausted, void *arg)
{
	struct worker_pool *m = NEW(struct worker_pool);

	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->wake, NULL);
	m->found = found;
	m->exhausted = exhausted;
	m->arg = arg;
	if (pipe2(m->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		free(m);
		return NULL;
	}
	m->event = event_new(base, m->pipe[0], EV_READ | EV_PERSIST, miner_on_word, m);
	event_priority_set(m->event, NODE_PRIO_WORK);
	event_add(m->event, NULL);
	return m;
}

static void miner_join(struct worker_pool *m)
{
	pthread_mutex_lock(&m->lock);
	m->quit = true;
	pthread_cond_broadcast(&m->wake);
	pthread_mutex_unlock(&m->lock);
	for (unsigned i = 0; i < m->n_threads; i++)
		pthread_join(m->threads[i], NULL);
	m->n_threads = 0;
	m->quit = false;
}

void worker_pool_free(struct worker_pool *m)
{
	if (!m)
		return;
	worker_pool_pause(m);
	miner_join(m);
	event_free(m->event);
	close(m->pipe[0]);
	close(m->pipe[1]);
	pthread_cond_destroy(&m->wake);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

bool worker_pool_set_threads(struct worker_pool *m, unsigned threads)
{
	threads = threads < 1 ? 1 : threads > WORKER_THREADS_MAX ? WORKER_THREADS_MAX : threads;
	if (threads == m->n_threads)
		return true;
	miner_join(m);
	while (m->n_threads < threads &&
	       thread_start(&m->threads[m->n_threads], miner_main, m) == 0)
		m->n_threads++;
	return m->n_threads > 0;
}

uint64_t worker_pool_start(struct worker_pool *m, const uint8_t header[HEADER_BYTES], uint32_t bits)
{
	struct u256 target;
	uint64_t job;

	if (!target_from_bits(&target, bits))
		target = u256_from_u64(0);
	pthread_mutex_lock(&m->lock);
	job = (m->job | 1) + 2;
	memcpy(m->header, header, HEADER_BYTES);
	u256_to_le(m->target, &target);
	m->next_nonce = 0;
	m->job = job;
	pthread_cond_broadcast(&m->wake);
	pthread_mutex_unlock(&m->lock);
	return job;
}

void worker_pool_pause(struct worker_pool *m)
{
	pthread_mutex_lock(&m->lock);
	m->job = (m->job | 1) + 1;
	pthread_mutex_unlock(&m->lock);
}

uint64_t worker_pool_hashes(const struct worker_pool *m)
{
	return m->hashes;
}
