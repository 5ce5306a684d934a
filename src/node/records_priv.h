/* Committing peer addresses and bans, which are kept in the chain's database. */
#ifndef TALLY_NODE_RECORDS_PRIV_H
#define TALLY_NODE_RECORDS_PRIV_H

struct node;

/* Once a second: commits what has changed, about every 10 s, without waiting for the disk. */
void records_tick(struct node *n);

#endif
