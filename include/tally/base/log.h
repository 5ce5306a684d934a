/* The log: lines of subsystem, level and text, given to one sink of the whole program. The sink is
 * the only mutable global. Only the loop's thread may log. */
#ifndef TALLY_BASE_LOG_H
#define TALLY_BASE_LOG_H

#include <stdint.h>

#define LOG_SUBSYSTEMS(X)         \
	X(LOG_NODE, "node")       \
	X(LOG_NET, "net")         \
	X(LOG_PEER, "peer")       \
	X(LOG_CHAIN, "chain")     \
	X(LOG_MEMPOOL, "mempool") \
	X(LOG_STORE, "store")     \
	X(LOG_WALLET, "wallet")   \
	X(LOG_MINER, "miner")     \
	X(LOG_RPC, "rpc")         \
	X(LOG_TUI, "tui")

enum log_subsystem {
#define X(name, text) name,
	LOG_SUBSYSTEMS(X)
#undef X
};

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* `text` is one line without its newline, already sanitised (no control
 * characters, valid UTF-8). unix_us is the system's time, not a mocked one. */
typedef void log_sink(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		      const char *text);

void log_set_sink(log_sink *sink, void *arg); /* NULL: stderr */
void log_set_level(enum log_level least);     /* lines below this level are not even formatted */
const char *log_subsystem_name(enum log_subsystem sub);
const char *log_level_name(enum log_level level);

void log_line(enum log_subsystem sub, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define log_debug(sub, ...) log_line(sub, LOG_DEBUG, __VA_ARGS__)
#define log_info(sub, ...)  log_line(sub, LOG_INFO, __VA_ARGS__)
#define log_warn(sub, ...)  log_line(sub, LOG_WARN, __VA_ARGS__)
#define log_error(sub, ...) log_line(sub, LOG_ERROR, __VA_ARGS__)

#endif
