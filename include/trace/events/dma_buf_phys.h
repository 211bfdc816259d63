/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dma_buf_phys

#if !defined(_TRACE_DMA_BUF_PHYS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_DMA_BUF_PHYS_H

#include <linux/dma-buf-phys.h>
#include <linux/tracepoint.h>

/*
 * No event shows an address, physical or DMA. The inode number is an argument
 * because an exporter may still revoke a buffer whose file is gone.
 */

DECLARE_EVENT_CLASS(dma_buf_phys_buffer,
	TP_PROTO(const struct dma_buf *dmabuf, u64 ino),
	TP_ARGS(dmabuf, ino),
	TP_STRUCT__entry(
		__string(exp_name, dmabuf->exp_name)
		__field(size_t, size)
		__field(u64, ino)
	),
	TP_fast_assign(
		__assign_str(exp_name);
		__entry->size = dmabuf->size;
		__entry->ino = ino;
	),
	TP_printk("exp_name=%s size=%zu ino=%llu",
		  __get_str(exp_name), __entry->size, __entry->ino)
);

/* Revoke begins: no new mapping gets in, importers are about to be told */
DEFINE_EVENT(dma_buf_phys_buffer, dma_buf_phys_revoke,
	TP_PROTO(const struct dma_buf *dmabuf, u64 ino), TP_ARGS(dmabuf, ino));
/* Revoke is over: no target reaches the memory */
DEFINE_EVENT(dma_buf_phys_buffer, dma_buf_phys_revoked,
	TP_PROTO(const struct dma_buf *dmabuf, u64 ino), TP_ARGS(dmabuf, ino));
DEFINE_EVENT(dma_buf_phys_buffer, dma_buf_phys_restore,
	TP_PROTO(const struct dma_buf *dmabuf, u64 ino), TP_ARGS(dmabuf, ino));
DEFINE_EVENT(dma_buf_phys_buffer, dma_buf_phys_kill,
	TP_PROTO(const struct dma_buf *dmabuf, u64 ino), TP_ARGS(dmabuf, ino));

DECLARE_EVENT_CLASS(dma_buf_phys_mapping,
	TP_PROTO(const struct dma_buf_phys_map *map, int ret),
	TP_ARGS(map, ret),
	TP_STRUCT__entry(
		__string(importer, dma_buf_phys_importer_name(map->attach))
		__string(route, map->route ? map->route->name : "none")
		__field(u64, ino)
		__field(size_t, offset)
		__field(size_t, len)
		__field(int, ret)
	),
	TP_fast_assign(
		__assign_str(importer);
		__assign_str(route);
		__entry->ino = map->attach->dmabuf->phys->ino;
		__entry->offset = map->offset;
		__entry->len = map->len;
		__entry->ret = ret;
	),
	TP_printk("ino=%llu importer=%s route=%s offset=%#zx len=%#zx ret=%d",
		  __entry->ino, __get_str(importer), __get_str(route),
		  __entry->offset, __entry->len, __entry->ret)
);

DEFINE_EVENT(dma_buf_phys_mapping, dma_buf_phys_map,
	TP_PROTO(const struct dma_buf_phys_map *map, int ret),
	TP_ARGS(map, ret));
DEFINE_EVENT(dma_buf_phys_mapping, dma_buf_phys_unmap,
	TP_PROTO(const struct dma_buf_phys_map *map, int ret),
	TP_ARGS(map, ret));
/* A revoker took the translation away, the importer had not let go of it */
DEFINE_EVENT(dma_buf_phys_mapping, dma_buf_phys_sever,
	TP_PROTO(const struct dma_buf_phys_map *map, int ret),
	TP_ARGS(map, ret));

#endif /* _TRACE_DMA_BUF_PHYS_H */

#include <trace/define_trace.h>
