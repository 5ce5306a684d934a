#include <tally/mining/worker_pool.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/thread.h>
#include <tally/consensus/target.h>
#include <tally/crypto/pow.h>

#define NONCES      (UINT64_C(1) << 32)
#define WORKER_NICE 10

/* From a thread to the loop, through the pipe. */
struct worker_result {
	uint64_t job;
	uint32_t nonce;
	uint32_t found; /* 0: all nonces were tried without a solution */
};

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t *threads;
	unsigned n_threads;
	bool quit;
	/* The job is changed under the lock. Threads also read its number without the lock, to
	 * notice a change. */
	_Atomic uint64_t job; /* odd while it is running */
	uint64_t next_nonce;
	uint8_t header[HEADER_BYTES];
	uint8_t target[32];
	_Atomic uint64_t hashes;

	int pipe[2];
	worker_pool_found *found;
	worker_pool_exhausted *exhausted;
	void *arg;
};

static void worker_report(struct worker_pool *p, uint64_t job, bool found, uint32_t nonce)
{
	struct worker_result result = {.job = job, .nonce = nonce, .found = found};
	ssize_t n;

	do
		n = write(p->pipe[1], &result, sizeof(result)); /* atomic: shorter than PIPE_BUF */
	while (n < 0 && errno == EINTR);
}

/* Reserves the next slice of nonces for this thread; waits while there is none. False: the thread
 * must end. */
static bool worker_next_slice(struct worker_pool *p, uint64_t *job, uint64_t *first,
			      uint8_t header[HEADER_BYTES], uint8_t target[32])
{
	pthread_mutex_lock(&p->lock);
	while (!p->quit && ((p->job & 1) == 0 || p->next_nonce >= NONCES))
		pthread_cond_wait(&p->wake, &p->lock);
	if (p->quit) {
		pthread_mutex_unlock(&p->lock);
		return false;
	}
	*job = p->job;
	*first = p->next_nonce;
	p->next_nonce += WORKER_SLICE;
	memcpy(header, p->header, HEADER_BYTES);
	memcpy(target, p->target, 32);
	pthread_mutex_unlock(&p->lock);
	return true;
}

/* Only the first solution of a job is reported. */
static void worker_solved(struct worker_pool *p, uint64_t job, uint32_t nonce)
{
	bool first;

	pthread_mutex_lock(&p->lock);
	first = p->job == job;
	if (first)
		p->job = job + 1;
	pthread_mutex_unlock(&p->lock);
	if (first)
		worker_report(p, job, true, nonce);
}

/* Everything else goes first: this node's loop and other nodes on the machine. Only on Linux can a
 * single thread be niced; elsewhere it would be the whole process. */
static void worker_lower_priority(void)
{
#ifdef __linux__
	(void)setpriority(PRIO_PROCESS, 0, WORKER_NICE);
#endif
}

static void *worker_main(void *arg)
{
	struct worker_pool *p = arg;
	uint8_t header[HEADER_BYTES], target[32];
	uint64_t job, first, tried;
	uint32_t nonce;

	worker_lower_priority();
	while (worker_next_slice(p, &job, &first, header, target)) {
		const bool found =
			pow_scan(header, target, (uint32_t)first, WORKER_SLICE, &nonce, &tried);

		atomic_fetch_add(&p->hashes, tried);
		if (found)
			worker_solved(p, job, nonce);
		else if (first + WORKER_SLICE >= NONCES && p->job == job)
			worker_report(p, job, false, 0);
	}
	return NULL;
}

struct worker_pool *worker_pool_new(worker_pool_found *found, worker_pool_exhausted *exhausted,
				    void *arg)
{
	struct worker_pool *p = NEW(struct worker_pool);

	if (pipe2(p->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		free(p);
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->found = found;
	p->exhausted = exhausted;
	p->arg = arg;
	return p;
}

int worker_pool_fd(const struct worker_pool *p)
{
	return p->pipe[0];
}

void worker_pool_poll(struct worker_pool *p)
{
	struct worker_result result;

	while (read(p->pipe[0], &result, sizeof(result)) == (ssize_t)sizeof(result)) {
		if (result.found)
			p->found(p->arg, result.job, result.nonce);
		else
			p->exhausted(p->arg, result.job);
	}
}

static void workers_join(struct worker_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	free(p->threads);
	p->threads = NULL;
	p->n_threads = 0;
	p->quit = false;
}

void worker_pool_free(struct worker_pool *p)
{
	if (!p)
		return;
	worker_pool_pause(p);
	workers_join(p);
	close(p->pipe[0]);
	close(p->pipe[1]);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

bool worker_pool_set_threads(struct worker_pool *p, unsigned threads)
{
	threads = MAX(threads, 1);
	if (threads == p->n_threads)
		return true;
	workers_join(p);
	p->threads = mem_array(threads, sizeof(*p->threads));
	while (p->n_threads < threads &&
	       thread_start(&p->threads[p->n_threads], worker_main, p) == 0)
		p->n_threads++;
	return p->n_threads > 0;
}

uint64_t worker_pool_start(struct worker_pool *p, const uint8_t header[HEADER_BYTES], uint32_t bits)
{
	struct u256 target;
	uint64_t job;

	if (!target_from_bits(&target, bits))
		target = u256_from_u64(0);
	pthread_mutex_lock(&p->lock);
	job = (p->job | 1) + 2;
	memcpy(p->header, header, HEADER_BYTES);
	u256_to_le(p->target, &target);
	p->next_nonce = 0;
	p->job = job;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	return job;
}

void worker_pool_pause(struct worker_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->job = (p->job | 1) + 1;
	pthread_mutex_unlock(&p->lock);
}

uint64_t worker_pool_hashes(const struct worker_pool *p)
{
	return p->hashes;
}
