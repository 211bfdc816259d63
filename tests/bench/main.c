// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs phys_bench: write 'ROUTE LAYOUT N [WAY]' to measure that case, by all
 * ways or one. ROUTE is iova, direct or bus, whichever is here, domain, or many,
 * which is N importers of one range. To read, a line for each step of each way, with tabs between:
 *
 *	ROUTE LAYOUT N WAY STEP TIME BYTES ALLOCS TABLES ATOMIC FLUSHES LEAVES LEAST
 *
 * TIME is in instructions under qemu -icount, else in ticks; 'E' and an errno if
 * mapping failed. What a step cannot have is '-'.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bench.h"

static const struct bench_way * const ways[] = {
	&bench_sgt,
	&bench_floor_iova,
	&bench_floor_direct,
	&bench_floor_bus,
	&bench_floor_domain,
	&bench_parts_iova,
	&bench_holes,
#ifdef BENCH_GATHER
	&bench_gather,
#endif
	&bench_many_sgt,
#ifdef BENCH_DESCRIBED
	&bench_bridge,
	&bench_ours,
	&bench_ours_domain,
	&bench_many_ours,
#endif
#ifdef BENCH_CORE_UNMAPS
	&bench_many_left,
#endif
#ifdef BENCH_BATCH
	&bench_batch_iova,
	&bench_batch_domain,
#endif
};

static DEFINE_MUTEX(lock);
static char text[SZ_16K];
static struct seq_buf out;

/* What is mapped into: NULL if nothing translates */
static struct iommu_domain *domain_of(const char *route)
{
	if (!strcmp(route, "domain"))
		return machine.domain;
	if (!strcmp(machine.route, "iova"))
		return iommu_get_domain_for_dev(&machine.importer->dev);
	return NULL;
}

static bool is_here(const char *route)
{
	if (!strcmp(route, "domain"))
		return machine.domain;
	return !strcmp(route, "many") || !strcmp(route, machine.route);
}

static bool is_for(const struct bench_way *way, const char *route)
{
	if (way->route)
		return !strcmp(way->route, route);
	return strcmp(route, "domain") && strcmp(route, "many");
}

static size_t number(const struct bench_case *c)
{
	return c->many ?: c->nr;
}

static void say(const struct bench_case *c, const char *route, const char *way,
		const char *step, u64 time, const struct bench_counts *counts)
{
	seq_buf_printf(&out, "%s\t%s\t%zu\t%s\t%s\t%llu\t", route, c->layout,
		       number(c), way, step, time);
	seq_buf_printf(&out, "%llu\t%llu\t%llu\t%llu\t%llu\t", counts->bytes,
		       counts->allocs, counts->tables, counts->atomic,
		       counts->flushes);
}

static void say_way(const struct bench_case *c, const char *route,
		    const struct bench_way *way, struct iommu_domain *domain,
		    const struct bench_result *r)
{
	int i;

	if (r->ret) {
		seq_buf_printf(&out, "%s\t%s\t%zu\t%s\t%s\tE%d", route,
			       c->layout, number(c), way->name, way->steps[0].name,
			       -r->ret);
		seq_buf_puts(&out, "\t-\t-\t-\t-\t-\t-\t-\n");
		return;
	}
	for (i = 0; i < BENCH_STEPS && way->steps[i].run; i++) {
		say(c, route, way->name, way->steps[i].name, r->time[i],
		    &r->counts[i]);
		if (!i && r->leaves)
			seq_buf_printf(&out, "%llu\t%llu\n", r->leaves,
				       bench_least_leaves(c, domain));
		else
			seq_buf_puts(&out, "-\t-\n");
	}
}

/* What an importer embeds, as the bytes of a mapping. */
static void say_size(void)
{
#ifdef BENCH_DESCRIBED
	seq_buf_printf(&out, "object\tany\t1\tours\tmap\t0\t%zu", sizeof(struct dma_buf_phys_map));
	seq_buf_puts(&out, "\t1\t-\t-\t-\t-\t-\n");
#endif
}

static int run(const char *route, const char *layout, size_t nr,
	       const char *only)
{
	struct bench_result *r __free(kfree) = kcalloc(ARRAY_SIZE(ways),
						       sizeof(*r), GFP_KERNEL);
	struct bench_case *c __free(kfree) = kzalloc_obj(*c);
	struct iommu_domain *domain = domain_of(route);
	bool wanted[ARRAY_SIZE(ways)];
	size_t i;
	int ret;

	if (!r || !c)
		return -ENOMEM;
	if (!is_here(route))
		return -ENODEV;
	ret = bench_layout(c, layout, strcmp(route, "many") ? nr : 1);
	if (ret)
		return ret;
	if (!strcmp(route, "many"))
		c->many = nr;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		wanted[i] = is_for(ways[i], route) &&
			    (!only || !strcmp(only, ways[i]->name));
		if (wanted[i])
			bench_time(c, ways[i], &r[i]);
	}
	ret = bench_count_begin(domain);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!ret && wanted[i] && !r[i].ret)
			bench_count(c, ways[i], domain, &r[i]);
	}
	bench_count_end();

	for (i = 0; !ret && i < ARRAY_SIZE(ways); i++) {
		if (wanted[i])
			say_way(c, route, ways[i], domain, &r[i]);
	}
	bench_layout_free(c);
	return ret;
}

static ssize_t bench_write(struct file *file, const char __user *user,
			   size_t len, loff_t *pos)
{
	char line[64], route[16], layout[16], way[16];
	unsigned long nr;
	int words, ret;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, len))
		return -EFAULT;
	line[len] = '\0';
	words = sscanf(line, "%15s %15s %lu %15s", route, layout, &nr, way);
	if (words < 3 || !nr)
		return -EINVAL;

	guard(mutex)(&lock);
	seq_buf_init(&out, text, sizeof(text));
	ret = run(route, layout, nr, words == 4 ? way : NULL);
	return ret ?: len;
}

static ssize_t bench_read(struct file *file, char __user *user, size_t len,
			  loff_t *pos)
{
	guard(mutex)(&lock);
	return simple_read_from_buffer(user, len, pos, text, seq_buf_used(&out));
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = bench_read,
	.write = bench_write,
};

static int __init bench_init(void)
{
	int ret;

	ret = bench_find_machine();
	if (ret)
		return ret;
	if (machine.domain) {
		ret = bench_domain_init();
		if (ret)
			return ret;
	}
	bench_calibrate();
	seq_buf_init(&out, text, sizeof(text));
	say_size();
	debugfs_create_file("phys_bench", 0600, NULL, NULL, &bench_fops);
	return 0;
}

/* No exit: it stays for as long as the guest lives. */
module_init(bench_init);

MODULE_DESCRIPTION("What mapping dma-bufs costs");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("GENERIC_PT_IOMMU");
MODULE_LICENSE("GPL");
