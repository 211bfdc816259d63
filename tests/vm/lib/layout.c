// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "layout.h"

#define PAGE	4096ull

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void layout_alloc(struct layout *l, size_t nr)
{
	l->ranges = calloc(nr, sizeof(*l->ranges));
	CHECK(l->ranges, "no memory for %zu ranges", nr);
	l->nr = nr;
	l->size = 0;
}

void layout_scatter(struct layout *l, size_t nr, unsigned int most,
		    uint64_t start, uint64_t len)
{
	uint64_t slot = len / nr & ~(PAGE - 1);
	size_t i;

	CHECK(slot >= (most + 1) * PAGE, "%zu ranges do not fit", nr);
	layout_alloc(l, nr);
	/* One range in each slot of the BAR, never at the slot's end */
	for (i = 0; i < nr; i++) {
		uint64_t pages = 1 + mix(2 * i) % most;
		uint64_t room = slot / PAGE - 1 - pages;

		l->ranges[i].length = pages * PAGE;
		l->ranges[i].offset = start + i * slot +
				      (room ? mix(2 * i + 1) % room : 0) * PAGE;
		l->size += pages * PAGE;
	}
	/* A shuffle that never leaves two or more in order */
	for (i = nr; i > 1; i--) {
		size_t j = mix(i + 7) % (i - 1);
		struct vfio_region_dma_range tmp = l->ranges[i - 1];

		l->ranges[i - 1] = l->ranges[j];
		l->ranges[j] = tmp;
	}
}

void layout_adjacent(struct layout *l, size_t nr, uint64_t start)
{
	size_t i;

	layout_alloc(l, nr);
	for (i = 0; i < nr; i++) {
		l->ranges[i].offset = start + i * PAGE;
		l->ranges[i].length = PAGE;
	}
	l->size = nr * PAGE;
}

void layout_set(struct layout *l, const struct vfio_region_dma_range *ranges,
		size_t nr)
{
	size_t i;

	layout_alloc(l, nr);
	for (i = 0; i < nr; i++) {
		l->ranges[i] = ranges[i];
		l->size += ranges[i].length;
	}
}

void layout_free(struct layout *l)
{
	free(l->ranges);
	memset(l, 0, sizeof(*l));
}

uint64_t layout_to_bar(const struct layout *l, uint64_t offset, uint64_t *run)
{
	size_t i;

	for (i = 0; i < l->nr; i++) {
		if (offset < l->ranges[i].length) {
			*run = l->ranges[i].length - offset;
			return l->ranges[i].offset + offset;
		}
		offset -= l->ranges[i].length;
	}
	CHECK(0, "offset behind the buffer's end");
}

void bar_init(struct bar *bar, void *map, size_t len)
{
	bar->map = map;
	bar->len = len;
	bar->shadow = malloc(len);
	CHECK(bar->shadow, "no memory for a shadow of %zu bytes", len);
	pattern(bar->shadow, len, 0xbacd, 0);
	memcpy(bar->map, bar->shadow, len);
}

static void scatter(uint8_t *base, const struct layout *l, uint64_t offset,
		    const uint8_t *data, size_t len)
{
	while (len) {
		uint64_t run, at = layout_to_bar(l, offset, &run);

		if (run > len)
			run = len;
		memcpy(base + at, data, run);
		data += run;
		offset += run;
		len -= run;
	}
}

void bar_expect(struct bar *bar, const struct layout *l, uint64_t offset,
		const void *data, size_t len)
{
	scatter(bar->shadow, l, offset, data, len);
}

void bar_write(struct bar *bar, const struct layout *l, uint64_t offset,
	       const void *data, size_t len)
{
	scatter(bar->map, l, offset, data, len);
	scatter(bar->shadow, l, offset, data, len);
}

void bar_check(const struct bar *bar)
{
	size_t i, bad = 0, first = 0;

	if (!memcmp(bar->map, bar->shadow, bar->len))
		return;
	for (i = 0; i < bar->len; i++) {
		if (bar->map[i] == bar->shadow[i])
			continue;
		if (!bad++)
			first = i;
	}
	CHECK(0, "%zu bytes of the BAR are wrong, the first at %#zx: %#x, should be %#x",
	      bad, first, bar->map[first], bar->shadow[first]);
}

void bar_snapshot(struct bar *bar)
{
	memcpy(bar->shadow, bar->map, bar->len);
}

void pattern(void *data, size_t len, uint64_t seed, uint64_t offset)
{
	uint8_t *out = data;
	size_t i;

	for (i = 0; i < len; i++) {
		uint64_t at = offset + i;

		out[i] = mix(seed << 32 ^ at / 8) >> at % 8 * 8;
	}
}
