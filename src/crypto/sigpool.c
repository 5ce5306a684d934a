/* One mutex guards everything; a worker releases it while it verifies. A worker takes a few checks at
 * a time, in order, from the job that has been ready longest. When it finds an invalid signature, all
 * checks before that one have been taken by some worker and will be finished. So the smallest invalid
 * index is the same in every run. */
#include <tally/crypto/sigpool.h>

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/checked.h>
#include <tally/base/list.h>
#include <tally/base/mem.h>
#include <tally/base/thread.h>
#include <tally/base/wake.h>

#define THREADS_MAX         64
#define MACHINE_THREADS_MAX 16
#define SLICE               32

struct sigpool {
	pthread_mutex_t lock;
	pthread_cond_t work;     /* a job has checks that no worker has taken, or stop is set */
	pthread_cond_t progress; /* a job has finished, or a dropped job has no slice in flight */
	struct list ready;       /* jobs with checks that no worker has taken, oldest first */
	struct list verdicts;    /* finished jobs whose done has not been called */
	uint64_t last_seq;       /* sequence number of the newest verdict */
	struct wake wake;        /* raised while there are verdicts */
	unsigned n_threads;
	size_t n_jobs;
	bool stop;
	pthread_t threads[THREADS_MAX];
};

/* Workers read checks without the lock, so a slice never moves while more checks are added. */
struct slice {
	struct sigcheck checks[SLICE];
};

struct sigjob {
	struct sigpool *pool;
	struct list ready, verdict;
	uint64_t seq; /* its sequence number among the verdicts */
	sigjob_done *done;
	void *arg;
	struct slice **slices;
	size_t cap;
	size_t added, taken, in_flight; /* checks */
	size_t first_bad;
	/* Checks from this index on can be skipped: the first invalid one, or 0 for a dropped job. */
	atomic_size_t limit;
	bool closed;
};

static const struct sigcheck *check_at(const struct sigjob *j, size_t i)
{
	return &j->slices[i / SLICE]->checks[i % SLICE];
}

static bool finished(const struct sigjob *j)
{
	return j->closed && j->taken == j->added && !j->in_flight;
}

/* Queues the verdict for the loop if the job is finished and has a callback. */
static void settle(struct sigjob *j)
{
	struct sigpool *p = j->pool;

	if (!finished(j))
		return;
	pthread_cond_broadcast(&p->progress);
	if (!j->done)
		return;
	if (list_empty(&p->verdicts))
		wake_raise(&p->wake);
	j->seq = ++p->last_seq;
	list_add(&p->verdicts, &j->verdict);
}

static void verdict_remove(struct sigjob *j)
{
	if (list_empty(&j->verdict))
		return;
	list_del(&j->verdict);
	if (list_empty(&j->pool->verdicts))
		wake_lower(&j->pool->wake);
}

/* Drops the checks that no worker has taken. */
static void drop_rest(struct sigjob *j)
{
	j->taken = j->added;
	list_del(&j->ready);
}

/* The first invalid index in from .. to - 1, or SIZE_MAX. Stops early if another worker has found an
 * invalid signature before this index. */
static size_t run_checks(struct sigjob *j, const struct sigcheck *checks, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++, checks++) {
		if (i >= atomic_load_explicit(&j->limit, memory_order_relaxed))
			break;
		if (!key_verify(&checks->sig, &checks->pub, &checks->digest))
			return i;
	}
	return SIZE_MAX;
}

static void note_bad(struct sigjob *j, size_t i)
{
	if (i >= j->first_bad)
		return;
	j->first_bad = i;
	if (i < atomic_load(&j->limit))
		atomic_store(&j->limit, i);
	drop_rest(j);
}

/* Takes some checks of the job and makes them. The caller holds the lock; it is released meanwhile and
 * held again at the return. The job may have been freed by then. */
static void work_on(struct sigjob *j)
{
	struct sigpool *p = j->pool;
	size_t from = j->taken, left = j->added - from;
	/* An equal share for each thread, so that all finish at about the same time; never beyond the
	 * end of a slice. */
	size_t share = (left + p->n_threads - 1) / p->n_threads;
	size_t n = MIN(MIN(share, left), SLICE - from % SLICE);
	const struct sigcheck *checks = check_at(j, from);
	size_t bad;

	j->taken += n;
	j->in_flight += n;
	if (j->taken == j->added)
		list_del(&j->ready);
	pthread_mutex_unlock(&p->lock);
	bad = run_checks(j, checks, from, from + n);
	pthread_mutex_lock(&p->lock);
	note_bad(j, bad);
	j->in_flight -= n;
	if (!j->in_flight && atomic_load(&j->limit) == 0)
		pthread_cond_broadcast(&p->progress); /* sigjob_free may be waiting */
	settle(j);
}

static void *worker(void *arg)
{
	struct sigpool *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		if (list_empty(&p->ready))
			pthread_cond_wait(&p->work, &p->lock);
		else
			work_on(list_first(&p->ready, struct sigjob, ready));
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void start_threads(struct sigpool *p, unsigned threads)
{
	if (!threads || !wake_open(&p->wake))
		return;
	pthread_mutex_lock(&p->lock);
	while (p->n_threads < threads && thread_start(&p->threads[p->n_threads], worker, p) == 0)
		p->n_threads++;
	pthread_mutex_unlock(&p->lock);
	if (!p->n_threads)
		wake_close(&p->wake);
}

struct sigpool *sigpool_new(unsigned threads)
{
	struct sigpool *p = NEW(struct sigpool);

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->progress, NULL);
	list_init(&p->ready);
	list_init(&p->verdicts);
	p->wake = (struct wake){-1, -1};
	start_threads(p, MIN(threads, THREADS_MAX));
	return p;
}

unsigned sigpool_machine_threads(void)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 1 ? 1 : (unsigned)MIN(cores, MACHINE_THREADS_MAX);
}

void sigpool_free(struct sigpool *p)
{
	if (!p)
		return;
	assert(p->n_jobs == 0);
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	wake_close(&p->wake);
	pthread_cond_destroy(&p->progress);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

unsigned sigpool_threads(const struct sigpool *p)
{
	return p->n_threads;
}

int sigpool_fd(const struct sigpool *p)
{
	return p->wake.fd;
}

struct sigjob *sigjob_new(struct sigpool *p, sigjob_done *done, void *arg)
{
	struct sigjob *j = NEW(struct sigjob);

	j->pool = p;
	j->done = done;
	j->arg = arg;
	j->first_bad = SIZE_MAX;
	atomic_init(&j->limit, SIZE_MAX);
	list_init(&j->ready);
	list_init(&j->verdict);
	p->n_jobs++; /* needs no lock: only the loop's thread uses it */
	return j;
}

static void append(struct sigjob *j, const struct sigcheck *checks, size_t n)
{
	while (n) {
		size_t at = j->added % SLICE, some = MIN(n, SLICE - at);

		if (at == 0) {
			mem_reserve(&j->slices, &j->cap, j->added / SLICE + 1, sizeof(*j->slices));
			j->slices[j->added / SLICE] = mem_alloc(sizeof(struct slice));
		}
		memcpy(&j->slices[j->added / SLICE]->checks[at], checks, some * sizeof(*checks));
		j->added += some;
		checks += some;
		n -= some;
	}
}

/* Wakes as many workers as there is work for. */
static void wake_workers(struct sigpool *p, size_t checks)
{
	if (checks >= SLICE * 2)
		pthread_cond_broadcast(&p->work);
	else if (checks)
		pthread_cond_signal(&p->work);
}

void sigjob_add(struct sigjob *j, const struct sigcheck *checks, size_t n)
{
	struct sigpool *p = j->pool;

	assert(!j->closed);
	if (!p->n_threads) {
		if (j->first_bad == SIZE_MAX) {
			size_t bad = run_checks(j, checks, 0, n);

			if (bad != SIZE_MAX)
				j->first_bad = j->added + bad;
		}
		j->added += n;
		j->taken = j->added;
		return;
	}
	pthread_mutex_lock(&p->lock);
	append(j, checks, n);
	if (j->first_bad != SIZE_MAX)
		j->taken = j->added;
	if (j->taken < j->added && list_empty(&j->ready))
		list_add(&p->ready, &j->ready);
	/* Fewer checks of an open job wake no worker: more are added, or sigjob_close wakes them. */
	if (j->added - j->taken >= SLICE)
		wake_workers(p, j->added - j->taken);
	pthread_mutex_unlock(&p->lock);
}

void sigjob_close(struct sigjob *j)
{
	struct sigpool *p = j->pool;

	assert(!j->closed);
	pthread_mutex_lock(&p->lock);
	j->closed = true;
	if (j->added - j->taken > 1)
		pthread_cond_broadcast(&p->work);
	else if (j->added - j->taken == 1)
		pthread_cond_signal(&p->work);
	settle(j);
	pthread_mutex_unlock(&p->lock);
}

bool sigjob_finished(const struct sigjob *j)
{
	bool yes;

	pthread_mutex_lock(&j->pool->lock);
	yes = finished(j);
	pthread_mutex_unlock(&j->pool->lock);
	return yes;
}

size_t sigjob_first_bad(const struct sigjob *j)
{
	assert(sigjob_finished(j));
	return j->first_bad;
}

size_t sigjob_count(const struct sigjob *j)
{
	return j->added;
}

void sigjob_free(struct sigjob *j)
{
	struct sigpool *p;

	if (!j)
		return;
	p = j->pool;
	pthread_mutex_lock(&p->lock);
	drop_rest(j);
	atomic_store(&j->limit, 0);
	while (j->in_flight)
		pthread_cond_wait(&p->progress, &p->lock);
	verdict_remove(j);
	pthread_mutex_unlock(&p->lock);
	p->n_jobs--;
	for (size_t i = 0; i < (j->added + SLICE - 1) / SLICE && j->slices; i++)
		free(j->slices[i]);
	free(j->slices);
	free(j);
}

/* Removes and returns the oldest verdict up to sequence number `last`, or NULL. */
static struct sigjob *next_verdict(struct sigpool *p, uint64_t last)
{
	struct sigjob *j;

	pthread_mutex_lock(&p->lock);
	j = list_first(&p->verdicts, struct sigjob, verdict);
	if (j && j->seq > last)
		j = NULL;
	if (j)
		verdict_remove(j);
	pthread_mutex_unlock(&p->lock);
	return j;
}

void sigpool_poll(struct sigpool *p)
{
	struct sigjob *j;
	uint64_t last;

	/* Only jobs that had finished before this call: a callback may create jobs that finish at
	 * once, and they must not keep this loop running. */
	pthread_mutex_lock(&p->lock);
	last = p->last_seq;
	pthread_mutex_unlock(&p->lock);
	while ((j = next_verdict(p, last)))
		j->done(j->arg, j);
}

void sigpool_wait(struct sigpool *p, struct sigjob *j)
{
	assert(j->closed);
	pthread_mutex_lock(&p->lock);
	while (!finished(j))
		pthread_cond_wait(&p->progress, &p->lock);
	pthread_mutex_unlock(&p->lock);
	sigpool_poll(p);
}
