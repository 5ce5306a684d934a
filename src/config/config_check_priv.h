/* Checks of text settings. They look only at the value and change nothing, so that errors are found
 * before a directory is made or opened. Each fails with ERR_USAGE; the detail does not name the
 * setting. */
#ifndef TALLY_CONFIG_CHECK_PRIV_H
#define TALLY_CONFIG_CHECK_PRIV_H

#include <stdbool.h>

#include <tally/base/err.h>

bool config_check_bind(const char *value, struct err *e);
bool config_check_peer(const char *value, struct err *e); /* HOST:PORT, or 0 */
bool config_check_chain(const char *value, struct err *e);
bool config_check_join(const char *value, struct err *e);
bool config_check_sync(const char *value, struct err *e);
bool config_check_screen(const char *value, struct err *e); /* COLSxROWS, each 1 to 1000 */

#endif
