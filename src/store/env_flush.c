/* The thread that makes commits durable. An fsync may take long, and the owner's thread also serves
 * peers and the screen. */
#include <errno.h>

#include <string.h>

#include <tally/base/sys_err.h>
#include <tally/base/thread.h>

#include "store/env_priv.h"

static void *flush_main(void *arg)
{
	struct env *env = arg;

	pthread_mutex_lock(&env->mutex);
	while (!env->stop) {
		int rc;

		if (!env->want_flush) {
			pthread_cond_wait(&env->flush_wake, &env->mutex);
			continue;
		}
		env->want_flush = false;
		pthread_mutex_unlock(&env->mutex);
		rc = env->db->log_flush(env->db, NULL);
		pthread_mutex_lock(&env->mutex);
		env->flush_rc = rc;
		env->flush_done = true;
		pthread_cond_signal(&env->flush_ended);
		wake_raise(&env->flushed);
	}
	pthread_mutex_unlock(&env->mutex);
	return NULL;
}

bool env_flush_start(struct env *env, struct err *e)
{
	int rc;

	if (!wake_open(&env->flushed))
		return sys_err(e, errno, "thread", "cannot make an event descriptor");
	rc = thread_start(&env->flusher, flush_main, env);
	env->flusher_runs = rc == 0;
	return rc == 0 || sys_err(e, rc, "thread", "cannot start a thread");
}

void env_flush_begin(struct env *env)
{
	env->flushing = true;
	env->flush_covers = env->commits;
	pthread_mutex_lock(&env->mutex);
	env->flush_done = false;
	env->want_flush = true;
	pthread_cond_signal(&env->flush_wake);
	pthread_mutex_unlock(&env->mutex);
}

bool env_flush_end(struct env *env, bool wait, bool *done, struct err *e)
{
	int rc;

	*done = true;
	if (!env->flushing)
		return true;
	pthread_mutex_lock(&env->mutex);
	while (wait && !env->flush_done)
		pthread_cond_wait(&env->flush_ended, &env->mutex);
	*done = env->flush_done;
	rc = env->flush_rc;
	if (*done)
		wake_lower(&env->flushed);
	pthread_mutex_unlock(&env->mutex);
	if (!*done)
		return true;
	env->flushing = false;
	if (rc == 0 && env->commits == env->flush_covers)
		env->unsynced = false;
	return env_flushed(env, rc, e);
}

void env_flush_stop(struct env *env)
{
	if (env->flusher_runs) {
		pthread_mutex_lock(&env->mutex);
		env->stop = true;
		pthread_cond_signal(&env->flush_wake);
		pthread_mutex_unlock(&env->mutex);
		pthread_join(env->flusher, NULL);
		env->flusher_runs = false;
	}
	wake_close(&env->flushed);
}
