/* A library for LD_PRELOAD that slows the system down: fsync() and fdatasync() take SLOW_DISK_US microseconds longer,
 * getaddrinfo() SLOW_NAMES_US. Both are environment variables. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

static int call_slowly(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	const char *us = getenv("SLOW_DISK_US");

	usleep(us ? (useconds_t)atoi(us) : 0);
	return real(fd);
}

int fsync(int fd)
{
	return call_slowly("fsync", fd);
}

int fdatasync(int fd)
{
	return call_slowly("fdatasync", fd);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *,
			 struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
	const char *us = getenv("SLOW_NAMES_US");

	usleep(us ? (useconds_t)atoi(us) : 0);
	return real(node, service, hints, out);
}
