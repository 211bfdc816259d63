/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel shows of a buffer, and what it says on its log */
#ifndef VM_SEE_H
#define VM_SEE_H

#include <stdbool.h>
#include <stddef.h>

/* Value of "key:\tvalue" in /proc/self/fdinfo/fd, "" if there is none */
const char *fdinfo(int fd, const char *key);

/* The kernel's log from now on */
struct kmsg {
	int fd;
};

void kmsg_open(struct kmsg *log);
/* The next line that matches the extended regex; waits up to ms for it. */
bool kmsg_find(struct kmsg *log, const char *regex, unsigned int ms, char *line,
	       size_t size);

/* An IOMMU that refused a DMA, whichever driver says so */
#define IOMMU_FAULT	\
	"DMAR: \\[DMA |page fault from EP|AMD-Vi: Event logged \\[IO_PAGE_FAULT"

#endif
