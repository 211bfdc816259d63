// SPDX-License-Identifier: GPL-2.0
/* Every pixel that is drawn into the BAR is on the screen, where it belongs. */
#include <unistd.h>

#include "canvas.h"
#include "counts.h"
#include "ktap.h"
#include "screen.h"
#include "suites.h"

static struct card gpu;
static struct canvas canvas;

/* The screen, what is seen of it, and what shows it, are good: no BAR in it */
static void dumb(const void *arg)
{
	uint32_t handle, fb;
	struct shape shape;
	unsigned int nr;
	void *map;

	(void)arg;
	screen_need();
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	CHECK_EQ(card_dumb(&gpu, &shape, &handle, &map), 0);
	fb = frame_add(&gpu, handle, &shape);
	memory_draw(map, &shape, 1);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	for (nr = 1; nr < 4; nr++) {
		memory_draw(map, &shape, nr);
		CHECK_EQ(card_flush(&gpu, fb), 0);
		screen_shows(&gpu, nr);
	}
}

/* The judge is no yes-man: one pixel, one line, one byte of offset are wrong. */
static void judged(const void *arg)
{
	struct shape shape, shifted;
	uint32_t handle, fb, *map;

	(void)arg;
	screen_need();
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	CHECK_EQ(card_dumb(&gpu, &shape, &handle, (void **)&map), 0);
	fb = frame_add(&gpu, handle, &shape);
	memory_draw(map, &shape, 1);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 1);

	map[shape.width * shape.height - 1] ^= 0x10;
	CHECK_EQ(card_flush(&gpu, fb), 0);
	CHECK(screen_differs(&gpu, 1), "one pixel in blue is not seen");
	note("%s", screen_differs(&gpu, 1));

	shifted = shape;
	shifted.height--;
	shifted.offset += shape.pitch;
	memory_draw(map, &shifted, 1);
	CHECK_EQ(card_flush(&gpu, fb), 0);
	CHECK(screen_differs(&gpu, 1), "a line is not missed");
	note("%s", screen_differs(&gpu, 1));
}

/**
 * struct scene - a way in which the picture lies in the BAR
 * @name: for people
 * @pad: bytes between two lines
 * @offset: where in the buffer it begins, in bytes
 * @behind: bytes that the buffer is longer
 * @pieces: that the buffer is cut into
 */
struct scene {
	const char *name;
	uint32_t pad;
	uint32_t offset;
	uint32_t behind;
	unsigned int pieces;
};

static const struct scene scenes[] = {
	{ "in one piece", 0, 0, 0, 1 },
	{ "in three pieces, cut in the middle of a line", 0, 0, 0, 3 },
	{ "in six pieces", 0, 0, 0, 6 },
	{ "in 2048 pieces", 0, 0, 0, 2048 },
	{ "a gap between lines", 64, 0, 0, 3 },
	{ "a gap of a pixel", 4, 0, 0, 3 },
	{ "lines of two pages", 8192 - 5120, 0, 0, 5 },
	{ "from a page on", 0, 4096, 8192, 3 },
	{ "from the middle of a page on", 0, 5 * 4096 + 1236, 40960, 3 },
	{ "from the second piece on, with gaps", 256, 2150400, 4096, 3 },
};

static void scene(const void *arg)
{
	const struct scene *s = arg;
	uint32_t handle, fb;
	struct shape shape;
	unsigned int nr;

	screen_need();
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	shape.pitch += s->pad;
	shape.offset = s->offset;
	canvas_open(&canvas, shape_end(&shape) + s->behind, s->pieces);
	canvas_draw(&canvas, &shape, 4);
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 4);
	for (nr = 5; nr < 7; nr++) {
		canvas_draw(&canvas, &shape, nr);
		CHECK_EQ(card_flush(&gpu, fb), 0);
		screen_shows(&gpu, nr);
	}
}

/* Only a part of the framebuffer fits onto the screen. */
static void panned(const void *arg)
{
	struct shape shape, seen;
	uint32_t handle, fb;

	(void)arg;
	screen_need();
	card_open(&gpu, GPU);
	seen = card_tight(&gpu);
	shape = seen;
	shape.width += 60;
	shape.height += 33;
	shape.pitch = shape.width * 4;
	shape.offset = 4096 + 16;
	seen.pitch = shape.pitch;
	seen.offset = shape.offset + 21 * shape.pitch + 47 * 4;
	canvas_open(&canvas, shape_end(&shape), 3);
	canvas_draw(&canvas, &seen, 2);
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 47, 21), 0);
	screen_shows(&gpu, 2);
}

/* Two framebuffers, one behind the other in one buffer */
static void two_frames(const void *arg)
{
	struct shape first, second;
	uint32_t handle, fbs[2];
	unsigned int i;

	(void)arg;
	screen_need();
	card_open(&gpu, GPU);
	first = card_tight(&gpu);
	second = first;
	second.pitch += 128;
	second.offset = shape_end(&first) + 1000 * 4;
	canvas_open(&canvas, shape_end(&second), 5);
	canvas_draw(&canvas, &first, 1);
	canvas_draw(&canvas, &second, 2);
	handle = canvas_import(&canvas, &gpu);
	fbs[0] = frame_add(&gpu, handle, &first);
	fbs[1] = frame_add(&gpu, handle, &second);
	CHECK_EQ(card_show(&gpu, fbs[0], 0, 0), 0);
	screen_shows(&gpu, 1);
	for (i = 1; i < 5; i++) {
		CHECK_EQ(card_flip(&gpu, fbs[i % 2]), 0);
		screen_shows(&gpu, 1 + i % 2);
	}
	/* What is drawn where it is not shown comes with the flip. */
	canvas_draw(&canvas, &second, 3);
	CHECK_EQ(card_flip(&gpu, fbs[1]), 0);
	screen_shows(&gpu, 3);
	CHECK_EQ(card_remove(&gpu, fbs[0]), 0);
	canvas_draw(&canvas, &second, 4);
	CHECK_EQ(card_flush(&gpu, fbs[1]), 0);
	screen_shows(&gpu, 4);
}

/* The buffer's fd, its handle and its framebuffer go, each at some time. */
static void close_in_order(struct card *card, const char *order)
{
	struct shape shape = card_tight(card);
	long buffers = count_dmabufs();
	uint32_t handle, fb;
	bool shown = true;

	canvas_open(&canvas, shape_end(&shape), 3);
	canvas_draw(&canvas, &shape, 5);
	handle = canvas_import(&canvas, card);
	fb = frame_add(card, handle, &shape);
	CHECK_EQ(card_show(card, fb, 0, 0), 0);
	for (; *order; order++) {
		switch (*order) {
		case 'b':
			close(canvas.dmabuf);
			break;
		case 'h':
			CHECK_EQ(card_drop(card, handle), 0);
			break;
		case 'f':
			CHECK_EQ(card_remove(card, fb), 0);
			shown = false;
		}
		if (shown) {
			CHECK_EQ(card_flush(card, fb), 0);
			screen_shows(card, 5);
			CHECK_EQ(count_dmabufs(), buffers + 1);
		}
	}
	CHECK_EQ(screen_backings(), 0);
	canvas_settles(buffers);
	exporter_close(&canvas.exp);
	layout_free(&canvas.l);
}

static void any_order(const void *arg)
{
	static const char * const orders[] = {
		"bhf", "bfh", "hbf", "hfb", "fbh", "fhb",
	};
	size_t i;

	(void)arg;
	screen_need();
	card_open(&gpu, GPU);
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		close_in_order(&gpu, orders[i]);
}

/* Nothing is closed but the device's node. */
static void closed_at_once(const void *arg)
{
	struct shape shape;
	uint32_t handle, fb;
	long buffers;

	(void)arg;
	screen_need();
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	canvas_open(&canvas, shape_end(&shape), 3);
	canvas_draw(&canvas, &shape, 6);
	buffers = count_dmabufs();
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 6);
	close(canvas.dmabuf);
	CHECK_EQ(count_dmabufs(), buffers);
	card_close(&gpu);
	CHECK_EQ(screen_backings(), 0);
	canvas_settles(buffers - 1);
}

int shows_suite(void)
{
	enum { SCENES = sizeof(scenes) / sizeof(scenes[0]) };
	struct ktap_case cases[SCENES + 6];
	size_t nr = 0, i;

	cases[nr++] = (struct ktap_case) {
		"memory of the GPU's own", dumb, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"a wrong pixel and a wrong line are seen", judged, NULL, 0 };
	for (i = 0; i < SCENES; i++)
		cases[nr++] = (struct ktap_case) {
			scenes[i].name, scene, &scenes[i], 0 };
	cases[nr++] = (struct ktap_case) {
		"a part of a larger framebuffer", panned, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"two framebuffers on one buffer, flipped", two_frames, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"closed in any order", any_order, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"closed all at once", closed_at_once, NULL, 0 };
	return ktap_run(cases, nr);
}
