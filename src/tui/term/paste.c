#include "tui/term/paste_priv.h"

#include "tui/term/canvas_priv.h"
#include "tui/term/key_table_priv.h"

#define PASTE_PAUSE_US 10000000

void paste_begin(struct paste *p, int64_t now_us)
{
	p->on = true;
	p->len = 0;
	p->last_us = now_us;
}

bool paste_add_key(struct paste *p, int32_t key, int64_t now_us)
{
	char bytes[4];
	size_t n;

	if (!p->on)
		return false;
	if (now_us - p->last_us > PASTE_PAUSE_US) {
		p->on = false;
		return false;
	}
	p->last_us = now_us;
	if (key >= KEYS_FIRST)
		return true; /* a cursor key within pasted text has no meaning */
	if (key == KEYS_ENTER)
		key = '\n'; /* terminals send the end of a line as Enter */
	else if ((key < 0x20 && key != '\n') || (key >= 0x7f && key < 0xa0))
		key = ' ';
	n = utf8_put(bytes, (uint32_t)key);
	for (size_t i = 0; p->len + n <= PASTE_BYTES && i < n; i++)
		p->text[p->len + i] = bytes[i];
	if (p->len + n <= PASTE_BYTES)
		p->len += n;
	return true;
}

const char *paste_end(struct paste *p)
{
	p->on = false;
	p->text[p->len] = '\0';
	return p->text;
}
