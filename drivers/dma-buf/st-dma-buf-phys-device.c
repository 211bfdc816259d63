// SPDX-License-Identifier: GPL-2.0
/*
 * Target DMA device, as far as it goes without hardware: what is asked for, a
 * device that cannot reach the memory, and the direct route with and without
 * an array of addresses.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>

#include "st-dma-buf-phys.h"

#define P	PAGE_SIZE

static const struct phys_vec device_ranges[] = {
	{ 64 * P, 3 * P }, { 16 * P, P }, { SZ_1G, 4 * P },
};

struct device_test {
	struct dma_buf *dmabuf;
	struct device *dev;
	struct phys_test_importer *imp;
};

static int device_init(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(device_ranges, ARRAY_SIZE(device_ranges));
	struct device_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->dmabuf = phys_test_export(test, &desc);
	t->dev = phys_test_device(test);
	t->imp = phys_test_importer(test, t->dmabuf, t->dev);
	test->priv = t;
	return 0;
}

/* Give the buffer another description. */
static void redescribe(struct kunit *test, const struct dma_buf_phys_desc *desc)
{
	struct device_test *t = test->priv;

	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, desc), 0);
}

/* Another device, and an importer that unmaps before the device goes away */
static struct device *later_device(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);
	struct device_test *t = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	t->imp = phys_test_importer(test, t->dmabuf, t->dev);
	return dev;
}

struct ask_case {
	const char *name;
	enum dma_data_direction dir;
	unsigned long attrs;
	int ret;
};

static const struct ask_case ask_cases[] = {
	{ "both ways", DMA_BIDIRECTIONAL, 0, 0 },
	{ "to the device", DMA_TO_DEVICE, 0, 0 },
	{ "from the device", DMA_FROM_DEVICE, 0, 0 },
	{ "weakly ordered", DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING, 0 },
	{ "quiet and privileged", DMA_TO_DEVICE,
	  DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED, 0 },
	{ "no direction", DMA_NONE, 0, -EINVAL },
	{ "unknown direction", 17, 0, -EINVAL },
	{ "device memory, as the importer thinks", DMA_TO_DEVICE,
	  DMA_ATTR_MMIO, -EINVAL },
	{ "coherent, as the importer thinks", DMA_TO_DEVICE,
	  DMA_ATTR_REQUIRE_COHERENT, -EINVAL },
	{ "without cache maintenance", DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC,
	  -EINVAL },
	{ "unknown attribute", DMA_TO_DEVICE, BIT(30), -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(ask, ask_cases, name);

static void ask_is_checked(struct kunit *test)
{
	const struct ask_case *c = test->param_value;
	struct device_test *t = test->priv;
	int ret;

	ret = dma_buf_phys_map_device(t->imp->attach, &t->imp->map, t->dev, 0,
				      P, c->dir, c->attrs);
	t->imp->mapped = !ret;
	KUNIT_EXPECT_EQ(test, ret, c->ret);
	if (ret)
		phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void private_memory_is_refused(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(device_ranges, ARRAY_SIZE(device_ranges));
	struct device_test *t = test->priv;

	desc.attrs = DMA_BUF_PHYS_PRIVATE;
	redescribe(test, &desc);
	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, t->dev), -EACCES);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach, t->dev),
			-EACCES);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void system_memory_is_reachable(struct kunit *test)
{
	struct device_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach, t->dev),
			0);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* The attachment may be for another device than the one with the engine. */
static void maps_for_another_device(struct kunit *test)
{
	struct device_test *t = test->priv;
	struct device *engine;

	engine = later_device(test, "engine");
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach, engine),
			0);
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, engine), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 3);
}

static void expect_direct(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(device_ranges, ARRAY_SIZE(device_ranges));
	struct device_test *t = test->priv;
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t off = 0;

	dma_buf_phys_for_each(&t->imp->map, &walk, piece) {
		KUNIT_EXPECT_EQ(test, piece->addr, phys_test_paddr(&desc, off));
		off += piece->len;
	}
	KUNIT_EXPECT_EQ(test, off, t->dmabuf->size);
}

/* A mask that was set tells the DMA API that nothing needs to be synced. */
static void direct_without_addresses(struct kunit *test)
{
	struct device_test *t = test->priv;

	if (dma_need_unmap(t->dev))
		kunit_skip(test, "the DMA API wants to know of each unmap");
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	KUNIT_EXPECT_NULL(test, t->imp->map.device.addrs);
	expect_direct(test);
}

static void direct_with_addresses(struct kunit *test)
{
	struct device_test *t = test->priv;
	struct device *dev;

	dev = later_device(test, "unset");
	if (!dma_need_unmap(dev))
		kunit_skip(test, "the DMA API never wants to know of an unmap");
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, dev), 0);
	KUNIT_ASSERT_NOT_NULL(test, t->imp->map.device.addrs);
	expect_direct(test);
	phys_test_unmap(t->imp);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* The last range is out of reach, so the first two are undone. */
static void out_of_the_mask_is_refused(struct kunit *test)
{
	struct device_test *t = test->priv;
	struct device *dev;
	int ret = 0;

	dev = later_device(test, "short");
	*dev->dma_mask = DMA_BIT_MASK(24);
	/* Users choose devices, so they must not be able to make it warn. */
	kunit_warning_suppress(test) {
		ret = phys_test_map(t->imp, dev);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, -EREMOTEIO);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* The same for a device that need not be told of an unmap */
static void slice_in_reach_is_mapped(struct kunit *test)
{
	struct device_test *t = test->priv;
	int ret = 0;

	if (dma_need_unmap(t->dev))
		kunit_skip(test, "the DMA API wants to know of each unmap");
	*t->dev->dma_mask = DMA_BIT_MASK(24);
	kunit_warning_suppress(test) {
		ret = phys_test_map(t->imp, t->dev);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, -EREMOTEIO);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");

	KUNIT_ASSERT_EQ(test, 0,
			dma_buf_phys_map_device(t->imp->attach, &t->imp->map,
						t->dev, 0, 4 * P,
						DMA_TO_DEVICE, 0));
	t->imp->mapped = true;
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 2);
}

static void mmio_for_no_pci_device_is_out_of_reach(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(device_ranges, ARRAY_SIZE(device_ranges));
	struct device_test *t = test->priv;
	/* Nobody looks into it: the device is not on a bus with a BAR. */
	struct p2pdma_provider provider = { .owner = t->dev };

	if (IS_ENABLED(CONFIG_PCI_P2PDMA))
		kunit_skip(test, "a provider must be a PCI device's");
	desc.attrs = DMA_BUF_PHYS_MMIO;
	desc.provider = &provider;
	redescribe(test, &desc);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach, t->dev),
			-EREMOTEIO);
	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, t->dev), -EREMOTEIO);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	dma_buf_phys_kill(t->dmabuf);
}

static void mappings_are_independent(struct kunit *test)
{
	struct device_test *t = test->priv;
	struct phys_test_importer *imps[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(imps); i++) {
		imps[i] = phys_test_importer(test, t->dmabuf, t->dev);
		KUNIT_ASSERT_EQ(test, 0,
				dma_buf_phys_map_device(imps[i]->attach,
							&imps[i]->map, t->dev,
							i * P, P, DMA_TO_DEVICE,
							0));
		imps[i]->mapped = true;
	}
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t4");
	phys_test_unmap(imps[1]);
	phys_test_unmap(imps[2]);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t2");
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&imps[3]->map, P), 1);
	phys_test_unmap(imps[0]);
	phys_test_unmap(imps[3]);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static struct kunit_case phys_device_cases[] = {
	KUNIT_CASE_PARAM(ask_is_checked, ask_gen_params),
	KUNIT_CASE(private_memory_is_refused),
	KUNIT_CASE(system_memory_is_reachable),
	KUNIT_CASE(maps_for_another_device),
	KUNIT_CASE(direct_without_addresses),
	KUNIT_CASE(direct_with_addresses),
	KUNIT_CASE(out_of_the_mask_is_refused),
	KUNIT_CASE(slice_in_reach_is_mapped),
	KUNIT_CASE(mmio_for_no_pci_device_is_out_of_reach),
	KUNIT_CASE(mappings_are_independent),
	{}
};

static struct kunit_suite phys_device_suite = {
	.name = "dma-buf-phys-device",
	.init = device_init,
	.test_cases = phys_device_cases,
};

kunit_test_suite(phys_device_suite);
