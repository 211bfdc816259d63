// SPDX-License-Identifier: GPL-2.0
/*
 * A virtio-gpu without VIRTIO_F_ACCESS_PLATFORM takes guest physical addresses,
 * IOMMU or not. Where one translates it must not be given those of the IOMMU.
 */
#include <errno.h>
#include <unistd.h>

#include "canvas.h"
#include "counts.h"
#include "ktap.h"
#include "pci.h"
#include "screen.h"
#include "suites.h"

static void bypass(const void *arg)
{
	long buffers = count_dmabufs();
	struct canvas canvas;
	struct shape shape;
	uint32_t handle, fb;
	struct card gpu;
	bool translated;

	(void)arg;
	screen_need();
	card_open_nth(&gpu, GPU, 1);
	shape = card_tight(&gpu);
	canvas_open(&canvas, shape_end(&shape), 3);
	canvas_draw(&canvas, &shape, 3);
	/* Each IOMMU group has the same type here. */
	translated = pci_translated(machine.edu_device);
	note("addresses are %stranslated", translated ? "" : "not ");
	if (translated) {
		CHECK_EQ(card_import(&gpu, canvas.dmabuf, &handle),
			 -EOPNOTSUPP);
		close(canvas.dmabuf);
		canvas_settles(buffers);
		return;
	}
	handle = canvas_import(&canvas, &gpu);
	fb = frame_add(&gpu, handle, &shape);
	CHECK_EQ(card_show(&gpu, fb, 0, 0), 0);
	screen_shows(&gpu, 3);
}

int bypass_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "a GPU that bypasses the IOMMU", bypass, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
