/* Reads the records of a damaged table page by page. Pages have the layout of Berkeley DB 5.3
 * (dbinc/db_page.h) with the settings of env.c: 4 KB, checksums, the byte order of the machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/store/salvage.h>

#include "store/env_priv.h"

enum {
	AT_NEXT = 16,    /* u32: the next page of an overflow value */
	AT_LAST = 32,    /* u32: on the metadata page, the number of the last page */
	AT_ENTRIES = 20, /* u16: the number of items */
	AT_USED = 22,    /* u16: on an overflow page, the number of value bytes on it */
	AT_TYPE = 25,    /* u8 */
	AT_CHECKSUM = 28,
	HEAD_BYTES = 32, /* then the item offsets of a leaf, or the bytes of an overflow value */
};
enum { PAGE_LEAF = 5, PAGE_LONG = 7 };
/* An item is u16 length, u8 kind and the bytes. An item of an overflow value has the kind at the same
 * place, then the first page and the length of the value. */
enum {
	ITEM_KIND = 2,
	ITEM_HEAD = 3,
	ITEM_LONG_PAGE = 4,
	ITEM_LONG_LENGTH = 8,
	ITEM_LONG_BYTES = 12
};
enum { KIND_SHORT = 1, KIND_LONG = 3 };

struct salvage {
	int fd;
	uint32_t n_pages;
};

#define EMPTY_PAGES 2 /* pages of a table without records: the metadata page and the root */

static uint16_t native16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t native32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

bool salvage_open(struct salvage **out, const char *dir, const char *table, struct err *e)
{
	char *path = mem_printf("%s/%s.db", dir, table);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st = {0};
	bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	const uint64_t pages = ((uint64_t)st.st_size + ENV_PAGE_BYTES - 1) / ENV_PAGE_BYTES;

	if (ok) {
		*out = NEW(struct salvage);
		**out = (struct salvage){
			.fd = fd, .n_pages = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX};
	} else {
		err_set(e, fd < 0 && errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "salvage",
			"cannot read %s: %s: check that you own it", path,
			fd >= 0 ? "not a file" : strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	free(path);
	return ok;
}

void salvage_close(struct salvage *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	free(s);
}

/* Reads a page. If the file ends within it, the rest is zeros. False if the disk can't read it. */
static bool read_page(const struct salvage *s, uint32_t page, uint8_t buf[ENV_PAGE_BYTES])
{
	size_t have = 0;

	while (have < ENV_PAGE_BYTES) {
		const ssize_t n = pread(s->fd, buf + have, ENV_PAGE_BYTES - have,
					(off_t)page * ENV_PAGE_BYTES + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	memset(buf + have, 0, ENV_PAGE_BYTES - have);
	return have > 0;
}

/* The checksum of a page: Berkeley DB's __ham_func4, with the checksum field itself as zero. */
static bool page_sound(const uint8_t page[ENV_PAGE_BYTES])
{
	uint32_t h = 0;

	for (size_t i = 0; i < ENV_PAGE_BYTES; i++)
		h = h * 33 + (i >= AT_CHECKSUM && i < AT_CHECKSUM + 4 ? 0 : page[i]);
	return h == native32(page + AT_CHECKSUM);
}

static unsigned leaf_items(const uint8_t page[ENV_PAGE_BYTES])
{
	const unsigned n = native16(page + AT_ENTRIES);

	if (page[AT_TYPE] != PAGE_LEAF || n > (ENV_PAGE_BYTES - HEAD_BYTES) / 2)
		return 0;
	return n;
}

/* Item i from its length field on, with at least `need` bytes; NULL if it is not within the page. */
static const uint8_t *item_at(const uint8_t page[ENV_PAGE_BYTES], unsigned i, size_t need)
{
	const size_t at = native16(page + HEAD_BYTES + 2 * (size_t)i);

	return at >= HEAD_BYTES && at + need <= ENV_PAGE_BYTES ? page + at : NULL;
}

static struct span short_item(const uint8_t page[ENV_PAGE_BYTES], unsigned i)
{
	const uint8_t *item = item_at(page, i, ITEM_HEAD);

	/* A bit above the kind marks a deleted item. */
	if (item == NULL || item[ITEM_KIND] != KIND_SHORT ||
	    item_at(page, i, ITEM_HEAD + (size_t)native16(item)) == NULL)
		return (struct span){NULL, 0};
	return (struct span){item + ITEM_HEAD, native16(item)};
}

void salvage_scan(struct salvage *s, salvage_fn *fn, void *arg)
{
	uint8_t *page = mem_alloc(ENV_PAGE_BYTES);

	for (uint32_t p = 0; p < s->n_pages; p++) {
		const unsigned n = read_page(s, p, page) ? leaf_items(page) : 0;
		struct salvage_place at = {.page = p, .sound = n > 0 && page_sound(page)};

		for (unsigned i = 0; i + 1 < n; i += 2) {
			struct span key = short_item(page, i);

			at.item = (uint16_t)(i + 1);
			if (key.p != NULL)
				fn(arg, key, &at);
		}
	}
	free(page);
}

bool salvage_empty(struct salvage *s)
{
	uint8_t *page = mem_alloc(ENV_PAGE_BYTES);
	const bool ok = s->n_pages == EMPTY_PAGES && read_page(s, 0, page) &&
			native32(page + AT_LAST) == EMPTY_PAGES - 1 && read_page(s, 1, page) &&
			page[AT_TYPE] == PAGE_LEAF && native16(page + AT_ENTRIES) == 0 &&
			page_sound(page);

	free(page);
	return ok;
}

/* Reads an overflow value, page by page. */
static bool read_long(struct salvage *s, uint32_t p, uint8_t *out, size_t n,
		      uint8_t page[ENV_PAGE_BYTES])
{
	while (n > 0) {
		size_t here;

		if (p == 0 || p >= s->n_pages || !read_page(s, p, page) ||
		    page[AT_TYPE] != PAGE_LONG)
			return false;
		here = native16(page + AT_USED);
		if (here == 0 || here > n || here > ENV_PAGE_BYTES - HEAD_BYTES)
			return false;
		memcpy(out, page + HEAD_BYTES, here);
		out += here;
		n -= here;
		p = native32(page + AT_NEXT);
	}
	return true;
}

static bool read_item(struct salvage *s, uint8_t page[ENV_PAGE_BYTES], unsigned i, size_t max,
		      uint8_t **bytes, size_t *n)
{
	const struct span v = short_item(page, i);
	const uint8_t *item = item_at(page, i, ITEM_LONG_BYTES);
	uint32_t first;

	if (v.p != NULL) {
		*n = v.len;
		if (*n > max)
			return false;
		*bytes = mem_alloc(*n + 1);
		memcpy(*bytes, v.p, *n);
		return true;
	}
	if (item == NULL || item[ITEM_KIND] != KIND_LONG)
		return false;
	first = native32(item + ITEM_LONG_PAGE);
	*n = native32(item + ITEM_LONG_LENGTH);
	if (*n > max || *n / ENV_PAGE_BYTES > s->n_pages)
		return false;
	*bytes = mem_alloc(*n + 1);
	if (read_long(s, first, *bytes, *n, page))
		return true;
	free(*bytes);
	return false;
}

bool salvage_read(struct salvage *s, const struct salvage_place *at, size_t max, uint8_t **bytes,
		  size_t *n)
{
	uint8_t *page = mem_alloc(ENV_PAGE_BYTES);
	const bool ok = at->page < s->n_pages && read_page(s, at->page, page) &&
			at->item < leaf_items(page) && read_item(s, page, at->item, max, bytes, n);

	free(page);
	return ok;
}
