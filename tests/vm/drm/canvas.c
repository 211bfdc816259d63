// SPDX-License-Identifier: GPL-2.0
#include <drm_fourcc.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "counts.h"
#include "ktap.h"
#include "picture.h"
#include "see.h"
#include "sys.h"

#define PAGE	4096ull

/* Every piece is an odd number of pages, and a line is 1.25 of them, or so. */
static void make_layout(struct layout *l, uint64_t size, unsigned int pieces,
			uint64_t bar_len)
{
	static const unsigned int places[] = { 3, 0, 5, 4, 1, 2 };
	struct vfio_region_dma_range ranges[6];
	uint64_t left = (size + PAGE - 1) & ~(PAGE - 1);
	uint64_t piece = (left / pieces / PAGE | 1) * PAGE, slot;
	unsigned int i;

	slot = bar_len / 6 & ~(PAGE - 1);
	for (i = 0; i < pieces; i++) {
		ranges[i].offset = (pieces > 1 ? places[i] * slot : 0) +
				   (i + 1) * PAGE;
		ranges[i].length = i < pieces - 1 ? piece : left;
		left -= ranges[i].length;
	}
	layout_set(l, ranges, pieces);
}

void canvas_open(struct canvas *c, uint64_t size, unsigned int pieces)
{
	/* Its bytes are looked at on the screen: no shadow of them. */
	exporter_open_on(&c->exp, machine.exporter, EXPORTER_BAR, PAGE);
	memset(c->exp.bar.map, 0x5a, c->exp.map_len);
	if (pieces <= 6)
		make_layout(&c->l, size, pieces, c->exp.map_len);
	else
		layout_scatter(&c->l, pieces, 1, 0, c->exp.map_len);
	CHECK(c->l.size >= size, "%u pieces have %llu bytes", pieces,
	      (unsigned long long)c->l.size);
	c->dmabuf = exporter_export(&c->exp, &c->l);
}

static void write_bar(struct canvas *c, uint64_t offset, const uint8_t *data,
		      size_t len)
{
	while (len) {
		uint64_t run, at = layout_to_bar(&c->l, offset, &run);

		if (run > len)
			run = len;
		memcpy(c->exp.bar.map + at, data, run);
		offset += run;
		data += run;
		len -= run;
	}
}

static uint32_t *new_line(const struct shape *shape)
{
	uint32_t *line = malloc(shape->width * sizeof(*line));

	CHECK(line, "no memory for a line");
	return line;
}

static void draw_line(uint32_t *line, const struct shape *shape,
		      unsigned int nr, unsigned int y)
{
	unsigned int x;

	for (x = 0; x < shape->width; x++)
		line[x] = picture_pixel(nr, x, y);
}

void canvas_draw(struct canvas *c, const struct shape *shape, unsigned int nr)
{
	uint32_t *line = new_line(shape);
	unsigned int y;

	for (y = 0; y < shape->height; y++) {
		draw_line(line, shape, nr, y);
		write_bar(c, shape->offset + (uint64_t)y * shape->pitch,
			  (uint8_t *)line, shape->width * sizeof(*line));
	}
	free(line);
}

void memory_draw(void *map, const struct shape *shape, unsigned int nr)
{
	uint32_t *line = new_line(shape);
	unsigned int y;

	for (y = 0; y < shape->height; y++) {
		draw_line(line, shape, nr, y);
		memcpy(map + shape->offset + (uint64_t)y * shape->pitch, line,
		       shape->width * sizeof(*line));
	}
	free(line);
}

uint64_t shape_end(const struct shape *shape)
{
	return shape->offset + (uint64_t)shape->pitch * shape->height;
}

int canvas_mappings(const struct canvas *c)
{
	return atoi(fdinfo(c->dmabuf, "phys_mappings"));
}

void canvas_revoke(struct canvas *c)
{
	uint64_t begin = now_ms(), took;

	vfio_set_memory(&c->exp.dev, false);
	took = now_ms() - begin;
	CHECK(took < REVOKE_MS, "a revoke took %llu ms",
	      (unsigned long long)took);
	CHECK_EQ(canvas_mappings(c), 0);
}

void canvas_restore(struct canvas *c)
{
	vfio_set_memory(&c->exp.dev, true);
}

void canvas_settles(long buffers)
{
	uint64_t deadline = now_ms() + 2000;

	while (count_dmabufs() != buffers && now_ms() < deadline)
		sleep_ms(10);
	CHECK_EQ(count_dmabufs(), buffers);
}

bool canvas_described(const struct canvas *c)
{
	return *fdinfo(c->dmabuf, "phys_state");
}

uint32_t canvas_import(const struct canvas *c, struct card *card)
{
	uint32_t handle;
	int ret;

	ret = card_import(card, c->dmabuf, &handle);
	if (ret == -EOPNOTSUPP && !canvas_described(c))
		skip("import answers EOPNOTSUPP, as this kernel does");
	CHECK(!ret, "import: %s", ktap_number(ret));
	return handle;
}

uint32_t frame_add(struct card *card, uint32_t handle,
		   const struct shape *shape)
{
	uint32_t fb;

	CHECK_EQ(card_add(card, handle, shape, DRM_FORMAT_XRGB8888, &fb), 0);
	return fb;
}
