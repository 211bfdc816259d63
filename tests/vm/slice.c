// SPDX-License-Identifier: GPL-2.0
/*
 * Slices of a buffer: page aligned, beginning and ending inside of ranges; and
 * how many pieces a device sees of adjacent ranges.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sample.h"

#define PAGE	4096ull

static struct exporter exp;
static struct importer imp;
static struct layout l;
static int dmabuf;

/* Six ranges of 3, 1, 2, 4, 1 and 2 pages, in no order */
static void export_six(void)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 0x900000, 3 * PAGE }, { 0x100000, 1 * PAGE },
		{ 0x500000, 2 * PAGE }, { 0x203000, 4 * PAGE },
		{ 0x7ff000, 1 * PAGE }, { 0x001000, 2 * PAGE },
	};

	exporter_open(&exp);
	layout_set(&l, ranges, 6);
	dmabuf = exporter_export(&exp, &l);
}

/* Write the slice that imp has mapped, from its first to its last byte. */
static void write_slice(uint64_t offset, uint64_t len, uint64_t seed)
{
	uint8_t *data = malloc(len);

	CHECK(data, "no memory");
	pattern(data, len, seed, 0);
	CHECK_EQ(importer_write(&imp, 0, data, len), 0);
	bar_expect(&exp.bar, &l, offset, data, len);
	free(data);
	bar_check(&exp.bar);
}

static void read_slice(uint64_t offset, uint64_t len, uint64_t seed)
{
	uint8_t *data = malloc(len), *got = calloc(1, len);

	CHECK(data && got, "no memory");
	pattern(data, len, seed, 0);
	bar_write(&exp.bar, &l, offset, data, len);
	CHECK_EQ(importer_read(&imp, 0, got, len), 0);
	CHECK(!memcmp(got, data, len), "slice at %#llx reads wrong",
	      (unsigned long long)offset);
	free(data);
	free(got);
}

static const struct { uint64_t first, pages; } slices[] = {
	{ 1, 1 },	/* inside of the first range */
	{ 2, 3 },	/* from the first's last page to inside of the third */
	{ 4, 5 },	/* inside of the third to inside of the fourth */
	{ 9, 4 },	/* the fourth's last page to the end */
	{ 0, 13 },	/* everything */
};

static void slices_one_by_one(const void *arg)
{
	const struct importer_ops *target = arg;
	size_t i;

	machine_need(target);
	export_six();
	importer_open(&imp, target);
	for (i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		uint64_t offset = slices[i].first * PAGE;
		uint64_t len = slices[i].pages * PAGE;

		CHECK_EQ(importer_map(&imp, dmabuf, offset, len), 0);
		write_slice(offset, len, 10 + i);
		read_slice(offset, len, 20 + i);
		CHECK_EQ(importer_unmap(&imp), 0);
	}
}

/* A device that writes on behind its slice does not get there. */
static void slice_is_a_fence(const void *arg)
{
	uint8_t data[2 * 64];

	(void)arg;
	if (!machine.iommu)
		skip("no IOMMU to stop the device");
	export_six();
	importer_open(&imp, &importer_domain);
	CHECK_EQ(importer_map(&imp, dmabuf, PAGE, PAGE), 0);

	pattern(data, sizeof(data), 30, 0);
	memcpy(imp.bounce, data, sizeof(data));
	edu_load(&imp.edu, imp.bounce_addr, sizeof(data));
	edu_store(&imp.edu, imp.iova + PAGE - 64, sizeof(data));
	bar_expect(&exp.bar, &l, 2 * PAGE - 64, data, 64);
	bar_check(&exp.bar);
}

/* Two slices that overlap, one goes, the other stays. */
static void slices_are_independent(const void *arg)
{
	uint64_t iova;

	(void)arg;
	export_six();
	importer_open(&imp, &importer_domain);
	CHECK_EQ(ioas_map_file(imp.dev.iommufd, imp.ioas, dmabuf, 2 * PAGE,
			       4 * PAGE, &iova), 0);
	CHECK_EQ(importer_map(&imp, dmabuf, PAGE, 3 * PAGE), 0);
	write_slice(PAGE, 3 * PAGE, 40);
	CHECK_EQ(ioas_unmap(imp.dev.iommufd, imp.ioas, iova, 4 * PAGE), 0);
	write_slice(PAGE, 3 * PAGE, 41);
}

/* A second address space gets the slice from the first one. */
static void slice_is_copied(const void *arg)
{
	uint64_t iova, copy;
	uint32_t other;

	(void)arg;
	export_six();
	importer_open(&imp, &importer_domain);
	other = ioas_alloc(imp.dev.iommufd);
	CHECK_EQ(ioas_map_file(imp.dev.iommufd, other, dmabuf, 2 * PAGE,
			       4 * PAGE, &iova), 0);
	CHECK_EQ(ioas_copy(imp.dev.iommufd, other, iova, 4 * PAGE, imp.ioas,
			   &copy), 0);
	CHECK_EQ(ioas_unmap(imp.dev.iommufd, other, iova, 4 * PAGE), 0);

	imp.iova = copy;
	imp.size = 4 * PAGE;
	write_slice(2 * PAGE, 4 * PAGE, 50);
}

/* The buffer is mapped before the device comes into its address space. */
static void device_comes_later(const void *arg)
{
	uint32_t other;

	(void)arg;
	export_six();
	importer_open(&imp, &importer_domain);
	other = ioas_alloc(imp.dev.iommufd);
	CHECK_EQ(ioas_map_user(imp.dev.iommufd, other, imp.bounce, PAGE,
			       &imp.bounce_addr), 0);
	imp.ioas = other;
	CHECK_EQ(importer_map(&imp, dmabuf, PAGE, 5 * PAGE), 0);
	CHECK_EQ(vfio_attach(&imp.dev, other), 0);
	if (imp.dev.noiommu) {
		uint64_t run = PAGE;

		CHECK_EQ(ioas_phys(imp.dev.iommufd, other, imp.bounce_addr,
				   &run, &imp.bounce_addr), 0);
	}
	write_slice(PAGE, 5 * PAGE, 60);
}

static void bad_slices(const void *arg)
{
	(void)arg;
	export_six();
	importer_open(&imp, &importer_domain);
	CHECK_EQ(importer_map(&imp, dmabuf, l.size, PAGE), -EINVAL);
	CHECK_EQ(importer_map(&imp, dmabuf, l.size - PAGE, 2 * PAGE), -EINVAL);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, 0), -EINVAL);
	CHECK(importer_map(&imp, dmabuf, -PAGE, 2 * PAGE) < 0,
	      "a slice around the end of the address space is mapped");
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
}

static void count_pieces(const struct vfio_region_dma_range *ranges, size_t nr,
			 unsigned int merged)
{
	unsigned int pieces;

	layout_set(&l, ranges, nr);
	dmabuf = exporter_export(&exp, &l);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	pieces = sample_info(imp.node).pieces;
	/* An IOMMU makes one piece of whatever there is. */
	CHECK_EQ(pieces, pci_translated(machine.edu_device) ? 1 : merged);
	CHECK_EQ(importer_unmap(&imp), 0);
	layout_free(&l);
}

static void adjacent_ranges_merge(const void *arg)
{
	static const struct vfio_region_dma_range adjacent[] = {
		{ 0x10000, PAGE }, { 0x11000, 3 * PAGE }, { 0x14000, PAGE },
	}, two_runs[] = {
		{ 0x20000, PAGE }, { 0x21000, PAGE },
		{ 0x30000, PAGE }, { 0x31000, 2 * PAGE }, { 0x33000, PAGE },
	}, backwards[] = {
		{ 0x42000, PAGE }, { 0x41000, PAGE }, { 0x40000, PAGE },
	};

	(void)arg;
	machine_need(&importer_device);
	exporter_open(&exp);
	importer_open(&imp, &importer_device);
	count_pieces(adjacent, 3, 1);
	count_pieces(two_runs, 5, 2);
	count_pieces(backwards, 3, 3);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "slices one by one, target domain", slices_one_by_one,
		  &importer_domain, 0 },
		{ "slices one by one, target device", slices_one_by_one,
		  &importer_device, 0 },
		{ "a device does not get beyond its slice", slice_is_a_fence,
		  NULL, 0 },
		{ "overlapping slices are independent", slices_are_independent,
		  NULL, 0 },
		{ "a slice is copied to another IOAS", slice_is_copied,
		  NULL, 0 },
		{ "a slice is mapped before the device attaches",
		  device_comes_later, NULL, 0 },
		{ "bad slices are refused", bad_slices, NULL, 0 },
		{ "adjacent ranges merge for a device", adjacent_ranges_merge,
		  NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
