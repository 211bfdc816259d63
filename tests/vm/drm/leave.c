// SPDX-License-Identifier: GPL-2.0
/*
 * The GPU goes away while it shows a BAR's memory: nobody waits for it, the
 * exporter least of all. When it is back it shows it again.
 */
#include <unistd.h>

#include "canvas.h"
#include "counts.h"
#include "ktap.h"
#include "leave.h"
#include "pci.h"
#include "screen.h"
#include "suites.h"

#define PCI_GPU		0x1af41050
#define GPU_DRIVER	"virtio-pci"
/* QEMU's name for it */
#define GPU_ID		"gpu"

#define LEAVE_MS	20000

static struct card gpu;
static struct canvas canvas;
static struct shape shape;
static uint32_t handle, fb;
static char name[PCI_NAME_LEN];

static void show(unsigned int nr)
{
	card_open(&gpu, GPU);
	canvas_draw(&canvas, &shape, nr);
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, nr);
}

static void open_all(void)
{
	screen_need();
	CHECK(pci_find(PCI_GPU, 0, name), "no GPU");
	card_open(&gpu, GPU);
	shape = card_tight(&gpu);
	card_close(&gpu);
	canvas_open(&canvas, shape_end(&shape), 3);
	show(1);
}

static void close_card(void)
{
	card_remove(&gpu, fb);
	card_drop(&gpu, handle);
	card_close(&gpu);
}

/* Gone with the memory, then the memory is taken, then it is closed */
static void then_revoked(const struct leave_way *way, struct leaving *l)
{
	leave_begin(l, way, name, GPU_ID);
	leave_wait(l, LEAVE_MS);
	/* What is gone maps nothing. */
	CHECK_EQ(canvas_mappings(&canvas), 0);
	CHECK(card_flush(&gpu, fb), "a device that is gone draws");
	canvas_revoke(&canvas);
	canvas_restore(&canvas);
	close_card();
}

/* The memory is taken, the device goes, the memory comes back to nobody. */
static void when_revoked(const struct leave_way *way, struct leaving *l)
{
	canvas_revoke(&canvas);
	leave_begin(l, way, name, GPU_ID);
	leave_wait(l, LEAVE_MS);
	canvas_restore(&canvas);
	canvas_revoke(&canvas);
	canvas_restore(&canvas);
	close_card();
}

/* All is closed after it is gone, and only then the memory is taken. */
static void then_closed(const struct leave_way *way, struct leaving *l)
{
	leave_begin(l, way, name, GPU_ID);
	leave_wait(l, LEAVE_MS);
	/* What is gone maps nothing. */
	CHECK_EQ(canvas_mappings(&canvas), 0);
	close_card();
	canvas_revoke(&canvas);
	canvas_restore(&canvas);
}

static void gone(void (*order)(const struct leave_way *way, struct leaving *l))
{
	long buffers = count_dmabufs();
	struct leaving l;
	size_t i;

	open_all();
	for (i = 0; i < nr_leave_ways; i++) {
		if (leave_ways[i].require)
			continue;
		note("%s", leave_ways[i].name);
		order(&leave_ways[i], &l);
		leave_undo(&l, GPU_DRIVER);
		canvas_settles(buffers + 1);
		show(2 + i);
	}
}

static void gone_then_revoked(const void *arg)
{
	(void)arg;
	gone(then_revoked);
}

static void gone_when_revoked(const void *arg)
{
	(void)arg;
	gone(when_revoked);
}

static void gone_then_closed(const void *arg)
{
	(void)arg;
	gone(then_closed);
}

int leave_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "gone, then revoked", gone_then_revoked, NULL, 0 },
		{ "revoked, then gone", gone_when_revoked, NULL, 0 },
		{ "gone, then closed", gone_then_closed, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
