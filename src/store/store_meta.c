/* Small named values, and peer addresses. */
#include <string.h>

#include "store/store_priv.h"

static struct span name_key(const char *name)
{
	return (struct span){(const uint8_t *)name, strlen(name)};
}

bool store_put_meta(struct store *s, const char *name, const void *bytes, size_t n, struct err *e)
{
	return env_put(&s->env, STORE_META, name_key(name), (struct span){bytes, n}, e);
}

bool store_get_meta(struct store *s, const char *name, void *bytes, size_t *n, struct err *e)
{
	return env_get(&s->env, STORE_META, name_key(name), bytes, n, e);
}

bool store_put_addr(struct store *s, struct span key, struct span record, struct err *e)
{
	return env_put(&s->env, STORE_ADDRS, key, record, e);
}

bool store_del_addr(struct store *s, struct span key, struct err *e)
{
	return env_del(&s->env, STORE_ADDRS, key, e);
}

bool store_each_addr(struct store *s, store_addr_fn *fn, void *arg, struct err *e)
{
	return env_each(&s->env, STORE_ADDRS, (struct span){NULL, 0}, fn, arg, NULL, e);
}
