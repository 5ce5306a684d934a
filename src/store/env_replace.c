/* The last step of a rebuilding: directories change their names. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/store/env_replace.h>

#include "store/env_priv.h"

#define LIVE "chain"
/* The new one's name tells what becomes of the old one. */
#define WHOLE      "chain.rebuilt"
#define WHOLE_KEEP "chain.rebuilt-keep"
#define OPEN_DIRS  8

static bool failed(struct err *e, const char *doing, const char *dir, const char *name)
{
	return err_set(e, errno == ENOSPC ? ERR_NOSPACE : ERR_IO, "rebuild",
		       "cannot %s %s/%s: %s: check the disk and that you own it", doing, dir, name,
		       strerror(errno));
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

static bool there(const char *dir, const char *name)
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

bool rebuild_begin(const char *dir, struct err *e)
{
	return remove_all(dir, REBUILD_NEW, e);
}

static bool take_place(const char *dir, const char *whole, bool keep, struct err *e)
{
	if (!there(dir, whole))
		return true;
	if (there(dir, LIVE) && keep &&
	    (!remove_all(dir, REBUILD_DAMAGED, e) || !move(dir, LIVE, REBUILD_DAMAGED, e)))
		return false;
	return remove_all(dir, LIVE, e) && move(dir, whole, LIVE, e);
}

bool rebuild_resume(const char *dir, struct err *e)
{
	return take_place(dir, WHOLE, false, e) && take_place(dir, WHOLE_KEEP, true, e);
}

bool rebuild_end(const char *dir, bool keep_damaged, struct err *e)
{
	return move(dir, REBUILD_NEW, keep_damaged ? WHOLE_KEEP : WHOLE, e) &&
	       rebuild_resume(dir, e);
}
