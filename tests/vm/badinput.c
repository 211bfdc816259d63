// SPDX-License-Identifier: GPL-2.0
/*
 * What VFIO_DEVICE_FEATURE_DMA_BUF and the importers must refuse, and that
 * refusing costs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup.h"
#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "other.h"
#include "sample.h"
#include "sys.h"

#define PAGE		4096ull
#define PCI_TESTDEV	0x1b360005

static struct exporter exp;

/* The feature's argument with every field in the caller's hand */
struct ask {
	struct vfio_device_feature feature;
	struct vfio_device_feature_dma_buf dma_buf;
	struct vfio_region_dma_range ranges[4];
};

static struct ask good_ask(void)
{
	return (struct ask){
		.feature = {
			.argsz = sizeof(struct ask),
			.flags = VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF,
		},
		.dma_buf = {
			.region_index = EXPORTER_BAR,
			.open_flags = O_RDWR | O_CLOEXEC,
			.nr_ranges = 2,
		},
		.ranges = { { 0x8000, PAGE }, { 0x2000, 2 * PAGE } },
	};
}

static long ask(struct vfio_dev *dev, struct ask *ask)
{
	return sys_ioctl(dev->fd, VFIO_DEVICE_FEATURE, ask);
}

/* The ask that all others differ from in one thing works. */
static void good_works(const void *arg)
{
	struct ask a = good_ask();
	int fd;

	(void)arg;
	exporter_open(&exp);
	fd = ask(&exp.dev, &a);
	CHECK(fd >= 0, "%s", ktap_number(fd));
	CHECK_EQ(lseek(fd, 0, SEEK_END), 3 * PAGE);
	close(fd);
}

struct refusal {
	const char *what;
	long offset;		/* of the field in struct ask */
	int size;
	uint64_t value;
	int error;
};

#define FIELD(field, v, e) \
	#field " = " #v, offsetof(struct ask, field), \
	sizeof(((struct ask *)0)->field), v, e

static const struct refusal refusals[] = {
	{ FIELD(dma_buf.nr_ranges, 0, -EINVAL) },
	{ FIELD(ranges[1].length, 0, -EINVAL) },
	{ FIELD(ranges[1].length, 0x800, -EINVAL) },
	{ FIELD(ranges[1].length, 0x1001, -EINVAL) },
	{ FIELD(ranges[1].offset, 0x2800, -EINVAL) },
	{ FIELD(ranges[1].offset, 0x2001, -EINVAL) },
	{ FIELD(ranges[0].offset, 0xfff000, 0) },	/* the last page */
	{ FIELD(ranges[0].offset, 0x1000000, -EINVAL) },
	{ FIELD(ranges[1].offset, 0xfff000, -EINVAL) },
	{ FIELD(ranges[0].length, 0x1000000, -EINVAL) },
	{ FIELD(ranges[0].offset, 0xfffffffffffff000, -EOVERFLOW) },
	{ FIELD(ranges[0].offset, 0xffffff0000000000, -EINVAL) },
	{ FIELD(ranges[0].length, 0xfffffffffffff000, -EINVAL) },
	{ FIELD(ranges[0].length, 0x7ffffffffffff000, -EINVAL) },
	{ FIELD(dma_buf.flags, 1, -EINVAL) },
	{ FIELD(dma_buf.flags, 0x80000000, -EINVAL) },
	{ FIELD(dma_buf.region_index, 1, -ENODEV) },	/* no such BAR */
	{ FIELD(dma_buf.region_index, VFIO_PCI_ROM_REGION_INDEX, -ENODEV) },
	{ FIELD(dma_buf.region_index, VFIO_PCI_CONFIG_REGION_INDEX, -ENODEV) },
	{ FIELD(dma_buf.region_index, 1000, -ENODEV) },
	{ FIELD(dma_buf.region_index, 0xffffffff, -ENODEV) },
	{ FIELD(feature.argsz, 16, -EINVAL) },
	{ FIELD(feature.flags, VFIO_DEVICE_FEATURE_SET |
		VFIO_DEVICE_FEATURE_DMA_BUF, -EINVAL) },
};

static void bad_asks(const void *arg)
{
	unsigned int bad = 0;
	size_t i;

	(void)arg;
	exporter_open(&exp);
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct ask a = good_ask();
		long ret;

		memcpy((char *)&a + r->offset, &r->value, r->size);
		ret = ask(&exp.dev, &a);
		if (ret >= 0)
			close(ret);
		if ((ret >= 0 && !r->error) || (ret < 0 && ret == r->error))
			continue;
		note("%s: %s, should be %s", r->what, ktap_number(ret),
		     ktap_number(r->error));
		bad++;
	}
	CHECK(!bad, "%u answers are wrong", bad);
}

/* Absurd numbers of ranges fail before they cost anything. */
static void absurd_counts(const void *arg)
{
	static const uint32_t counts[] = {
		0xffffffff, 0x80000000, 0x10000000, 0x10000, 5000,
	};
	size_t i;

	(void)arg;
	exporter_open(&exp);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct ask a = good_ask();
		uint64_t begin = now_ms();
		long ret;

		/* Behind the few ranges that there are lies no memory. */
		a.dma_buf.nr_ranges = counts[i];
		ret = ask(&exp.dev, &a);
		CHECK(ret == -EINVAL || ret == -EFAULT || ret == -ENOMEM,
		      "%u ranges: %s", counts[i], ktap_number(ret));
		CHECK(now_ms() - begin < 2000, "%u ranges take %llu ms",
		      counts[i], (unsigned long long)(now_ms() - begin));
	}
}

/* More ranges than the BAR has pages: the same page twice makes no sense. */
static void more_ranges_than_pages(const void *arg)
{
	size_t nr = 4097, i;
	struct layout l;

	(void)arg;
	exporter_open(&exp);
	if (exp.map_len != 16 << 20)
		skip("made for a BAR of 16 MiB");
	layout_adjacent(&l, nr, 0);
	for (i = 0; i < nr; i++)
		l.ranges[i].offset = 0;
	CHECK_EQ(exporter_try(&exp, &l), -EINVAL);
	l.nr--;
	CHECK(exporter_try(&exp, &l) >= 0, "as many ranges as pages");
}

/* An I/O BAR has no memory to give. */
static void io_bar(const void *arg)
{
	struct ask a = good_ask();
	struct vfio_dev dev;
	char name[PCI_NAME_LEN];

	(void)arg;
	if (!pci_find(PCI_TESTDEV, 0, name) || !pci_bind(name, "vfio-pci"))
		skip("no pci-testdev, whose BAR1 is for I/O");
	vfio_open(&dev, name, iommufd_open());
	a.dma_buf.region_index = 1;
	a.dma_buf.nr_ranges = 1;
	a.ranges[0] = (struct vfio_region_dma_range){ 0, PAGE };
	CHECK_EQ(ask(&dev, &a), -EINVAL);
}

#define CGROUP	"probe"

/* Ranges cost whoever asks for them, and only as long as the buffer lives. */
static void ranges_are_charged(const void *arg)
{
	long before, with, after;
	struct layout l;
	int fds[64], i;

	(void)arg;
	if (!cgroup_enter(CGROUP))
		skip("no memory cgroup");
	exporter_open(&exp);
	layout_scatter(&l, 1000, 1, 0, 16 << 20);
	close(exporter_export(&exp, &l));
	before = cgroup_stat(CGROUP, "kernel");
	for (i = 0; i < 64; i++)
		fds[i] = exporter_export(&exp, &l);
	with = cgroup_stat(CGROUP, "kernel");
	for (i = 0; i < 64; i++)
		close(fds[i]);
	sleep_ms(200);
	after = cgroup_stat(CGROUP, "kernel");
	note("64 buffers of 1000 ranges: %ld KiB charged, %ld KiB left after close",
	     (with - before) >> 10, (after - before) >> 10);
	CHECK(with - before >= 64 * 1000 * 16, "not charged: %ld bytes",
	      with - before);
	CHECK(after - before < 64 * 1000 * 2, "%ld bytes stay", after - before);
}

/* The fd outlives the device's: nothing can be mapped any more. */
static void fd_after_close(const void *arg)
{
	uint64_t iova;
	struct layout l;
	int iommufd, fd;
	uint32_t ioas;

	(void)arg;
	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	fd = exporter_export(&exp, &l);
	exporter_close(&exp);

	iommufd = iommufd_open();
	ioas = ioas_alloc(iommufd);
	CHECK_EQ(ioas_map_file(iommufd, ioas, fd, 0, l.size, &iova), -ENODEV);
	if (!machine.no_device)
		CHECK_EQ(sample_import(sample_open(machine.edu_device), fd),
			 -ENODEV);
}

/* An exporter without a description cannot be mapped into a domain. */
static void legacy_into_domain(const void *arg)
{
	int (*make)(size_t len) = arg;
	int iommufd = iommufd_open(), fd = make(4 * PAGE);
	uint64_t iova;

	CHECK_EQ(ioas_map_file(iommufd, ioas_alloc(iommufd), fd, 0, 4 * PAGE,
			       &iova), -EOPNOTSUPP);
}

/* But a driver that imports by the new calls can use it. */
static void legacy_into_device(const void *arg)
{
	int (*make)(size_t len) = arg;
	uint8_t data[5000], got[5000];
	struct importer imp;

	machine_need(&importer_device);
	importer_open(&imp, &importer_device);
	CHECK_EQ(importer_map(&imp, make(4 * PAGE), 0, 4 * PAGE), 0);
	pattern(data, sizeof(data), 6, 0);
	CHECK_EQ(importer_write(&imp, 3000, data, sizeof(data)), 0);
	CHECK_EQ(importer_read(&imp, 3000, got, sizeof(got)), 0);
	CHECK(!memcmp(got, data, sizeof(data)), "the device reads wrong");
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a good ask works", good_works, NULL, 0 },
		{ "bad asks get their errno", bad_asks, NULL, 0 },
		{ "absurd numbers of ranges", absurd_counts, NULL, 0 },
		{ "more ranges than the BAR has pages", more_ranges_than_pages,
		  NULL, 0 },
		{ "an I/O BAR is refused", io_bar, NULL, 0 },
		{ "ranges are charged to the caller's cgroup",
		  ranges_are_charged, NULL, 0 },
		{ "the fd after the device is closed", fd_after_close, NULL, 0 },
		{ "udmabuf into a domain", legacy_into_domain, make_udmabuf,
		  0 },
		{ "system heap into a domain", legacy_into_domain, make_heap, 0 },
		{ "udmabuf into a device", legacy_into_device, make_udmabuf,
		  0 },
		{ "system heap into a device", legacy_into_device, make_heap, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
