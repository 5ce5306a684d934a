/* The event loop of a node: its turns, its tick and its signals. */
#ifndef TALLY_NODE_LOOP_PRIV_H
#define TALLY_NODE_LOOP_PRIV_H

struct node;

/* Makes n->base and the events that every node has. */
void node_loop_open(struct node *n);
/* Makes the events of the threads that wait for the disk and check signatures; the databases are
 * open. */
void node_loop_watch_workers(struct node *n);
/* Online: starts the tick of every second and handles signals. */
void node_loop_start(struct node *n);
/* The clock was set: runs the tick now. */
void node_loop_tick(struct node *n);
/* Frees the events of node_loop_watch_workers and node_loop_start. */
void node_loop_stop(struct node *n);
/* Frees the rest. */
void node_loop_close(struct node *n);
/* One turn: a slice of each kind of work that n->work names, then the observers. */
void node_turn(struct node *n);
/* Runs the loop until the mempool has checked everything submitted and, if wanted, the whole
 * file. */
void node_settle_mempool(struct node *n);
/* From any thread: a database could not write. arg: the node. */
void node_write_failed(void *arg);

#endif
