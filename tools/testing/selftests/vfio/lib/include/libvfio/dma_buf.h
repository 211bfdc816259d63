/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_VFIO_LIB_INCLUDE_LIBVFIO_DMA_BUF_H
#define SELFTESTS_VFIO_LIB_INCLUDE_LIBVFIO_DMA_BUF_H

#include <linux/types.h>
#include <linux/vfio.h>

#include <libvfio/iommu.h>
#include <libvfio/vfio_pci_device.h>

/* Returns 0 if the device has @op (GET or SET) of the feature, or -errno. */
int vfio_pci_dma_buf_probe(struct vfio_pci_device *device, u32 op);

/*
 * VFIO_DEVICE_FEATURE_DMA_BUF, with all fields but open_flags as the caller
 * wants them, wrong ones too.
 *
 * Returns the fd of the dma-buf, or -errno.
 */
int __vfio_pci_dma_buf_get(struct vfio_pci_device *device, u32 region_index,
			   u32 flags, const struct vfio_region_dma_range *ranges,
			   u32 nr_ranges);

/* Returns the fd of a dma-buf of these ranges of a BAR, in this order. */
int vfio_pci_dma_buf_get(struct vfio_pci_device *device, int bar,
			 const struct vfio_region_dma_range *ranges,
			 u32 nr_ranges);

u64 dma_buf_size(int fd);

/*
 * Only iommufd can import a dma-buf. Returns @iommu if it is an iommufd, else a
 * new one. A container has an IOAS to ask for once it has a device.
 */
struct iommu *dma_buf_importer_init(struct iommu *iommu);
void dma_buf_importer_cleanup(struct iommu *importer, struct iommu *iommu);

/* Returns another IOAS of the same iommufd as an iommu of its own. */
struct iommu *iommu_init_other_ioas(struct iommu *iommu);

/*
 * Map [@offset, @offset + @region->size) of a dma-buf at @region->iova. The
 * region is unmapped as any other is, but it has no vaddr.
 */
int __iommu_map_dma_buf(struct iommu *iommu, struct dma_region *region, int fd,
			u64 offset);
void iommu_map_dma_buf(struct iommu *iommu, struct dma_region *region, int fd,
		       u64 offset);

/* Map at @region->iova what @src, an IOAS of the same iommufd, has at @src_iova. */
void iommu_copy(struct iommu *iommu, struct dma_region *region,
		struct iommu *src, iova_t src_iova);

#endif /* SELFTESTS_VFIO_LIB_INCLUDE_LIBVFIO_DMA_BUF_H */
