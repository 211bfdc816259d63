// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had to fix where dma-bufs of BARs meet VFIO and IOMMUFD, each
 * by its name: what made it show must do no harm here. Those of lifetime show as
 * splats of a kernel with KASAN, and refcounts on any.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include "iommufd_test.h"

#include "iommufd.h"
#include "ktap.h"
#include "pair.h"
#include "sample.h"
#include "see.h"
#include "sys.h"

#define PAGE	4096ull

#define TRACING	"/sys/kernel/tracing"

static struct pair p;

/* The two that are told of a revoke, and both at once */
static void pair_open_both(struct importer *other)
{
	pair_open(&p, &importer_domain);
	machine_need(&importer_device);
	importer_open(other, &importer_device);
	CHECK_EQ(importer_map(other, p.dmabuf, 0, p.l.size), 0);
}

/*
 * The revoke dropped the reference that each mapping held, and the importers,
 * letting go of what they had no longer, dropped it again.
 */
static void kref_underflow_after_revoke(const void *arg)
{
	struct importer other;
	int i;

	(void)arg;
	pair_open_both(&other);
	for (i = 0; i < 3; i++) {
		vfio_set_memory(&p.exp.dev, false);
		vfio_set_memory(&p.exp.dev, false);
		CHECK_EQ(importer_unmap(&p.imp), 0);
		CHECK_EQ(importer_unmap(&other), 0);
		pair_state(&p, "revoked");
		vfio_set_memory(&p.exp.dev, true);
		pair_state(&p, "live");
		CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), 0);
		CHECK_EQ(importer_map(&other, p.dmabuf, 0, p.l.size), 0);
		pair_works(&p, i);
	}
	vfio_set_memory(&p.exp.dev, false);
	exporter_close(&p.exp);
	CHECK_EQ(importer_unmap(&p.imp), 0);
	CHECK_EQ(importer_unmap(&other), 0);
	close(p.dmabuf);
	CHECK_EQ(buffers_left(), 0);
}

static void *write_once(void *arg)
{
	static uint8_t data[IMPORTER_STEP];

	(void)arg;
	memset(data, 0x5a, sizeof(data));
	p.ret = importer_write(&p.imp, 0, data, sizeof(data));
	return NULL;
}

/*
 * The revoke told the importers and went on while their devices still wrote.
 * This one maps as its write begins; with the memory back at once, what lands
 * too late shows.
 */
static void no_wait_for_invalidation(const void *arg)
{
	(void)arg;
	pair_open(&p, &importer_device);
	CHECK_EQ(importer_unmap(&p.imp), 0);
	CHECK_EQ(sample_import(p.imp.node, p.dmabuf), 0);
	CHECK(!pthread_create(&p.thread, NULL, write_once, NULL), "no thread");
	while (!atoi(fdinfo(p.dmabuf, "phys_mappings")))
		sleep_ms(2);
	vfio_set_memory(&p.exp.dev, false);
	vfio_set_memory(&p.exp.dev, true);
	bar_snapshot(&p.exp.bar);
	sleep_ms(350);
	bar_check(&p.exp.bar);
	pair_join(&p);
	CHECK(!p.ret || p.ret == -ENODEV, "write: %s", ktap_number(p.ret));
}

/* The end of the device and the end of the buffer freed the same thing. */
static void double_free(const void *arg)
{
	struct importer other;
	int order;

	(void)arg;
	for (order = 0; order < 4; order++) {
		pair_open_both(&other);
		if (order & 1)
			close(p.dmabuf);
		if (order & 2)
			exporter_close(&p.exp);
		importer_unmap(&other);
		importer_unmap(&p.imp);
		if (!(order & 1))
			close(p.dmabuf);
		if (!(order & 2))
			exporter_close(&p.exp);
		close(other.node);
		pair_close_device(&p);
		close(p.imp.dev.iommufd);
		CHECK_EQ(buffers_left(), 0);
	}
}

static void trace_only(const char *functions)
{
	if (sys_write(TRACING "/set_ftrace_filter", functions))
		skip("the kernel cannot trace %s", functions);
	CHECK_EQ(sys_write(TRACING "/current_tracer", "function"), 0);
	CHECK_EQ(sys_write(TRACING "/trace", "\n"), 0);
}

/* The device was switched off before its buffers were taken from the importers. */
static void cleanup_before_disable(const void *arg)
{
	char *trace, *cleanup, *disable;

	(void)arg;
	pair_open(&p, &importer_device);
	trace_only("dma_buf_phys_kill pci_disable_device");
	exporter_close(&p.exp);
	trace = sys_slurp(TRACING "/trace");
	CHECK_EQ(sys_write(TRACING "/current_tracer", "nop"), 0);
	cleanup = strstr(trace, ": dma_buf_phys_kill");
	disable = strstr(trace, ": pci_disable_device");
	CHECK(cleanup, "closing the device does not kill its buffer");
	CHECK(disable, "closing the device does not switch it off");
	CHECK(cleanup < disable, "the device was switched off first");
	free(trace);
}

/*
 * IOMMUFD's pages of the buffer are shared by the areas that it is copied to;
 * when the first area was gone the others had freed memory.
 */
static void pages_lifetime_after_detach(const void *arg)
{
	struct vfio_dev *dev = &p.imp.dev;
	uint32_t second;
	uint64_t iova;

	(void)arg;
	pair_open(&p, &importer_domain);
	second = ioas_alloc(dev->iommufd);
	CHECK_EQ(ioas_copy(dev->iommufd, p.imp.ioas, p.imp.iova, p.l.size,
			   second, &iova), 0);
	CHECK_EQ(ioas_unmap(dev->iommufd, p.imp.ioas, p.imp.iova, p.l.size), 0);
	vfio_set_memory(&p.exp.dev, false);
	vfio_set_memory(&p.exp.dev, true);
	close(p.dmabuf);
	CHECK_EQ(vfio_attach(dev, second), 0);
	vfio_set_memory(&p.exp.dev, false);
	CHECK_EQ(ioas_unmap(dev->iommufd, second, iova, p.l.size), 0);
	CHECK_EQ(buffers_left(), 0);
}

static long test_op(int iommufd, struct iommu_test_cmd *cmd, uint32_t op)
{
	cmd->size = sizeof(*cmd);
	cmd->op = op;
	return sys_ioctl(iommufd, IOMMU_TEST_CMD, cmd);
}

/* Software that reads an address space pins pages; these have none. */
static void access_pin_of_a_dmabuf(const void *arg)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct iommu_test_cmd make = {
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	struct iommu_test_cmd pin = { 0 }, rw = { 0 };
	int iommufd = iommufd_open();
	uint64_t iova;

	(void)arg;
	exporter_open(&p.exp);
	layout_scatter(&p.l, 3, 1, 0, p.exp.bar.len);
	p.dmabuf = exporter_export(&p.exp, &p.l);
	make.id = ioas_alloc(iommufd);
	CHECK_EQ(ioas_map_file(iommufd, make.id, p.dmabuf, 0, p.l.size, &iova),
		 0);
	if (test_op(iommufd, &make, IOMMU_TEST_OP_CREATE_ACCESS))
		skip("IOMMUFD's own tests are not in this kernel");

	pin.id = make.create_access.out_access_fd;
	pin.access_pages.iova = iova;
	pin.access_pages.length = PAGE;
	pin.access_pages.uptr = (uintptr_t)page;
	CHECK_EQ(test_op(iommufd, &pin, IOMMU_TEST_OP_ACCESS_PAGES), -EINVAL);
	rw.id = make.create_access.out_access_fd;
	rw.access_rw.iova = iova;
	rw.access_rw.length = 1;
	rw.access_rw.uptr = (uintptr_t)page;
	CHECK_EQ(test_op(iommufd, &rw, IOMMU_TEST_OP_ACCESS_RW), -EINVAL);

	/* And it does not stand in the way of a revoke. */
	vfio_set_memory(&p.exp.dev, false);
	pair_state(&p, "revoked");
	CHECK_EQ(ioas_unmap(iommufd, make.id, iova, p.l.size), 0);
}

/*
 * Of a region that VFIO has no BAR for, or that it could not claim, the ranges
 * were some other memory's: those from address 0.
 */
static void unclaimed_bar(const void *arg)
{
	struct layout l;
	unsigned int bar;

	(void)arg;
	exporter_open(&p.exp);
	layout_adjacent(&l, 1, 0);
	for (bar = 0; bar <= VFIO_PCI_ROM_REGION_INDEX; bar++) {
		uint64_t start;

		/* A BAR of less than a page is not one's own. */
		if (pci_bar(machine.exporter, bar, &start) >= PAGE)
			continue;
		p.exp.region = bar;
		CHECK(exporter_try(&p.exp, &l) < 0,
		      "region %u has no page, and is exported", bar);
	}
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "kref underflow after revoke", kref_underflow_after_revoke,
		  NULL, 0 },
		{ "no wait for invalidation", no_wait_for_invalidation, NULL,
		  0 },
		{ "double free", double_free, NULL, 0 },
		{ "cleanup before disable", cleanup_before_disable, NULL, 0 },
		{ "pages lifetime after detach", pages_lifetime_after_detach,
		  NULL, 0 },
		{ "access pin of a dma-buf", access_pin_of_a_dmabuf, NULL, 0 },
		{ "unclaimed BAR", unclaimed_bar, NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
