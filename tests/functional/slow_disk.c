/* Preloaded: a disk that takes its time, so many microseconds (SLOW_DISK_US) whenever something is to be on it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slowly(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	const char *us = getenv("SLOW_DISK_US");

	usleep(us ? (useconds_t)atoi(us) : 0);
	return real(fd);
}

int fsync(int fd)
{
	return slowly("fsync", fd);
}

int fdatasync(int fd)
{
	return slowly("fdatasync", fd);
}
