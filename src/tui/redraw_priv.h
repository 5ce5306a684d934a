/* Draws frames, and decides when: at least 50 ms apart while only the node changes, 10 ms after a
 * key, and none while nothing changes. No frame is drawn before the terminal has taken the last
 * one. */
#ifndef TALLY_TUI_REDRAW_PRIV_H
#define TALLY_TUI_REDRAW_PRIV_H

struct tui;

void redraw_init(struct tui *t);
void redraw_clear(struct tui *t);
void redraw_now(struct tui *t);     /* draws a frame */
void redraw_soon(struct tui *t);    /* the node has changed: schedules a frame */
void redraw_for_key(struct tui *t); /* a key was pressed: schedules a frame sooner */
/* The terminal has taken the last frame: draws the next one if it is due. */
void redraw_drained(struct tui *t);

#endif
