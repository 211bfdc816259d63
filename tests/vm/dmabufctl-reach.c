// SPDX-License-Identifier: GPL-2.0
/*
 * What dmabufctl predicts about peer to peer, against the kernel: for each pair
 * the sample driver maps a buffer of the one for the other, and the trace tells
 * by which route, or the errno that there is none.
 *
 *     dmabufctl-reach [route]	this route must be among them
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "tool.h"
#include "vfio.h"

#define TRACING		"/sys/kernel/tracing"
#define PCI_TESTDEV	0x1b360005
#define PCI_BRIDGE_CLASS	0x0604
#define NO_ROUTE	6

static const struct {
	uint32_t id;
	unsigned int nth;
	unsigned int bar;
} exporters[] = {
	{ PCI_IVSHMEM, 0, 2 },
	{ PCI_IVSHMEM, 1, 2 },
	{ PCI_TESTDEV, 0, 2 },
	{ PCI_TESTDEV, 1, 2 },
	{ PCI_NVME, 0, 2 },
};

#define NR_EXPORTERS	(sizeof(exporters) / sizeof(*exporters))

static const char *expected;

/* The route of the last mapping of a buffer */
static void traced_route(unsigned long long ino, char route[16])
{
	char *text = sys_slurp(TRACING "/trace"), *at = text, *found = NULL;
	const char *key = sys_path("dma_buf_phys_map: ino=%llu ", ino);

	while ((at = strstr(at, key)))
		found = at++;
	CHECK(found, "no mapping of %llu in the trace", ino);
	found = strstr(found, "route=");
	CHECK(found && sscanf(found, "route=%15s", route) == 1, "no route");
	free(text);
}

/* What the kernel does; it maps for real. */
static void kernel_says(const char *from, unsigned int bar, const char *to,
			char route[16])
{
	struct vfio_region_dma_range range = { .length = 4096 };
	struct vfio_dev dev;
	struct stat st;
	int fd, node, ret;

	CHECK(pci_bind(from, "vfio-pci"), "%s does not bind to vfio-pci", from);
	vfio_open(&dev, from, iommufd_open());
	fd = vfio_export(&dev, bar, &range, 1);
	CHECK(fd >= 0, "BAR%u of %s: %s", bar, from, ktap_number(fd));
	CHECK(!fstat(fd, &st), "fstat: %m");
	node = sample_open(to);
	ret = sample_import(node, fd);
	if (!ret)
		ret = sample_write(node, 0, NULL, 0);
	if (ret == -EREMOTEIO) {
		strcpy(route, "none");
	} else {
		CHECK_EQ(ret, 0);
		traced_route(st.st_ino, route);
	}
	close(node);
	close(fd);
	vfio_close(&dev);
	close(dev.iommufd);
}

/* All that dmabufctl said of pairs, and what it said of all of them at once */
static char *said;
static struct tool matrix;

/*
 * What dmabufctl says, in its exit status, too; the table of all says the same.
 * Whether it is JSON jq tells in the end: that takes its time.
 */
static void tool_says(const char *from, const char *to, char route[16])
{
	const char *at;
	struct tool t;
	char *more;

	tool_run(&t, "--json reach %s %s", from, to);
	at = strstr(t.out, "\"route\":\"");
	CHECK(at && sscanf(at, "\"route\":\"%15[a-z]\"", route) == 1,
	      "no route:\n%s%s", t.out, t.err);
	CHECK_EQ(t.status, strcmp(route, "none") ? 0 : NO_ROUTE);
	CHECK(asprintf(&more, "%s%s", said ?: "", t.out) > 0, "no memory");
	said = more;

	tool_run(&matrix, "--json reach");
	at = strstr(matrix.out, sys_path("{\"memory\":\"%s\",\"importer\":\"%s\",\"route\":\"%s\"}",
					 from, to, route));
	CHECK(at, "the table says something else than '%s':\n%s", route,
	      matrix.out);
}

static void check_pair(const char *from, unsigned int bar, const char *to,
		       char is[16])
{
	char predicted[16];

	tool_says(from, to, predicted);
	kernel_says(from, bar, to, is);
	note("%s to %s: %s, predicted: %s", to, from, is, predicted);
	CHECK(!strcmp(is, predicted), "%s to %s: the kernel says '%s', dmabufctl '%s'",
	      to, from, is, predicted);
}

/* Then user space and a driver cannot have one each. */
static bool share_group(const char *one, const char *other)
{
	return pci_group(one) >= 0 && pci_group(one) == pci_group(other);
}

/* No driver may have what is in a group with an exporter. */
static void let_go(const char *name)
{
	char class[16];

	sys_read(sys_path("/sys/bus/pci/devices/%s/class", name), class,
		 sizeof(class));
	if (strtoul(class, NULL, 16) >> 8 != PCI_BRIDGE_CLASS)
		pci_bind(name, NULL);
}

static void need_driver(const char *name)
{
	if (!pci_bind(name, "dma_buf_edu"))
		skip("the sample driver does not get %s: its group is user space's",
		     name);
}

static void all_pairs(const void *arg)
{
	char from[PCI_NAME_LEN], to[PCI_NAME_LEN], is[16];
	unsigned int pairs = 0, as_expected = 0, i, j;

	(void)arg;
	sys_write(TRACING "/events/dma_buf_phys/enable", "1");
	for (j = 0; j < 2; j++) {
		CHECK(pci_find(PCI_EDU, j, to), "not two edu");
		need_driver(to);
		for (i = 0; i < NR_EXPORTERS; i++) {
			if (!pci_find(exporters[i].id, exporters[i].nth, from) ||
			    share_group(from, to))
				continue;
			pci_group_others(from, let_go);
			check_pair(from, exporters[i].bar, to, is);
			pairs++;
			as_expected += expected && !strcmp(is, expected);
		}
	}
	CHECK(pairs >= 8, "%u pairs are too few to prove anything", pairs);
	CHECK(!expected || as_expected, "no pair has the route %s", expected);
	matrix.out = strcat(realloc(said, strlen(said) + strlen(matrix.out) + 1),
			    matrix.out);
	TOOL_JQ_IS(&matrix, true, sys_path("%u true", pairs + 1),
		   "\"\\(length) \\([.[].prediction] | all)\"");
}

/* Offset of an extended capability's register */
static off_t find_acs(int config)
{
	uint32_t header;
	off_t pos = PCI_CFG_SPACE_SIZE;

	while (pos >= PCI_CFG_SPACE_SIZE &&
	       pread(config, &header, 4, pos) == 4 && header) {
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ACS)
			return pos;
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

/* Switch P2P request redirect of the port above a device on or off. */
static bool set_redirect(const char *name, bool on)
{
	char path[512];
	uint16_t ctrl;
	int config;
	off_t acs;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/../config", name);
	config = open(path, O_RDWR | O_CLOEXEC);
	CHECK(config >= 0, "%s: %m", path);
	acs = find_acs(config);
	if (!acs)
		return false;
	acs += PCI_ACS_CTRL;
	CHECK(pread(config, &ctrl, 2, acs) == 2, "%s: %m", path);
	ctrl = on ? ctrl | PCI_ACS_RR : ctrl & ~PCI_ACS_RR;
	CHECK(pwrite(config, &ctrl, 2, acs) == 2, "%s: %m", path);
	close(config);
	return true;
}

/*
 * Two functions below one root port: straight, unless the port redirects. What
 * the kernel found out it remembers until the exporter's driver goes.
 */
static void redirect_counts(const void *arg)
{
	char from[PCI_NAME_LEN], to[PCI_NAME_LEN], is[16];
	bool on;

	(void)arg;
	if (!pci_find(PCI_TESTDEV, 1, from) || !pci_find(PCI_EDU, 2, to))
		skip("no two functions below one root port");
	if (share_group(from, to))
		skip("they share an IOMMU group");
	need_driver(to);
	sys_write(TRACING "/events/dma_buf_phys/enable", "1");
	for (int i = 0; i < 3; i++) {
		on = i % 2;
		pci_bind(from, NULL);
		if (!set_redirect(to, on))
			skip("the root port has no ACS");
		check_pair(from, 2, to, is);
		CHECK(!strcmp(is, "bus") == !on, "redirect %s, route %s",
		      on ? "on" : "off", is);
	}
}

static void tree_tells(const void *arg)
{
	char edu[PCI_NAME_LEN], group[16];
	struct tool t;

	(void)arg;
	if (!pci_find(PCI_EDU, 0, edu))
		skip("no edu");
	tool_run(&t, "--json reach --tree");
	CHECK_EQ(t.status, 0);
	snprintf(group, sizeof(group), "%d", pci_group(edu));
#define EDU	".devices[] | select(.device == \"%s\") | "
	TOOL_JQ_IS(&t, false, pci_group(edu) < 0 ? "null" : group,
		   EDU ".iommu_group", edu);
	TOOL_JQ_IS(&t, false, "1048576", EDU ".bars[0].size", edu);
	TOOL_JQ_IS(&t, false, "true", "[.devices[] | .device] as $all"
		   " | [.devices[] | .below | select(. != null) | IN($all[])] | all");
	TOOL_JQ_IS(&t, false, "true", "[.devices[] | .acs | IN(\"yes\", \"no\")] | all");
	tool_run(&t, "reach --tree");
	tool_expect(&t, 0, edu);
	tool_expect(&t, 0, "pci0000:00  from port to port:");
}

static void refuses(const void *arg)
{
	char edu[PCI_NAME_LEN];
	struct tool t;

	(void)arg;
	CHECK(pci_find(PCI_EDU, 0, edu), "no edu");
	tool_run(&t, "reach %s", edu);
	tool_expect(&t, 2, "takes two devices, or none");
	tool_run(&t, "reach %s 0000:7f:1f.7", edu);
	tool_expect(&t, 3, "no PCI device");
	tool_run(&t, "reach 0000:00:00.0 %s", edu);
	tool_expect(&t, 3, "no memory BAR");
	tool_run(&t, "reach 00:00 %s", edu);
	tool_expect(&t, 2, "not a PCI address");
}

/*
 * Nobody but root may read what decides behind a switch: then it says so. Where
 * no bridge is above both, all that decides can be seen by everybody.
 */
static void nobody_is_not_told(const void *arg)
{
	char from[PCI_NAME_LEN], to[PCI_NAME_LEN];
	struct tool t, root;
	bool together;

	(void)arg;
	CHECK(pci_find(PCI_IVSHMEM, 0, from) && pci_find(PCI_EDU, 0, to),
	      "no devices");
	together = pci_same_root_port(from, to);
	tool_run(&root, "--json reach %s %s", from, to);
	tool_run_nobody(&t, "--json reach %s %s", from, to);
	if (together) {
		CHECK_EQ(t.status, 7);
		TOOL_JQ_IS(&t, false, "hidden null true", "\"\\(.route) \\(.redirected)"
			   " \\([.hops[].redirects] | any(. == null))\"");
		tool_run_nobody(&t, "reach %s %s", from, to);
		tool_expect(&t, 7, "run this as root");
		tool_expect(&t, 7, "ACS hidden");
	} else {
		char *route = strdup(tool_jq(&root, false, ".route"));

		CHECK_EQ(t.status, root.status);
		TOOL_JQ_IS(&t, false, route, ".route");
	}
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "what is predicted is what the kernel does", all_pairs, NULL, 0 },
		{ "a port that redirects counts", redirect_counts, NULL, 0 },
		{ "the tree tells", tree_tells, NULL, 0 },
		{ "reach refuses", refuses, NULL, 0 },
		{ "nobody is told what can be seen", nobody_is_not_told, NULL, 0 },
	};

	expected = argc > 1 ? argv[1] : NULL;
	return ktap_run(CASES(cases));
}
