#include "config/config_check_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/config/config.h>
#include <tally/net/addr.h>
#include <tally/net/invite.h>

bool config_check_bind(const char *value, struct err *e)
{
	struct net_addr a;

	return net_addr_parse_bind(&a, value, e);
}

bool config_check_peer(const char *value, struct err *e)
{
	return strcmp(value, "0") == 0 || net_addr_check(value, NODE_ID_DEFAULT, e);
}

bool config_check_chain(const char *value, struct err *e)
{
	struct hash256 h;

	return hash256_parse(&h, value) ||
	       err_set(e, ERR_USAGE, "bad-setting", "'%s' is not a hash: give all 64 hex digits",
		       value);
}

bool config_check_join(const char *value, struct err *e)
{
	struct invite in;

	return invite_decode(&in, value, e);
}

bool config_check_sync(const char *value, struct err *e)
{
	return strcmp(value, "headers") == 0 || strcmp(value, "classic") == 0 ||
	       err_set(e, ERR_USAGE, "bad-setting", "'%s' is unknown: give headers or classic",
		       value);
}

bool config_check_screen(const char *value, struct err *e)
{
	unsigned cols, rows;
	char end;

	return (sscanf(value, "%ux%u%c", &cols, &rows, &end) == 2 && cols >= 1 && rows >= 1 &&
		cols <= 1000 && rows <= 1000) ||
	       err_set(e, ERR_USAGE, "bad-setting",
		       "'%s' is not a size: give COLSxROWS, for example 80x24", value);
}
