/* Pages about a row: opened with Enter, and renewed while they are shown. */
#ifndef TALLY_TUI_DETAIL_PAGE_PRIV_H
#define TALLY_TUI_DETAIL_PAGE_PRIV_H

struct tui;

void detail_page_open(struct tui *t); /* about the selected row */
/* With each frame: a page shows what is true now, not what was true when it was opened. */
void detail_page_renew(struct tui *t);

#endif
