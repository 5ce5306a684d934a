/* The last step of a rebuild: renaming directories. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/sys_err.h>
#include <tally/store/env_replace.h>

#include "store/env_priv.h"

#define LIVE "chain"
/* The name of the complete new database says whether the old one is kept. */
#define COMPLETE      "chain.rebuilt"
#define COMPLETE_KEEP "chain.rebuilt-keep"
#define OPEN_DIRS     8

static bool failed(struct err *e, const char *doing, const char *dir, const char *name)
{
	return sys_err(e, errno, "rebuild", "cannot %s %s/%s", doing, dir, name);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static bool remove_all(const char *dir, const char *name, struct err *e)
{
	char *path = mem_printf("%s/%s", dir, name);
	const bool ok =
		nftw(path, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;

	free(path);
	return ok || failed(e, "remove", dir, name);
}

static bool exists(const char *dir, const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	const bool ok = access(path, F_OK) == 0;

	free(path);
	return ok;
}

static bool move(const char *dir, const char *from, const char *to, struct err *e)
{
	char *old = mem_printf("%s/%s", dir, from), *new = mem_printf("%s/%s", dir, to);
	const bool ok = rename(old, new) == 0;

	if (!ok)
		failed(e, "rename", dir, from);
	free(old);
	free(new);
	return ok && dir_sync(dir, e);
}

bool env_replace_begin(const char *dir, struct err *e)
{
	return remove_all(dir, ENV_REPLACE_NEW, e);
}

static bool replace(const char *dir, const char *complete, bool keep, struct err *e)
{
	if (!exists(dir, complete))
		return true;
	if (exists(dir, LIVE) && keep &&
	    (!remove_all(dir, ENV_REPLACE_DAMAGED, e) || !move(dir, LIVE, ENV_REPLACE_DAMAGED, e)))
		return false;
	return remove_all(dir, LIVE, e) && move(dir, complete, LIVE, e);
}

bool env_replace_resume(const char *dir, struct err *e)
{
	return replace(dir, COMPLETE, false, e) && replace(dir, COMPLETE_KEEP, true, e);
}

bool env_replace_finish(const char *dir, bool keep_damaged, struct err *e)
{
	return move(dir, ENV_REPLACE_NEW, keep_damaged ? COMPLETE_KEEP : COMPLETE, e) &&
	       env_replace_resume(dir, e);
}
