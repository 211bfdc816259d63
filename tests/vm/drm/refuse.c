// SPDX-License-Identifier: GPL-2.0
/* What cannot be imported or shown: the answer to each, and nothing is left of it. */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include "canvas.h"
#include "counts.h"
#include "ktap.h"
#include "screen.h"
#include "suites.h"

#define PAGE	4096u

/* The buffer, of whole pages, and a framebuffer that fits into it */
#define WIDTH	1280u
#define HEIGHT	800u
#define PITCH	(WIDTH * 4)
#define SIZE	(PITCH * HEIGHT)

static struct card gpu;
static struct canvas canvas;

static void open_all(void)
{
	card_open(&gpu, GPU);
	canvas_open(&canvas, SIZE, 3);
	CHECK_EQ(canvas.l.size, SIZE);
}

/*
 * File descriptors that are no buffer
 */
enum { A_PIPE = -100, A_CLOSED_FD, A_MEMFD, THE_GPU, THE_EXPORTER };

static const struct {
	const char *name;
	int fd;
	int error;
} fds[] = {
	{ "no fd", -1, -EBADF },
	{ "not even an fd", INT_MAX, -EBADF },
	{ "a closed fd", A_CLOSED_FD, -EBADF },
	{ "a pipe", A_PIPE, -EINVAL },
	{ "a memfd", A_MEMFD, -EINVAL },
	{ "the GPU itself", THE_GPU, -EINVAL },
	{ "the exporter itself", THE_EXPORTER, -EINVAL },
};

static int fd_of(int fd)
{
	int pair[2];

	switch (fd) {
	case A_PIPE:
		CHECK(!pipe(pair), "pipe: %m");
		return pair[0];
	case A_CLOSED_FD:
		fd = dup(0);
		close(fd);
		return fd;
	case A_MEMFD:
		return memfd_create("not a dma-buf", 0);
	case THE_GPU:
		return gpu.fd;
	case THE_EXPORTER:
		return canvas.exp.dev.fd;
	default:
		return fd;
	}
}

static void no_buffers(const void *arg)
{
	unsigned int bad = 0;
	uint32_t handle;
	size_t i;
	int ret;

	(void)arg;
	open_all();
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		ret = card_import(&gpu, fd_of(fds[i].fd), &handle);
		if (ret == fds[i].error)
			continue;
		note("%s: %s, should be %s", fds[i].name, ktap_number(ret),
		     ktap_number(fds[i].error));
		bad++;
	}
	CHECK(!bad, "%u of %zu answers are wrong", bad, i);
}

/*
 * Framebuffers
 */
#define XRGB	DRM_FORMAT_XRGB8888

static const struct {
	const char *name;
	struct shape shape;
	uint32_t format;
	int error;		/* 0: works */
} frames[] = {
	{ "all of it", { WIDTH, HEIGHT, PITCH, 0 }, XRGB, 0 },
	{ "its last pixels, as few as can be", { 32, 32, PITCH,
	  SIZE - 31 * PITCH - 32 * 4 }, XRGB, 0 },
	{ "its last lines", { WIDTH, 32, PITCH, SIZE - 32 * PITCH }, XRGB, 0 },
	{ "the right half of each line", { WIDTH / 2, HEIGHT, PITCH, PITCH / 2 },
	  XRGB, 0 },
	{ "with transparency", { WIDTH, HEIGHT, PITCH, 0 }, DRM_FORMAT_ARGB8888,
	  0 },
	{ "a line more", { WIDTH, HEIGHT + 1, PITCH, 0 }, XRGB, -EINVAL },
	{ "a pixel more", { WIDTH + 1, HEIGHT, PITCH + 4, 0 }, XRGB, -EINVAL },
	{ "much too high", { WIDTH, 8000, PITCH, 0 }, XRGB, -EINVAL },
	{ "a pixel too far on", { WIDTH, HEIGHT, PITCH, 4 }, XRGB, -EINVAL },
	{ "a byte too far on", { WIDTH, HEIGHT, PITCH, 1 }, XRGB, -EINVAL },
	{ "from its end on", { 32, 32, 128, SIZE }, XRGB, -EINVAL },
	{ "far behind it", { 32, 32, 128, 1u << 31 }, XRGB, -EINVAL },
	{ "wide gaps, over its end", { WIDTH, HEIGHT, PITCH + 64, 0 }, XRGB,
	  -EINVAL },
	{ "more than 32 bits", { 32, 4096, 1u << 20, 0 }, XRGB, -ERANGE },
	{ "an offset that makes more of it", { WIDTH, HEIGHT, PITCH, -PAGE },
	  XRGB, -ERANGE },
	{ "lines over each other", { WIDTH, HEIGHT, PITCH - 4, 0 }, XRGB,
	  -EINVAL },
	{ "no gap at all", { WIDTH, HEIGHT, 0, 0 }, XRGB, -EINVAL },
	{ "a gap of a byte", { WIDTH, HEIGHT - 2, PITCH + 1, 0 }, XRGB,
	  -EINVAL },
	{ "no width", { 0, HEIGHT, PITCH, 0 }, XRGB, -EINVAL },
	{ "no height", { WIDTH, 0, PITCH, 0 }, XRGB, -EINVAL },
	{ "too wide for the GPU", { 1u << 16, 32, 4u << 16, 0 }, XRGB, -EINVAL },
	{ "no format", { WIDTH, HEIGHT, PITCH, 0 }, 0, -EINVAL },
	{ "a format that nobody knows", { WIDTH, HEIGHT, PITCH, 0 }, 0x31415926,
	  -EINVAL },
	{ "two bytes a pixel", { WIDTH, HEIGHT, PITCH, 0 }, DRM_FORMAT_RGB565,
	  -EINVAL },
	{ "two planes", { WIDTH, HEIGHT / 2, PITCH, 0 }, DRM_FORMAT_NV12,
	  -EINVAL },
};

static void wrong_frames(const void *arg)
{
	uint32_t handle, fb;
	unsigned int bad = 0;
	size_t i;
	int ret;

	(void)arg;
	open_all();
	handle = canvas_import(&canvas, &gpu);
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		ret = card_add(&gpu, handle, &frames[i].shape, frames[i].format,
			       &fb);
		if (!ret)
			CHECK_EQ(card_remove(&gpu, fb), 0);
		if (ret == frames[i].error)
			continue;
		note("%s: %s, should be %s", frames[i].name, ktap_number(ret),
		     ktap_number(frames[i].error));
		bad++;
	}
	CHECK(!bad, "%u of %zu answers are wrong", bad, i);
	note("%zu asked", i);
}

/* Names of what is not there, or not any more */
static void wrong_names(const void *arg)
{
	static const struct shape shape = { WIDTH, HEIGHT, PITCH, 0 };
	uint32_t handle, fb, other;

	(void)arg;
	open_all();
	handle = canvas_import(&canvas, &gpu);
	CHECK_EQ(card_add(&gpu, 0, &shape, XRGB, &fb), -EINVAL);
	CHECK_EQ(card_add(&gpu, handle + 1, &shape, XRGB, &fb), -ENOENT);
	CHECK_EQ(card_drop(&gpu, handle + 1), -EINVAL);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb + 100, 0, 0), -ENOENT);
	CHECK_EQ(card_flush(&gpu, fb + 100), -ENOENT);
	CHECK_EQ(card_remove(&gpu, fb + 100), -ENOENT);
	CHECK_EQ(card_show(&gpu, fb, 1, 0), -ENOSPC);
	CHECK_EQ(card_show(&gpu, fb, 0, 1), -ENOSPC);
	CHECK_EQ(card_remove(&gpu, fb), 0);
	CHECK_EQ(card_remove(&gpu, fb), -ENOENT);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), -ENOENT);
	CHECK_EQ(card_drop(&gpu, handle), 0);
	CHECK_EQ(card_drop(&gpu, handle), -EINVAL);
	CHECK_EQ(card_add(&gpu, handle, &shape, XRGB, &other), -ENOENT);
}

/* A small framebuffer is one, but not for this screen. */
static void too_small(const void *arg)
{
	static const struct shape shape = { 640, 400, 2560, 0 };
	uint32_t handle, fb;

	(void)arg;
	open_all();
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), -ENOSPC);
}

/* It is one object, whoever imports it and by which fd. */
static void twice(const void *arg)
{
	static const struct shape shape = { WIDTH, HEIGHT, PITCH, 0 };
	uint32_t first, second, fb;
	long buffers;
	int copy;

	(void)arg;
	screen_need();
	buffers = count_dmabufs();
	open_all();
	canvas_draw(&canvas, &shape, 3);
	first = canvas_import(&canvas, &gpu);
	CHECK_EQ(card_import(&gpu, canvas.dmabuf, &second), 0);
	CHECK_EQ(second, first);
	copy = dup(canvas.dmabuf);
	CHECK_EQ(card_import(&gpu, copy, &second), 0);
	CHECK_EQ(second, first);
	close(copy);
	fb = frame_add(&gpu, first, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 3);
	/* The handle counts for one, however often it was given. */
	CHECK_EQ(card_drop(&gpu, first), 0);
	CHECK_EQ(card_drop(&gpu, first), -EINVAL);
	screen_shows(&gpu, 3);
	CHECK_EQ(card_import(&gpu, canvas.dmabuf, &second), 0);
	CHECK_EQ(card_remove(&gpu, fb), 0);
	CHECK_EQ(card_drop(&gpu, second), 0);
	CHECK_EQ(screen_backings(), 0);
	close(canvas.dmabuf);
	canvas_settles(buffers);
}

/* Who may only read the buffer may have it shown. */
static void read_only(const void *arg)
{
	static const struct shape shape = { WIDTH, HEIGHT, PITCH, 0 };
	uint32_t handle, fb;

	(void)arg;
	screen_need();
	open_all();
	close(canvas.dmabuf);
	canvas.dmabuf = vfio_export_as(&canvas.exp.dev, canvas.exp.region,
				       canvas.l.ranges, canvas.l.nr, O_RDONLY);
	CHECK(canvas.dmabuf >= 0, "export: %s", ktap_number(canvas.dmabuf));
	canvas_draw(&canvas, &shape, 2);
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 2);
}

/* The memory is away, for now: it comes to be shown when it is there again. */
static void while_revoked(const void *arg)
{
	static const struct shape shape = { WIDTH, HEIGHT, PITCH, 0 };
	uint32_t handle, fb;

	(void)arg;
	screen_need();
	open_all();
	canvas_draw(&canvas, &shape, 6);
	vfio_set_memory(&canvas.exp.dev, false);
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), -ENODEV);
	CHECK_EQ(screen_backings(), 0);
	vfio_set_memory(&canvas.exp.dev, true);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 6);
}

static void dead(const void *arg)
{
	long buffers = count_dmabufs();
	uint32_t handle;

	(void)arg;
	open_all();
	exporter_close(&canvas.exp);
	CHECK_EQ(card_import(&gpu, canvas.dmabuf, &handle), -ENODEV);
	close(canvas.dmabuf);
	canvas_settles(buffers);
}

#define OFTEN	200

/* Nothing of it stays, however often. */
static void often(const void *arg)
{
	static const struct shape shape = { WIDTH, HEIGHT, PITCH, 0 };
	struct counts before;
	const char *growth;
	uint32_t handle, fb;
	unsigned int i;

	(void)arg;
	if (!counts_possible())
		skip("this kernel does not say what it has allocated");
	open_all();
	for (i = 0; i < 2 * OFTEN; i++) {
		if (i == OFTEN)
			counts_take(&before);
		handle = canvas_import(&canvas, &gpu);
		fb = frame_add(&gpu, handle, &shape);
		if (i % 8 == 0)
			CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
		CHECK_EQ(card_drop(&gpu, handle), 0);
		CHECK_EQ(card_remove(&gpu, fb), 0);
		CHECK_EQ(card_import(&gpu, canvas.exp.dev.fd, &handle), -EINVAL);
	}
	growth = counts_growth(&before, OFTEN / 2);
	CHECK(!growth, "%u rounds leave %s", OFTEN, growth);
}

int refuse_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "import of what is no buffer", no_buffers, NULL, 0 },
		{ "framebuffers that do not fit", wrong_frames, NULL, 0 },
		{ "names of what is not there", wrong_names, NULL, 0 },
		{ "a framebuffer smaller than the screen", too_small, NULL, 0 },
		{ "imported twice", twice, NULL, 0 },
		{ "an O_RDONLY buffer is shown", read_only, NULL, 0 },
		{ "imported while revoked", while_revoked, NULL, 0 },
		{ "the exporter is gone", dead, NULL, 0 },
		{ "nothing stays", often, NULL, 300 },
	};

	return ktap_run(CASES(cases));
}
