#include <tally/base/wake.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

bool wake_open(struct wake *w)
{
#ifdef __linux__
	w->fd = w->write_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return w->fd >= 0;
#else
	int ends[2];

	*w = (struct wake){-1, -1};
	if (pipe(ends) < 0)
		return false;
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	}
	*w = (struct wake){ends[0], ends[1]};
	return true;
#endif
}

void wake_close(struct wake *w)
{
	if (w->fd >= 0)
		close(w->fd);
	if (w->write_fd >= 0 && w->write_fd != w->fd)
		close(w->write_fd);
	*w = (struct wake){-1, -1};
}

/* An eventfd reads and writes eight bytes; the pipe does the same. */
void wake_raise(struct wake *w)
{
	uint64_t one = 1;

	while (w->write_fd >= 0 && write(w->write_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void wake_lower(struct wake *w)
{
	uint64_t count;

	while (w->fd >= 0 && read(w->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}
