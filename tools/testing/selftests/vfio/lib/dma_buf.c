// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/vfio.h>

#include <libvfio.h>

int vfio_pci_dma_buf_probe(struct vfio_pci_device *device, u32 op)
{
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_PROBE | op |
			 VFIO_DEVICE_FEATURE_DMA_BUF,
	};

	if (ioctl(device->fd, VFIO_DEVICE_FEATURE, &feature))
		return -errno;

	return 0;
}

int __vfio_pci_dma_buf_get(struct vfio_pci_device *device, u32 region_index,
			   u32 flags, const struct vfio_region_dma_range *ranges,
			   u32 nr_ranges)
{
	size_t ranges_size = nr_ranges * sizeof(*ranges);
	struct vfio_device_feature_dma_buf *dma_buf;
	struct vfio_device_feature *feature;
	size_t argsz;
	int ret;

	argsz = sizeof(*feature) + sizeof(*dma_buf) + ranges_size;
	feature = calloc_assert(1, argsz);
	feature->argsz = argsz;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;

	dma_buf = (void *)feature->data;
	dma_buf->region_index = region_index;
	dma_buf->open_flags = O_RDWR | O_CLOEXEC;
	dma_buf->flags = flags;
	dma_buf->nr_ranges = nr_ranges;
	memcpy(dma_buf->dma_ranges, ranges, ranges_size);

	ret = ioctl(device->fd, VFIO_DEVICE_FEATURE, feature);
	if (ret < 0)
		ret = -errno;

	free(feature);
	return ret;
}

int vfio_pci_dma_buf_get(struct vfio_pci_device *device, int bar,
			 const struct vfio_region_dma_range *ranges,
			 u32 nr_ranges)
{
	int fd = __vfio_pci_dma_buf_get(device, bar, 0, ranges, nr_ranges);

	VFIO_ASSERT_GE(fd, 0, "Failed to export %u ranges of BAR %d: %s\n",
		       nr_ranges, bar, strerror(-fd));
	return fd;
}

u64 dma_buf_size(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	VFIO_ASSERT_GE(size, 0);
	return size;
}

/*
 * Returns the fd that iommufd's own ioctls go to and the ID of the IOAS that
 * the devices of @iommu are in, or -errno if it is no iommufd.
 */
static int iommu_get_ioas(struct iommu *iommu, u32 *ioas_id)
{
	struct iommu_vfio_ioas args = {
		.size = sizeof(args),
		.op = IOMMU_VFIO_IOAS_GET,
	};

	if (iommu->iommufd) {
		*ioas_id = iommu->ioas_id;
		return iommu->iommufd;
	}

	/* A container may be an iommufd, too. */
	if (ioctl(iommu->container_fd, IOMMU_VFIO_IOAS, &args))
		return -errno;

	*ioas_id = args.ioas_id;
	return iommu->container_fd;
}

struct iommu *dma_buf_importer_init(struct iommu *iommu)
{
	u32 ioas_id;

	if (iommu_get_ioas(iommu, &ioas_id) >= 0)
		return iommu;

	return iommu_init(MODE_IOMMUFD);
}

void dma_buf_importer_cleanup(struct iommu *importer, struct iommu *iommu)
{
	if (importer != iommu)
		iommu_cleanup(importer);
}

struct iommu *iommu_init_other_ioas(struct iommu *iommu)
{
	struct iommu *other = iommu_init(MODE_IOMMUFD);
	struct iommu_ioas_alloc args = { .size = sizeof(args) };
	u32 ioas_id;
	int iommufd;

	iommufd = iommu_get_ioas(iommu, &ioas_id);
	VFIO_ASSERT_GE(iommufd, 0);

	/* Let the fd of the new iommufd be one more of the existing iommufd. */
	VFIO_ASSERT_EQ(dup2(iommufd, other->iommufd), other->iommufd);
	ioctl_assert(other->iommufd, IOMMU_IOAS_ALLOC, &args);
	other->ioas_id = args.out_ioas_id;

	return other;
}

static void iommu_add_region(struct iommu *iommu, struct dma_region *region)
{
	region->vaddr = NULL;
	list_add(&region->link, &iommu->dma_regions);
}

int __iommu_map_dma_buf(struct iommu *iommu, struct dma_region *region, int fd,
			u64 offset)
{
	struct iommu_ioas_map_file args = {
		.size = sizeof(args),
		.flags = IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.fd = fd,
		.start = offset,
		.length = region->size,
		.iova = region->iova,
	};
	int iommufd;

	iommufd = iommu_get_ioas(iommu, &args.ioas_id);
	VFIO_ASSERT_GE(iommufd, 0);

	if (ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &args))
		return -errno;

	iommu_add_region(iommu, region);
	return 0;
}

void iommu_map_dma_buf(struct iommu *iommu, struct dma_region *region, int fd,
		       u64 offset)
{
	int ret = __iommu_map_dma_buf(iommu, region, fd, offset);

	VFIO_ASSERT_EQ(ret, 0, "Failed to map 0x%lx bytes of a dma-buf: %s\n",
		       region->size, strerror(-ret));
}

void iommu_copy(struct iommu *iommu, struct dma_region *region,
		struct iommu *src, iova_t src_iova)
{
	struct iommu_ioas_copy args = {
		.size = sizeof(args),
		.flags = IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.length = region->size,
		.dst_iova = region->iova,
		.src_iova = src_iova,
	};
	u32 src_ioas_id, ioas_id;
	int iommufd;

	VFIO_ASSERT_GE(iommu_get_ioas(src, &src_ioas_id), 0);
	iommufd = iommu_get_ioas(iommu, &ioas_id);
	VFIO_ASSERT_GE(iommufd, 0);

	args.src_ioas_id = src_ioas_id;
	args.dst_ioas_id = ioas_id;
	ioctl_assert(iommufd, IOMMU_IOAS_COPY, &args);

	iommu_add_region(iommu, region);
}
