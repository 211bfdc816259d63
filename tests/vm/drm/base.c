// SPDX-License-Identifier: GPL-2.0
/* What the unmodified kernel makes of a buffer in a BAR */
#include <errno.h>

#include "canvas.h"
#include "ktap.h"
#include "suites.h"

#define SIZE	(1u << 20)

static void refuses(const void *arg)
{
	struct canvas canvas;
	struct card card;
	uint32_t handle;

	card_open(&card, arg);
	canvas_open(&canvas, SIZE, 1);
	if (canvas_described(&canvas))
		skip("this kernel describes buffers");
	CHECK_EQ(card_import(&card, canvas.dmabuf, &handle), -EOPNOTSUPP);
}

int base_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "virtio-gpu without blobs does not import it", refuses, GPU,
		  0 },
		{ "vkms does not import it", refuses, VKMS, 0 },
	};

	return ktap_run(CASES(cases));
}
