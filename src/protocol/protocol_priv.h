/* What the files of the protocol layer share. */
#ifndef TALLY_PROTOCOL_PRIV_H
#define TALLY_PROTOCOL_PRIV_H

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/protocol/protocol.h>

#include "protocol/wire/codec_priv.h"
#include "protocol/hashes_priv.h"
#include "protocol/wire/messages_priv.h"

/* Versions from which a peer understands a message. Source: Bitcoin Core protocol_version.h. */
#define VERSION_ADDR_TIME   31402 /* addr entries carry a time */
#define VERSION_PING_NONCE  60001 /* BIP 31 */
#define VERSION_MEMPOOL     60002 /* BIP 35 */
#define VERSION_SENDHEADERS 70012 /* BIP 130 */

#define GETBLOCKS_MAX        500                /* hashes in the answer to getblocks */
#define BLOCKS_IN_FLIGHT     PEER_IN_FLIGHT_MAX /* asked of one peer at a time */
#define BLOCK_WINDOW         1024               /* fetched at most so far ahead of the tip */
#define UNCONNECTED_MAX      10                 /* in a row; source: tally-protocol(7), CONDUCT */
#define BEHIND_BLOCKS        24                 /* so many that are missing come: catching up */
#define LONG_AGO_MS          (INT64_MIN / 2)
#define FUTURE_TOLD_MS       10000 /* between two lines about blocks from the future */
#define ASK_BEHIND_MS        30000 /* a peer that claims more than it has told is asked again */
#define BLOCKS_ANNOUNCED_MAX 1024 /* a peer: announced and not fetched yet, 32 bytes and set each */

/* Accepted and not connected yet: over it reading from those who send blocks pauses. */
#define AHEAD_BYTES_MAX  (UINT64_C(32) << 20)
#define AHEAD_BLOCKS_MAX 4096
/* Bodies held whose parent is on its way from another peer. */
#define HELD_BYTES_MAX  (UINT64_C(16) << 20)
#define HELD_BLOCKS_MAX 1024
#define LOW_BYTES_MAX   (UINT64_C(32) << 20)

#define SENDERS_MAX 8192 /* blocks whose sender is remembered until they connect */

#define SERVE_QUEUED_MAX (1u << 20)  /* bytes in a peer's send queue: no more is put on top */
#define SERVE_TOTAL_MAX  (64u << 20) /* in all of them: then only what takes little room is */

#define TX_ANNOUNCED_MAX 5000 /* a peer: announced and not asked for yet */
#define TX_IN_FLIGHT_MAX 500  /* a peer: asked for */
#define TX_CANDIDATES    8    /* peers remembered that could send a transaction */
#define TX_KNOWN_MAX     5000 /* a peer: transactions it has, remembered */
#define TX_RELAY_RING    8192 /* transactions to announce, for all peers */
#define TX_INV_MAX       1000

enum { WAKE_CHAIN = 1, WAKE_MEMPOOL = 2, WAKE_WORK = 4, WAKE_PEERS = 8, WAKE_OFFERS = 16 };
enum { PAUSE_CHAIN = 1, PAUSE_SERVE = 2, PAUSE_MEMPOOL = 4 };

/* A block asked for. */
struct block_request {
	struct list link; /* in the peer's, in the order asked */
	struct block_hash hash;
	struct peer *peer;
	int64_t asked_ms;
};

/* How blocks are fetched from a peer; not at all before it is known to have some. */
enum sync_way { SYNC_NOT, SYNC_BY_HEADERS, SYNC_BY_INV };

/* A chain whose headers have too little work so far to be kept. */
struct low_headers;

/* Fetching blocks from this peer. */
struct peer_sync {
	enum sync_way way;
	/* What it has: */
	chain_index best; /* best block it is known to have; CHAIN_NONE: none */
	struct u256 best_work;
	uint32_t best_height;           /* its own word while none is known */
	struct block_hash last_unknown; /* last block it announced that wasn't here then */
	/* What was asked of it: */
	bool asked; /* a getheaders or getblocks is unanswered */
	bool more;  /* its last answer was full: more may follow */
	int64_t asked_ms;
	uint64_t asked_accepted; /* blocks accepted when it was asked */
	unsigned unconnected;    /* headers or blocks in a row that follow nothing known */
	struct list requests;    /* struct block_request */
	uint32_t n_requests;
	int64_t progress_ms;   /* last block of a request, or the request on an idle peer */
	int64_t avg_ms;        /* of a block's way, exponential average; 0 not known */
	int64_t rest_until_ms; /* nothing is asked of it before */
	unsigned stalls;       /* in a row */
	int64_t told_ms;       /* when it told of the best block it has */
	struct block_hash
		late; /* asked of others, because it didn't come in time; zeros: none has since one did */
	/* By headers: */
	bool headers_wished;     /* it was sent sendheaders */
	bool kept_waiting;       /* it was asked for headers, and told none */
	int64_t turn_ms;         /* when it had its turn to tell by the thousand; 0: never */
	bool tells_headers;      /* it has answered with headers, or announced by them */
	struct low_headers *low; /* NULL: none is being read */
	int64_t retry_unix;      /* its headers are from the future until then; 0: they aren't */
	int64_t stalling_ms;     /* since when others wait for what it was asked for; 0: not */
	chain_index common;      /* of a branch so much is here; CHAIN_NONE: not known */
	/* By inv: */
	struct hash_queue want; /* announced by it, in its order, and not here */
	bool low_refused;       /* a block of a branch it told was not kept for want of work */
	uint32_t n_held;        /* of the bodies that wait for their parents */
	size_t held_bytes;
	struct block_hash last_inv; /* the last block of its last answer to getblocks */
	struct block_hash root;     /* the missing parent it was last asked about; zeros: none */
	bool walking;               /* parents are asked of it one by one */
};

/* Answering its getdata. */
struct peer_serve {
	struct inv_item *items; /* asked for, from `head` on */
	size_t head, len, cap;
	bool has_last;
	struct block_hash last; /* of a full answer to getblocks: after it the tip is announced */
	bool blocked;           /* its send queue is full, or all of them together are */
	int64_t kept_ms;        /* since when it waits because all together are; 0: it does not */
	uint64_t taken;         /* bytes it had taken at the last tick */
	uint64_t
		pace; /* of them lately: those of the last second, and half as many of each before */
	unsigned held_s; /* for so long its queue has not been empty */
};

struct peer_relay {
	struct hash_memory known; /* transactions it has */
	struct hash_queue todo;   /* announced by it, to be asked for */
	unsigned in_flight;
	uint64_t cursor; /* into the ring of what is announced */
	bool wants_txs, prefers_headers;
	bool kept_back;     /* the last it was asked for, or one after: it let us wait in vain */
	bool mempool_asked; /* by us */
	bool mempool_sent;  /* to it: */
	int64_t mempool_ms;
	chain_index told; /* best block it was told of or has told us of; CHAIN_NONE */
	chain_index ours; /* best block it knows that we have; CHAIN_NONE */
};

struct peer_addrs {
	double tokens;
	int64_t filled_ms, own_told_ms;
	bool getaddr_answered;
	struct hash_memory known; /* addresses it has, by padded key */
};

enum join_state { JOIN_NEW, JOIN_ASKED, JOIN_WALKING, JOIN_NOTHING, JOIN_OFFERED };
struct peer_join {
	enum join_state state;
	int64_t asked_ms;
	uint32_t steps;
	struct block_hash want; /* asked for with getdata */
	struct block_hash offered;
	bool asked_older;
	bool counted; /* among those dialled that have answered */
};

struct peer {
	struct list link; /* of protocol.peers, in order of id */
	struct conn_info info;
	bool closing, handshaken;
	unsigned paused; /* PAUSE_… */

	int64_t opened_ms, handshaken_ms;
	uint64_t opened_order, greeted_order; /* among all connections, opened and handshaken */
	int64_t connected;                    /* unix seconds */
	int64_t last_send, last_recv;         /* unix seconds */
	int64_t last_recv_ms;
	int64_t last_block_ms, last_tx_ms; /* that were news; 0: never */
	uint32_t run; /* blocks it was asked for that were news, none long after the one before */
	int64_t last_block, last_tx; /* the same, unix seconds */

	int32_t version;
	uint64_t services;
	int32_t start_height;
	bool has_chain; /* tells that it has one, or doesn't say */
	bool tagged;
	struct block_hash chain; /* where tagged */
	uint64_t nonce;
	struct net_addr listens;
	int64_t twin_ms; /* since when it stands for a connection that we dialled; 0: it does not */
	int64_t twin_wait_ms;    /* and for how long; more each time */
	struct net_addr sees_us; /* our address as it sees it */
	char agent[PEER_AGENT_MAX + 1];
	int64_t clock_offset;

	uint64_t ping_nonce; /* 0: none is out */
	int64_t ping_sent_us;
	int64_t next_ping_ms;
	int64_t ping_us, min_ping_us; /* -1 unknown */
	bool ponged;

	uint64_t msgs_in, msgs_out, bytes_in, bytes_out;
	uint32_t per_second[10]; /* messages in each of the last ten seconds */

	struct peer_sync sync;
	struct peer_serve serve;
	struct peer_relay relay;
	struct peer_addrs addrs;
	struct peer_join join;
};

/* A body that waits for its parent. */
struct held {
	struct list link; /* by age, or in the ready list */
	struct block *block;
	conn_id from;
	int64_t since_ms;
	struct held *sibling; /* the next with the same parent */
};

struct hold {
	struct map by_hash, by_parent; /* -> struct held * */
	struct list waiting, ready;
	size_t n; /* both lists */
	uint64_t bytes;
};

/* A transaction asked for, or about to be. */
struct tx_request {
	struct list link; /* in one of the lists by patience, in the order asked */
	struct txid id;
	conn_id asked;    /* 0: nobody yet */
	int64_t asked_ms; /* or told of */
	unsigned n_others;
	conn_id others[TX_CANDIDATES];
};

struct offer {
	struct chain_params params;
	struct block *genesis;
	uint32_t peers; /* who offer it now */
};

#define RATE_SAMPLES 6

struct protocol {
	struct protocol_options o;
	struct transport net;
	struct list peers;
	struct map by_id;        /* conn_id -> struct peer * */
	uint64_t nonce;          /* of this run: tells connections to ourselves and doubles */
	uint64_t order;          /* connections opened and handshaken so far */
	unsigned wake;           /* WAKE_… to be told at the end of the call */
	unsigned depth;          /* calls within calls */
	uint64_t unknown;        /* messages that are not ours to know */
	unsigned second;         /* index into peers' per_second */
	struct writer out, list; /* scratch: a payload, entries of one */

	/* Blocks. */
	struct map requests; /* block hash -> struct block_request * */
	struct hold hold;
	struct map senders; /* block hash -> conn_id, for those not connected yet */
	struct block_hash *sender_ring;
	size_t sender_at;
	int64_t future_told_ms; /* when one was last logged */
	uint64_t ahead_bytes;
	uint32_t ahead_blocks;
	uint64_t accepted, connected; /* blocks, since the start */
	uint64_t low_bytes;           /* kept of branches with less work than sync_bar */
	bool low_told;
	chain_index last_tip;
	int64_t towards_ms; /* when the last one on the way to our best header was */
	int64_t headers_ms; /* when headers last came by the dozen */
	bool catching_up;
	bool starved;         /* some peer could send more, were the window further */
	bool chain_paused;    /* some peer is paused for PAUSE_CHAIN */
	int64_t stall_ms;     /* how long a peer may hold up the window */
	int64_t tip_ms;       /* how long it may keep a new tip back that others have, too */
	conn_id headers_from; /* who tells of headers by the thousand; 0: nobody */
	int64_t headers_since_ms;
	uint32_t sync_from;
	uint64_t rate[RATE_SAMPLES]; /* `connected` at the last ticks */
	int64_t rate_ms[RATE_SAMPLES];
	unsigned rate_at;
	chain_index announced; /* tip that peers were last told of */
	chain_index steady;    /* tip at the last tick */

	/* Transactions. */
	struct map tx_requests; /* txid -> struct tx_request * */
	struct list tx_patient, tx_hasty, tx_waiting;
	unsigned n_tx_waiting;
	struct hash_memory rejected, confirmed;
	struct txid *relay_ring;
	uint64_t relay_head; /* how many were ever put in */

	/* Joining. */
	unsigned expected, answered; /* dialled peers */
	struct offer offers[OFFERS_MAX];
	size_t n_offers;
	int64_t first_offer_ms,
		dialled_offer_ms; /* the first of all, and of a peer that we dialled; 0: none */
	bool adopting, joined;
	bool has_other;
	struct other_chain other;

	int64_t blame_since_ms; /* the log's lines about broken rules */
	unsigned blamed;

	conn_id serve_after; /* whom to serve next: the first with a greater id */
	bool serve_short;    /* somebody waits for room that others take */
	struct map lendings; /* block hash -> struct lending * */
	size_t lent_bytes;   /* theirs */
};

/* protocol.c */
int64_t now_ms(const struct protocol *p);
int64_t now_unix(const struct protocol *p);
bool has_chain(const struct protocol *p);
/* Around every entry from outside: what was woken meanwhile is told at the end. */
void enter(struct protocol *p);
void leave(struct protocol *p);

/* peers.c */
struct peer *peer_find(const struct protocol *p, conn_id id); /* NULL: gone */
/* It sent a block (on request: it counts as one that gives what it is asked for) or a transaction that was news. */
void peer_gave_block(const struct protocol *p, struct peer *peer, bool requested);
void peer_gave_tx(const struct protocol *p, struct peer *peer);
struct peer *peer_open(struct protocol *p, const struct conn_info *info);
void peer_gone(struct protocol *p, struct peer *peer, const char *reason); /* frees it */
bool peer_live(const struct peer *peer); /* handshaken and not being closed */
bool peer_dialled(const struct peer *peer);
bool peer_same_ip(const struct peer *a, const struct peer *b);
bool peer_near(const struct peer *peer); /* loopback or private */
const char *peer_name(const struct peer *peer, char out[NET_ADDR_CHARS + 16]);
void peer_close(struct protocol *p, struct peer *peer, enum close_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void peer_pause(struct protocol *p, struct peer *peer, unsigned why, bool paused);
/* Live peers in order: for (peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)). */
struct peer *peer_next(const struct protocol *p, const struct peer *after);

/* gate.c */
void gate_receive(struct protocol *p, struct peer *peer, const char *command, struct span payload);
bool gate_send(struct protocol *p, struct peer *peer, const struct msg *m);
void gate_send_empty(struct protocol *p, struct peer *peer, enum msg_kind kind);
/* Sends the entries gathered in p->list, where there are any, and empties it. */
void gate_send_list(struct protocol *p, struct peer *peer, enum msg_kind kind);

/* describe.c */
void msg_describe(const struct protocol *p, const struct msg *m, char out[MSG_SUMMARY_CHARS + 1],
		  struct hash256 *about);

/* handshake.c */
/* Sends it away: its chain is not the one that is here, or wanted. */
void close_other_chain(struct protocol *p, struct peer *peer, const struct block_hash *theirs);
void handshake_opened(struct protocol *p, struct peer *peer);
void handshake_tick(struct protocol *p, struct peer *peer);
/* It has gone. Where the other end has closed it, which has dialled us, too, and keeps that connection: it is not dialled
 * again. */
void handshake_peer_lost(struct protocol *p, struct peer *peer);
void handle_version(struct protocol *p, struct peer *peer, struct msg *m);
void handle_verack(struct protocol *p, struct peer *peer, struct msg *m);

/* ping.c */
void ping_send(struct protocol *p, struct peer *peer);
void ping_tick(struct protocol *p, struct peer *peer);
void handle_ping(struct protocol *p, struct peer *peer, struct msg *m);
void handle_pong(struct protocol *p, struct peer *peer, struct msg *m);

/* sync.c: what every way of fetching blocks shares */
void sync_peer_init(struct peer *peer);
void sync_peer_ready(struct protocol *p, struct peer *peer); /* handshaken, and there is a chain */
void sync_peer_gone(struct protocol *p, struct peer *peer);
bool sync_serves_blocks(const struct peer *peer);
/* Neither here nor asked for nor held. */
bool sync_needs(const struct protocol *p, const struct block_hash *hash);
/* Its body is here, held, or will not be wanted. */
bool sync_settled(const struct protocol *p, const struct block_hash *hash);
bool sync_pending(const struct protocol *p,
		  const struct block_hash *hash); /* asked for, held, set aside */
void sync_announced(struct protocol *p, struct peer *peer, const struct block_hash *hash);
void sync_has_block(const struct protocol *p, struct peer *peer, const struct chain_entry *en);
/* Hashes `first` (n of them) and then a locator from `from` on, in a getblocks or getheaders. */
void sync_ask(struct protocol *p, struct peer *peer, enum msg_kind kind,
	      const struct block_hash *first, size_t n, chain_index from,
	      const struct block_hash *stop);
/* Too much waits to be connected: only the next block is asked for. */
bool sync_tight(const struct protocol *p);
/* What a chain must have to be worth keeping: our tip's work less 144 blocks of it.
 * Source: tally-protocol(7), CONDUCT. */
struct u256 sync_bar(const struct protocol *p);
void sync_refill(struct protocol *p, struct peer *peer);
void sync_refill_all(struct protocol *p);
void sync_update(struct protocol *p); /* catching up or not */
/* Was this (of now_ms) within the time after which what doesn't move counts as standing still? */
bool sync_lately(const struct protocol *p, int64_t ms);
/* By how many blocks our best header is ahead, on its own branch. */
size_t sync_headers_ahead(const struct protocol *p);
/* Blocks by the dozen that were news, up to now. */
bool sync_gives_blocks(const struct protocol *p, const struct peer *peer);
void sync_tick(struct protocol *p);
bool sync_work(struct protocol *p); /* true: more */
void sync_resume(struct protocol *p);

/* progress.c: how far, how fast */
void sync_rate_tick(struct protocol *p);

/* sync_headers.c */
bool headers_capable(const struct protocol *p, const struct peer *peer);
void headers_start(struct protocol *p, struct peer *peer);
/* It is asked for headers from now on, and to tell of tips by them. */
void headers_choose(struct protocol *p, struct peer *peer);
/* Where it isn't being asked already: what follows the headers we have. */
void headers_ask(struct protocol *p, struct peer *peer);
void headers_told(struct protocol *p, struct peer *peer, const struct msg_list *l);
void headers_unconnected(struct protocol *p, struct peer *peer, const struct block_hash *last);
/* Puts the entries first .. end-1 in behind *at, which becomes the last that was taken. False: not all. */
bool headers_keep(struct protocol *p, struct peer *peer, const struct msg_list *l, size_t first,
		  size_t end, chain_index *at);
/* An answer of n was taken in up to `last`. */
void headers_taken(struct protocol *p, struct peer *peer, size_t n, chain_index last);
void headers_refused(struct protocol *p, struct peer *peer, const struct block_header *h,
		     const struct err *e);
void headers_tick(struct protocol *p, struct peer *peer);
void headers_peer_gone(struct protocol *p, struct peer *peer);

/* headers_low.c: chains of too little work so far */
void low_headers_free(struct peer *peer);
/* Entries from `first` on follow the header `at` and are not here. */
void low_headers_start(struct protocol *p, struct peer *peer, const struct msg_list *l,
		       size_t first, chain_index at);
/* True: they belong to what is being read, and were looked at. */
bool low_headers_told(struct protocol *p, struct peer *peer, const struct msg_list *l);

/* window.c: fetching the bodies of headers */
void window_refill(struct protocol *p, struct peer *peer);
void window_tick(struct protocol *p, struct peer *peer);
void window_moved(struct protocol *p); /* a block was connected */

/* requests.c: blocks asked for */
void request_put(struct protocol *p, struct peer *peer, const struct block_hash *hash);
struct peer *request_peer(const struct protocol *p, const struct block_hash *hash); /* NULL: none */
int64_t request_age_ms(const struct protocol *p,
		       const struct block_hash *hash); /* since it was asked for */
bool request_take(struct protocol *p, struct peer *peer, const struct block_hash *hash);
/* A block of which others were asked, because it didn't come in time: here it is. */
void request_late_came(struct peer *peer, const struct block_hash *hash);
/* Others go first with a new tip: this one let us wait for the last one it was asked for. */
bool request_must_wait(const struct protocol *p, const struct peer *peer);
/* It came, of whomever. */
void request_done(struct protocol *p, const struct block_hash *hash);
void requests_drop(struct protocol *p, struct peer *peer);
void requests_tick(struct protocol *p, struct peer *peer);
void request_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash);

/* accept.c: blocks that arrive */
bool future_tells(
	struct protocol *p); /* is it time for another line about what is from the future? */
/* A block's header is looked at before the rest of it is read: is it to be decoded? False: the record says why not, and
 * all that follows is done; whose header breaks the rules is closed. */
bool block_look(struct protocol *p, struct peer *peer, struct span payload, struct msg_record *rec);
void handle_block(struct protocol *p, struct peer *peer, struct msg *m);
void accept_block(struct protocol *p, struct block *b, conn_id from, bool requested);
void senders_free(struct protocol *p);

/* hold.c */
void hold_init(struct hold *h);
void hold_free(struct protocol *p);
bool hold_has(const struct hold *h, const struct block_hash *hash);
bool hold_put(struct protocol *p, struct block *b, struct peer *peer); /* false: full */
void hold_release(struct protocol *p, const struct block_hash *parent);
bool hold_work(struct protocol *p, unsigned max); /* true: more */
void hold_tick(struct protocol *p);
void hold_peer_gone(struct protocol *p, const struct peer *peer);
bool hold_tight(const struct hold *h); /* over half full */

/* sync_classic.c */
void classic_start(struct protocol *p, struct peer *peer);
void classic_answered(struct protocol *p, struct peer *peer, size_t n_blocks,
		      const struct block_hash *last);
void classic_refill(struct protocol *p, struct peer *peer);
void classic_unconnected(struct protocol *p, struct peer *peer, const struct block *b);
void classic_tick(struct protocol *p, struct peer *peer);

/* blocks.c */
void handle_getblocks(struct protocol *p, struct peer *peer, struct msg *m);
void handle_getheaders(struct protocol *p, struct peer *peer, struct msg *m);

/* serve.c */
void handle_getdata(struct protocol *p, struct peer *peer, struct msg *m);
bool serve_work(struct protocol *p, int64_t until_us); /* true: more */
void serve_drained(struct protocol *p, struct peer *peer);
void serve_peer_gone(struct peer *peer);
void serve_tick(struct protocol *p); /* makes room where others wait for it */

/* lend.c */
/* Sends it, uncopied where it is large. False where the connection is gone. */
bool lend_block(struct protocol *p, struct peer *peer, const struct block *b);

/* inv.c */
void handle_inv(struct protocol *p, struct peer *peer, struct msg *m);
void handle_headers(struct protocol *p, struct peer *peer, struct msg *m);
void handle_notfound(struct protocol *p, struct peer *peer, struct msg *m);

/* relay.c: telling peers */
void relay_peer_init(struct protocol *p, struct peer *peer);
void relay_peer_ready(struct protocol *p, struct peer *peer);
void relay_peer_gone(struct peer *peer);
void relay_tip(struct protocol *p);
/* It has seen that we have this block. */
void relay_seen_ours(const struct protocol *p, struct peer *peer, chain_index i);
void relay_tick(struct protocol *p);
void relay_tx(struct protocol *p, const struct txid *id);
bool relay_work(struct protocol *p, int64_t until_us); /* true: more */
void relay_ask_mempool(struct protocol *p);
void handle_mempool(struct protocol *p, struct peer *peer, struct msg *m);
void handle_sendheaders(struct protocol *p, struct peer *peer, struct msg *m);

/* txs.c: fetching transactions */
void txs_announced(struct protocol *p, struct peer *peer, const struct txid *id);
void txs_refill(struct protocol *p, struct peer *peer);
void txs_notfound(struct protocol *p, struct peer *peer, const struct txid *id);
void txs_peer_gone(struct protocol *p, struct peer *peer);
void txs_tick(struct protocol *p);
void txs_free(struct protocol *p);
void handle_tx(struct protocol *p, struct peer *peer, struct msg *m);

/* addrs.c */
void addrs_peer_init(struct protocol *p, struct peer *peer);
void addrs_peer_ready(struct protocol *p, struct peer *peer);
void addrs_peer_gone(struct peer *peer);
void addrs_tick(struct protocol *p, struct peer *peer);
void addrs_announce(struct protocol *p, const struct net_addr *a, uint64_t services,
		    const struct peer *except);
void handle_addr(struct protocol *p, struct peer *peer, struct msg *m);
void handle_getaddr(struct protocol *p, struct peer *peer, struct msg *m);

/* join.c */
void join_peer_ready(struct protocol *p, struct peer *peer);
void join_peer_gone(struct protocol *p, struct peer *peer);
void join_announced(struct protocol *p, struct peer *peer, const struct block_hash *first);
void join_block(struct protocol *p, struct peer *peer, struct block *b);
void join_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash);
void join_tick(struct protocol *p);
void join_ready(struct protocol *p); /* there is a chain now */
void join_free(struct protocol *p);

#endif
