// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's third act: a picture is drawn into three scattered pieces of a BAR,
 * a GPU shows it, and the host compares every pixel of the screen with a picture
 * that it has drawn itself. The exporter takes the memory back while it is on the
 * screen, and gives it again.
 *
 * Exit status 0 only if every claim made on the way held.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "canvas.h"
#include "ktap.h"
#include "screen.h"
#include "see.h"
#include "suites.h"
#include "sys.h"
#include "tell.h"

static struct card gpu;
static struct canvas canvas;
static struct shape shape;
static uint32_t handle, fb;

static void drawn(void)
{
	chapter("10. Third act: a picture is drawn into the device's memory");
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	shape.pitch += 64;
	shape.offset = 4096 + 512;
	canvas_open(&canvas, shape_end(&shape), 3);
	canvas_draw(&canvas, &shape, 1);
	say("exporter %s: ivshmem, BAR2 of %zu MiB, three pieces of it:",
	    machine.exporter, canvas.exp.map_len >> 20);
	say_layout(&canvas.l);
	say("the CPU has drawn %ux%u pixels into it, no two of one colour, a line each %u bytes",
	    shape.width, shape.height, shape.pitch);
}

static void claim_screen(unsigned int nr)
{
	const char *shows = screen_differs(&gpu, nr);

	claim(!shows, "the host has looked at the screen: all %u pixels are right",
	      shape.width * shape.height);
	if (shows)
		say("    %s", shows);
}

static void shown(void)
{
	chapter("11. A GPU shows it, straight from there");
	claim(!card_import(&gpu, canvas.dmabuf, &handle),
	      "virtio-gpu imports it (drmPrimeFDToHandle)");
	fb = frame_add(&gpu, handle, &shape);
	claim(!card_show(&gpu, fb, 0, 0),
	      "a framebuffer on it is on the screen, %ux%u", shape.width,
	      shape.height);
	say_state(canvas.dmabuf);
	claim_screen(1);
	claim(screen_backings() == 1, "QEMU was given its addresses");
}

static void taken(void)
{
	uint64_t begin;

	chapter("12. The exporter takes it back while it is on the screen");
	begin = now_ms();
	vfio_set_memory(&canvas.exp.dev, false);
	say("COMMAND.MEM of %s cleared: returned after %llu ms",
	    machine.exporter, (unsigned long long)(now_ms() - begin));
	claim(!screen_backings(), "QEMU was told to let go of the addresses");
	say_state(canvas.dmabuf);
	claim(!strcmp(fdinfo(canvas.dmabuf, "phys_state"), "revoked") &&
	      !canvas_mappings(&canvas), "no mapping is left");
	claim(card_flush(&gpu, fb) == -ENODEV,
	      "who draws is told so: -ENODEV");
	claim(screen_is_sane(&gpu, 1, 1),
	      "the screen keeps what it showed, or is blank");
}

static void given(void)
{
	chapter("13. The exporter gives it again, and another picture is drawn");
	canvas_restore(&canvas);
	canvas_draw(&canvas, &shape, 2);
	claim(!card_flush(&gpu, fb), "the same framebuffer is good again");
	say_state(canvas.dmabuf);
	claim_screen(2);
}

int story_main(void)
{
	int status;

	drawn();
	shown();
	taken();
	given();
	status = tell_end();
	printf("\nThat screen, as QEMU had it: %s\n", screen_keep(&gpu, "demo"));
	return status;
}
