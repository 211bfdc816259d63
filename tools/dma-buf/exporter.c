// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "exporter.h"

void exporter_init(struct exporter *exp)
{
	memset(exp, 0, sizeof(*exp));
	exp->bar = -1;
	exp->fd = -1;
}

void exporter_bar(struct exporter *exp, const char *text)
{
	u64 bar;

	if (!parse_number(text, &bar) || bar >= PCI_BARS)
		fail(CTL_USAGE, "such as --bar 2", "'%s' is not a BAR: 0 to %d",
		     text, PCI_BARS - 1);
	exp->bar = bar;
}

void exporter_range(struct exporter *exp, const char *text)
{
	struct vfio_region_dma_range range;
	char *offset = strdup(text);
	char *colon = offset ? strchr(offset, ':') : NULL;
	u64 page = sysconf(_SC_PAGESIZE), start, len;

	if (colon)
		*colon = 0;
	if (!colon || !parse_size(offset, &start) ||
	    !parse_size(colon + 1, &len))
		fail(CTL_USAGE, "such as --range 0x10000:64K",
		     "'%s' is not OFFSET:LENGTH", text);
	free(offset);
	if (start % page || len % page || !len)
		fail(CTL_USAGE, "round the offset down and the length up",
		     "the range %s is not of whole pages, each of %s", text,
		     size_text(page));
	range.offset = start;
	range.length = len;
	exp->ranges = xgrow(exp->ranges, exp->nr, sizeof(*exp->ranges));
	exp->ranges[exp->nr++] = range;
}

void exporter_device(struct exporter *exp, const char *device)
{
	struct pci_bar bars[PCI_BARS];
	char *all, *there;

	pci_name(device, exp->name);
	pci_bars(exp->name, bars);
	all = pci_bars_text(exp->name);
	if (!*all)
		fail(CTL_NOT_FOUND, NULL,
		     "%s has no memory BAR, so there is nothing to export",
		     exp->name);
	there = xprintf("it has %s", all);
	if (exp->bar < 0)
		fail(CTL_USAGE, there, "which BAR of %s? --bar N is missing",
		     exp->name);
	if (!bars[exp->bar].size)
		fail(CTL_NOT_FOUND, there, "%s has no BAR%d", exp->name,
		     exp->bar);
	if (bars[exp->bar].io)
		fail(CTL_NOT_FOUND, there,
		     "BAR%d of %s is for port I/O and has no memory", exp->bar,
		     exp->name);
	free(all);
	free(there);
}

static void check_ranges(struct exporter *exp, u64 size)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < exp->nr; i++) {
		const struct vfio_region_dma_range *range = &exp->ranges[i];

		if (range->offset > size || range->length > size - range->offset)
			fail(CTL_USAGE, NULL,
			     "the range %#llx:%s goes past the end of BAR%d, which has %s",
			     (u64)range->offset, size_text(range->length),
			     exp->bar, size_text(size));
		sum += range->length;
		if (sum > size)
			fail(CTL_USAGE, NULL,
			     "the ranges add up to more than BAR%d has: %s",
			     exp->bar, size_text(size));
	}
}

static __noreturn void export_failed(const struct exporter *exp)
{
	static const char what[] = "BAR%d of %s cannot be exported: %s (%s)";
	const char *error = strerrorname_np(errno);

	switch (errno) {
	case ENOTTY:
	case EOPNOTSUPP:
		fail(CTL_NOT_READY,
		     "it needs CONFIG_VFIO_PCI_DMABUF; not every variant driver has it",
		     what, exp->bar, exp->name,
		     "its driver or this kernel does not export dma-bufs",
		     error);
	case ENODEV:
		fail(CTL_NOT_FOUND, NULL, what, exp->bar, exp->name,
		     "its driver could not claim the BAR", error);
	default:
		fail(denied_or(CTL_FAILED), NULL, what, exp->bar, exp->name,
		     strerror(errno), error);
	}
}

void exporter_make(struct exporter *exp, int iommufd)
{
	u64 size;

	vfio_open(&exp->dev, exp->name, iommufd);
	size = vfio_bar_size(&exp->dev, exp->bar);
	if (!size)
		fail(CTL_NOT_FOUND, NULL,
		     "BAR%d of %s is not for user space, says its driver",
		     exp->bar, exp->name);
	if (size < (u64)sysconf(_SC_PAGESIZE))
		fail(CTL_FAILED, NULL,
		     "BAR%d of %s cannot be exported: it has %s, less than a page",
		     exp->bar, exp->name, size_text(size));
	if (!exp->nr) {
		exp->ranges = xcalloc(1, sizeof(*exp->ranges));
		exp->ranges[exp->nr++].length = size;
	}
	check_ranges(exp, size);

	/* A buffer of memory that is off is revoked from its beginning. */
	vfio_set_memory(&exp->dev, true);
	exp->fd = vfio_export(&exp->dev, exp->bar, exp->ranges, exp->nr);
	if (exp->fd < 0)
		export_failed(exp);
	if (!buffer_of_fd(getpid(), exp->fd, &exp->buf))
		fail(CTL_FAILED, NULL, "/proc does not show the new dma-buf: %s",
		     strerror(errno));
}
