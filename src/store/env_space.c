/* Free space on the disk of an environment. */
#include <errno.h>
#include <sys/statvfs.h>

#include <tally/base/sys_err.h>

#include "store/env_priv.h"

bool env_space(const struct env *env, uint64_t floor, struct err *e)
{
	struct statvfs fs;
	uint64_t left;

	if (statvfs(env->dir, &fs) != 0)
		return sys_err(e, errno, "db-open", "cannot open %s", env->dir);
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (left >= floor)
		return true;
	return err_set(e, ERR_NOSPACE, "disk-full",
		       "%llu MB are free on the disk of %s, %llu MB are needed: make room",
		       (unsigned long long)(left >> 20), env->dir,
		       (unsigned long long)(floor >> 20));
}
