/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU as a user of VFIO and IOMMUFD: it opens, binds, exports and maps by its own
 * code. We take copies of its files, to see what it has mapped and to do to its
 * devices what it does not expect.
 */
#ifndef VM_CLIENT_QEMU_H
#define VM_CLIENT_QEMU_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "vfio.h"

#define QEMU_DEVICES	3

struct qemu {
	pid_t pid;
	FILE *qtest, *qmp;
	char log[64];			/* its traces, and what it complains of */
	struct vfio_dev devs[QEMU_DEVICES];
	unsigned int nr;
};

/*
 * Skip the case if this guest has no QEMU. Start it with these devices, the first
 * in slot QEMU_SLOT, and wait until its firmware has placed their BARs. preload: for
 * its loader, may be NULL.
 */
#define QEMU_SLOT	0x10
void qemu_start(struct qemu *q, const char * const *devices, unsigned int nr,
		const char *preload);
/* Reset the machine, as its user can; the same wait. */
void qemu_reset(struct qemu *q);

/* Its trace so far, to be freed */
char *qemu_trace(struct qemu *q);
/* Lines of the trace from byte at on that match an extended regex */
unsigned int qemu_traced(struct qemu *q, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Our own fd for the buffer that QEMU has made of a BAR; fails the test. */
int qemu_dmabuf(struct qemu *q, unsigned int dev, unsigned int bar);

/* What the CPU of the machine does; a device is told by its place in devs. */
uint32_t cpu_config_read(struct qemu *q, unsigned int dev, unsigned int offset,
			 unsigned int size);
void cpu_config_write(struct qemu *q, unsigned int dev, unsigned int offset,
		      unsigned int size, uint32_t value);
/* Where the firmware has put a BAR */
uint64_t cpu_bar(struct qemu *q, unsigned int dev, unsigned int bar);
void cpu_write64(struct qemu *q, uint64_t addr, uint64_t value);
uint64_t cpu_read64(struct qemu *q, uint64_t addr);
void cpu_write(struct qemu *q, uint64_t addr, const void *data, size_t len);
void cpu_read(struct qemu *q, uint64_t addr, void *data, size_t len);

#endif
