// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away: unbound from its driver, removed, unplugged, pulled out;
 * the exporter's or the importer's, while it is in use or when only a dma-buf is
 * left of it. Nothing stays mapped, nothing lands, everybody is told, and the
 * device works when it is back.
 *
 *     gone [WAY]...	by the names in lib/leave.c; all without any
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "leave.h"
#include "pair.h"
#include "sample.h"
#include "see.h"
#include "sys.h"

/* QEMU's names for them */
#define EXPORTER_ID	"ivshmem0"
#define EDU_DOMAIN_ID	"edu0"
#define EDU_DEVICE_ID	"edu1"

/* The longest way: 5 s until the button's time is over, then the power goes. */
#define LEAVE_MS	20000

#define SAMPLE_DRIVER	"dma_buf_edu"

struct gone_case {
	const struct leave_way *way;
	const struct importer_ops *target;
	char name[96];
};

static void need_way(const struct gone_case *c, const char *name)
{
	if (c->way->require)
		c->way->require(name);
}

/* The exporter lets go of its device, which then goes away. */
static void leave_unused(const struct gone_case *c, struct pair *p,
			 struct leaving *l)
{
	exporter_close(&p->exp);
	leave_begin(l, c->way, machine.exporter, EXPORTER_ID);
	leave_wait(l, LEAVE_MS);
}

/*
 * The old buffer is dead for good and the old importer, whose device goes on,
 * does not reach the device that is back; with a new buffer it does.
 */
static void check_after(struct pair *p)
{
	exporter_open(&p->exp);
	pair_state(p, "dead");
	pair_refused(p);
	pair_quiet(p);
	if (p->imp.ops == &importer_domain)
		pair_stop(p);
	CHECK_EQ(importer_unmap(&p->imp), 0);
	close(p->dmabuf);
	p->dmabuf = exporter_export(&p->exp, &p->l);
	CHECK_EQ(importer_map(&p->imp, p->dmabuf, 0, p->l.size), 0);
	pair_works(p, 2);
}

/*
 * Who holds the exporter's device is asked for it, and has it until he closes.
 * One that is there no more is first taken from the importers.
 */
static void exporter_in_use(const void *arg)
{
	const struct gone_case *c = arg;
	static struct pair p;
	struct leaving l;
	int request;

	need_way(c, machine.exporter);
	pair_open(&p, c->target);
	request = vfio_eventfd(&p.exp.dev, VFIO_PCI_REQ_IRQ_INDEX);
	pair_write(&p);
	leave_begin(&l, c->way, machine.exporter, EXPORTER_ID);
	vfio_wait_event(request, LEAVE_MS);
	CHECK(c->way->stays || !leave_done(&l), "it did not wait for its user");
	pair_state(&p, c->way->surprise ? "revoked" : "live");
	exporter_close(&p.exp);
	pair_state(&p, "dead");
	if (c->target == &importer_device) {
		pair_join(&p);
		CHECK_EQ(p.ret, -ENODEV);
	}
	pair_refused(&p);
	leave_wait(&l, LEAVE_MS);
	pair_state(&p, "dead");
	pair_refused(&p);
	leave_undo(&l, "vfio-pci");
	check_after(&p);
}

/* A dma-buf that nobody can use holds nothing up. */
static void only_buffer_left(const void *arg)
{
	const struct gone_case *c = arg;
	static struct pair p;
	struct leaving l;

	need_way(c, machine.exporter);
	pair_open(&p, c->target);
	if (c->target == &importer_domain)
		pair_write(&p);
	leave_unused(c, &p, &l);
	pair_state(&p, "dead");
	pair_refused(&p);
	leave_undo(&l, "vfio-pci");
	check_after(&p);
}

/* The last reference to what is left of a device is a dma-buf's. */
static void buffer_outlives_device(const void *arg)
{
	const struct gone_case *c = arg;
	static struct pair p;
	struct leaving l;

	need_way(c, machine.exporter);
	pair_open(&p, c->target);
	leave_unused(c, &p, &l);
	CHECK_EQ(importer_unmap(&p.imp), 0);
	close(p.dmabuf);
	CHECK_EQ(buffers_left(), 0);
	leave_undo(&l, "vfio-pci");
	pair_open(&p, c->target);
}

/*
 * The sample driver's device goes while it copies. The driver lets go of the
 * buffer by itself; who has its node open only hears -ENODEV.
 */
static void driver_importer(const void *arg)
{
	const struct gone_case *c = arg;
	static struct pair p;
	struct leaving l;
	int node;

	need_way(c, machine.edu_device);
	pair_open(&p, &importer_device);
	pair_write(&p);
	leave_begin(&l, c->way, machine.edu_device, EDU_DEVICE_ID);
	leave_wait(&l, LEAVE_MS);
	pair_join(&p);
	CHECK(p.ret == -ENODEV || (c->way->surprise && p.ret == -ETIMEDOUT),
	      "write: %s", ktap_number(p.ret));
	node = p.imp.node;
	pair_state(&p, "live");
	CHECK_EQ(atoi(fdinfo(p.dmabuf, "phys_mappings")), 0);
	CHECK_EQ(sample_write(node, 0, "x", 1), -ENODEV);
	CHECK_EQ(sample_import(node, p.dmabuf), -ENODEV);
	CHECK_EQ(sample_release(node), -ENODEV);

	/* There is nobody left to wait for. */
	vfio_set_memory(&p.exp.dev, false);
	pair_state(&p, "revoked");
	vfio_set_memory(&p.exp.dev, true);
	pair_quiet(&p);

	leave_undo(&l, SAMPLE_DRIVER);
	CHECK_EQ(sample_import(node, p.dmabuf), -ENODEV);
	close(node);
	importer_open(&p.imp, &importer_device);
	CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), 0);
	pair_works(&p, 3);
}

/* Back in its address space; what that has mapped is the buffer still. */
static void attach_again(struct pair *p)
{
	struct vfio_dev *dev = &p->imp.dev;
	size_t len;

	vfio_open(dev, machine.edu_domain, dev->iommufd);
	CHECK_EQ(vfio_attach(dev, p->imp.ioas), 0);
	edu_init(&p->imp.edu, vfio_map_bar(dev, 0, &len));
}

/*
 * A device in user space goes. Its address space stays, with the buffer, in no
 * IOMMU domain; a revoke meanwhile counts.
 */
static void user_importer(const void *arg)
{
	const struct gone_case *c = arg;
	static struct pair p;
	struct leaving l;
	int request;

	need_way(c, machine.edu_domain);
	pair_open(&p, &importer_domain);
	request = vfio_eventfd(&p.imp.dev, VFIO_PCI_REQ_IRQ_INDEX);
	leave_begin(&l, c->way, machine.edu_domain, EDU_DOMAIN_ID);
	vfio_wait_event(request, LEAVE_MS);
	pair_close_device(&p);
	leave_wait(&l, LEAVE_MS);
	CHECK_EQ(atoi(fdinfo(p.dmabuf, "phys_mappings")), 0);
	pair_state(&p, "live");

	leave_undo(&l, "vfio-pci");
	attach_again(&p);
	pair_works(&p, 4);
	pair_close_device(&p);
	vfio_set_memory(&p.exp.dev, false);
	vfio_set_memory(&p.exp.dev, true);
	attach_again(&p);
	pair_again(&p);
	pair_works(&p, 5);
}

/* Both at once: neither waits for the other. */
static void both(const void *arg)
{
	const struct gone_case *c = arg;
	static struct pair p;
	struct leaving exporter, importer;

	need_way(c, machine.exporter);
	pair_open(&p, &importer_device);
	pair_write(&p);
	leave_begin(&importer, c->way, machine.edu_device, EDU_DEVICE_ID);
	leave_begin(&exporter, c->way, machine.exporter, EXPORTER_ID);
	exporter_close(&p.exp);
	leave_wait(&exporter, 2 * LEAVE_MS);
	leave_wait(&importer, 2 * LEAVE_MS);
	pair_join(&p);
	pair_state(&p, "dead");
	close(p.dmabuf);
	leave_undo(&exporter, "vfio-pci");
	leave_undo(&importer, SAMPLE_DRIVER);
	close(p.imp.node);
	CHECK_EQ(buffers_left(), 0);
	pair_open(&p, &importer_device);
}

static void nothing_left(const void *arg)
{
	(void)arg;
	CHECK_EQ(buffers_left(), 0);
}

static const struct {
	const char *name;
	void (*run)(const void *arg);
	const struct importer_ops *target;
} subjects[] = {
	{ "the exporter's device is %s, target domain", exporter_in_use,
	  &importer_domain },
	{ "the exporter's device is %s, target device", exporter_in_use,
	  &importer_device },
	{ "with only the buffer left it is %s, target domain",
	  only_buffer_left, &importer_domain },
	{ "with only the buffer left it is %s, target device",
	  only_buffer_left, &importer_device },
	{ "the buffer goes after the device is %s", buffer_outlives_device,
	  &importer_device },
	{ "a driver's importing device is %s", driver_importer, NULL },
	{ "a user's importing device is %s", user_importer, NULL },
	{ "both devices are %s", both, NULL },
};

#define SUBJECTS	(sizeof(subjects) / sizeof(subjects[0]))

/* Which ways: those that the command line names, or all */
static bool is_wanted(const struct leave_way *way, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], way->name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	size_t most = nr_leave_ways * SUBJECTS, nr = 0, i;
	struct gone_case gone[most];
	struct ktap_case cases[most + 1];

	machine_init();
	for (i = 0; i < most; i++) {
		gone[nr].way = &leave_ways[i / SUBJECTS];
		if (!is_wanted(gone[nr].way, argc, argv))
			continue;
		gone[nr].target = subjects[i % SUBJECTS].target;
		snprintf(gone[nr].name, sizeof(gone[nr].name),
			 subjects[i % SUBJECTS].name, gone[nr].way->name);
		cases[nr] = (struct ktap_case){
			gone[nr].name, subjects[i % SUBJECTS].run, &gone[nr],
			0,
		};
		nr++;
	}
	cases[nr++] = (struct ktap_case){
		"no buffer is left", nothing_left, NULL, 0,
	};
	return ktap_run(cases, nr);
}
