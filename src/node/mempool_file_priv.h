/* mempool.dat within the node. */
#ifndef TALLY_NODE_MEMPOOL_FILE_PRIV_H
#define TALLY_NODE_MEMPOOL_FILE_PRIV_H

#include <tally/node/mempool_file.h>

struct node;

/* Reads the file if there is one; its transactions wait for mempool_file_submit. */
struct mempool_file *mempool_file_open(struct node *n);
/* Saves nothing. NULL is harmless. */
void mempool_file_close(struct mempool_file *f);
/* Submits transactions of the file to the mempool until its queue is full. True: at least one. */
bool mempool_file_submit(struct mempool_file *f);
/* The mempool has accepted or rejected a transaction of the file. */
void mempool_file_verdict(struct mempool_file *f);
/* A transaction entered or left the mempool: the file is out of date. */
void mempool_file_changed(struct mempool_file *f);
/* Begins a new file if the last one is out of date and more than 5 minutes old. True:
 * mempool_file_turn has work. */
bool mempool_file_due(struct mempool_file *f);
/* Writes a slice of the file that was begun. True: there is more to write. */
bool mempool_file_turn(struct mempool_file *f);
/* mempool_file_save if the file is out of date. A failure is logged only. */
void mempool_file_save_changed(struct mempool_file *f);

#endif
