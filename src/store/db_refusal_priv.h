#ifndef TALLY_STORE_DB_REFUSAL_PRIV_H
#define TALLY_STORE_DB_REFUSAL_PRIV_H

#include <stdbool.h>

/* Makes Berkeley DB use functions that remember failed system calls. Call it before the first environment
 * is made; further calls are harmless. */
void db_refusal_install(void);
/* Forgets what was refused on this thread. */
void db_refusal_clear(void);
/* The errno value of the last system call of Berkeley DB on this thread that failed since db_refusal_clear,
 * 0 if there was none. Forgets it. */
int db_refusal_take(void);

#endif
