/* mempool.dat in the data directory: unconfirmed transactions survive a restart. */
#ifndef TALLY_NODE_MEMPOOL_FILE_H
#define TALLY_NODE_MEMPOOL_FILE_H

#include <stdbool.h>

#include <tally/base/err.h>

struct mempool_file;

const char *mempool_file_path(const struct mempool_file *f);
/* Every transaction of the file that was found at start has been checked. */
bool mempool_file_loaded(const struct mempool_file *f);
/* Writes the whole file now and waits for the disk. ERR_BUSY "not-loaded" until
 * mempool_file_loaded; ERR_IO "mempool-file". */
bool mempool_file_save(struct mempool_file *f, struct err *e);

#endif
