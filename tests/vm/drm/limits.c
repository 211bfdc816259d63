// SPDX-License-Identifier: GPL-2.0
/*
 * What virtio-gpu cannot show because of its host, and a cursor, which it can.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <xf86drmMode.h>

#include "canvas.h"
#include "ktap.h"
#include "see.h"
#include "suites.h"

/* Of the log, where the host refuses a command */
#define REFUSED	"virtio.*response 0x12"

#define CURSOR	64u

static struct card gpu;
static struct canvas canvas;

/* QEMU has 256 MiB for all pictures of a GPU if it is not told otherwise. */
#define MOST_FRAMES	100

static unsigned int add_many(const struct shape *shape, uint32_t handle,
			     uint32_t fbs[MOST_FRAMES], int *ret)
{
	unsigned int n;

	for (n = 0; n < MOST_FRAMES; n++) {
		*ret = card_add(&gpu, handle, shape, DRM_FORMAT_XRGB8888,
				&fbs[n]);
		if (*ret)
			break;
	}
	return n;
}

static void host_memory(const void *arg)
{
	uint32_t fbs[MOST_FRAMES], handle;
	unsigned int n, again, i;
	struct shape shape;
	int ret;

	(void)arg;
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	canvas_open(&canvas, shape_end(&shape), 3);
	handle = canvas_import(&canvas, &gpu);

	n = add_many(&shape, handle, fbs, &ret);
	CHECK(n && n < MOST_FRAMES, "%u framebuffers", n);
	CHECK_EQ(ret, -ENOMEM);
	CHECK_EQ(card_show(&gpu, fbs[n - 1], 0, 0), 0);
	for (i = 0; i < n; i++)
		CHECK_EQ(card_remove(&gpu, fbs[i]), 0);
	again = add_many(&shape, handle, fbs, &ret);
	CHECK_EQ(again, n);
}

/* The GPU's own memory has limits as well. */
static void own_memory(const void *arg)
{
	static const struct shape fits = { CURSOR, CURSOR, CURSOR * 4, 0 };
	static const struct shape larger[] = {
		{ CURSOR, CURSOR + 1, CURSOR * 4, 0 },
		{ CURSOR + 1, CURSOR, CURSOR * 4 + 4, 0 },
		{ CURSOR, CURSOR, CURSOR * 4, 4 },
	};
	uint32_t handle, fb;
	void *map;
	size_t i;

	(void)arg;
	card_open(&gpu, GPU);
	CHECK_EQ(card_dumb(&gpu, &fits, &handle, &map), 0);
	frame_add(&gpu, handle, &fits);
	for (i = 0; i < sizeof(larger) / sizeof(larger[0]); i++)
		CHECK_EQ(card_add(&gpu, handle, &larger[i],
				  DRM_FORMAT_XRGB8888, &fb), -EINVAL);
}

/*
 * The cursor
 */
static int set_cursor(uint32_t handle)
{
	return drmModeSetCursor(gpu.fd, gpu.crtc, handle, CURSOR, CURSOR) ?
	       -errno : 0;
}

static void cursor(const void *arg)
{
	static const struct shape small = { CURSOR, CURSOR, CURSOR * 4, 0 };
	struct shape shape;
	struct kmsg log;
	uint32_t handle, fb, own;
	char line[256];
	void *map;

	(void)arg;
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	CHECK_EQ(card_dumb(&gpu, &shape, &own, &map), 0);
	fb = frame_add(&gpu, own, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);

	canvas_open(&canvas, shape_end(&small), 3);
	canvas_draw(&canvas, &small, 1);
	handle = canvas_import(&canvas, &gpu);
	kmsg_open(&log);
	CHECK_EQ(set_cursor(handle), 0);
	CHECK(canvas_mappings(&canvas), "it is not mapped");
	canvas_revoke(&canvas);
	CHECK_EQ(set_cursor(handle), -ENODEV);
	canvas_restore(&canvas);
	CHECK_EQ(set_cursor(handle), 0);
	CHECK_EQ(set_cursor(0), 0);
	CHECK(!kmsg_find(&log, REFUSED, 1000, line, sizeof(line)), "%s", line);
}

int limits_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "the host has no memory for one more framebuffer",
		  host_memory, NULL, 0 },
		{ "framebuffers larger than their memory", own_memory, NULL,
		  0 },
		{ "a cursor", cursor, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
