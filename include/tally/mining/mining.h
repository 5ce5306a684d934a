/* The mining controller decides what is mined and when: continuously (startnode -miner, the command
 * mine), or an exact number of blocks (generatetoaddress). One job runs at a time; an exact number
 * has priority over continuous mining. */
#ifndef TALLY_MINING_MINING_H
#define TALLY_MINING_MINING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/base/rng.h>
#include <tally/chain/chain.h>
#include <tally/crypto/key.h>
#include <tally/mempool/mempool.h>
#include <tally/primitives/block.h>

struct mining;

/* What peers report of the chain. */
struct mining_sync {
	uint32_t height;  /* of our tip */
	uint32_t target;  /* best height that we know of, or that a peer credibly claims */
	bool downloading; /* many blocks or headers arrive, or did in the last 5 s */
};

/* What the controller needs of its node. arg is that of struct mining_options. All are required. */
struct mining_ops {
	/* True: the node is stopping, so nothing new may begin. */
	bool (*stopping)(void *arg);
	/* False: no network (offline). */
	bool (*sync)(void *arg, struct mining_sync *out);
	/* The address that continuous mining pays until mining_set names one. */
	bool (*default_payee)(void *arg, struct key_hash *out, struct err *e);
	/* Hands a mined block to the chain. The chain connects it in slices, then the node calls
	 * mining_chain_idle. b is borrowed. */
	bool (*submit)(void *arg, struct block *b, struct err *e);
	/* False, with the reason, if a submitted block is invalid. Called when the chain is
	 * idle. */
	bool (*verdict)(void *arg, const struct block_hash *hash, struct err *e);
	/* Asks for a call of mining_work from the loop, soon. */
	void (*schedule)(void *arg);
	/* Something in struct mining_info has changed. */
	void (*changed)(void *arg);
	/* Asks for one call of mining_timeout after this time. Replaces an earlier request. */
	void (*wake_after)(void *arg, int64_t ms);
	/* Asks for a call of mining_poll whenever fd is readable, until mining_free. Called
	 * once. */
	void (*watch)(void *arg, int fd);
};

struct mining_options {
	const struct clock *clock;
	const struct rng *rng;
	unsigned threads; /* until mining_set changes it */
	const struct mining_ops *ops;
	void *arg;
};

struct mining *mining_new(const struct mining_options *o);
/* Answers unfinished requests with ERR_BUSY "stopping" and joins the threads. NULL is harmless. */
void mining_free(struct mining *m);
/* To be called when there is a chain; nothing is mined before. Both are borrowed. */
void mining_set_chain(struct mining *m, const struct chain *chain, struct mempool *mempool);

/* --- called by the node ---------------------------------------------------------------------- */

/* The tip or the mempool has changed. A new tip restarts the job at once; if only transactions are
 * new, it is restarted within a second. NULL is harmless. */
void mining_changed(struct mining *m);
/* Starts, restarts or stops the job, whatever is due. */
void mining_work(struct mining *m);
/* See ops->wake_after and ops->watch. */
void mining_timeout(struct mining *m);
void mining_poll(struct mining *m);
/* Once a second: measures the hash rate. */
void mining_tick(struct mining *m);
/* The chain has no more work: asks for the verdict on a submitted block. NULL is harmless. */
void mining_chain_idle(struct mining *m);

/* --- called by commands ------------------------------------------------------------------------ */

/* Switches continuous mining. Off also ends unfinished requests of mining_generate, with ERR_BUSY
 * "mining-off". to: the address to pay; NULL: as before, at first ops->default_payee. threads 0: as
 * before. ERR_IO "miner" if the system gives no pipe or thread. */
bool mining_set(struct mining *m, bool on, const struct key_hash *to, unsigned threads,
		struct err *e);

/* hashes: of the n mined blocks, in order. err NULL: all requested blocks were mined. */
typedef void mining_done(void *arg, const struct block_hash *hashes, size_t n,
			 const struct err *err);
struct mining_request {
	struct key_hash to;
	uint32_t count;     /* of blocks */
	const void *client; /* for mining_cancel */
	mining_done *done;  /* called exactly once */
	void *arg;
};
/* Mines exactly q->count blocks, one after another. Requests are served in order of arrival. done
 * is called within this call only for count 0 and on error. */
void mining_generate(struct mining *m, const struct mining_request *q);
/* The client has disconnected: its requests end with this error. */
void mining_cancel(struct mining *m, const void *client, const struct err *err);

/* False if no valid block can be made: a block's time can't be before its parent's, and the tip's
 * time is so far ahead of this clock that every node would refuse the next block as from the
 * future. ERR_FUTURE "clock-behind". Needs a chain. */
bool mining_clock_ok(const struct mining *m, struct err *e);

struct mining_info {
	bool on;   /* continuous mining is switched on */
	bool busy; /* a job is running */
	unsigned threads;
	double hash_rate; /* hashes per second, smoothed over about 5 s */
	uint32_t found;   /* blocks since the start that the chain has accepted */
	bool has_to;
	struct key_hash to;        /* of continuous mining */
	uint32_t requested, mined; /* blocks of the current mining_generate; requested 0: none */
};
void mining_get_info(const struct mining *m, struct mining_info *out);

#endif
