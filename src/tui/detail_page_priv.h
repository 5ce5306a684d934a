/* Pages about a row: opened with Enter, and renewed while they are shown. */
#ifndef TALLY_TUI_DETAIL_PAGE_PRIV_H
#define TALLY_TUI_DETAIL_PAGE_PRIV_H

struct tui;

void detail_page_open(struct tui *t); /* a page about the selected row */
/* Called with each frame, so that the page shows the state of now, not of when it was opened. */
void detail_page_renew(struct tui *t);

#endif
