// SPDX-License-Identifier: GPL-2.0
/* An importer that cannot let go, keeps a short size, and has the CPU look. */
#include <linux/dma-buf.h>

static const struct dma_buf_attach_ops ops = {
	.allow_peer2peer = true,
};

int import(struct engine *engine, struct dma_buf *dmabuf, struct iosys_map *map)
{
	u32 size = dmabuf->size;
	size_t all;

	all = dmabuf->size;
	size = dmabuf->size;
	engine->attach = dma_buf_attach(dmabuf, engine->dev);
	return dma_buf_vmap_unlocked(dmabuf, map);
}
