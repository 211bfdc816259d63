// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual function exports its BAR, and the physical one takes it away, or is
 * reset. The BAR is an NVMe's registers: the importer reads what the CPU reads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "pair.h"
#include "see.h"
#include "sys.h"

#define DEVICES	"/sys/bus/pci/devices"

/* Registers that stay as they are: CAP, and VS above it */
#define REGS_LEN	12

#define LEAVE_MS	20000

static char pf[PCI_NAME_LEN], vf[PCI_NAME_LEN];
static struct pair p;
static struct vfio_dev dev;
static void *regs;
static size_t regs_len;

struct vf_case {
	const struct importer_ops *target;
	const char *pf_driver;
};

static int set_vfs(const char *nr)
{
	return sys_write(sys_path(DEVICES "/%s/sriov_numvfs", pf), nr);
}

static void find_pf(void)
{
	unsigned int nth;

	for (nth = 0; pci_find(PCI_NVME, nth, pf); nth++)
		if (sys_exists(sys_path(DEVICES "/%s/sriov_numvfs", pf)))
			return;
	skip("no NVMe with virtual functions");
}

/* The first VF, on vfio-pci */
static void make_vf(const struct vf_case *c)
{
	char link[512] = "";

	CHECK(pci_bind(pf, c->pf_driver), "%s does not bind to %s", pf,
	      c->pf_driver);
	CHECK_EQ(sys_write(sys_path(DEVICES "/%s/sriov_drivers_autoprobe", pf),
			   "0"), 0);
	CHECK_EQ(set_vfs("1"), 0);
	CHECK(readlink(sys_path(DEVICES "/%s/virtfn0", pf), link,
		       sizeof(link) - 1) > 0, "%s has no VF", pf);
	snprintf(vf, sizeof(vf), "%.15s", strrchr(link, '/') + 1);
	CHECK(pci_bind(vf, "vfio-pci"), "%s does not bind", vf);
}

static void open_vf(void)
{
	vfio_open(&dev, vf, iommufd_open());
	regs = vfio_map_bar(&dev, 0, &regs_len);
}

static void close_vf(void)
{
	munmap(regs, regs_len);
	vfio_close(&dev);
}

static void export_vf(void)
{
	struct vfio_region_dma_range range = { 0, 4096 };

	p.dmabuf = vfio_export(&dev, 0, &range, 1);
	CHECK(p.dmabuf >= 0, "export: %s", ktap_number(p.dmabuf));
	p.l.size = range.length;
}

static void check_works(void)
{
	uint8_t got[REGS_LEN] = { 0 }, should[REGS_LEN];
	int i;

	for (i = 0; i < REGS_LEN; i += 4)
		memcpy(should + i, (char *)regs + i, 4);
	CHECK(should[0] != 0xff, "the CPU does not reach %s", vf);
	CHECK_EQ(importer_read(&p.imp, 0, got, REGS_LEN), 0);
	CHECK(!memcmp(got, should, REGS_LEN), "the device reads wrong");
}

static void begin(const struct vf_case *c)
{
	find_pf();
	machine_need(c->target);
	if (!machine.iommu && c->target == &importer_domain)
		skip("no IOMMU to stop a device that user space drives");
	make_vf(c);
	open_vf();
	export_vf();
	importer_open(&p.imp, c->target);
	CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), 0);
	check_works();
}

static void again(const struct vf_case *c)
{
	CHECK_EQ(importer_unmap(&p.imp), 0);
	close(p.dmabuf);
	make_vf(c);
	open_vf();
	export_vf();
	CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), 0);
	check_works();
	close_vf();
	CHECK_EQ(set_vfs("0"), 0);
}

static void *take_away(void *arg)
{
	(void)arg;
	CHECK_EQ(set_vfs("0"), 0);
	return NULL;
}

static void taken_in_use(const void *arg)
{
	struct timespec until;
	pthread_t thread;
	int request;

	begin(arg);
	request = vfio_eventfd(&dev, VFIO_PCI_REQ_IRQ_INDEX);
	CHECK(!pthread_create(&thread, NULL, take_away, NULL), "no thread");
	vfio_wait_event(request, LEAVE_MS);
	CHECK(sys_exists(sys_path(DEVICES "/%s", vf)), "it did not wait");
	pair_state(&p, "live");
	close_vf();
	pair_state(&p, "dead");
	pair_refused(&p);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LEAVE_MS / 1000;
	CHECK(!pthread_timedjoin_np(thread, NULL, &until), "%s stays", vf);
	CHECK(!sys_exists(sys_path(DEVICES "/%s", vf)), "%s stays", vf);
	pair_refused(&p);
	again(arg);
}

static void only_buffer_left(const void *arg)
{
	begin(arg);
	close_vf();
	CHECK_EQ(set_vfs("0"), 0);
	CHECK(!sys_exists(sys_path(DEVICES "/%s", vf)), "%s stays", vf);
	pair_state(&p, "dead");
	pair_refused(&p);
	again(arg);
}

/*
 * For a while there is no VF behind the BAR, and VFIO does not know: what an
 * importer reads then is nobody's. When the VF is back the buffer is, too.
 */
static void pf_reset(const void *arg)
{
	begin(arg);
	CHECK_EQ(sys_write(sys_path(DEVICES "/%s/reset", pf), "1"), 0);
	note("after a reset of the PF the buffer is %s",
	     fdinfo(p.dmabuf, "phys_state"));
	if (*fdinfo(p.dmabuf, "phys_state") != 'l') {
		vfio_set_memory(&dev, false);
		vfio_set_memory(&dev, true);
	}
	pair_state(&p, "live");
	pair_again(&p);
	check_works();
	close_vf();
	pair_state(&p, "dead");
	CHECK_EQ(set_vfs("0"), 0);
	again(arg);
}

int main(void)
{
	static const struct vf_case domain = { &importer_domain, "nvme" };
	static const struct vf_case device = { &importer_device, "nvme" };
	static const struct ktap_case cases[] = {
		{ "a VF is taken away, target domain", taken_in_use, &domain,
		  0 },
		{ "a VF is taken away, target device", taken_in_use, &device,
		  0 },
		{ "with only the buffer left, target domain", only_buffer_left,
		  &domain, 0 },
		{ "with only the buffer left, target device", only_buffer_left,
		  &device, 0 },
		{ "the PF is reset, target domain", pf_reset, &domain, 0 },
		{ "the PF is reset, target device", pf_reset, &device, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
