// SPDX-License-Identifier: GPL-2.0
/*
 * A host with blob resources: the imported buffer is a resource as a whole, and
 * framebuffers are views of it. Such a host shows memory in one piece only, as
 * for more it needs a udmabuf: scripts/vm --blob.
 */
#include <errno.h>
#include <virtgpu_drm.h>
#include <xf86drm.h>

#include "canvas.h"
#include "ktap.h"
#include "screen.h"
#include "suites.h"

/* Newer than the header of libdrm 2.4.114 */
#ifndef VIRTGPU_PARAM_RESOURCE_BLOB
#define VIRTGPU_PARAM_RESOURCE_BLOB	3
#endif

static struct card gpu;
static struct canvas canvas;
static uint32_t fb;
static struct shape shape;

static bool has_blobs(void)
{
	uint64_t value = 0;
	struct drm_virtgpu_getparam param = {
		.param = VIRTGPU_PARAM_RESOURCE_BLOB,
		.value = (uintptr_t)&value,
	};

	CHECK(!drmIoctl(gpu.fd, DRM_IOCTL_VIRTGPU_GETPARAM, &param), "%m");
	return value;
}

static void open_all(void)
{
	screen_need();
	card_open(&gpu, GPU);
	if (!has_blobs())
		skip("the host has no blob resources: scripts/vm --blob");
	shape = card_tight(&gpu);
	shape.offset = 4096;
	canvas_open(&canvas, shape_end(&shape), 1);
	canvas_draw(&canvas, &shape, 1);
	fb = frame_add(&gpu, canvas_import(&canvas, &gpu), &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 1);
	CHECK_EQ(screen_backings(), 1);
}

static void shown(const void *arg)
{
	(void)arg;
	open_all();
	canvas_draw(&canvas, &shape, 2);
	CHECK_EQ(card_flush(&gpu, fb), 0);
	screen_shows(&gpu, 2);
	CHECK_EQ(card_remove(&gpu, fb), 0);
}

static void revoked(const void *arg)
{
	(void)arg;
	open_all();
	canvas_revoke(&canvas);
	CHECK_EQ(screen_backings(), 0);
	CHECK_EQ(canvas_mappings(&canvas), 0);
	CHECK_EQ(card_flush(&gpu, fb), -ENODEV);
	screen_sane(&gpu, 1, 1);
	canvas_restore(&canvas);
	canvas_draw(&canvas, &shape, 3);
	CHECK_EQ(card_flush(&gpu, fb), 0);
	screen_shows(&gpu, 3);
	CHECK_EQ(screen_backings(), 1);
}

int blob_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "in one piece", shown, NULL, 0 },
		{ "revoked while it is shown", revoked, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
