// SPDX-License-Identifier: GPL-2.0-only
/*
 * Export a BAR as dma-bufs and map them into an IOAS. Nothing accesses the BAR,
 * so any device will do. vfio_dma_buf_p2p_test is the one that looks at bytes.
 */
#include <fcntl.h>
#include <unistd.h>

#include <linux/log2.h>
#include <linux/pci_regs.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include <libvfio.h>

#include "kselftest_harness.h"

/* What the tests need of the BAR, in pages */
#define NR_PAGES 8

static const char *device_bdf;
static u64 page_size;

/* Out of order; the last two are adjacent, but the wrong way round */
static const struct vfio_region_dma_range scattered[] = {
	/* in pages */
	{ .offset = 6, .length = 1 },
	{ .offset = 1, .length = 2 },
	{ .offset = 4, .length = 1 },
	{ .offset = 3, .length = 1 },
};

#define SCATTERED_PAGES	5

FIXTURE(vfio_dma_buf_test) {
	struct iommu *iommu;
	struct vfio_pci_device *device;
	struct iommu *importer;
	struct iova_allocator *iova_allocator;
	int bar;
	u64 bar_size;
};

FIXTURE_VARIANT(vfio_dma_buf_test) {
	const char *iommu_mode;
};

#define FIXTURE_VARIANT_ADD_IOMMU_MODE(_iommu_mode)		\
FIXTURE_VARIANT_ADD(vfio_dma_buf_test, _iommu_mode) {		\
	.iommu_mode = #_iommu_mode,				\
}

FIXTURE_VARIANT_ADD_ALL_IOMMU_MODES();

#undef FIXTURE_VARIANT_ADD_IOMMU_MODE

static int largest_mapped_bar(struct vfio_pci_device *device)
{
	u64 size = 0;
	int bar = -1;

	for (int i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (device->bars[i].vaddr && device->bars[i].info.size > size) {
			size = device->bars[i].info.size;
			bar = i;
		}
	}

	return bar;
}

FIXTURE_SETUP(vfio_dma_buf_test)
{
	self->iommu = iommu_init(variant->iommu_mode);
	self->device = vfio_pci_device_init(device_bdf, self->iommu);

	if (vfio_pci_dma_buf_probe(self->device, VFIO_DEVICE_FEATURE_GET))
		SKIP(return, "No VFIO_DEVICE_FEATURE_DMA_BUF for device %s", device_bdf);

	self->bar = largest_mapped_bar(self->device);
	if (self->bar < 0)
		SKIP(return, "No mappable BAR found on device %s", device_bdf);

	self->bar_size = self->device->bars[self->bar].info.size;
	if (self->bar_size < NR_PAGES * page_size)
		SKIP(return, "BAR too small (size=0x%lx)", self->bar_size);

	self->importer = dma_buf_importer_init(self->iommu);
	self->iova_allocator = iova_allocator_init(self->importer);
	vfio_pci_cmd_set(self->device, PCI_COMMAND_MEMORY);
}

FIXTURE_TEARDOWN(vfio_dma_buf_test)
{
	iova_allocator_cleanup(self->iova_allocator);
	vfio_pci_device_cleanup(self->device);
	dma_buf_importer_cleanup(self->importer, self->iommu);
	iommu_cleanup(self->iommu);
}

static int export_scattered(struct vfio_pci_device *device, int bar)
{
	struct vfio_region_dma_range ranges[ARRAY_SIZE(scattered)];

	for (int i = 0; i < ARRAY_SIZE(scattered); i++) {
		ranges[i].offset = scattered[i].offset * page_size;
		ranges[i].length = scattered[i].length * page_size;
	}

	return vfio_pci_dma_buf_get(device, bar, ranges, ARRAY_SIZE(scattered));
}

/* A place for a mapping of @size bytes */
static struct dma_region new_region(struct iova_allocator *iova_allocator,
				    u64 size)
{
	return (struct dma_region) {
		.iova = iova_allocator_alloc(iova_allocator,
					     roundup_pow_of_two(size)),
		.size = size,
	};
}

/* All of the region is unmapped, whatever happened to the dma-buf. */
static void unmap_region(struct iommu *iommu, struct dma_region *region)
{
	u64 unmapped;

	VFIO_ASSERT_EQ(__iommu_unmap(iommu, region, &unmapped), 0);
	VFIO_ASSERT_EQ(unmapped, region->size);
}

/* Map all of a dma-buf and unmap it again, if it can be mapped. */
static int try_map(struct iommu *iommu, struct iova_allocator *iova_allocator,
		   int fd)
{
	struct dma_region region = new_region(iova_allocator, dma_buf_size(fd));
	int ret;

	ret = __iommu_map_dma_buf(iommu, &region, fd, 0);
	if (!ret)
		unmap_region(iommu, &region);

	return ret;
}

TEST_F(vfio_dma_buf_test, probe)
{
	ASSERT_EQ(0, vfio_pci_dma_buf_probe(self->device, VFIO_DEVICE_FEATURE_GET));
	ASSERT_EQ(-EINVAL, vfio_pci_dma_buf_probe(self->device, VFIO_DEVICE_FEATURE_SET));
}

TEST_F(vfio_dma_buf_test, export_one_range)
{
	struct vfio_region_dma_range range = { 2 * page_size, 3 * page_size };
	int fd;

	fd = vfio_pci_dma_buf_get(self->device, self->bar, &range, 1);
	ASSERT_EQ(range.length, dma_buf_size(fd));
	ASSERT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	ASSERT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_test, export_ranges)
{
	int fd = export_scattered(self->device, self->bar);

	ASSERT_EQ(SCATTERED_PAGES * page_size, dma_buf_size(fd));
	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_test, export_and_map_whole_bar)
{
	struct vfio_region_dma_range range = { 0, self->bar_size };
	int fd;

	fd = vfio_pci_dma_buf_get(self->device, self->bar, &range, 1);
	ASSERT_EQ(self->bar_size, dma_buf_size(fd));
	ASSERT_EQ(0, try_map(self->importer, self->iova_allocator, fd));
	ASSERT_EQ(0, close(fd));
}

/* A good range, and behind it one that is not */
TEST_F(vfio_dma_buf_test, export_bad_range)
{
	const struct {
		struct vfio_region_dma_range range;
		int error;
	} bad[] = {
		{ { page_size, 0 }, -EINVAL },
		{ { page_size, page_size / 2 }, -EINVAL },
		{ { page_size, page_size + 1 }, -EINVAL },
		{ { page_size / 2, page_size }, -EINVAL },
		{ { page_size + 1, page_size }, -EINVAL },
		/* Not inside the region */
		{ { self->bar_size, page_size }, -EINVAL },
		{ { self->bar_size - page_size, 2 * page_size }, -EINVAL },
		{ { 1ull << 62, page_size }, -EINVAL },
		{ { 0, 1ull << 62 }, -EINVAL },
		/* The sum is more than a file may have */
		{ { 0, -page_size }, -EINVAL },
		/* The end is beyond the last address */
		{ { -page_size, page_size }, -EOVERFLOW },
	};
	struct vfio_region_dma_range ranges[2] = { { page_size, page_size } };

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		ranges[1] = bad[i].range;
		EXPECT_EQ(bad[i].error,
			  __vfio_pci_dma_buf_get(self->device, self->bar, 0, ranges, 2)) {
			TH_LOG("0x%llx bytes at 0x%llx", ranges[1].length, ranges[1].offset);
		}
	}
}

TEST_F(vfio_dma_buf_test, export_bad_args)
{
	struct vfio_region_dma_range range = { page_size, page_size };

	EXPECT_EQ(-EINVAL, __vfio_pci_dma_buf_get(self->device, self->bar, 0, &range, 0));
	EXPECT_EQ(-EINVAL, __vfio_pci_dma_buf_get(self->device, self->bar, 1, &range, 1));
	EXPECT_EQ(-EINVAL, __vfio_pci_dma_buf_get(self->device, self->bar, 1u << 31, &range, 1));
}

TEST_F(vfio_dma_buf_test, export_bad_region)
{
	const u32 not_there[] = {
		VFIO_PCI_ROM_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
		1000, UINT32_MAX,
	};
	struct vfio_region_dma_range range = { 0, page_size };
	int error;
	u32 bar;

	for (int i = 0; i < ARRAY_SIZE(not_there); i++) {
		EXPECT_EQ(-ENODEV, __vfio_pci_dma_buf_get(self->device, not_there[i], 0,
							  &range, 1)) {
			TH_LOG("region %u", not_there[i]);
		}
	}

	for (int i = 0; i < PCI_STD_NUM_BARS; i++) {
		bar = vfio_pci_config_readl(self->device, PCI_BASE_ADDRESS_0 + 4 * i);

		/* The upper half of the BAR before it is none, either. */
		if (!self->device->bars[i].info.size)
			error = -ENODEV;
		else if ((bar & PCI_BASE_ADDRESS_SPACE) == PCI_BASE_ADDRESS_SPACE_IO)
			error = -EINVAL;
		else
			continue;

		EXPECT_EQ(error, __vfio_pci_dma_buf_get(self->device, i, 0, &range, 1)) {
			TH_LOG("BAR %d", i);
		}
	}
}

/* A page may occur twice, but the sum may not exceed the region. */
TEST_F(vfio_dma_buf_test, export_too_much)
{
	u32 nr = self->bar_size / page_size + 1;
	struct vfio_region_dma_range *ranges;
	int fd;

	if (self->bar_size > SZ_1G)
		SKIP(return, "BAR too large (size=0x%lx)", self->bar_size);

	ranges = calloc_assert(nr, sizeof(*ranges));
	for (u32 i = 0; i < nr; i++)
		ranges[i].length = page_size;

	EXPECT_EQ(-EINVAL, __vfio_pci_dma_buf_get(self->device, self->bar, 0,
						  ranges, nr)) {
		TH_LOG("%u ranges of a region of %u pages", nr, nr - 1);
	}

	fd = vfio_pci_dma_buf_get(self->device, self->bar, ranges, nr - 1);
	EXPECT_EQ(self->bar_size, dma_buf_size(fd));
	EXPECT_EQ(0, close(fd));

	ranges[0].length = self->bar_size;
	EXPECT_EQ(-EINVAL, __vfio_pci_dma_buf_get(self->device, self->bar, 0,
						  ranges, 2)) {
		TH_LOG("ranges that add up to more than the region");
	}

	free(ranges);
}

TEST_F(vfio_dma_buf_test, map_one_range)
{
	struct vfio_region_dma_range range = { page_size, 4 * page_size };
	struct dma_region whole = new_region(self->iova_allocator, 4 * page_size);
	struct dma_region slice = new_region(self->iova_allocator, 2 * page_size);
	int fd;

	fd = vfio_pci_dma_buf_get(self->device, self->bar, &range, 1);
	iommu_map_dma_buf(self->importer, &whole, fd, 0);
	iommu_map_dma_buf(self->importer, &slice, fd, page_size);
	ASSERT_EQ(0, close(fd));

	/* The mappings keep the dma-buf. */
	unmap_region(self->importer, &whole);
	unmap_region(self->importer, &slice);
}

TEST_F(vfio_dma_buf_test, map_slices)
{
	struct dma_region region = new_region(self->iova_allocator,
					      SCATTERED_PAGES * page_size);
	int fd = export_scattered(self->device, self->bar);

	for (u64 start = 0; start < SCATTERED_PAGES; start++) {
		for (u64 end = start + 1; end <= SCATTERED_PAGES; end++) {
			region.size = (end - start) * page_size;
			iommu_map_dma_buf(self->importer, &region, fd,
					  start * page_size);
			unmap_region(self->importer, &region);
		}
	}

	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_test, map_bad_slices)
{
	struct dma_region region = new_region(self->iova_allocator,
					      2 * page_size);
	u64 size = SCATTERED_PAGES * page_size;
	int fd = export_scattered(self->device, self->bar);

	EXPECT_EQ(-EINVAL, __iommu_map_dma_buf(self->importer, &region, fd, size));
	EXPECT_EQ(-EINVAL, __iommu_map_dma_buf(self->importer, &region, fd,
					       size - page_size));
	EXPECT_EQ(-EOVERFLOW, __iommu_map_dma_buf(self->importer, &region, fd, -page_size));

	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_test, copy_to_another_ioas)
{
	u64 size = SCATTERED_PAGES * page_size;
	struct dma_region region = new_region(self->iova_allocator, size);
	struct dma_region copy = new_region(self->iova_allocator, size - page_size);
	struct iommu *other = iommu_init_other_ioas(self->importer);
	int fd = export_scattered(self->device, self->bar);

	iommu_map_dma_buf(self->importer, &region, fd, 0);
	ASSERT_EQ(0, close(fd));

	iommu_copy(other, &copy, self->importer, region.iova + page_size);
	unmap_region(self->importer, &region);

	/* And back again, into a domain if the importer has one */
	region.size = copy.size;
	iommu_copy(self->importer, &region, other, copy.iova);
	unmap_region(other, &copy);
	unmap_region(self->importer, &region);

	iommu_cleanup(other);
}

TEST_F(vfio_dma_buf_test, memory_disabled)
{
	struct dma_region region = new_region(self->iova_allocator,
					      SCATTERED_PAGES * page_size);
	int late;
	int fd;

	if (sysfs_is_vf(device_bdf))
		SKIP(return, "The command register of a VF does not control its memory");

	fd = export_scattered(self->device, self->bar);
	iommu_map_dma_buf(self->importer, &region, fd, 0);

	vfio_pci_cmd_clear(self->device, PCI_COMMAND_MEMORY);
	EXPECT_EQ(-ENODEV, try_map(self->importer, self->iova_allocator, fd));

	/* It can be exported, but not mapped. */
	late = export_scattered(self->device, self->bar);
	EXPECT_EQ(-ENODEV, try_map(self->importer, self->iova_allocator, late));

	vfio_pci_cmd_set(self->device, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, try_map(self->importer, self->iova_allocator, fd));
	EXPECT_EQ(0, try_map(self->importer, self->iova_allocator, late));

	/* What was mapped can be unmapped while it is revoked. */
	vfio_pci_cmd_clear(self->device, PCI_COMMAND_MEMORY);
	unmap_region(self->importer, &region);
	vfio_pci_cmd_set(self->device, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, try_map(self->importer, self->iova_allocator, fd));

	ASSERT_EQ(0, close(late));
	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_test, reset)
{
	struct dma_region region = new_region(self->iova_allocator,
					      SCATTERED_PAGES * page_size);
	int fd;

	if (!(self->device->info.flags & VFIO_DEVICE_FLAGS_RESET))
		SKIP(return, "Device does not support reset");

	fd = export_scattered(self->device, self->bar);
	iommu_map_dma_buf(self->importer, &region, fd, 0);

	vfio_pci_device_reset(self->device);
	EXPECT_EQ(0, try_map(self->importer, self->iova_allocator, fd));

	unmap_region(self->importer, &region);
	ASSERT_EQ(0, close(fd));
}

/* A reset does not restore what the command register has revoked. */
TEST_F(vfio_dma_buf_test, reset_while_memory_disabled)
{
	int fd;

	if (!(self->device->info.flags & VFIO_DEVICE_FLAGS_RESET))
		SKIP(return, "Device does not support reset");
	if (sysfs_is_vf(device_bdf))
		SKIP(return, "The command register of a VF does not control its memory");

	fd = export_scattered(self->device, self->bar);
	vfio_pci_cmd_clear(self->device, PCI_COMMAND_MEMORY);
	vfio_pci_device_reset(self->device);
	EXPECT_EQ(-ENODEV, try_map(self->importer, self->iova_allocator, fd));

	vfio_pci_cmd_set(self->device, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, try_map(self->importer, self->iova_allocator, fd));
	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_test, device_closed)
{
	u64 size = SCATTERED_PAGES * page_size;
	struct dma_region region = new_region(self->iova_allocator, size);
	int fd = export_scattered(self->device, self->bar);
	int again;

	iommu_map_dma_buf(self->importer, &region, fd, 0);
	vfio_pci_device_cleanup(self->device);

	EXPECT_EQ(size, dma_buf_size(fd));
	EXPECT_EQ(-ENODEV, try_map(self->importer, self->iova_allocator, fd));

	/* It stays dead when the device is opened again. */
	self->device = vfio_pci_device_init(device_bdf, self->iommu);
	vfio_pci_cmd_set(self->device, PCI_COMMAND_MEMORY);
	EXPECT_EQ(-ENODEV, try_map(self->importer, self->iova_allocator, fd));

	again = export_scattered(self->device, self->bar);
	EXPECT_EQ(0, try_map(self->importer, self->iova_allocator, again));

	unmap_region(self->importer, &region);
	ASSERT_EQ(0, close(again));
	ASSERT_EQ(0, close(fd));
}

int main(int argc, char *argv[])
{
	device_bdf = vfio_selftests_get_bdf(&argc, argv);
	page_size = getpagesize();

	if (access("/dev/iommu", R_OK | W_OK))
		ksft_exit_skip("No /dev/iommu to import dma-bufs\n");

	return test_harness_run(argc, argv);
}
