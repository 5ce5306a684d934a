/* Frames: when one is drawn, and drawing it. At most one every 50 ms while only the node changes, 10 ms after a key; none
 * while nothing changes. A frame is skipped while the terminal has not taken the last one. */
#ifndef TALLY_TUI_REDRAW_PRIV_H
#define TALLY_TUI_REDRAW_PRIV_H

struct tui;

void redraw_init(struct tui *t);
void redraw_clear(struct tui *t);
void redraw_now(struct tui *t);     /* now */
void redraw_soon(struct tui *t);    /* soon: the node has changed */
void redraw_for_key(struct tui *t); /* sooner: a person waits for it */
/* The terminal has taken the last frame. */
void redraw_drained(struct tui *t);

#endif
