/* The list of panels, from which the enums below and the table in views/views.c are made.
 *
 * To add a view, add a row here and write views/view_NAME.c, which defines `view_NAME` (see
 * view_priv.h). The first panel has the screen 2, and so on in order; panels without a screen of
 * their own stand last. */
#ifndef TALLY_TUI_MODEL_PANELS_PRIV_H
#define TALLY_TUI_MODEL_PANELS_PRIV_H

#define PANEL_LIST(ROW)       \
	ROW(PEERS, peers)     \
	ROW(CHAIN, chain)     \
	ROW(MEMPOOL, mempool) \
	ROW(MSGS, msgs)       \
	ROW(WALLET, wallet)   \
	ROW(LOG, log)         \
	ROW(MINER, miner)

#define PANEL_ENUM(NAME, name)  PANEL_##NAME,
#define SCREEN_ENUM(NAME, name) SCREEN_##NAME,

enum panel { PANEL_LIST(PANEL_ENUM) PANELS };

/* The dashboard, and for each panel a screen of its own. The value is the digit key that shows
 * it. */
enum screen { SCREEN_DASHBOARD = 1, PANEL_LIST(SCREEN_ENUM) SCREEN_END };

#define SCREEN_FIRST (SCREEN_DASHBOARD + 1) /* the screen of the first panel */

#endif
