/* Checks of settings that are texts. Each sets ERR_USAGE with what is wrong, without the setting's
 * name. */
#ifndef TALLY_CONFIG_CHECK_PRIV_H
#define TALLY_CONFIG_CHECK_PRIV_H

#include <stdbool.h>

#include <tally/base/err.h>

bool config_check_bind(const char *value, struct err *e);
bool config_check_peer(const char *value, struct err *e);
bool config_check_chain(const char *value, struct err *e);
bool config_check_join(const char *value, struct err *e);
bool config_check_sync(const char *value, struct err *e);
bool config_check_miner(const char *value, struct err *e);
bool config_check_screen(const char *value, struct err *e);

#endif
