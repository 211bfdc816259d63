// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>

#include "ktap.h"
#include "sample.h"
#include "sys.h"

int sample_open(const char *pci_name)
{
	const char *path = sys_path("/dev/dma-buf-edu-%s", pci_name);
	int node = open(path, O_RDWR | O_CLOEXEC);

	CHECK(node >= 0, "%s: %m", path);
	return node;
}

int sample_import(int node, int dmabuf)
{
	struct edu_dma_buf_import arg = { .fd = dmabuf };

	return sys_ioctl(node, EDU_DMA_BUF_IMPORT, &arg);
}

int sample_release(int node)
{
	return sys_ioctl(node, EDU_DMA_BUF_RELEASE, NULL);
}

static int sample_copy(int node, unsigned long request, uint64_t offset,
		       const void *data, size_t len)
{
	struct edu_dma_buf_copy arg = {
		.offset = offset,
		.len = len,
		.user = (uintptr_t)data,
	};

	return sys_ioctl(node, request, &arg);
}

int sample_write(int node, uint64_t offset, const void *data, size_t len)
{
	return sample_copy(node, EDU_DMA_BUF_WRITE, offset, data, len);
}

int sample_read(int node, uint64_t offset, void *data, size_t len)
{
	return sample_copy(node, EDU_DMA_BUF_READ, offset, data, len);
}

struct edu_dma_buf_info sample_info(int node)
{
	struct edu_dma_buf_info info = {};

	CHECK_EQ(sys_ioctl(node, EDU_DMA_BUF_INFO, &info), 0);
	return info;
}
