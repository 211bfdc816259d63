// SPDX-License-Identifier: GPL-2.0
/*
 * What takes memory from all importers and gives it again: config space, power,
 * resets, and closing the device.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "judge.h"
#include "ktap.h"
#include "pci.h"
#include "sys.h"

/* Whatever of this is set in COMMAND, a device without driver takes it. */
#define COMMAND_BITS	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
			 PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)

void device_probe(struct device *dev, const char *name)
{
	unsigned int i;

	dev->exists = pci_bind(name, "vfio-pci");
	strcpy(dev->vfio.name, name);
	dev->vfio.fd = -1;
	for (i = 0; i < 6; i++) {
		dev->bars[i].size = pci_bar(name, i, &dev->bars[i].start);
		dev->bars[i].io = pci_bar_is_io(name, i);
	}
}

void device_open(struct world *w, unsigned int nr)
{
	struct device *dev = &w->devices[nr];
	char name[PCI_NAME_LEN];

	if (!dev->exists || dev->open)
		return;
	strcpy(name, dev->vfio.name);
	vfio_open(&dev->vfio, name, w->iommufd);
	dev->open = true;
	dev->memory = true;
	dev->low_power = false;
	dev->power = D0;
	dev->pm = vfio_capability(&dev->vfio, PCI_CAP_ID_PM);
}

void device_close(struct device *dev)
{
	if (!dev->open)
		return;
	vfio_close(&dev->vfio);
	dev->open = false;
	dev->life++;
}

bool device_revoked(const struct device *dev, bool *known)
{
	*known = true;
	if (dev->low_power || !dev->memory)
		return true;
	*known = dev->power != D_UNKNOWN;
	return dev->power == D3;
}

/* Those that export; the one that maps stays as it is. */
struct device *device_choose(struct world *w, uint64_t choice)
{
	struct device *dev = &w->devices[choice % (DEVICES - 1)];

	return dev->exists ? dev : &w->devices[0];
}

static struct device *exporter(struct world *w, uint64_t choice)
{
	struct device *dev = device_choose(w, choice);

	w->feature = dev - w->devices;
	w->expect = dev->open ? 0 : -EBADF;
	return dev;
}

static long config_write(struct device *dev, unsigned int at, unsigned int size,
			 uint32_t value)
{
	ssize_t n = pwrite(dev->vfio.fd, &value, size, dev->vfio.config + at);

	return n < 0 ? -errno : n;
}

static uint64_t make_command(struct world *w)
{
	return one_in(w, 8) ? rnd(w) & COMMAND_BITS :
	       PCI_COMMAND_MASTER | (one_in(w, 5) ? 0 : PCI_COMMAND_MEMORY);
}

static uint64_t make_size(struct world *w)
{
	return 1 + one_in(w, 2);
}

static long run_command(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);
	long ret = config_write(dev, PCI_COMMAND, a[2] % 2 + 1, a[1]);

	if (ret >= 0)
		dev->memory = a[1] & PCI_COMMAND_MEMORY;
	return ret;
}

/* D0 and D3hot: not every device has those between. */
static long run_power(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);
	unsigned int state = a[1] % 2 ? 3 : 0;
	long ret;

	if (dev->open && !dev->pm)
		return NOTHING;
	ret = config_write(dev, dev->pm + PCI_PM_CTRL, 2, state);
	if (ret < 0)
		return ret;
	/* Low power puts the device into D0 and D3 when it likes. */
	if (dev->low_power)
		dev->power = D_UNKNOWN;
	else
		dev->power = state ? D3 : D0;
	return ret;
}

static long run_reset(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);
	long ret;

	w->expect = dev->open ? ANY : -EBADF;
	ret = vfio_reset(&dev->vfio);
	if (!ret)
		dev->power = dev->low_power ? D_UNKNOWN : D0;
	return ret;
}

static long low_power(struct device *dev, uint32_t feature)
{
	struct vfio_device_feature arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	return sys_ioctl(dev->vfio.fd, VFIO_DEVICE_FEATURE, &arg);
}

static long run_low_power(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);
	long ret;

	if (dev->open && dev->low_power)
		w->expect = -EINVAL;
	ret = low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	if (ret)
		return ret;
	dev->low_power = true;
	if (dev->power != D0)
		dev->power = D_UNKNOWN;
	return ret;
}

static long run_full_power(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);
	long ret;

	ret = low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	if (!ret)
		dev->low_power = false;
	return ret;
}

/* Its buffers are dead then, whoever has them. */
static long run_close(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);

	/* The peer maps with the same device. */
	if (w->peer)
		w->attached = false;
	w->expect = 0;
	device_close(dev);
	if (a[1] % 4)
		device_open(w, dev - w->devices);
	return 0;
}

static long run_open(struct world *w, const uint64_t *a)
{
	struct device *dev = exporter(w, a[0]);

	w->expect = 0;
	device_open(w, dev - w->devices);
	return 0;
}

const struct op device_ops[] = {
	{
		.name = "command", .weight = 50, .run = run_command,
		.args = { { "device", any }, { "value", make_command },
			  { "size", make_size } },
		.errnos = { EBADF }, .least = 500,
	}, {
		.name = "power_state", .weight = 6, .run = run_power,
		.args = { { "device", any }, { "state", any } },
		.errnos = { EBADF }, .least = 500,
	}, {
		.name = "reset", .weight = 1, .run = run_reset,
		.args = { { "device", any } },
		.errnos = { EBADF, EINVAL, EAGAIN, ENOTTY },
	}, {
		.name = "low_power", .weight = 2, .run = run_low_power,
		.args = { { "device", any } },
		.errnos = { EBADF, EINVAL },
	}, {
		.name = "full_power", .weight = 5, .run = run_full_power,
		.args = { { "device", any } },
		.errnos = { EBADF }, .least = 500,
	}, {
		.name = "close_device", .weight = 1, .run = run_close,
		.args = { { "device", any }, { "reopen", any } },
	}, {
		.name = "open_device", .weight = 10, .run = run_open,
		.args = { { "device", any } },
	},
	{ .name = NULL }
};
