// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "other.h"
#include "sys.h"

int make_udmabuf(size_t len)
{
	struct udmabuf_create create = { .size = len };
	int memfd, dev, fd;

	memfd = memfd_create("udmabuf", MFD_ALLOW_SEALING);
	CHECK(memfd >= 0 && !ftruncate(memfd, len) &&
	      !fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), "memfd: %m");
	create.memfd = memfd;
	dev = open("/dev/udmabuf", O_RDWR);
	if (dev < 0)
		skip("no /dev/udmabuf");
	fd = sys_ioctl(dev, UDMABUF_CREATE, &create);
	CHECK(fd >= 0, "udmabuf: %s", ktap_number(fd));
	return fd;
}

int make_heap(size_t len)
{
	struct dma_heap_allocation_data data = {
		.len = len,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDWR);

	if (heap < 0)
		skip("no system heap");
	CHECK_EQ(sys_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), 0);
	return data.fd;
}
