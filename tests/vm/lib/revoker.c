// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "revoker.h"
#include "sys.h"

/* The exporting process, where it is not this one */
static pid_t child;

/* Of the NVMe's memory, every access to which leaves the guest */
#define NVME_BAR	2
#define NVME_LEN	(128 << 10)

static void memory_off(struct exporter *exp)
{
	vfio_set_memory(&exp->dev, false);
}

static void memory_on(struct exporter *exp)
{
	vfio_set_memory(&exp->dev, true);
}

static void need_reset(struct exporter *exp)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	CHECK_EQ(sys_ioctl(exp->dev.fd, VFIO_DEVICE_GET_INFO, &info), 0);
	if (!(info.flags & VFIO_DEVICE_FLAGS_RESET))
		skip("no reset of its own for %s", exp->dev.name);
}

static void reset(struct exporter *exp)
{
	CHECK_EQ(vfio_reset(&exp->dev), 0);
}

static int hot_reset_info(struct exporter *exp)
{
	struct {
		struct vfio_pci_hot_reset_info info;
		struct vfio_pci_dependent_device devices[32];
	} arg = { .info.argsz = sizeof(arg) };

	return sys_ioctl(exp->dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &arg);
}

static void need_hot_reset(struct exporter *exp)
{
	if (exp->dev.noiommu)
		skip("VFIO does not know who owns the bus without an IOMMU");
	if (hot_reset_info(exp))
		skip("no hot reset for %s", exp->dev.name);
}

static void hot_reset(struct exporter *exp)
{
	struct vfio_pci_hot_reset arg = { .argsz = sizeof(arg) };

	CHECK_EQ(sys_ioctl(exp->dev.fd, VFIO_DEVICE_PCI_HOT_RESET, &arg), 0);
}

static void need_flr(struct exporter *exp)
{
	unsigned int cap = vfio_capability(&exp->dev, PCI_CAP_ID_EXP);

	if (!cap || !(vfio_config_read(&exp->dev, cap + PCI_EXP_DEVCAP, 4) &
		      PCI_EXP_DEVCAP_FLR))
		skip("%s has no function level reset", exp->dev.name);
}

static void flr(struct exporter *exp)
{
	unsigned int at = vfio_capability(&exp->dev, PCI_CAP_ID_EXP) +
			  PCI_EXP_DEVCTL;

	vfio_config_write(&exp->dev, at, 2,
			  vfio_config_read(&exp->dev, at, 2) |
			  PCI_EXP_DEVCTL_BCR_FLR);
}

static void need_pm(struct exporter *exp)
{
	if (!vfio_capability(&exp->dev, PCI_CAP_ID_PM))
		skip("%s has no power management", exp->dev.name);
}

static void set_power(struct exporter *exp, unsigned int state)
{
	unsigned int at = vfio_capability(&exp->dev, PCI_CAP_ID_PM) +
			  PCI_PM_CTRL;

	vfio_config_write(&exp->dev, at, 2,
			  (vfio_config_read(&exp->dev, at, 2) &
			   ~PCI_PM_CTRL_STATE_MASK) | state);
}

static void d3hot(struct exporter *exp)
{
	set_power(exp, 3);
}

static void d0(struct exporter *exp)
{
	set_power(exp, 0);
}

static int low_power(struct exporter *exp, unsigned int feature,
		     unsigned int op)
{
	struct vfio_device_feature arg = {
		.argsz = sizeof(arg),
		.flags = op | feature,
	};

	return sys_ioctl(exp->dev.fd, VFIO_DEVICE_FEATURE, &arg);
}

static void need_low_power(struct exporter *exp)
{
	int ret = low_power(exp, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			    VFIO_DEVICE_FEATURE_SET |
			    VFIO_DEVICE_FEATURE_PROBE);

	if (ret)
		skip("no low power for %s: %s", exp->dev.name, ktap_number(ret));
}

static void low_power_entry(struct exporter *exp)
{
	CHECK_EQ(low_power(exp, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			   VFIO_DEVICE_FEATURE_SET), 0);
}

static void low_power_exit(struct exporter *exp)
{
	CHECK_EQ(low_power(exp, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
			   VFIO_DEVICE_FEATURE_SET), 0);
}

static void kill_exporter(struct exporter *exp)
{
	(void)exp;
	kill(child, SIGKILL);
	CHECK(waitpid(child, NULL, 0) == child, "waitpid: %m");
}

const struct revoker revokers[] = {
	{ .name = "COMMAND.MEM cleared", .revoke = memory_off,
	  .restore = memory_on },
	{ .name = "VFIO_DEVICE_RESET", .require = need_reset, .revoke = reset },
	{ .name = "hot reset", .require = need_hot_reset, .revoke = hot_reset },
	{ .name = "FLR", .require = need_flr, .revoke = flr, .nvme = true },
	{ .name = "D3hot", .require = need_pm, .revoke = d3hot, .restore = d0,
	  .nvme = true },
	{ .name = "low power", .require = need_low_power,
	  .revoke = low_power_entry, .restore = low_power_exit },
	{ .name = "device closed", .revoke = exporter_close, .for_good = true },
	{ .name = "exporter killed", .revoke = kill_exporter, .for_good = true,
	  .in_child = true },
};
const size_t nr_revokers = sizeof(revokers) / sizeof(revokers[0]);

/* Fork an exporter and take a copy of its dma-buf, not of its device. */
static int export_in_child(struct exporter *exp, struct layout *l)
{
	int fds[2], dmabuf, pidfd;

	exporter_open(exp);
	layout_scatter(l, 3, 1, 0, exp->bar.len);
	exporter_close(exp);

	CHECK(!pipe(fds), "pipe: %m");
	child = ktap_fork();
	if (!child) {
		exporter_open(exp);
		dmabuf = exporter_export(exp, l);
		CHECK(write(fds[1], &dmabuf, sizeof(dmabuf)) == sizeof(dmabuf),
		      "pipe: %m");
		for (;;)
			pause();
	}
	close(fds[1]);
	CHECK(read(fds[0], &dmabuf, sizeof(dmabuf)) == sizeof(dmabuf),
	      "the exporting process failed");
	close(fds[0]);
	pidfd = syscall(SYS_pidfd_open, child, 0);
	dmabuf = syscall(SYS_pidfd_getfd, pidfd, dmabuf, 0);
	CHECK(dmabuf >= 0, "pidfd_getfd: %m");
	close(pidfd);
	return dmabuf;
}

int revoker_export(const struct revoker *revoker, struct exporter *exp,
		   struct layout *l)
{
	char nvme[PCI_NAME_LEN];

	if (revoker->in_child)
		return export_in_child(exp, l);

	if (revoker->nvme) {
		if (!pci_find(PCI_NVME, 0, nvme) || !pci_bind(nvme, "vfio-pci"))
			skip("no NVMe for VFIO");
		exporter_open_on(exp, nvme, NVME_BAR, NVME_LEN);
	} else {
		exporter_open(exp);
	}
	if (revoker->require)
		revoker->require(exp);
	layout_scatter(l, 3, 1, 0, exp->bar.len);
	return exporter_export(exp, l);
}
