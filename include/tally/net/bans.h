/* Bans, which a person sets, and discouragements, which a peer gets by breaking the rules of the
 * protocol. The owner stores the records (see records.h). Source: tally-protocol(7), CONDUCT;
 * Bitcoin Core banman.h. */
#ifndef TALLY_NET_BANS_H
#define TALLY_NET_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/net/records.h>
#include <tally/net/subnet.h>

#define BANS_MAX        10000
#define DISCOURAGED_MAX 1000 /* when full, the discouragement that ends first is dropped */
#define BAN_SECONDS     (24 * 3600)
#define BAN_UNTIL_MAX   (INT64_C(1) << 40) /* unix seconds */

enum ban_kind {
	BAN_MANUAL,      /* disconnected, never dialled, refused when it connects */
	BAN_DISCOURAGED, /* not dialled from the address book; accepted while half of the inbound slots
			  * are free */
};

struct ban {
	struct subnet net;
	enum ban_kind kind;
	int64_t created, until; /* unix seconds */
};

struct bans;

struct bans *bans_new(const struct clock *clock, const struct record_store *store);
void bans_free(struct bans *b);
/* Loads a stored record. Its key begins with 'b' and is 19 bytes long, so the table may be shared
 * with the address book. Returns false if the record is malformed; it is then ignored. */
bool bans_load(struct bans *b, struct span key, struct span record);

/* Bans a subnet until the given time (unix seconds). Fails with ERR_KNOWN "already-banned" if
 * exactly this subnet is banned, and with ERR_USAGE "ban-in-the-past" or "too-many-bans". */
bool bans_add(struct bans *b, const struct subnet *s, int64_t until, struct err *e);
/* Discourages an address, every port of it, for 24 h. Returns false for loopback, which is never
 * discouraged. */
bool bans_discourage(struct bans *b, const struct net_addr *a);
/* Removes the ban and the discouragement of exactly this subnet. Returns false if there was none. */
bool bans_remove(struct bans *b, const struct subnet *s);
void bans_clear(struct bans *b);
bool bans_is_banned(const struct bans *b, const struct net_addr *a);
bool bans_is_discouraged(const struct bans *b, const struct net_addr *a);
/* Removes expired entries. Called every second. */
void bans_tick(struct bans *b);
/* Lists at most max entries, bans first, each kind in the order of creation. Returns the number of
 * all entries, which may exceed max. */
size_t bans_list(const struct bans *b, struct ban *out, size_t max);

#endif
