/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two files of the sample share: edu-device.c, the device and its
 * node, and edu-dma-buf.c, the importer.
 */
#ifndef _SAMPLES_EDU_H
#define _SAMPLES_EDU_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct edu_buffer;
struct pci_dev;

/*
 * The device's own memory has 4096 bytes. It refuses transfers that reach its
 * end, and QEMU takes that so badly that it exits. Stay below by a cache line,
 * so that what follows in a long copy is as aligned as its beginning.
 */
#define EDU_MAX_TRANSFER	(4096 - 64)

/**
 * struct edu - an edu device
 * @ref: the driver's, as long as it is bound, and one of each open file
 * @misc: the device's node
 * @lock: one user of the DMA engine at a time; guards the members below
 * @pdev: NULL after the driver was unbound, and nothing below may be used then
 * @files: the open files
 * @regs: registers
 * @bounce: memory for users' data on its way, EDU_MAX_TRANSFER bytes
 * @bounce_addr: its DMA address
 */
struct edu {
	struct kref ref;
	struct miscdevice misc;
	struct mutex lock;		/* outside any reservation lock */
	struct pci_dev *pdev;
	struct list_head files;
	void __iomem *regs;
	void *bounce;
	dma_addr_t bounce_addr;
};

/**
 * struct edu_file - an open file of an edu device
 * @edu: the device; the file holds a reference
 * @node: in &edu.files
 * @buf: edu->lock; the imported buffer, or NULL
 */
struct edu_file {
	struct edu *edu;
	struct list_head node;
	struct edu_buffer *buf;
};

/* edu-device.c: the DMA engine */
int edu_load(struct edu *edu, dma_addr_t src, size_t len);
int edu_store(struct edu *edu, dma_addr_t dst, size_t len);

/* edu-dma-buf.c: what a file does */
long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
void edu_release_buffer(struct edu_buffer *buf);

#endif /* _SAMPLES_EDU_H */
