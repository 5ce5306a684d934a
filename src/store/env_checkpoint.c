/* The thread that makes checkpoints, so that the owner's thread never waits for the disk. */
#include <string.h>

#include <tally/base/sys_err.h>
#include <tally/base/thread.h>

#include "store/env_priv.h"

static void *checkpoint_main(void *arg)
{
	struct env *env = arg;

	pthread_mutex_lock(&env->mutex);
	while (!env->stop) {
		int rc;

		if (!env->want_checkpoint) {
			pthread_cond_wait(&env->wake, &env->mutex);
			continue;
		}
		env->want_checkpoint = false;
		pthread_mutex_unlock(&env->mutex);
		/* Berkeley DB then removes the log files from before the checkpoint. DB_FORCE: otherwise it
		 * counts the log only from the end of the last checkpoint and ignores what was written
		 * during that one. */
		rc = env->db->txn_checkpoint(env->db, 0, 0, DB_FORCE);
		if (rc != 0)
			env_fail(env, rc != DB_RUNRECOVERY);
		pthread_mutex_lock(&env->mutex);
	}
	pthread_mutex_unlock(&env->mutex);
	return NULL;
}

bool env_checkpoint_start(struct env *env, struct err *e)
{
	const int rc = thread_start(&env->checkpointer, checkpoint_main, env);

	if (rc != 0)
		return sys_err(e, rc, "thread", "cannot start a thread");
	env->checkpointing = true;
	return true;
}

void env_checkpoint_wake(struct env *env)
{
	pthread_mutex_lock(&env->mutex);
	env->want_checkpoint = true;
	pthread_cond_signal(&env->wake);
	pthread_mutex_unlock(&env->mutex);
}

void env_checkpoint_stop(struct env *env)
{
	if (!env->checkpointing)
		return;
	pthread_mutex_lock(&env->mutex);
	env->stop = true;
	pthread_cond_signal(&env->wake);
	pthread_mutex_unlock(&env->mutex);
	pthread_join(env->checkpointer, NULL);
	env->checkpointing = false;
}
