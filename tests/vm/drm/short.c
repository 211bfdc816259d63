// SPDX-License-Identifier: GPL-2.0
/* Memory runs short on the way to the screen: each allocation fails once. */
#include <drm_fourcc.h>

#include "canvas.h"
#include "inject.h"
#include "ktap.h"
#include "screen.h"
#include "suites.h"
#include "sweep.h"

static struct card gpu;
static struct canvas canvas;
static struct shape shape;
static uint32_t handle, fb;

static void drop(void)
{
	CHECK_EQ(card_drop(&gpu, handle), 0);
}

static void remove_and_drop(void)
{
	CHECK_EQ(card_remove(&gpu, fb), 0);
	drop();
}

static int try_import(void)
{
	return card_import(&gpu, canvas.dmabuf, &handle);
}

static void undo_import(int result)
{
	(void)result;
	drop();
}

/* All the way; what came before the failure is undone here. */
static int try_show(void)
{
	int ret;

	ret = try_import();
	if (ret)
		return ret;
	ret = card_add(&gpu, handle, &shape, DRM_FORMAT_XRGB8888, &fb);
	if (ret) {
		drop();
		return ret;
	}
	ret = card_show(&gpu, fb, 0, 0);
	if (ret)
		remove_and_drop();
	return ret;
}

static void undo_show(int result)
{
	(void)result;
	remove_and_drop();
}

static void use_show(int result)
{
	static unsigned int nr;

	(void)result;
	nr = nr % 7 + 1;
	canvas_draw(&canvas, &shape, nr);
	CHECK_EQ(card_flush(&gpu, fb), 0);
	screen_shows(&gpu, nr);
}

/* Drawn again, while it is shown */
static int try_flush(void)
{
	return card_flush(&gpu, fb);
}

static void undo_nothing(int result)
{
	(void)result;
}

/* After a revoke: the first that is drawn maps. */
static void undo_again(int result)
{
	(void)result;
	vfio_set_memory(&canvas.exp.dev, false);
	vfio_set_memory(&canvas.exp.dev, true);
}

/* What was mapped before the failure stays so, for the next time. */
static int try_again(void)
{
	int ret = card_flush(&gpu, fb);

	if (ret)
		undo_again(ret);
	return ret;
}

static void use_nothing(int result)
{
	(void)result;
}

static void prepare_show(void)
{
	CHECK_EQ(try_show(), 0);
}

static void prepare_again(void)
{
	prepare_show();
	undo_again(0);
}

struct op {
	struct sweep sweep;
	void (*prepare)(void);
};

static const struct op ops[] = {
	{ { .name = "import", .try = try_import, .undo = undo_import,
	    .use = use_nothing, .maps = 1, .failures = 3 }, NULL },
	{ { .name = "import, framebuffer, mode", .try = try_show,
	    .undo = undo_show, .use = use_show, .maps = 1, .failures = 10 },
	  NULL },
	{ { .name = "drawn again", .try = try_flush, .undo = undo_nothing,
	    .use = use_show, .failures = 3 }, prepare_show },
	{ { .name = "drawn after a restore", .try = try_again,
	    .undo = undo_again, .use = use_show, .maps = 1, .failures = 3 },
	  prepare_again },
};

static void sweep(const void *arg)
{
	const struct op *op = arg;

	screen_need();
	if (!inject_init())
		skip("no fault injection in this kernel");
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	canvas_open(&canvas, shape_end(&shape), 3);
	canvas_draw(&canvas, &shape, 1);
	if (op->prepare)
		op->prepare();
	sweep_run(&op->sweep, &canvas.dmabuf);
	inject_exit();
}

int short_suite(void)
{
	enum { OPS = sizeof(ops) / sizeof(ops[0]) };
	struct ktap_case cases[OPS];
	size_t i;

	for (i = 0; i < OPS; i++)
		cases[i] = (struct ktap_case) { ops[i].sweep.name, sweep,
						&ops[i], 600 };
	return ktap_run(cases, OPS);
}
