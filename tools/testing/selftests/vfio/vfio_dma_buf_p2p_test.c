// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device to device: one device exports memory in its BAR as a dma-buf, another,
 * which libvfio has a driver for, reads and writes it through an IOAS, and the
 * CPU compares the bytes through its mmap() of the BAR.
 *
 * The test finds out which device can do what. It overwrites the first pages of
 * the exporter's largest prefetchable BAR, and restores them unless it fails or
 * closes the device: do not give it a device that has registers there. The
 * platform must let peer to peer traffic through.
 */
#include <sys/mman.h>
#include <unistd.h>

#include <linux/io.h>
#include <linux/pci_regs.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include <libvfio.h>

#include "kselftest_harness.h"

static const char *exporter_bdf;
static const char *importer_bdf;
static u64 page_size;

/* The part of the BAR that is used, in pages */
#define NR_PAGES	8
static u64 window_size;

/* The size of a dma-buf, in pages */
#define NR_BUF_PAGES	5
struct layout {
	u32 nr_ranges;
	struct vfio_region_dma_range ranges[4];
};

static const struct layout contiguous = { 1, { { .offset = 2, .length = 5 } } };

/* Out of order; the last two are adjacent, but the wrong way round */
static const struct layout scattered = {
	4, {
		{ .offset = 6, .length = 1 },
		{ .offset = 1, .length = 2 },
		{ .offset = 4, .length = 1 },
		{ .offset = 3, .length = 1 },
	}
};

struct window {
	void *bar;
	void *saved;
	void *expected;
	const struct layout *layout;
};

static void window_read(struct window *window, void *buf)
{
	for (u64 i = 0; i < window_size; i += 4)
		*(u32 *)(buf + i) = readl(window->bar + i);
}

static void window_write(struct window *window, const void *buf)
{
	for (u64 i = 0; i < window_size; i += 4)
		writel(*(u32 *)(buf + i), window->bar + i);

	/* Writes are posted, a read is not. */
	readl(window->bar);
}

static bool window_is_expected(struct window *window)
{
	for (u64 i = 0; i < window_size; i += 4) {
		if (readl(window->bar + i) != *(u32 *)(window->expected + i))
			return false;
	}

	return true;
}

/*
 * Nothing orders what a device writes to a peer with the completion that it
 * writes to memory, so the bytes may arrive a bit later than that.
 */
static bool window_becomes_expected(struct window *window)
{
	for (int i = 0; i < 100; i++) {
		if (window_is_expected(window))
			return true;
		usleep(1000);
	}

	return false;
}

/* Bytes that depend on their place, different ones each time */
static void fill(void *buf, u64 size)
{
	static u32 value = 1;

	for (u64 i = 0; i < size; i += 4) {
		value = value * 1664525 + 1013904223;
		*(u32 *)(buf + i) = value;
	}
}

static void window_init(struct window *window, void *bar)
{
	window->bar = bar;
	window->saved = malloc_assert(window_size);
	window->expected = malloc_assert(window_size);

	window_read(window, window->saved);
	fill(window->expected, window_size);
	window_write(window, window->expected);
}

static void window_cleanup(struct window *window)
{
	free(window->saved);
	free(window->expected);
}

/* Where page @page of the dma-buf is in an image of the window */
static void *window_page(struct window *window, void *image, u64 page)
{
	const struct vfio_region_dma_range *range = window->layout->ranges;

	while (page >= range->length) {
		page -= range->length;
		range++;
	}

	return image + (range->offset + page) * page_size;
}

/*
 * Reading a prefetchable BAR has no side effects, which registers would have.
 * Returns the number of the largest, or -1.
 */
static int find_memory_bar(struct vfio_pci_device *device)
{
	u32 flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	u64 size = 0;
	int ret = -1;
	u32 bar;

	for (int i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct vfio_region_info *info = &device->bars[i].info;

		if (!device->bars[i].vaddr || (info->flags & flags) != flags)
			continue;

		bar = vfio_pci_config_readl(device, PCI_BASE_ADDRESS_0 + 4 * i);
		if (!(bar & PCI_BASE_ADDRESS_MEM_PREFETCH))
			continue;

		if (info->size >= window_size && info->size > size) {
			size = info->size;
			ret = i;
		}
	}

	return ret;
}

struct p2p {
	struct iommu *iommu;
	struct vfio_pci_device *exporter;
	int bar;
	struct window window;

	struct iommu *importer_iommu;
	struct vfio_pci_device *importer;
	struct iova_allocator *iova_allocator;
	struct dma_region memory;
	struct dma_region dma_buf;
};

FIXTURE(vfio_dma_buf_p2p_test) {
	struct p2p p2p;
};

FIXTURE_VARIANT(vfio_dma_buf_p2p_test) {
	const char *iommu_mode;
};

/* Of the exporter; the importer shares it if it is an iommufd. */
#define FIXTURE_VARIANT_ADD_IOMMU_MODE(_iommu_mode)		\
FIXTURE_VARIANT_ADD(vfio_dma_buf_p2p_test, _iommu_mode) {	\
	.iommu_mode = #_iommu_mode,				\
}

FIXTURE_VARIANT_ADD_ALL_IOMMU_MODES();

#undef FIXTURE_VARIANT_ADD_IOMMU_MODE

static void memory_init(struct iommu *iommu,
			struct iova_allocator *iova_allocator,
			struct dma_region *region, u64 size)
{
	region->vaddr = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	VFIO_ASSERT_NE(region->vaddr, MAP_FAILED);

	region->iova = iova_allocator_alloc(iova_allocator, size);
	region->size = size;
	iommu_map(iommu, region);
}

static void memory_cleanup(struct iommu *iommu, struct dma_region *region)
{
	iommu_unmap(iommu, region);
	VFIO_ASSERT_EQ(munmap(region->vaddr, region->size), 0);
}

FIXTURE_SETUP(vfio_dma_buf_p2p_test)
{
	struct p2p *p2p = &self->p2p;

	p2p->iommu = iommu_init(variant->iommu_mode);
	p2p->exporter = vfio_pci_device_init(exporter_bdf, p2p->iommu);

	if (vfio_pci_dma_buf_probe(p2p->exporter, VFIO_DEVICE_FEATURE_GET))
		SKIP(return, "No VFIO_DEVICE_FEATURE_DMA_BUF for device %s", exporter_bdf);

	vfio_pci_cmd_set(p2p->exporter, PCI_COMMAND_MEMORY);
	p2p->bar = find_memory_bar(p2p->exporter);
	window_init(&p2p->window, p2p->exporter->bars[p2p->bar].vaddr);

	p2p->importer_iommu = dma_buf_importer_init(p2p->iommu);
	p2p->importer = vfio_pci_device_init(importer_bdf, p2p->importer_iommu);
	p2p->iova_allocator = iova_allocator_init(p2p->importer_iommu);

	/* Some devices take the address 0 for no buffer. */
	iova_allocator_alloc(p2p->iova_allocator, page_size);
	p2p->dma_buf.iova = iova_allocator_alloc(p2p->iova_allocator, window_size);
	memory_init(p2p->importer_iommu, p2p->iova_allocator, &p2p->memory,
		    window_size);
	memory_init(p2p->importer_iommu, p2p->iova_allocator,
		    &p2p->importer->driver.region, SZ_2M);
	vfio_pci_driver_init(p2p->importer);
}

FIXTURE_TEARDOWN(vfio_dma_buf_p2p_test)
{
	struct p2p *p2p = &self->p2p;

	vfio_pci_driver_remove(p2p->importer);
	memory_cleanup(p2p->importer_iommu, &p2p->importer->driver.region);
	memory_cleanup(p2p->importer_iommu, &p2p->memory);
	iova_allocator_cleanup(p2p->iova_allocator);
	vfio_pci_device_cleanup(p2p->importer);

	if (p2p->exporter) {
		window_write(&p2p->window, p2p->window.saved);
		vfio_pci_device_cleanup(p2p->exporter);
	}
	window_cleanup(&p2p->window);

	dma_buf_importer_cleanup(p2p->importer_iommu, p2p->iommu);
	iommu_cleanup(p2p->iommu);
}

static int export_layout(struct p2p *p2p, const struct layout *layout)
{
	struct vfio_region_dma_range ranges[ARRAY_SIZE(layout->ranges)];

	for (u32 i = 0; i < layout->nr_ranges; i++) {
		ranges[i].offset = layout->ranges[i].offset * page_size;
		ranges[i].length = layout->ranges[i].length * page_size;
	}

	p2p->window.layout = layout;
	return vfio_pci_dma_buf_get(p2p->exporter, p2p->bar, ranges,
				    layout->nr_ranges);
}

/* Map @nr pages of the dma-buf, beginning with page @first. */
static void map_pages(struct p2p *p2p, int fd, u64 first, u64 nr)
{
	p2p->dma_buf.size = nr * page_size;
	iommu_map_dma_buf(p2p->importer_iommu, &p2p->dma_buf, fd,
			  first * page_size);
}

static void unmap_pages(struct p2p *p2p)
{
	iommu_unmap(p2p->importer_iommu, &p2p->dma_buf);
}

/* The device writes all that is mapped: @nr pages, beginning with page @first. */
static void check_write(struct p2p *p2p, u64 first, u64 nr)
{
	struct window *window = &p2p->window;
	void *buf = p2p->memory.vaddr;

	fill(buf, nr * page_size);
	VFIO_ASSERT_EQ(vfio_pci_driver_memcpy(p2p->importer,
					      p2p->memory.iova,
					      p2p->dma_buf.iova,
					      nr * page_size), 0);

	for (u64 i = 0; i < nr; i++)
		memcpy(window_page(window, window->expected, first + i),
		       buf + i * page_size, page_size);
	VFIO_ASSERT_TRUE(window_becomes_expected(window),
			 "The BAR does not have the bytes that the device wrote\n");
}

static void check_read(struct p2p *p2p, u64 first, u64 nr)
{
	struct window *window = &p2p->window;
	void *buf = p2p->memory.vaddr;

	fill(window->expected, window_size);
	window_write(window, window->expected);

	memset(buf, 'x', nr * page_size);
	VFIO_ASSERT_EQ(vfio_pci_driver_memcpy(p2p->importer,
					      p2p->dma_buf.iova,
					      p2p->memory.iova,
					      nr * page_size), 0);

	for (u64 i = 0; i < nr; i++)
		VFIO_ASSERT_EQ(memcmp(window_page(window, window->expected, first + i),
				      buf + i * page_size, page_size), 0,
			       "The device does not read what the BAR has\n");
}

static void check_both_ways(struct p2p *p2p, u64 first, u64 nr)
{
	check_write(p2p, first, nr);
	check_read(p2p, first, nr);
}

/* Whether the device reports an error does not matter. */
static void write_in_vain(struct p2p *p2p)
{
	u64 size = NR_BUF_PAGES * page_size;

	fill(p2p->memory.vaddr, size);
	vfio_pci_driver_memcpy(p2p->importer, p2p->memory.iova,
			       p2p->dma_buf.iova, size);
	/* Time enough for posted writes to arrive */
	usleep(10000);
}

static void check_layout(struct p2p *p2p, const struct layout *layout)
{
	int fd = export_layout(p2p, layout);

	map_pages(p2p, fd, 0, NR_BUF_PAGES);
	check_both_ways(p2p, 0, NR_BUF_PAGES);
	unmap_pages(p2p);

	/* A slice; where there are ranges, from inside the second to the last */
	map_pages(p2p, fd, 2, 3);
	check_both_ways(p2p, 2, 3);
	unmap_pages(p2p);

	VFIO_ASSERT_EQ(close(fd), 0);
}

TEST_F(vfio_dma_buf_p2p_test, one_range)
{
	check_layout(&self->p2p, &contiguous);
}

TEST_F(vfio_dma_buf_p2p_test, ranges)
{
	check_layout(&self->p2p, &scattered);
}

TEST_F(vfio_dma_buf_p2p_test, copy_from_another_ioas)
{
	struct p2p *p2p = &self->p2p;
	struct iommu *other = iommu_init_other_ioas(p2p->importer_iommu);
	struct dma_region region = { .size = NR_BUF_PAGES * page_size };
	int fd = export_layout(p2p, &scattered);

	iommu_map_dma_buf(other, &region, fd, 0);
	ASSERT_EQ(0, close(fd));

	p2p->dma_buf.size = 3 * page_size;
	iommu_copy(p2p->importer_iommu, &p2p->dma_buf, other,
		   region.iova + page_size);
	iommu_unmap(other, &region);
	iommu_cleanup(other);

	check_both_ways(p2p, 1, 3);
	unmap_pages(p2p);
}

TEST_F(vfio_dma_buf_p2p_test, memory_disabled)
{
	struct p2p *p2p = &self->p2p;
	int fd;

	if (sysfs_is_vf(exporter_bdf))
		SKIP(return, "The command register of a VF does not control its memory");

	fd = export_layout(p2p, &scattered);
	map_pages(p2p, fd, 0, NR_BUF_PAGES);
	check_write(p2p, 0, NR_BUF_PAGES);

	vfio_pci_cmd_clear(p2p->exporter, PCI_COMMAND_MEMORY);
	write_in_vain(p2p);
	vfio_pci_cmd_set(p2p->exporter, PCI_COMMAND_MEMORY);
	ASSERT_TRUE(window_becomes_expected(&p2p->window)) {
		TH_LOG("The device wrote to memory that was disabled");
	}

	/* What was mapped is mapped again. */
	check_both_ways(p2p, 0, NR_BUF_PAGES);

	unmap_pages(p2p);
	write_in_vain(p2p);
	ASSERT_TRUE(window_becomes_expected(&p2p->window)) {
		TH_LOG("The device wrote to memory that was unmapped");
	}
	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_p2p_test, exporter_reset)
{
	struct p2p *p2p = &self->p2p;
	int fd;

	if (!(p2p->exporter->info.flags & VFIO_DEVICE_FLAGS_RESET))
		SKIP(return, "Device does not support reset");

	fd = export_layout(p2p, &scattered);
	map_pages(p2p, fd, 0, NR_BUF_PAGES);
	check_write(p2p, 0, NR_BUF_PAGES);

	/* What is in the memory may be lost with it. */
	vfio_pci_device_reset(p2p->exporter);
	window_read(&p2p->window, p2p->window.expected);
	check_both_ways(p2p, 0, NR_BUF_PAGES);

	unmap_pages(p2p);
	ASSERT_EQ(0, close(fd));
}

TEST_F(vfio_dma_buf_p2p_test, exporter_closed)
{
	struct p2p *p2p = &self->p2p;
	u64 size = NR_BUF_PAGES * page_size;
	int fd = export_layout(p2p, &scattered);
	void *seen = malloc_assert(size);

	map_pages(p2p, fd, 0, NR_BUF_PAGES);
	check_read(p2p, 0, NR_BUF_PAGES);
	memcpy(seen, p2p->memory.vaddr, size);

	vfio_pci_device_cleanup(p2p->exporter);
	p2p->exporter = NULL;

	memset(p2p->memory.vaddr, 'x', size);
	vfio_pci_driver_memcpy(p2p->importer, p2p->dma_buf.iova,
			       p2p->memory.iova, size);
	ASSERT_NE(0, memcmp(p2p->memory.vaddr, seen, page_size)) {
		TH_LOG("The device read memory of a device that is closed");
	}

	free(seen);
	unmap_pages(p2p);
	ASSERT_EQ(0, close(fd));
}

static bool has_driver(struct vfio_pci_device *device)
{
	return device->driver.ops;
}

/* Does a BAR keep what is written to it? */
static bool has_memory(struct vfio_pci_device *device)
{
	int bar = find_memory_bar(device);
	struct window window;
	bool ret;

	if (bar < 0)
		return false;

	vfio_pci_cmd_set(device, PCI_COMMAND_MEMORY);
	window_init(&window, device->bars[bar].vaddr);
	ret = window_becomes_expected(&window);
	window_write(&window, window.saved);
	window_cleanup(&window);
	return ret;
}

static bool probe_device(const char *bdf,
			 bool (*has)(struct vfio_pci_device *device))
{
	struct iommu *iommu = iommu_init(default_iommu_mode);
	struct vfio_pci_device *device = vfio_pci_device_init(bdf, iommu);
	bool ret = has(device);

	vfio_pci_device_cleanup(device);
	iommu_cleanup(iommu);
	return ret;
}

static bool find_pair(char **bdfs, const bool *driven, int nr_bdfs,
		      bool exporter_driven)
{
	for (int i = 0; i < nr_bdfs; i++) {
		for (int j = 0; j < nr_bdfs; j++) {
			if (driven[i] != exporter_driven || !driven[j] ||
			    sysfs_iommu_group_get(bdfs[i]) == sysfs_iommu_group_get(bdfs[j]))
				continue;

			if (!probe_device(bdfs[i], has_memory))
				break;

			exporter_bdf = bdfs[i];
			importer_bdf = bdfs[j];
			return true;
		}
	}

	return false;
}

/*
 * Rather let a device without a driver export: the prefetchable BAR of the
 * others may be registers.
 */
static bool find_roles(char **bdfs, int nr_bdfs)
{
	bool driven[nr_bdfs];

	for (int i = 0; i < nr_bdfs; i++)
		driven[i] = probe_device(bdfs[i], has_driver);

	return find_pair(bdfs, driven, nr_bdfs, false) ||
	       find_pair(bdfs, driven, nr_bdfs, true);
}

int main(int argc, char *argv[])
{
	char **bdfs;
	int nr_bdfs;

	bdfs = vfio_selftests_get_bdfs(&argc, argv, &nr_bdfs);
	page_size = getpagesize();
	window_size = NR_PAGES * page_size;

	if (access("/dev/iommu", R_OK | W_OK))
		ksft_exit_skip("No /dev/iommu to import dma-bufs\n");

	if (!find_roles(bdfs, nr_bdfs))
		ksft_exit_skip("No memory BAR of 0x%lx bytes and driver in two IOMMU groups\n",
			       window_size);

	ksft_print_msg("%s exports, %s copies\n", exporter_bdf, importer_bdf);
	return test_harness_run(argc, argv);
}
