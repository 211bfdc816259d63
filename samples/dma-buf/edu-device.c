// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device: its DMA engine, its node, its life. What the sample is
 * about, importing a dma-buf, is in edu-dma-buf.c.
 *
 * The engine copies between memory and 4096 bytes inside the device, one
 * transfer at a time.
 */
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "edu.h"

#define EDU_REG_SRC		0x80
#define EDU_REG_DST		0x88
#define EDU_REG_COUNT		0x90
#define EDU_REG_CMD		0x98
#define   EDU_CMD_RUN		BIT(0)
#define   EDU_CMD_TO_MEMORY	BIT(1)

/* Where the engine sees the device's memory */
#define EDU_MEMORY		0x40000

/* A transfer takes 100 ms, whatever its length. */
#define EDU_POLL_US		2000
#define EDU_TIMEOUT_US		(2 * USEC_PER_SEC)

static int edu_wait_idle(struct edu *edu)
{
	u64 cmd;

	return readq_poll_timeout(edu->regs + EDU_REG_CMD, cmd,
				  !(cmd & EDU_CMD_RUN), EDU_POLL_US,
				  EDU_TIMEOUT_US);
}

/*
 * When this returns, the device reaches memory no more, whatever the result:
 * the caller may unmap. A transfer cannot be aborted, so a device that does not
 * end one in time loses the bus.
 */
static int edu_transfer(struct edu *edu, u64 src, u64 dst, size_t len, u64 cmd)
{
	int ret;

	lockdep_assert_held(&edu->lock);

	/* While it runs the engine ignores what is written to it. */
	ret = edu_wait_idle(edu);
	if (ret)
		return ret;

	pci_set_master(edu->pdev);
	writeq(src, edu->regs + EDU_REG_SRC);
	writeq(dst, edu->regs + EDU_REG_DST);
	writeq(len, edu->regs + EDU_REG_COUNT);
	writeq(cmd | EDU_CMD_RUN, edu->regs + EDU_REG_CMD);

	ret = edu_wait_idle(edu);
	if (ret) {
		pci_err(edu->pdev, "transfer does not end\n");
		pci_clear_master(edu->pdev);
	}
	return ret;
}

/**
 * edu_load - copy from memory into the device
 * @edu: the device
 * @src: DMA address to copy from
 * @len: bytes, at most EDU_MAX_TRANSFER
 *
 * Context: Sleeps. edu->lock is held.
 *
 * Return: 0 or -ETIMEDOUT.
 */
int edu_load(struct edu *edu, dma_addr_t src, size_t len)
{
	return edu_transfer(edu, src, EDU_MEMORY, len, 0);
}

/**
 * edu_store - copy what edu_load() loaded to memory
 * @edu: the device
 * @dst: DMA address to copy to
 * @len: bytes, at most EDU_MAX_TRANSFER
 *
 * Context: Sleeps. edu->lock is held.
 *
 * Return: 0 or -ETIMEDOUT.
 */
int edu_store(struct edu *edu, dma_addr_t dst, size_t len)
{
	return edu_transfer(edu, EDU_MEMORY, dst, len, EDU_CMD_TO_MEMORY);
}

static void edu_free(struct kref *ref)
{
	kfree(container_of(ref, struct edu, ref));
}

/* misc_deregister() waits for an open that is under way, so the device is there. */
static int edu_open(struct inode *inode, struct file *file)
{
	struct edu *edu = container_of(file->private_data, struct edu, misc);
	struct edu_file *ef;

	ef = kzalloc_obj(*ef, GFP_KERNEL_ACCOUNT);
	if (!ef)
		return -ENOMEM;

	kref_get(&edu->ref);
	ef->edu = edu;
	scoped_guard(mutex, &edu->lock)
		list_add(&ef->node, &edu->files);
	file->private_data = ef;
	return 0;
}

static void edu_file_release_buffer(struct edu_file *ef)
{
	lockdep_assert_held(&ef->edu->lock);
	if (ef->buf)
		edu_release_buffer(ef->buf);
	ef->buf = NULL;
}

static int edu_release(struct inode *inode, struct file *file)
{
	struct edu_file *ef = file->private_data;

	scoped_guard(mutex, &ef->edu->lock) {
		list_del(&ef->node);
		edu_file_release_buffer(ef);
	}
	kref_put(&ef->edu->ref, edu_free);
	kfree(ef);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.unlocked_ioctl = edu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static int edu_init(struct edu *edu, struct pci_dev *pdev)
{
	struct device *dev = &pdev->dev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	edu->regs = pcim_iomap_region(pdev, 0, KBUILD_MODNAME);
	if (IS_ERR(edu->regs))
		return PTR_ERR(edu->regs);

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	edu->bounce = dmam_alloc_coherent(dev, EDU_MAX_TRANSFER,
					  &edu->bounce_addr, GFP_KERNEL);
	if (!edu->bounce)
		return -ENOMEM;

	edu->misc.name = devm_kasprintf(dev, GFP_KERNEL, "dma-buf-edu-%s",
					pci_name(pdev));
	if (!edu->misc.name)
		return -ENOMEM;
	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.fops = &edu_fops;
	edu->misc.parent = dev;
	return misc_register(&edu->misc);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	edu = kzalloc_obj(*edu);
	if (!edu)
		return -ENOMEM;

	kref_init(&edu->ref);
	mutex_init(&edu->lock);
	INIT_LIST_HEAD(&edu->files);
	edu->pdev = pdev;
	pci_set_drvdata(pdev, edu);

	ret = edu_init(edu, pdev);
	if (ret)
		kref_put(&edu->ref, edu_free);
	return ret;
}

/*
 * Files may stay open, but what they imported must not: an attachment must not
 * outlive the driver of its device. The lock is never held for longer than a
 * chunk takes, so this is not at the mercy of users.
 */
static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	struct edu_file *ef;

	misc_deregister(&edu->misc);
	scoped_guard(mutex, &edu->lock) {
		list_for_each_entry(ef, &edu->files, node)
			edu_file_release_buffer(ef);
		pci_clear_master(pdev);
		edu->pdev = NULL;
	}
	kref_put(&edu->ref, edu_free);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("Sample dma-buf importer for QEMU's edu device");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
