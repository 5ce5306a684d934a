/* Which address of this machine others can use. */
#include <tally/net/invite.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The address from which the system would send to `there`. Connecting a datagram socket sends nothing. */
static bool way_out(struct net_addr *out, const char *there)
{
	struct sockaddr_storage ss;
	struct net_addr a;
	socklen_t len;
	bool ok;
	int fd;

	if (!net_addr_parse_numeric(&a, there, 9, NULL))
		return false;
	len = net_addr_to_sockaddr(&ss, &a);
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	ok = connect(fd, (struct sockaddr *)&ss, len) == 0;
	len = sizeof(ss);
	ok = ok && getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	     net_addr_from_sockaddr(out, (struct sockaddr *)&ss) &&
	     net_addr_scope(out) != NET_LOOPBACK && net_addr_scope(out) != NET_NOWHERE;
	close(fd);
	return ok;
}

/* Link-local ones need a zone, or work by chance: the last resort, IPv6's none. */
static int rank(const struct net_addr *a, bool v4)
{
	const uint8_t *ip = a->ip;

	switch (net_addr_scope(a)) {
	case NET_PRIVATE:
		if (v4)
			return ip[12] == 169 ? 1 : 5;
		return ip[0] == 0xfe ? 0 : 3;
	case NET_PUBLIC:
		return v4 ? 4 : 2;
	case NET_LOOPBACK:
	case NET_NOWHERE:
		break;
	}
	return 0;
}

static bool of_an_interface(struct net_addr *out)
{
	struct ifaddrs *all = NULL;
	int best = 0;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct net_addr a;
		int r;

		if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) ||
		    !net_addr_from_sockaddr(&a, i->ifa_addr))
			continue;
		r = rank(&a, i->ifa_addr->sa_family == AF_INET);
		if (r > best) {
			best = r;
			*out = a;
		}
	}
	freeifaddrs(all);
	return best > 0;
}

void net_local_address(struct net_addr *out)
{
	/* Addresses for documentation (RFC 5737, RFC 3849): nobody's. */
	if (!way_out(out, "192.0.2.1") && !of_an_interface(out) && !way_out(out, "2001:db8::1"))
		net_addr_parse_numeric(out, "127.0.0.1", 1, NULL);
	out->port = 0;
}
