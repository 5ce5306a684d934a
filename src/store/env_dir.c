/* The directory of an environment: making it, its modes, checking that its files are complete. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/sys_err.h>

#include "store/env_priv.h"

static bool err_open(struct err *e, const char *dir, const char *name, int error)
{
	return sys_err(e, error, "db-open", "cannot open %s%s%s", dir, name[0] != '\0' ? "/" : "",
		       name);
}

bool dir_sync(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		err_open(e, dir, "", errno);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Called after mkdir has failed. If false, errno is mkdir's, or ENOTDIR if another kind of file has that
 * name. */
static bool is_dir(const char *path)
{
	int error = errno;
	struct stat st;

	if (stat(path, &st) == 0) {
		errno = ENOTDIR;
		return S_ISDIR(st.st_mode);
	}
	errno = error;
	return false;
}

/* A new directory survives a power cut only after its parent is on disk. */
static bool sync_parent(const char *path)
{
	char *parent = mem_strdup(path), *slash = strrchr(parent, '/');
	bool ok;

	if (slash == NULL)
		ok = dir_sync(".", NULL);
	else {
		slash[slash == parent] = '\0';
		ok = dir_sync(parent, NULL);
	}
	free(parent);
	return ok;
}

bool dir_make(const char *dir, struct err *e)
{
	char *path = mem_strdup(dir);
	bool ok = true;

	for (char *at = path + 1; ok; at++) {
		char c = *at;

		if (c != '/' && c != '\0')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) == 0)
			/* chmod because the umask may have removed bits. */
			ok = chmod(path, 0700) == 0 && sync_parent(path);
		else
			/* mkdir fails with EROFS or EACCES for some directories that exist. */
			ok = is_dir(path);
		if (!ok && errno == ENOTDIR)
			err_set(e, ERR_IO, "dir-make",
				"%s is not a directory: choose another --home", path);
		else if (!ok)
			sys_err(e, errno, "dir-make", "cannot make %s", path);
		if (c == '\0')
			break;
		*at = c;
	}
	free(path);
	return ok;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

/* The files must be regular files that this user can read and write; the modes of others are removed.
 * Checked before recovery, which only reports that it failed. */
static bool check_file(int dirfd, const char *dir, const char *name, struct err *e)
{
	int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return err_open(e, dir, name, errno);
	if (fstat(fd, &st) != 0)
		err_open(e, dir, name, errno);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_IO, "db-open", "%s/%s is not a regular file: move it away", dir,
			name);
	else if ((st.st_mode & 077) != 0 && fchmod(fd, st.st_mode & 0700) != 0)
		err_open(e, dir, name, errno);
	else
		ok = true;
	close(fd);
	return ok;
}

static bool check_files(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	bool ok = true;

	if (d == NULL)
		return err_open(e, dir, "", errno);
	while (ok && (at = readdir(d)) != NULL)
		if (ends_with(at->d_name, ".db") || strncmp(at->d_name, "log.", 4) == 0 ||
		    strcmp(at->d_name, ENV_MARKER) == 0)
			ok = check_file(dirfd(d), dir, at->d_name, e);
	closedir(d);
	return ok;
}

/* Appends the last n bytes of the file fd to PATH.cut. A failure is ignored, as on a full disk: the log
 * normally has these bytes, too. */
static void keep_end(int fd, const char *path, off_t from, size_t n)
{
	uint8_t end[ENV_PAGE_BYTES];
	char *beside = mem_printf("%s" ENV_CUT_SUFFIX, path);
	int out = open(beside, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (out >= 0 && pread(fd, end, n, from) == (ssize_t)n && write(out, end, n) == (ssize_t)n)
		(void)fsync(out);
	if (out >= 0)
		close(out);
	free(beside);
}

/* Removes an incomplete page from the end of the file. On failure errno is set. */
static bool trim_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error;
	struct stat st;
	bool ok = fd >= 0 && fstat(fd, &st) == 0;

	if (ok && S_ISREG(st.st_mode) && st.st_size % ENV_PAGE_BYTES != 0) {
		size_t n = (size_t)(st.st_size % ENV_PAGE_BYTES);

		keep_end(fd, path, st.st_size - (off_t)n, n);
		ok = ftruncate(fd, st.st_size - (off_t)n) == 0;
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

bool env_dir_trim(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	bool ok = true;

	if (d == NULL)
		return err_open(e, dir, "", errno);
	while (ok && (at = readdir(d)) != NULL) {
		char *path;

		if (!ends_with(at->d_name, ".db"))
			continue;
		path = mem_printf("%s/%s", dir, at->d_name);
		ok = trim_file(path) || err_open(e, dir, at->d_name, errno);
		free(path);
	}
	closedir(d);
	return ok;
}

uint64_t env_dir_bytes(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	struct stat st;
	uint64_t sum = 0;

	while (d != NULL && (at = readdir(d)) != NULL)
		if (fstatat(dirfd(d), at->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
	if (d != NULL)
		closedir(d);
	return sum;
}

static char *table_path(const struct env *env, unsigned table)
{
	return mem_printf("%s/%s.db", env->dir, env_table_name(env, table));
}

bool env_has_table(const struct env *env, unsigned table)
{
	char *path = table_path(env, table);
	bool found = access(path, F_OK) == 0;

	free(path);
	return found;
}

static bool has_log(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	bool found = false;

	while (d && !found && (at = readdir(d)))
		found = strncmp(at->d_name, "log.", 4) == 0;
	if (d)
		closedir(d);
	return found;
}

bool env_is_copy(const struct env *env)
{
	const struct env_kind *kind = env->kind;

	return kind->has_essential && env_has_table(env, kind->essential) && !has_log(env->dir);
}

static bool all_tables(struct env *env, struct err *e)
{
	for (unsigned i = 0; i <= env->kind->n_tables; i++)
		if (!env_has_table(env, i))
			return env_damaged(env, e, "%s.db is missing", env_table_name(env, i));
	return true;
}

static bool no_tables(const struct env *env)
{
	for (unsigned i = 0; i <= env->kind->n_tables; i++)
		if (env_has_table(env, i))
			return false;
	return true;
}

/* If ENV_MARKER exists, all tables must exist, too: otherwise recovery or open_table would make missing
 * ones again, without their records. */
bool env_dir_prepare(struct env *env, struct err *e)
{
	char *marker = mem_printf("%s/%s", env->dir, ENV_MARKER);
	struct stat st;
	bool ok = false;

	/* The modes of group and others are removed. The owner's are never added: a directory that was
	 * made read-only on purpose stays so. */
	if (stat(env->dir, &st) != 0 ||
	    ((st.st_mode & 077) != 0 && chmod(env->dir, st.st_mode & 0700) != 0) ||
	    access(env->dir, R_OK | W_OK | X_OK) != 0) {
		err_open(e, env->dir, "", errno);
		goto out;
	}
	if (!check_files(env->dir, e))
		goto out;
	env->marked = access(marker, F_OK) == 0;
	ok = (!env->marked || env_is_copy(env) || all_tables(env, e)) && env_dir_trim(env->dir, e);
out:
	free(marker);
	return ok;
}

bool env_dir_mark(struct env *env, struct err *e)
{
	char *marker = mem_printf("%s/%s", env->dir, ENV_MARKER);
	int fd = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		err_open(e, env->dir, ENV_MARKER, errno);
	if (fd >= 0)
		close(fd);
	free(marker);
	return ok && dir_sync(env->dir, e);
}

/* The last page in use, from the metadata page. Source: Berkeley DB 5.3, dbinc/db_page.h,
 * struct _dbmeta33: last_pgno follows lsn, pgno, magic, version, pagesize, four single
 * bytes and free. */
#define META_PAGESIZE  20
#define META_LAST_PAGE 32
#define META_BYTES     36

/* Berkeley DB notices a file that lost its end only when it reads a page from there. After recovery
 * every page is on disk, so the size of the file shows it at once. */
static bool table_complete(struct env *env, unsigned table, struct err *e)
{
	char *path = table_path(env, table);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t meta[META_BYTES];
	uint32_t page, last;
	struct stat st;
	bool ok = false;

	if (fd < 0 || fstat(fd, &st) != 0) {
		err_open(e, path, "", errno);
		goto out;
	}
	if (read(fd, meta, sizeof meta) != (ssize_t)sizeof meta) {
		env_damaged(env, e, "%s.db is too short", env_table_name(env, table));
		goto out;
	}
	memcpy(&page, meta + META_PAGESIZE, sizeof page); /* in the byte order of the machine */
	memcpy(&last, meta + META_LAST_PAGE, sizeof last);
	ok = (uint64_t)st.st_size >= ((uint64_t)last + 1) * page;
	if (!ok)
		env_damaged(env, e, "%s.db is too short", env_table_name(env, table));
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return ok;
}

static bool all_complete(struct env *env, struct err *e)
{
	for (unsigned i = 0; i <= env->kind->n_tables; i++)
		if (!table_complete(env, i, e))
			return false;
	return true;
}

/* The tables are made in one transaction. So if the marker is missing after recovery, either all tables
 * exist (the program was killed just before it wrote the marker) or none. */
bool env_dir_tables(struct env *env, bool *fresh, struct err *e)
{
	*fresh = !env->marked && no_tables(env);
	return *fresh || (all_tables(env, e) && all_complete(env, e));
}
