// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "iommufd.h"
#include "ktap.h"
#include "nvme/bed.h"

void bed_open(struct nvme_bed *b, size_t nr, unsigned int most)
{
	nvme_open(&b->nvme);
	exporter_open(&b->exp);
	layout_scatter(&b->l, nr, most, 0, b->exp.bar.len);
	b->dmabuf = exporter_export(&b->exp, &b->l);
	CHECK_EQ(ioas_map_file(b->nvme.dev.iommufd, b->nvme.ioas, b->dmabuf, 0,
			       b->l.size, &b->buffer), 0);
}

static size_t step(size_t left)
{
	return left < NVME_MOST ? left : NVME_MOST;
}

void disk_fill(struct nvme_bed *b, uint64_t block, uint64_t seed, size_t len)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = step(len - at);
		pattern(b->nvme.bounce, n, seed, at);
		nvme_do(&b->nvme, NVME_WRITE, block + at / NVME_BLOCK,
			b->nvme.bounce_iova, n);
	}
}

bool disk_has(struct nvme_bed *b, uint64_t block, const void *data, size_t len)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = step(len - at);
		memset(b->nvme.bounce, 0, n);
		nvme_do(&b->nvme, NVME_READ, block + at / NVME_BLOCK,
			b->nvme.bounce_iova, n);
		if (memcmp(b->nvme.bounce, (const char *)data + at, n))
			return false;
	}
	return true;
}
