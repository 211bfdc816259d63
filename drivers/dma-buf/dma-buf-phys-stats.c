// SPDX-License-Identifier: GPL-2.0
/*
 * How well importers let go when they are told to: debugfs dma_buf/phys_importers.
 *
 * Kept by name, so that the record of a bad importer outlives its attachments.
 * A record is made when an importer attaches, where that may fail, and is never
 * freed: there are as many as there are drivers that state a name, and devices
 * whose driver does not.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "dma-buf-phys-priv.h"

struct phys_importer {
	struct list_head node;
	u64 released;
	u64 severed;
	s64 worst_us;
	char name[];
};

static LIST_HEAD(phys_importers);
/* A leaf; guards the list and what is in it. */
static DEFINE_SPINLOCK(phys_importers_lock);

static struct phys_importer *phys_find_importer(const char *name)
{
	struct phys_importer *importer;

	lockdep_assert_held(&phys_importers_lock);
	list_for_each_entry(importer, &phys_importers, node) {
		if (!strcmp(importer->name, name))
			return importer;
	}
	return NULL;
}

/* Returns 0, or -ENOMEM for an importer that was never seen before. */
int dma_buf_phys_stats_add(const struct dma_buf_attachment *attach)
{
	const char *name = dma_buf_phys_importer_name(attach);
	size_t len = strlen(name) + 1;
	struct phys_importer *importer;

	scoped_guard(spinlock, &phys_importers_lock) {
		if (phys_find_importer(name))
			return 0;
	}

	importer = kzalloc_flex(*importer, name, len);
	if (!importer)
		return -ENOMEM;
	memcpy(importer->name, name, len);

	guard(spinlock)(&phys_importers_lock);
	if (phys_find_importer(name))
		kfree(importer);
	else
		list_add_tail(&importer->node, &phys_importers);
	return 0;
}

static void phys_stats_count(const struct dma_buf_attachment *attach,
			     ktime_t since, u64 released, u64 severed)
{
	s64 us = ktime_us_delta(ktime_get(), since);
	struct phys_importer *importer;

	guard(spinlock)(&phys_importers_lock);
	importer = phys_find_importer(dma_buf_phys_importer_name(attach));
	if (!importer)
		return;
	importer->released += released;
	importer->severed += severed;
	importer->worst_us = max(importer->worst_us, us);
}

/* A mapping went while the buffer was being revoked, which began at @since. */
void dma_buf_phys_stats_released(const struct dma_buf_attachment *attach,
				 ktime_t since)
{
	phys_stats_count(attach, since, 1, 0);
}

/* @nr_maps mappings had to be severed. */
void dma_buf_phys_stats_severed(const struct dma_buf_attachment *attach,
				ktime_t since, unsigned int nr_maps)
{
	phys_stats_count(attach, since, 0, nr_maps);
}

static int phys_importers_show(struct seq_file *m, void *unused)
{
	struct phys_importer *importer;

	seq_printf(m, "%-24s %12s %12s %12s\n", "importer", "released",
		   "severed", "worst_us");
	guard(spinlock)(&phys_importers_lock);
	list_for_each_entry(importer, &phys_importers, node)
		seq_printf(m, "%-24s %12llu %12llu %12lld\n", importer->name,
			   importer->released, importer->severed,
			   importer->worst_us);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(phys_importers);

/* @dir: dma_buf in debugfs */
void dma_buf_phys_init_debugfs(struct dentry *dir)
{
	debugfs_create_file("phys_importers", 0444, dir, NULL,
			    &phys_importers_fops);
	debugfs_create_u32("phys_grace_ms", 0644, dir, &dma_buf_phys_grace_ms);
}
