#include "tui/model/flash_priv.h"

#include <stdio.h>
#include <string.h>

void model_flash(struct model *m, enum flash_kind kind, const char *text)
{
	snprintf(m->flash, sizeof(m->flash), "%s", text);
	m->flash_kind = kind;
	m->flash_news = false;
	m->flash_until_us = m->live.now_us + FLASH_US;
}

void model_flash_news(struct model *m, enum flash_kind kind, const char *text)
{
	model_flash(m, kind, text);
	m->flash_news = true;
}

void model_flash_match(struct model *m, size_t nth, size_t all, const char *wrapped)
{
	char text[FLASH_BYTES];

	snprintf(text, sizeof(text), "/%s  match %zu of %zu%s", m->search, nth, all, wrapped);
	model_flash(m, FLASH_NOTE, text);
}

bool model_flashing(const struct model *m)
{
	return m->flash_until_us > m->live.now_us;
}

bool model_flash_fits(const struct model *m, const char *text, size_t n)
{
	const char *at = text;
	int lines = 0;

	for (; at < text + n && lines < m->rows; lines++) {
		at += canvas_line_bytes(at, m->cols - 1);
		at += strspn(at, " ");
	}
	return n < FLASH_BYTES && lines < m->rows;
}
