// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter of one buffer in the BAR of an ivshmem, to prove that revoke keeps
 * its promise. VFIO switches memory off when it takes it back, so nothing could
 * land there anyway, and nobody could look. This one leaves it on: it takes a
 * picture when revoke has returned, and what differs before it gives the memory
 * again was written by somebody who should not reach it any more.
 *
 * Bound by driver_override, never unbound, one user at a time.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-buf-phys.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "phys_probe.h"

#define PROBE_BAR	2
#define PROBE_RANGES	(PHYS_PROBE_SIZE / PAGE_SIZE)

/**
 * struct probe - the one there is
 * @lock: guards @dmabuf and @picture
 * @pdev: whose BAR it is
 * @bar: the first PHYS_PROBE_LEN bytes of it
 * @provider: of the BAR
 * @dmabuf: the buffer, referenced; NULL before the export
 * @picture: of @bar
 * @ranges: every fourth page, from the last to the first
 */
static struct probe {
	struct mutex lock;
	struct pci_dev *pdev;
	void __iomem *bar;
	struct p2pdma_provider *provider;
	struct dma_buf *dmabuf;
	u8 *picture;
	struct phys_vec ranges[PROBE_RANGES];
} probe = { .lock = __MUTEX_INITIALIZER(probe.lock) };

static void probe_dma_buf_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops probe_dma_buf_ops = {
	.map_dma_buf = dma_buf_phys_map_dma_buf,
	.unmap_dma_buf = dma_buf_phys_unmap_dma_buf,
	.release = probe_dma_buf_release,
};

static int probe_export(void)
{
	const struct dma_buf_phys_desc desc = {
		.ranges = probe.ranges,
		.nr_ranges = PROBE_RANGES,
		.provider = probe.provider,
		.attrs = DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_CPU,
		.needs = DMA_BUF_IMPORTER_REVOCABLE,
	};
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct dma_buf *dmabuf;
	int fd;

	exp_info.ops = &probe_dma_buf_ops;
	exp_info.size = PHYS_PROBE_SIZE;
	exp_info.flags = O_RDWR;
	exp_info.priv = &probe;
	exp_info.phys = &desc;

	if (probe.dmabuf)
		return -EBUSY;
	dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return fd;
	}
	get_dma_buf(dmabuf);
	probe.dmabuf = dmabuf;
	return fd;
}

static int probe_revoke(void)
{
	if (!probe.dmabuf)
		return -EINVAL;
	dma_buf_phys_revoke(probe.dmabuf);
	memcpy_fromio(probe.picture, probe.bar, PHYS_PROBE_LEN);
	return 0;
}

static int probe_restore(u32 __user *arg)
{
	u32 differ = 0;
	size_t i;

	if (!probe.dmabuf)
		return -EINVAL;
	for (i = 0; i < PHYS_PROBE_LEN; i++)
		differ += readb(probe.bar + i) != probe.picture[i];
	dma_buf_phys_restore(probe.dmabuf, NULL);
	return put_user(differ, arg);
}

static long probe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	guard(mutex)(&probe.lock);
	switch (cmd) {
	case PHYS_PROBE_EXPORT:
		return probe_export();
	case PHYS_PROBE_REVOKE:
		return probe_revoke();
	case PHYS_PROBE_RESTORE:
		return probe_restore((u32 __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int probe_close(struct inode *inode, struct file *file)
{
	guard(mutex)(&probe.lock);
	if (probe.dmabuf) {
		dma_buf_phys_kill(probe.dmabuf);
		dma_buf_put(probe.dmabuf);
	}
	probe.dmabuf = NULL;
	return 0;
}

static const struct file_operations probe_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = probe_ioctl,
	.release = probe_close,
};

static struct miscdevice probe_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "phys_probe",
	.fops = &probe_fops,
};

static int probe_bind(struct pci_dev *pdev, const struct pci_device_id *id)
{
	size_t i;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	if (pci_resource_len(pdev, PROBE_BAR) < PHYS_PROBE_LEN)
		return -ENODEV;
	ret = pcim_p2pdma_init(pdev);
	if (ret)
		return ret;

	probe.pdev = pdev;
	probe.provider = pcim_p2pdma_provider(pdev, PROBE_BAR);
	probe.bar = pcim_iomap(pdev, PROBE_BAR, PHYS_PROBE_LEN);
	probe.picture = vmalloc(PHYS_PROBE_LEN);
	if (!probe.provider || !probe.bar || !probe.picture)
		return -ENOMEM;

	for (i = 0; i < PROBE_RANGES; i++)
		probe.ranges[i] = (struct phys_vec) {
			.paddr = pci_resource_start(pdev, PROBE_BAR) +
				 (PROBE_RANGES - 1 - i) * 4 * PAGE_SIZE,
			.len = PAGE_SIZE,
		};
	return misc_register(&probe_misc);
}

/* None: who wants it says so by driver_override. */
static const struct pci_device_id probe_ids[] = {
	{}
};

static struct pci_driver probe_driver = {
	.name = "phys_probe",
	.id_table = probe_ids,
	.probe = probe_bind,
	.driver.suppress_bind_attrs = true,
};

/* No exit: it stays for as long as the guest lives. */
builtin_pci_driver(probe_driver);

MODULE_DESCRIPTION("Exporter that watches its memory, for tests");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_LICENSE("GPL");
