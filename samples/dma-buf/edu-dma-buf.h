/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Copying to and from a dma-buf with the DMA engine of QEMU's edu device.
 *
 * Each bound device has a node, /dev/dma-buf-edu-<PCI address>. Each open file
 * of it imports one buffer at a time.
 */
#ifndef _SAMPLES_EDU_DMA_BUF_H
#define _SAMPLES_EDU_DMA_BUF_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct edu_dma_buf_import - argument of EDU_DMA_BUF_IMPORT
 * @fd: the dma-buf
 * @flags: must be 0
 */
struct edu_dma_buf_import {
	__s32 fd;
	__u32 flags;
};

/**
 * struct edu_dma_buf_copy - argument of EDU_DMA_BUF_READ and EDU_DMA_BUF_WRITE
 * @offset: first byte in the buffer
 * @len: bytes to copy; 0 only maps the buffer
 * @user: pointer to the user's memory
 *
 * A copy is done whole, or fails; a failed one may have copied a part.
 */
struct edu_dma_buf_copy {
	__u64 offset;
	__u64 len;
	__u64 user;
};

enum edu_dma_buf_state {
	EDU_DMA_BUF_NONE,
	EDU_DMA_BUF_ATTACHED,
	EDU_DMA_BUF_MAPPED,
};

/**
 * struct edu_dma_buf_info - result of EDU_DMA_BUF_INFO
 * @size: bytes in the imported buffer, 0 if there is none
 * @state: one of &enum edu_dma_buf_state
 * @pieces: DMA pieces of the mapping, 0 if not mapped
 * @maps: how often the buffer was mapped since its import
 * @revokes: how often it was taken back since its import
 */
struct edu_dma_buf_info {
	__u64 size;
	__u32 state;
	__u32 pieces;
	__u64 maps;
	__u64 revokes;
};

/* Import a buffer, let it go */
#define EDU_DMA_BUF_IMPORT	_IOW('E', 0x60, struct edu_dma_buf_import)
#define EDU_DMA_BUF_RELEASE	_IO('E', 0x61)
/* The device copies from the buffer to the user, or from the user to it */
#define EDU_DMA_BUF_READ	_IOW('E', 0x62, struct edu_dma_buf_copy)
#define EDU_DMA_BUF_WRITE	_IOW('E', 0x63, struct edu_dma_buf_copy)
#define EDU_DMA_BUF_INFO	_IOR('E', 0x64, struct edu_dma_buf_info)

#endif /* _SAMPLES_EDU_DMA_BUF_H */
