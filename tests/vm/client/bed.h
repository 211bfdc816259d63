/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine of QEMU's with two devices of this guest's: edu, and one that has a BAR
 * for edu to write to.
 */
#ifndef VM_CLIENT_BED_H
#define VM_CLIENT_BED_H

#include <stdbool.h>

#include "client/qemu.h"
#include "layout.h"

#define TRACING	"/sys/kernel/tracing"

/* The places of the devices in the machine */
enum { EXPORTER, EDU, DEVICES };

struct bed {
	struct qemu qemu;
	struct layout l;	/* the whole BAR */
	struct bar bar;		/* as we see it, through the same file as QEMU */
	int dmabuf;
	bool here;		/* does the core know the buffer's ranges? */
};

/*
 * With an ivshmem, or with an NVMe, which knows more kinds of resets: of its BAR no
 * more than most bytes are looked at.
 */
void bed_open(struct bed *b, const char *exporter, size_t most,
	      const char *preload);

/* edu writes to the BAR and reads from it, and all bytes are as they should be. */
void bed_alive(struct bed *b, uint64_t seed);
/*
 * The IOMMU stops what edu writes. When the BAR can be seen, bar_check() tells
 * whether nothing landed; bed_dead() is both.
 */
void bed_faults(struct bed *b);
void bed_dead(struct bed *b);

/* What fdinfo says, on a kernel that has such states */
void bed_state(struct bed *b, const char *state, int mappings);
/* What the kernel's trace tells: restored after the last revoke, and then mapped */
void bed_restored(struct bed *b);

#endif
