// SPDX-License-Identifier: GPL-2.0
/*
 * bochs copies framebuffers to its own memory with the CPU: what is in the BAR is
 * shown when it is told that something was drawn. While the memory is revoked the
 * screen keeps what it has.
 *
 * The device is an extra one, called bochs.
 */
#include <errno.h>

#include "canvas.h"
#include "ktap.h"
#include "screen.h"
#include "suites.h"

static struct card bochs;
static struct canvas canvas;

/* Lines with gaps, in pieces that end in the middle of one */
static uint32_t show(struct shape *shape)
{
	uint32_t fb;

	screen_need();
	card_open(&bochs, "bochs-drm");
	bochs.id = "bochs";
	*shape = card_tight(&bochs);
	shape->pitch += 256;
	shape->offset = 4096;
	canvas_open(&canvas, shape_end(shape), 5);
	canvas_draw(&canvas, shape, 1);
	fb = frame_add(&bochs, canvas_import(&canvas, &bochs), shape);
	CHECK_EQ(card_show(&bochs, fb, 0, 0), 0);
	screen_shows(&bochs, 1);
	return fb;
}

static void copied(const void *arg)
{
	struct shape shape;
	uint32_t fb;

	(void)arg;
	fb = show(&shape);
	canvas_draw(&canvas, &shape, 2);
	CHECK_EQ(card_flush(&bochs, fb), 0);
	screen_shows(&bochs, 2);
}

static void revoked(const void *arg)
{
	struct shape shape;
	uint32_t fb;

	(void)arg;
	fb = show(&shape);
	canvas_revoke(&canvas);
	CHECK_EQ(card_flush(&bochs, fb), -ENODEV);
	CHECK_EQ(card_show(&bochs, fb, 0, 0), -ENODEV);
	screen_shows(&bochs, 1);
	canvas_restore(&canvas);
	canvas_draw(&canvas, &shape, 3);
	CHECK_EQ(card_flush(&bochs, fb), 0);
	screen_shows(&bochs, 3);
}

int bochs_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "copied from a BAR", copied, NULL, 0 },
		{ "revoked while it is shown", revoked, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
