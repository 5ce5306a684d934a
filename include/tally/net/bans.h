/* Whom we don't deal with: bans, which a person sets, and discouragements, which peers earn by breaking
 * the rules. Kept in the chain's store by its owner. Source: tally-protocol(7), CONDUCT; Bitcoin Core banman.h. */
#ifndef TALLY_NET_BANS_H
#define TALLY_NET_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/net/records.h>
#include <tally/net/subnet.h>

#define BANS_MAX        10000 /* bans */
#define DISCOURAGED_MAX 1000  /* discouragements: the one that ends first makes room */
#define BAN_SECONDS     (24 * 3600)
#define BAN_UNTIL_MAX   (INT64_C(1) << 40) /* unix seconds */

enum ban_kind {
	BAN_MANUAL,      /* disconnected, not dialled, refused */
	BAN_DISCOURAGED, /* not dialled from the address book; let in while half the slots are free */
};

struct ban {
	struct subnet net;
	enum ban_kind kind;
	int64_t created, until; /* unix seconds */
};

struct bans;

struct bans *bans_new(const struct clock *clock, const struct record_store *store);
void bans_free(struct bans *b);
/* A record as stored. Keys begin with a 'b': the table may be shared with the address book. */
/* False: malformed, ignored. */
bool bans_load(struct bans *b, struct span key, struct span record);

/* Bans until then. ERR_KNOWN "already-banned" where exactly this subnet is; ERR_USAGE "ban-in-the-past",
 * "too-many-bans". */
bool bans_add(struct bans *b, const struct subnet *s, int64_t until, struct err *e);
/* For 24 h. Never loopback. False: nothing was done. */
bool bans_discourage(struct bans *b, const struct net_addr *a);
/* Lifts the ban and the discouragement of exactly this subnet. False: there was none. */
bool bans_remove(struct bans *b, const struct subnet *s);
void bans_clear(struct bans *b);
bool bans_is_banned(const struct bans *b, const struct net_addr *a);
bool bans_is_discouraged(const struct bans *b, const struct net_addr *a);
/* Every second: what is over goes. */
void bans_tick(struct bans *b);
/* Bans first, each in the order they were set. Returns how many there are. */
size_t bans_list(const struct bans *b, struct ban *out, size_t max);

#endif
