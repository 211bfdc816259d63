// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "sys.h"
#include "vfio.h"

static struct vfio_region_info region_info(struct vfio_dev *dev,
					   unsigned int nr)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = nr };

	CHECK_EQ(sys_ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	return info;
}

/* vfioN, or noiommu-vfioN */
static void cdev_name(const char *pci_name, char out[256])
{
	struct dirent *entry;
	DIR *dir;

	*out = 0;
	dir = opendir(sys_path("/sys/bus/pci/devices/%s/vfio-dev", pci_name));
	CHECK(dir, "%s is not bound to vfio-pci", pci_name);
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, "vfio"))
			snprintf(out, 256, "%s", entry->d_name);
	closedir(dir);
}

void vfio_open(struct vfio_dev *dev, const char *name, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};
	char cdev[256] = "";

	memset(dev, 0, sizeof(*dev));
	strcpy(dev->name, name);
	dev->iommufd = iommufd;
	cdev_name(name, cdev);
	dev->noiommu = !strncmp(cdev, "noiommu-", 8);
	dev->fd = open(sys_path("/dev/vfio/devices/%s", cdev),
		       O_RDWR | O_CLOEXEC);
	CHECK(dev->fd >= 0, "/dev/vfio/devices/%s of %s: %m", cdev, name);
	CHECK_EQ(sys_ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), 0);
	dev->id = bind.out_devid;
	dev->config = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX).offset;
	vfio_config_write(dev, PCI_COMMAND, 2,
			  vfio_config_read(dev, PCI_COMMAND, 2) |
			  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void vfio_adopt(struct vfio_dev *dev, const char *name, int fd)
{
	memset(dev, 0, sizeof(*dev));
	strcpy(dev->name, name);
	dev->fd = fd;
	dev->iommufd = -1;
	dev->config = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX).offset;
}

void vfio_close(struct vfio_dev *dev)
{
	close(dev->fd);
	dev->fd = -1;
}

int vfio_attach(struct vfio_dev *dev, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = ioas,
	};

	return sys_ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

int vfio_detach(struct vfio_dev *dev)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};

	return sys_ioctl(dev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
}

void *vfio_map_bar(struct vfio_dev *dev, unsigned int nr, size_t *len)
{
	struct vfio_region_info info = region_info(dev, nr);
	void *map;

	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   info.offset);
	CHECK(map != MAP_FAILED, "BAR%u of %s: %m", nr, dev->name);
	*len = info.size;
	return map;
}

uint32_t vfio_config_read(struct vfio_dev *dev, unsigned int offset,
			  unsigned int size)
{
	uint32_t value = 0;

	CHECK(pread(dev->fd, &value, size, dev->config + offset) == size,
	      "config space of %s at %#x: %m", dev->name, offset);
	return value;
}

void vfio_config_write(struct vfio_dev *dev, unsigned int offset,
		       unsigned int size, uint32_t value)
{
	CHECK(pwrite(dev->fd, &value, size, dev->config + offset) == size,
	      "config space of %s at %#x: %m", dev->name, offset);
}

unsigned int vfio_capability(struct vfio_dev *dev, unsigned int id)
{
	unsigned int pos;

	pos = vfio_config_read(dev, PCI_CAPABILITY_LIST, 1);
	while (pos && vfio_config_read(dev, pos, 1) != id)
		pos = vfio_config_read(dev, pos + 1, 1);
	return pos;
}

void vfio_set_memory(struct vfio_dev *dev, bool on)
{
	uint32_t command = vfio_config_read(dev, PCI_COMMAND, 2);

	vfio_config_write(dev, PCI_COMMAND, 2,
			  on ? command | PCI_COMMAND_MEMORY :
			       command & ~PCI_COMMAND_MEMORY);
}

int vfio_reset(struct vfio_dev *dev)
{
	return sys_ioctl(dev->fd, VFIO_DEVICE_RESET, NULL);
}

int vfio_eventfd(struct vfio_dev *dev, unsigned int index)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set = {
			.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = index,
			.count = 1,
		},
	};

	arg.fd = eventfd(0, EFD_CLOEXEC);
	CHECK(arg.fd >= 0, "eventfd: %m");
	CHECK_EQ(sys_ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg), 0);
	return arg.fd;
}

void vfio_wait_event(int eventfd, unsigned int ms)
{
	struct pollfd fd = { .fd = eventfd, .events = POLLIN };
	uint64_t count;

	CHECK(poll(&fd, 1, ms) == 1, "no event after %u ms", ms);
	CHECK(read(eventfd, &count, sizeof(count)) == sizeof(count),
	      "eventfd: %m");
}

int vfio_export_as(struct vfio_dev *dev, unsigned int region,
		   const struct vfio_region_dma_range *ranges, size_t nr,
		   int open_flags)
{
	struct vfio_device_feature_dma_buf *dma_buf;
	struct vfio_device_feature *feature;
	size_t size;
	int ret;

	size = sizeof(*feature) + sizeof(*dma_buf) + nr * sizeof(*ranges);
	feature = calloc(1, size);
	CHECK(feature, "no memory for %zu ranges", nr);
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	dma_buf = (void *)feature->data;
	dma_buf->region_index = region;
	dma_buf->open_flags = open_flags | O_CLOEXEC;
	dma_buf->nr_ranges = nr;
	memcpy(dma_buf->dma_ranges, ranges, nr * sizeof(*ranges));

	ret = sys_ioctl(dev->fd, VFIO_DEVICE_FEATURE, feature);
	free(feature);
	return ret;
}

int vfio_export(struct vfio_dev *dev, unsigned int region,
		const struct vfio_region_dma_range *ranges, size_t nr)
{
	return vfio_export_as(dev, region, ranges, nr, O_RDWR);
}
