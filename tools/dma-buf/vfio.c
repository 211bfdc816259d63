// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl.h"
#include "procs.h"
#include "vfio.h"

#define NOIOMMU_CDEV	"noiommu-"

int iommufd_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV)
		fail(CTL_NOT_READY,
		     "modprobe iommufd; or build a kernel with CONFIG_IOMMUFD",
		     "there is no /dev/iommu");
	fail(denied_or(CTL_FAILED),
	     "run this as root, or let root give you /dev/iommu",
	     "/dev/iommu: %s", strerror(errno));
}

static __noreturn void not_bound(const char *name)
{
	char driver[64], *todo, *unbind;
	struct pci_iommu iommu;
	bool has_iommu;

	pci_driver(name, driver, sizeof(driver));
	unbind = *driver ?
		 xprintf("\n  echo %s >/sys/bus/pci/devices/%s/driver/unbind",
			 name, name) : xprintf("%s", "");
	pci_read_iommu(name, &iommu);
	has_iommu = iommu.group >= 0;
	todo = xprintf("as root, if nothing needs the device%s:\n"
		       "  modprobe vfio-pci%s\n"
		       "  echo vfio-pci >/sys/bus/pci/devices/%s/driver_override%s\n"
		       "  echo %s >/sys/bus/pci/drivers_probe",
		       has_iommu ? " nor the others of its IOMMU group" : "",
		       has_iommu ? "" :
		       "\n  echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode\n"
		       "    (it has no IOMMU: only if you trust whoever uses it)",
		       name, unbind, name);
	fail(CTL_NOT_READY, todo, *driver ?
	     "%s is not bound to vfio-pci but to %s" :
	     "%s is not bound to vfio-pci", name, driver);
}

/* Such as vfio3, or noiommu-vfio3 */
static void find_cdev(const char *name, char *cdev, size_t size)
{
	char *path = pci_path(name, "vfio-dev");
	struct dirent *entry;
	DIR *dir = opendir(path);

	free(path);
	*cdev = 0;
	if (!dir)
		not_bound(name);
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, "vfio"))
			copy_text(cdev, size, entry->d_name);
	closedir(dir);
}

static int open_cdev(const char *name, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		fail(CTL_NOT_READY,
		     "it needs CONFIG_VFIO_DEVICE_CDEV; without an IOMMU CONFIG_IOMMUFD_NOIOMMU",
		     "%s is bound to a VFIO driver, but has no %s", name, path);
	fail(denied_or(CTL_FAILED),
	     "run this as root, or let root give you the node (without an IOMMU only CAP_SYS_RAWIO may)",
	     "%s of %s: %s", path, name, strerror(errno));
}

/* Who of the group keeps user space out: not drivers that leave DMA to others */
static void note_driver(const char *other, void *arg)
{
	char driver[64], **text = arg;

	pci_driver(other, driver, sizeof(driver));
	if (!*driver || strstr(driver, "vfio") ||
	    !strcmp(driver, "pcieport") || !strcmp(driver, "pci-stub"))
		return;
	xappend(text, "%s (%s)", other, driver);
}

static __noreturn void bind_failed(const char *name, const char *path)
{
	int error = errno;
	char *group = xprintf("%s", "");
	char *who = procs_who_has(path);

	pci_group_others(name, note_driver, &group);
	if (*who)
		fail(CTL_FAILED, "end that, or use another device",
		     "%s is in use by %s", name, who);
	if (*group)
		fail(CTL_NOT_READY,
		     "unbind these from their drivers, or bind them to vfio-pci, too",
		     "user space cannot have %s while drivers have others of its IOMMU group: %s",
		     name, group);
	if (error == EPERM)
		fail(CTL_DENIED,
		     "the kernel's log says why; without interrupt remapping: iommufd.allow_unsafe_interrupts=1",
		     "%s cannot be given to user space: %s", name,
		     strerror(error));
	fail(CTL_FAILED, error == EBUSY || error == EINVAL ?
	     "a process that this user cannot see may be using it: run this as root to be sure" :
	     "the kernel's log may say more",
	     "%s cannot be bound to IOMMUFD: %s", name,
	     strerror(error));
}

void vfio_open(struct vfio *dev, const char *name, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};
	char cdev[64], *path;

	memset(dev, 0, sizeof(*dev));
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	find_cdev(name, cdev, sizeof(cdev));
	dev->noiommu = !strncmp(cdev, NOIOMMU_CDEV, strlen(NOIOMMU_CDEV));
	path = xprintf("/dev/vfio/devices/%s", cdev);
	dev->fd = open_cdev(name, path);
	if (ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		bind_failed(name, path);
	free(path);
	dev->id = bind.out_devid;
}

void vfio_attach(struct vfio *dev, u32 ioas)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = ioas,
	};

	if (ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		fail(CTL_FAILED, "the kernel's log may say more",
		     "%s cannot be attached to an address space: %s",
		     dev->name, strerror(errno));
}

static struct vfio_region_info region_info(struct vfio *dev, unsigned int nr)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = nr };

	if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		fail(CTL_FAILED, NULL, "VFIO does not describe region %u of %s: %s",
		     nr, dev->name, strerror(errno));
	return info;
}

u64 vfio_bar_size(struct vfio *dev, unsigned int bar)
{
	return region_info(dev, VFIO_PCI_BAR0_REGION_INDEX + bar).size;
}

/* The bit is in the low byte: so the order of a CPU's bytes does not matter. */
void vfio_set_memory(struct vfio *dev, bool on)
{
	u64 at = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX).offset +
		 PCI_COMMAND;
	u8 command, changed;

	if (pread(dev->fd, &command, sizeof(command), at) != sizeof(command))
		fail(CTL_FAILED, NULL, "config space of %s: %s", dev->name,
		     strerror(errno));
	changed = on ? command | PCI_COMMAND_MEMORY :
		       command & ~PCI_COMMAND_MEMORY;
	if (changed != command &&
	    pwrite(dev->fd, &changed, sizeof(changed), at) != sizeof(changed))
		fail(CTL_FAILED, NULL, "config space of %s: %s", dev->name,
		     strerror(errno));
}

int vfio_export(struct vfio *dev, unsigned int bar,
		const struct vfio_region_dma_range *ranges, size_t nr)
{
	struct vfio_device_feature_dma_buf *dma_buf;
	struct vfio_device_feature *feature;
	size_t size;
	int fd, error;

	size = sizeof(*feature) + sizeof(*dma_buf) + nr * sizeof(*ranges);
	feature = xcalloc(1, size);
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	dma_buf = (void *)feature->data;
	dma_buf->region_index = VFIO_PCI_BAR0_REGION_INDEX + bar;
	dma_buf->open_flags = O_RDWR | O_CLOEXEC;
	dma_buf->nr_ranges = nr;
	memcpy(dma_buf->dma_ranges, ranges, nr * sizeof(*ranges));

	fd = ioctl(dev->fd, VFIO_DEVICE_FEATURE, feature);
	error = errno;
	free(feature);
	errno = error;
	return fd;
}
