// SPDX-License-Identifier: GPL-2.0
/*
 * vkms composes by the CPU: the checksum of a picture in the BAR is that of the
 * same picture in system memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "canvas.h"
#include "counts.h"
#include "crc.h"
#include "ktap.h"
#include "suites.h"
#include "sys.h"

/*
 * vkms looks at the framebuffer for each frame, and has no way to be told what
 * was drawn; to set the mode again is to look at the buffer anew.
 */

/* Pictures whose checksums are known */
#define KNOWN		4

#define STORM_MS	4000

static struct card vkms;
static struct canvas canvas;
static uint32_t known[KNOWN];

static void learn(void)
{
	struct shape shape = card_tight(&vkms);
	uint32_t handle, fb;
	unsigned int nr;
	void *map;

	CHECK_EQ(card_dumb(&vkms, &shape, &handle, &map), 0);
	memory_draw(map, &shape, 0);
	fb = frame_add(&vkms, handle, &shape);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
	for (nr = 0; nr < KNOWN; nr++) {
		memory_draw(map, &shape, nr);
		CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
		known[nr] = crc_now(&vkms);
		CHECK(!nr || known[nr] != known[nr - 1],
		      "two pictures have the checksum %#x", known[nr]);
	}
	CHECK_EQ(card_remove(&vkms, fb), 0);
	CHECK_EQ(card_drop(&vkms, handle), 0);
}

static void shows(unsigned int nr)
{
	CHECK_EQ(crc_now(&vkms), known[nr]);
}

/* A picture with gaps between its lines, in five pieces */
static uint32_t open_all(struct shape *shape, uint32_t *handle)
{
	card_open(&vkms, VKMS);
	learn();
	*shape = card_tight(&vkms);
	shape->pitch += 64;
	shape->offset = 4096 + 256;
	canvas_open(&canvas, shape_end(shape), 5);
	canvas_draw(&canvas, shape, 0);
	*handle = canvas_import(&canvas, &vkms);
	return frame_add(&vkms, *handle, shape);
}

static void composed(const void *arg)
{
	long buffers = count_dmabufs();
	struct shape shape;
	uint32_t handle, fb;
	unsigned int nr;

	(void)arg;
	fb = open_all(&shape, &handle);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
	for (nr = 0; nr < KNOWN; nr++) {
		canvas_draw(&canvas, &shape, nr);
		CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
		shows(nr);
	}
	CHECK_EQ(card_remove(&vkms, fb), 0);
	CHECK_EQ(card_drop(&vkms, handle), 0);
	close(canvas.dmabuf);
	canvas_settles(buffers);
}

static void revoked(const void *arg)
{
	struct shape shape;
	uint32_t handle, fb;

	(void)arg;
	fb = open_all(&shape, &handle);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
	shows(0);
	canvas_revoke(&canvas);
	/* It goes on composing, whatever that is. */
	note("checksum while revoked: %#x, of the picture: %#x",
	     crc_now(&vkms), known[0]);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), -ENODEV);
	canvas_restore(&canvas);
	canvas_draw(&canvas, &shape, 1);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
	shows(1);
}

/* Composing all the time, revoked all the time */
static void storm(const void *arg)
{
	unsigned int seed = 1, rounds = 0;
	struct shape shape;
	uint32_t handle, fb;
	uint64_t deadline;

	(void)arg;
	fb = open_all(&shape, &handle);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
	shows(0);
	deadline = now_ms() + STORM_MS;
	while (now_ms() < deadline) {
		usleep(rand_r(&seed) % 20000);
		canvas_revoke(&canvas);
		CHECK_EQ(card_show(&vkms, fb, 0, 0), -ENODEV);
		canvas_restore(&canvas);
		CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
		rounds++;
	}
	note("%u revokes", rounds);
	canvas_draw(&canvas, &shape, 2);
	CHECK_EQ(card_show(&vkms, fb, 0, 0), 0);
	shows(2);
}

int vkms_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "composed from a BAR as from system memory", composed, NULL,
		  0 },
		{ "revoked while it is composed", revoked, NULL, 0 },
		{ "a storm of revokes while it is composed", storm, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
