// SPDX-License-Identifier: GPL-2.0
/*
 * Target CPU: what is written through windows lies where the description says,
 * in system memory and in a real BAR, and after a revoke nobody gets at it.
 */
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iosys-map.h>

#include "dma-buf-phys-priv.h"
#include "st-dma-buf-phys-fail.h"
#include "st-dma-buf-phys-pci.h"

#define P	PAGE_SIZE

static int map_slice(struct phys_test_importer *imp, size_t offset, size_t len)
{
	int ret = dma_buf_phys_map_cpu(imp->attach, &imp->map, offset, len);

	imp->mapped = !ret;
	return ret;
}

static u8 pattern(size_t offset)
{
	return offset ^ offset >> 8 ^ offset >> 16 ^ 0x5a;
}

/* Write or compare the pattern; returns the number of windows, or an errno. */
static int access(struct kunit *test, struct dma_buf_phys_map *map,
		  size_t offset, size_t len, bool write)
{
	struct iosys_map vaddr;
	ssize_t window;
	int n = 0;
	size_t i;

	for (; len; offset += window, len -= window, n++) {
		u8 wrong = 0;

		window = dma_buf_phys_access_begin(map, offset, len, &vaddr);
		if (window < 0)
			return window;
		for (i = 0; i < window; i++) {
			u8 byte = pattern(map->offset + offset + i);

			if (write)
				iosys_map_wr(&vaddr, i, u8, byte);
			else
				wrong |= iosys_map_rd(&vaddr, i, u8) ^ byte;
		}
		dma_buf_phys_access_end(map);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "in %zd bytes at %#zx",
				    window, offset);
	}
	return n;
}

static void free_action(void *page)
{
	free_pages((unsigned long)page, 3);
}

/* Eight pages of system memory in three ranges, of which two are adjacent */
static void system_pages(struct kunit *test, struct phys_vec *ranges, u8 **mem)
{
	*mem = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 3);
	KUNIT_ASSERT_NOT_NULL(test, *mem);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_action, *mem));
	ranges[0] = (struct phys_vec) { virt_to_phys(*mem) + 5 * P, 3 * P };
	ranges[1] = (struct phys_vec) { virt_to_phys(*mem), 2 * P };
	ranges[2] = (struct phys_vec) { virt_to_phys(*mem) + 2 * P, P };
}

static void system_memory(struct kunit *test)
{
	struct phys_test_importer *imp;
	struct dma_buf_phys_desc desc;
	struct phys_vec ranges[3];
	size_t i, wrong = 0;
	u8 *mem;

	system_pages(test, ranges, &mem);
	desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	desc.attrs = DMA_BUF_PHYS_CPU;
	imp = phys_test_importer(test, phys_test_export(test, &desc),
				 phys_test_device(test));

	/* From within the first run into the middle of the other one */
	KUNIT_ASSERT_EQ(test, map_slice(imp, P + 7, 4 * P), 0);
	KUNIT_EXPECT_STREQ(test, imp->map.route->name, "cpu");
	KUNIT_EXPECT_EQ(test, access(test, &imp->map, 0, 4 * P, true), 2);
	KUNIT_EXPECT_EQ(test, access(test, &imp->map, 0, 4 * P, false), 2);
	phys_test_unmap(imp);

	for (i = 0; i < 6 * P; i++) {
		bool inside = i >= P + 7 && i < 5 * P + 7;
		u8 *byte = phys_to_virt(phys_test_paddr(&desc, i));

		wrong += *byte != (inside ? pattern(i) : 0);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(mem + 3 * P, 0, 2 * P));
}

static void disable_action(void *pdev)
{
	pci_disable_device(pdev);
}

static void set_attrs(struct kunit *test, struct phys_pci_test *t,
		      unsigned int attrs)
{
	dma_buf_phys_revoke(t->dmabuf);
	t->desc.attrs = attrs;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
}

static struct phys_pci_test *bar_init(struct kunit *test,
				      const struct phys_pci_layout *layout)
{
	struct phys_pci_test *t = phys_pci_init(test, layout);

	set_attrs(test, t, DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_CPU);
	KUNIT_ASSERT_EQ(test, 0, pci_enable_device_mem(t->pci->exporter));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, disable_action,
						  t->pci->exporter));
	return t;
}

/* Another way to the same byte */
static void expect_byte(struct kunit *test, const struct phys_pci_test *t,
			size_t offset, u8 want)
{
	void __iomem *byte = ioremap(phys_test_paddr(&t->desc, offset), 1);

	KUNIT_ASSERT_TRUE(test, byte);
	KUNIT_EXPECT_EQ_MSG(test, ioread8(byte), want, "at %#zx", offset);
	iounmap(byte);
}

/* A few bytes over the end of each page that is looked at, and the neighbours */
static void check_slice(struct kunit *test, struct phys_pci_test *t,
			size_t offset, size_t len)
{
	const size_t many = min(len, 5);
	size_t i, at;

	KUNIT_ASSERT_EQ(test, map_slice(t->imp, offset, len), 0);
	for (i = 0; i < len; i += phys_pci_step(t, offset + i)) {
		at = min(i + P - 2, len - many);
		KUNIT_ASSERT_GT(test, access(test, &t->imp->map, at, many,
					     true), 0);
		expect_byte(test, t, offset + at, pattern(offset + at));
		expect_byte(test, t, offset + at + many - 1,
			    pattern(offset + at + many - 1));
	}
	for (i = 0; i < len; i += phys_pci_step(t, offset + i)) {
		at = min(i + P - 2, len - many);
		KUNIT_ASSERT_GT(test, access(test, &t->imp->map, at, many,
					     false), 0);
	}
	phys_test_unmap(t->imp);
}

static void bar_memory(struct kunit *test)
{
	struct phys_pci_test *t = bar_init(test, test->param_value);
	size_t offset, len;
	unsigned int i;

	for (i = 0; i < PHYS_PCI_SLICES; i++)
		if (phys_pci_slice(t, i, &offset, &len))
			check_slice(test, t, offset, len);
	/* The CPU is not bound to pages. */
	check_slice(test, t, t->dmabuf->size / 2 - 3, 7);
}

static void bar_memory_write_combined(struct kunit *test)
{
	struct phys_pci_test *t = bar_init(test, &phys_pci_plain);

	set_attrs(test, t, t->desc.attrs | DMA_BUF_PHYS_WC);
	check_slice(test, t, 0, t->dmabuf->size);
}

static void windows_end_with_runs(struct kunit *test)
{
	struct phys_pci_test *t = bar_init(test, &phys_pci_plain);
	struct dma_buf_phys_map *map = &t->imp->map;
	struct iosys_map vaddr;
	size_t len = 6 * P;
	int i;
	static const struct {
		size_t offset;
		size_t len;
		ssize_t window;
	} asks[] = {
		{ 0, 1, 1 }, { 0, 6 * P, 2 * P }, { 2 * P - 1, 2, 1 },
		{ 2 * P, 4 * P, P }, { 3 * P, 3 * P, 3 * P },
		{ 6 * P - 1, 1, 1 },
		{ 0, 0, -EINVAL }, { 0, 6 * P + 1, -EINVAL },
		{ 6 * P, 1, -EINVAL }, { 6 * P - 1, 2, -EINVAL },
		{ 1, SIZE_MAX, -EINVAL }, { SIZE_MAX, 1, -EINVAL },
	};

	KUNIT_ASSERT_EQ(test, map_slice(t->imp, P, len), 0);
	for (i = 0; i < ARRAY_SIZE(asks); i++) {
		ssize_t window = dma_buf_phys_access_begin(map, asks[i].offset,
							   asks[i].len, &vaddr);

		if (window > 0)
			dma_buf_phys_access_end(map);
		KUNIT_EXPECT_EQ_MSG(test, window, asks[i].window,
				    "%zu bytes at %#zx", asks[i].len,
				    asks[i].offset);
	}
}

static void bad_asks(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	size_t size = t->dmabuf->size;

	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, size, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 1, SIZE_MAX), -EOVERFLOW);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* Forbidden unless the exporter allows it, and never for private memory */
static void attributes(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct dma_buf_phys_desc desc = t->desc;
	size_t size = t->dmabuf->size;

	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size), -EACCES);
	set_attrs(test, t, DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_PRIVATE);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size), -EACCES);
	set_attrs(test, t, DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_CPU);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size), 0);

	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size), -ENODEV);
	desc.attrs = DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_PRIVATE |
		     DMA_BUF_PHYS_CPU;
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), -EINVAL);
	desc.attrs = DMA_BUF_PHYS_CPU | DMA_BUF_PHYS_WC;
	desc.provider = NULL;
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), -EINVAL);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void revoked_and_restored(struct kunit *test)
{
	struct phys_pci_test *t = bar_init(test, &phys_pci_plain);
	size_t size = t->dmabuf->size;

	KUNIT_ASSERT_EQ(test, map_slice(t->imp, 0, size), 0);
	KUNIT_EXPECT_GT(test, access(test, &t->imp->map, 0, size, true), 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_FALSE(test, t->imp->mapped);
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size), -ENODEV);

	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_ASSERT_EQ(test, map_slice(t->imp, 0, size), 0);
	KUNIT_EXPECT_GT(test, access(test, &t->imp->map, 0, size, false), 0);
}

/* It keeps its mapping, and a run that nobody has accessed so far. */
static void stubborn_importer_is_severed(struct kunit *test)
{
	struct phys_pci_test *t = bar_init(test, &phys_pci_plain);
	struct dma_buf_phys_map *map = &t->imp->map;
	size_t size = t->dmabuf->size;

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, map_slice(t->imp, 0, size), 0);
	KUNIT_EXPECT_EQ(test, access(test, map, 0, P, true), 1);

	phys_test_grace(test, 50);
	dma_buf_phys_revoke(t->dmabuf);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_EQ(test, access(test, map, 0, 1, true), -ENODEV);
	KUNIT_EXPECT_EQ(test, access(test, map, size - 1, 1, true), -ENODEV);

	/* Nor when others can map it again. */
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, access(test, map, 0, 1, true), -ENODEV);
	phys_test_unmap(t->imp);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
	KUNIT_EXPECT_EQ(test, map_slice(t->imp, 0, size), 0);
	KUNIT_EXPECT_EQ(test, access(test, map, 0, 1, true), 1);
}

static void revoke_waits_for_a_window(struct kunit *test)
{
	struct phys_pci_test *t = bar_init(test, &phys_pci_plain);
	struct phys_test_thread *revoking;
	struct iosys_map vaddr;
	bool over = false;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "a window keeps the only CPU");

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, map_slice(t->imp, 0, P), 0);
	KUNIT_ASSERT_EQ(test, access(test, &t->imp->map, 0, 1, true), 1);
	phys_test_grace(test, 1000);
	revoking = phys_test_revoke(test, t->dmabuf);

	KUNIT_ASSERT_EQ(test, 1, dma_buf_phys_access_begin(&t->imp->map, 0, 1,
							   &vaddr));
	for (i = 0; i < 1500; i++) {
		mdelay(1);
		over |= completion_done(&revoking->done);
	}
	iosys_map_wr(&vaddr, 0, u8, 1);
	dma_buf_phys_access_end(&t->imp->map);

	KUNIT_EXPECT_FALSE(test, over);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_EQ(test, access(test, &t->imp->map, 0, 1, true), -ENODEV);
}

static int try_map_and_access(struct kunit *test)
{
	struct phys_pci_test *t = test->priv;
	int ret = map_slice(t->imp, 0, t->dmabuf->size);

	if (ret)
		return ret;
	ret = access(test, &t->imp->map, 0, t->dmabuf->size, true);
	if (ret < 0)
		phys_test_unmap(t->imp);
	return ret < 0 ? ret : 0;
}

static void undo_map(struct kunit *test)
{
	struct phys_pci_test *t = test->priv;

	phys_test_unmap(t->imp);
}

static void check_nothing_is_mapped(struct kunit *test)
{
	struct phys_pci_test *t = test->priv;

	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void allocations_fail(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.try = try_map_and_access,
		.undo = undo_map,
		.check = check_nothing_is_mapped,
	};
	struct phys_fail_sweep sweep;

	phys_fail_init(test);
	test->priv = bar_init(test, &phys_pci_plain);
	sweep = phys_fail_sweep(test, &op);
	/* The runs, and a virtual address for the first at least */
	KUNIT_EXPECT_GE(test, sweep.failures, 2);
}

/*
 * An exporter without a description, which has its memory at one address
 */
static u8 vmap_memory[2 * P];
static int vmaps;

static int vmap_exporter_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vmaps++;
	iosys_map_set_vaddr(map, vmap_memory);
	return 0;
}

static void vmap_exporter_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vmaps--;
}

static struct sg_table *vmap_exporter_map(struct dma_buf_attachment *attach,
					  enum dma_data_direction dir)
{
	return ERR_PTR(-EIO);
}

static void vmap_exporter_unmap(struct dma_buf_attachment *attach,
				struct sg_table *sgt,
				enum dma_data_direction dir)
{
}

static void vmap_exporter_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops vmap_exporter_ops = {
	.map_dma_buf = vmap_exporter_map,
	.unmap_dma_buf = vmap_exporter_unmap,
	.release = vmap_exporter_release,
	.vmap = vmap_exporter_vmap,
	.vunmap = vmap_exporter_vunmap,
};

static struct phys_test_importer *vmap_importer(struct kunit *test,
						const struct dma_buf_ops *ops)
{
	struct dma_buf_export_info info = {
		.exp_name = "kunit-vmap",
		.owner = THIS_MODULE,
		.ops = ops,
		.size = sizeof(vmap_memory),
		.flags = O_RDWR,
		.priv = vmap_memory,
	};
	struct dma_buf *dmabuf = phys_test_own(test, dma_buf_export(&info));

	return phys_test_importer(test, dmabuf, phys_test_device(test));
}

static void exporter_with_vmap(struct kunit *test)
{
	struct phys_test_importer *imp = vmap_importer(test,
						       &vmap_exporter_ops);
	struct dma_resv *resv = imp->attach->dmabuf->resv;
	size_t i, wrong = 0;

	memset(vmap_memory, 0, sizeof(vmap_memory));
	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, map_slice(imp, P, P + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(imp, 1, SIZE_MAX), -EOVERFLOW);
	KUNIT_ASSERT_EQ(test, map_slice(imp, 5, P), 0);
	dma_resv_unlock(resv);
	KUNIT_EXPECT_EQ(test, vmaps, 1);
	KUNIT_EXPECT_EQ(test, access(test, &imp->map, 0, P, true), 1);
	KUNIT_EXPECT_EQ(test, access(test, &imp->map, P, 1, true), -EINVAL);
	dma_resv_lock(resv, NULL);
	phys_test_unmap(imp);
	dma_resv_unlock(resv);
	KUNIT_EXPECT_EQ(test, vmaps, 0);

	for (i = 0; i < sizeof(vmap_memory); i++)
		wrong += vmap_memory[i] !=
			 (i >= 5 && i < P + 5 ? pattern(i) : 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void exporter_with_nothing(struct kunit *test)
{
	static const struct dma_buf_ops ops = {
		.map_dma_buf = vmap_exporter_map,
		.unmap_dma_buf = vmap_exporter_unmap,
		.release = vmap_exporter_release,
	};
	struct phys_test_importer *imp = vmap_importer(test, &ops);
	struct dma_resv *resv = imp->attach->dmabuf->resv;

	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, map_slice(imp, 0, P), -EOPNOTSUPP);
	dma_resv_unlock(resv);
}

static struct kunit_case phys_cpu_cases[] = {
	KUNIT_CASE(system_memory),
	KUNIT_CASE_PARAM_ATTR(bar_memory, phys_pci_layouts,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(bar_memory_write_combined),
	KUNIT_CASE(windows_end_with_runs),
	KUNIT_CASE(bad_asks),
	KUNIT_CASE(attributes),
	KUNIT_CASE(revoked_and_restored),
	KUNIT_CASE(stubborn_importer_is_severed),
	KUNIT_CASE_SLOW(revoke_waits_for_a_window),
	KUNIT_CASE(allocations_fail),
	KUNIT_CASE(exporter_with_vmap),
	KUNIT_CASE(exporter_with_nothing),
	{}
};

static struct kunit_suite phys_cpu_suite = {
	.name = "dma-buf-phys-cpu",
	.test_cases = phys_cpu_cases,
};

kunit_test_suite(phys_cpu_suite);
