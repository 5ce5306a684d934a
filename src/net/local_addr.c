#include <tally/net/local_addr.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The source address that the system would use for packets to `there`. Connecting a UDP socket sends
 * no packet. */
static bool source_address(struct net_addr *out, const char *there)
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
	     net_addr_scope(out) != NET_LOOPBACK && net_addr_scope(out) != NET_UNUSABLE;
	close(fd);
	return ok;
}

/* How likely other machines reach the address; 0: they don't. IPv4 link-local addresses (169.254/16)
 * come last. IPv6 link-local ones (fe80::/10) are excluded, because they need a zone. */
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
	case NET_UNUSABLE:
		break;
	}
	return 0;
}

static bool interface_address(struct net_addr *out)
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
	/* Packets to these addresses, which are reserved for documentation (RFC 5737, RFC 3849),
	 * would take the default route. */
	if (!source_address(out, "192.0.2.1") && !interface_address(out) &&
	    !source_address(out, "2001:db8::1"))
		net_addr_parse_numeric(out, "127.0.0.1", 1, NULL);
	out->port = 0;
}
