// SPDX-License-Identifier: GPL-2.0
/*
 * Let one PCI device reach pieces of another one's BAR, from user space:
 *
 *     bar-to-bar FROM TO BAR OFFSET:LENGTH...
 *     bar-to-bar 0000:01:00.0 0000:02:00.0 2 0x8000:0x1000 0:0x2000
 *
 * makes one dma-buf of these pieces of a BAR of FROM, maps it for TO, says where
 * TO finds them, and holds that until Enter is pressed. Both devices are bound to
 * vfio-pci, and whoever runs this may open /dev/iommu and their nodes in
 * /dev/vfio/devices.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define MOST_RANGES	64

/* Where sysfs says that the node of a device bound to vfio-pci is: vfioN */
static int open_node(const char *bdf)
{
	struct dirent *entry;
	char path[512];
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		errx(1, "%s is not bound to vfio-pci", bdf);

	/* Without an IOMMU it is noiommu-vfioN, and its DMA is not translated. */
	while ((entry = readdir(dir)) && strncmp(entry->d_name, "vfio", 4))
		;
	if (!entry)
		errx(1, "%s is not behind an IOMMU", bdf);

	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
	closedir(dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static int open_device(const char *bdf, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};
	int fd = open_node(bdf);

	if (ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "binding %s to iommufd", bdf);
	return fd;
}

/* A BAR can be mapped while the device decodes its memory. */
static void enable_memory(int device)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	__u8 command;	/* its low byte */

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) ||
	    pread(device, &command, 1, config.offset + PCI_COMMAND) != 1)
		err(1, "config space");
	command |= PCI_COMMAND_MEMORY;
	if (pwrite(device, &command, 1, config.offset + PCI_COMMAND) != 1)
		err(1, "enabling memory");
}

static int export_ranges(int device, unsigned int bar,
			 const struct vfio_region_dma_range *ranges, size_t nr)
{
	struct vfio_device_feature_dma_buf *arg;
	struct vfio_device_feature *feature;
	size_t size;
	int fd;

	size = sizeof(*feature) + sizeof(*arg) + nr * sizeof(*ranges);
	feature = calloc(1, size);
	if (!feature)
		err(1, "%zu ranges", nr);
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;

	arg = (void *)feature->data;
	arg->region_index = bar;
	arg->open_flags = O_RDWR | O_CLOEXEC;
	arg->nr_ranges = nr;
	memcpy(arg->dma_ranges, ranges, nr * sizeof(*ranges));

	fd = ioctl(device, VFIO_DEVICE_FEATURE, feature);
	if (fd < 0)
		err(1, "exporting BAR %u", bar);
	free(feature);
	return fd;
}

/* An address space, and a device that uses it for all of its DMA */
static __u32 make_ioas(int iommufd, int device)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};

	if (ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc))
		err(1, "IOMMU_IOAS_ALLOC");
	attach.pt_id = alloc.out_ioas_id;
	if (ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		err(1, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	return alloc.out_ioas_id;
}

/* All of the buffer, wherever there is room: the pieces follow each other. */
static __u64 map_buffer(int iommufd, __u32 ioas, int dmabuf, __u64 len)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.fd = dmabuf,
		.length = len,
	};

	if (ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map))
		err(1, "IOMMU_IOAS_MAP_FILE");
	return map.iova;
}

static void unmap_buffer(int iommufd, __u32 ioas, __u64 iova, __u64 len)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = iova,
		.length = len,
	};

	if (ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap))
		err(1, "IOMMU_IOAS_UNMAP");
}

int main(int argc, char **argv)
{
	struct vfio_region_dma_range ranges[MOST_RANGES];
	int iommufd, from, to, dmabuf, i, nr = argc - 4;
	__u64 iova, at, len = 0;
	unsigned int bar;
	__u32 ioas;
	char *end;

	if (nr < 1 || nr > MOST_RANGES)
		errx(2, "usage: bar-to-bar FROM TO BAR OFFSET:LENGTH...");
	bar = strtoul(argv[3], &end, 0);
	if (*end)
		errx(2, "%s is not the number of a BAR", argv[3]);
	for (i = 0; i < nr; i++) {
		ranges[i].offset = strtoull(argv[4 + i], &end, 0);
		ranges[i].length = *end == ':' ? strtoull(end + 1, &end, 0) : 0;
		if (*end || !ranges[i].length)
			errx(2, "%s is not OFFSET:LENGTH", argv[4 + i]);
		len += ranges[i].length;
	}

	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommufd < 0)
		err(1, "/dev/iommu");
	from = open_device(argv[1], iommufd);
	to = open_device(argv[2], iommufd);
	enable_memory(from);
	dmabuf = export_ranges(from, bar, ranges, nr);
	ioas = make_ioas(iommufd, to);
	iova = map_buffer(iommufd, ioas, dmabuf, len);
	printf("%d ranges of BAR %u of %s, in file descriptor %d\n", nr, bar,
	       argv[1], dmabuf);
	for (i = 0, at = iova; i < nr; at += ranges[i++].length)
		printf("%#llx bytes at %#llx are at IOVA %#llx of %s\n",
		       (long long)ranges[i].length,
		       (long long)ranges[i].offset, (long long)at, argv[2]);
	printf("Press Enter to unmap them.\n");
	fflush(stdout);
	getchar();
	unmap_buffer(iommufd, ioas, iova, len);
	close(dmabuf);
	printf("Unmapped.\n");
	return 0;
}
