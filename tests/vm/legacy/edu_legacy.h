/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What edu_legacy.ko has beyond edu-dma-buf.h: map and unmap the imported
 * buffer that often, to see what one cycle costs and leaves behind.
 */
#ifndef _EDU_LEGACY_H
#define _EDU_LEGACY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct edu_legacy_cycle - argument of EDU_LEGACY_CYCLE
 * @cycles: how many are asked for; on return, how many were done
 * @pad: ignored
 */
struct edu_legacy_cycle {
	__u32 cycles;
	__u32 pad;
};

#define EDU_LEGACY_CYCLE	_IOWR('E', 0x70, struct edu_legacy_cycle)

#endif /* _EDU_LEGACY_H */
