// SPDX-License-Identifier: GPL-2.0
/*
 * What an exporter may describe, which importers are let in, and what a buffer
 * tells about itself.
 */
#include <linux/device.h>
#include <linux/file.h>
#include <linux/pci.h>

#include "st-dma-buf-phys.h"

#define P	PAGE_SIZE

/* A function that has a name, and no route to anything */
static struct pci_dev some_function = { .dev.init_name = "provider" };
static struct p2pdma_provider some_provider = { .owner = &some_function.dev };

struct desc_case {
	const char *name;
	size_t size;
	unsigned int attrs;
	bool provider;
	int ret;
	size_t nr_ranges;
	struct phys_vec ranges[3];
};

static const struct desc_case desc_cases[] = {
	{ "one page", P, 0, false, 0, 1, { { 16 * P, P } } },
	{ "at address 0", P, 0, false, 0, 1, { { 0, P } } },
	{ "the same page twice", 2 * P, 0, false, 0, 2,
	  { { 16 * P, P }, { 16 * P, P } } },
	{ "descending", 6 * P, 0, false, 0, 3,
	  { { 64 * P, P }, { 32 * P, 3 * P }, { 16 * P, 2 * P } } },
	{ "up to the last byte", P, 0, false, 0, 1, { { -P, P } } },
#ifdef CONFIG_64BIT
	{ "more than 4 GiB", SZ_8G + P, 0, false, 0, 2,
	  { { SZ_4G, SZ_8G }, { P, P } } },
#endif
	{ "device memory", P, DMA_BUF_PHYS_MMIO, true, 0, 1, { { P, P } } },
	{ "private device memory", P, DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_PRIVATE,
	  true, 0, 1, { { P, P } } },
	{ "no ranges", P, 0, false, -EINVAL, 0 },
	{ "no ranges, no size", 0, 0, false, -EINVAL, 0 },
	{ "unaligned address", P, 0, false, -EINVAL, 1, { { P + 512, P } } },
	{ "unaligned length", P + 512, 0, false, -EINVAL, 1,
	  { { P, P + 512 } } },
	{ "unaligned in the middle", 3 * P, 0, false, -EINVAL, 3,
	  { { P, P / 2 }, { P + P / 2, P + P / 2 }, { 8 * P, P } } },
	{ "empty range", P, 0, false, -EINVAL, 2, { { P, P }, { 4 * P, 0 } } },
	{ "only an empty range", P, 0, false, -EINVAL, 1, { { P, 0 } } },
	{ "less than the buffer", 3 * P, 0, false, -EINVAL, 2,
	  { { P, P }, { 4 * P, P } } },
	{ "more than the buffer", P, 0, false, -EINVAL, 2,
	  { { P, P }, { 4 * P, P } } },
	{ "address and length overflow", 2 * P, 0, false, -EOVERFLOW, 1,
	  { { -P, 2 * P } } },
	{ "sum overflows", P, 0, false, -EOVERFLOW, 3,
	  { { 0, -2 * P }, { 0, 2 * P }, { 0, P } } },
	{ "sum beyond a file offset", -2 * P, 0, false, -EOVERFLOW, 2,
	  { { 0, SIZE_MAX / 2 + 1 }, { 0, SIZE_MAX / 2 + 1 - 2 * P } } },
	{ "device memory of nobody", P, DMA_BUF_PHYS_MMIO, false, -EINVAL, 1,
	  { { P, P } } },
	{ "system memory of a device", P, 0, true, -EINVAL, 1, { { P, P } } },
	{ "unknown attribute", P, BIT(30), false, -EINVAL, 1, { { P, P } } },
	{ "unknown attribute of device memory", P, DMA_BUF_PHYS_MMIO | BIT(31),
	  true, -EINVAL, 1, { { P, P } } },
	{ "private memory for the CPU", P,
	  DMA_BUF_PHYS_PRIVATE | DMA_BUF_PHYS_CPU, false, -EINVAL,
	  1, { { P, P } } },
	{ "system memory write-combined", P, DMA_BUF_PHYS_CPU | DMA_BUF_PHYS_WC,
	  false, -EINVAL, 1, { { P, P } } },
	{ "system memory for the CPU", P, DMA_BUF_PHYS_CPU, false, 0,
	  1, { { P, P } } },
};

KUNIT_ARRAY_PARAM_DESC(desc, desc_cases, name);

static void fill_desc(struct dma_buf_phys_desc *desc,
		      const struct desc_case *c)
{
	*desc = (struct dma_buf_phys_desc) {
		.ranges = c->ranges,
		.nr_ranges = c->nr_ranges,
		.attrs = c->attrs,
		.provider = c->provider ? &some_provider : NULL,
	};
}

static void put_buffer(struct dma_buf *dmabuf)
{
	dma_buf_put(dmabuf);
	flush_delayed_fput();
}

static void export_checks_description(struct kunit *test)
{
	const struct desc_case *c = test->param_value;
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;

	fill_desc(&desc, c);
	dmabuf = phys_test_try_export(&desc, c->size);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dmabuf), c->ret);
	if (!IS_ERR(dmabuf))
		put_buffer(dmabuf);
}

static void export_wants_an_array(struct kunit *test)
{
	struct dma_buf_phys_desc desc = { .nr_ranges = 1 };

	KUNIT_EXPECT_EQ(test, PTR_ERR(phys_test_try_export(&desc, P)), -EINVAL);
}

/* The same rules hold for what an exporter comes back with. */
static void restore_checks_description(struct kunit *test)
{
	const struct desc_case *c = test->param_value;
	/* The size of a buffer never changes. */
	struct phys_vec before = { 0, c->ret ? P : c->size };
	struct dma_buf_phys_desc desc = {
		.ranges = &before, .nr_ranges = 1,
	};
	struct dma_buf *dmabuf;

	dmabuf = phys_test_export(test, &desc);
	dma_buf_phys_revoke(dmabuf);
	fill_desc(&desc, c);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(dmabuf, &desc), c->ret);
	if (c->ret)
		phys_test_expect_says(test, dmabuf, "phys_state:\trevoked");
	else
		phys_test_expect_says(test, dmabuf, "phys_state:\tlive");
}

static void no_callback(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops pinned_ops = {
	.allow_peer2peer = true,
};

static const struct dma_buf_attach_ops revocable_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = no_callback,
};

static const struct dma_buf_attach_ops dynamic_ops = {
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = no_callback,
};

/* Who says more than there is a callback for is not believed. */
static const struct dma_buf_attach_ops boasting_ops = {
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
};

static const struct dma_buf_attach_ops no_p2p_ops = {
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.invalidate_mappings = no_callback,
};

struct attach_case {
	const char *name;
	const struct dma_buf_attach_ops *ops;
	unsigned int attrs;
	enum dma_buf_importer_class needs;
	int ret;
};

static const struct attach_case attach_cases[] = {
	{ "static importer", NULL, 0, DMA_BUF_IMPORTER_PINNED, 0 },
	{ "static importer, revocable wanted", NULL, 0,
	  DMA_BUF_IMPORTER_REVOCABLE, -EOPNOTSUPP },
	{ "pinned", &pinned_ops, 0, DMA_BUF_IMPORTER_PINNED, 0 },
	{ "pinned, revocable wanted", &pinned_ops, 0,
	  DMA_BUF_IMPORTER_REVOCABLE, -EOPNOTSUPP },
	{ "revocable, pinned wanted", &revocable_ops, 0,
	  DMA_BUF_IMPORTER_PINNED, 0 },
	{ "revocable", &revocable_ops, 0, DMA_BUF_IMPORTER_REVOCABLE, 0 },
	{ "revocable, dynamic wanted", &revocable_ops, 0,
	  DMA_BUF_IMPORTER_DYNAMIC, -EOPNOTSUPP },
	{ "dynamic, revocable wanted", &dynamic_ops, 0,
	  DMA_BUF_IMPORTER_REVOCABLE, 0 },
	{ "dynamic", &dynamic_ops, 0, DMA_BUF_IMPORTER_DYNAMIC, 0 },
	{ "dynamic without callback", &boasting_ops, 0,
	  DMA_BUF_IMPORTER_REVOCABLE, -EOPNOTSUPP },
	{ "no peer to peer, system memory", &no_p2p_ops, 0,
	  DMA_BUF_IMPORTER_DYNAMIC, 0 },
	{ "no peer to peer, device memory", &no_p2p_ops, DMA_BUF_PHYS_MMIO,
	  DMA_BUF_IMPORTER_PINNED, -EOPNOTSUPP },
	{ "static importer, device memory", NULL, DMA_BUF_PHYS_MMIO,
	  DMA_BUF_IMPORTER_PINNED, -EOPNOTSUPP },
	{ "peer to peer, device memory", &revocable_ops, DMA_BUF_PHYS_MMIO,
	  DMA_BUF_IMPORTER_REVOCABLE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(attach, attach_cases, name);

static void attach_checks_importer(struct kunit *test)
{
	static const struct phys_vec range = { SZ_1M, P };
	const struct attach_case *c = test->param_value;
	struct dma_buf_phys_desc desc = {
		.ranges = &range, .nr_ranges = 1,
		.attrs = c->attrs,
		.provider = c->attrs & DMA_BUF_PHYS_MMIO ? &some_provider :
							    NULL,
		.needs = c->needs,
	};
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;

	dmabuf = phys_test_export(test, &desc);
	attach = dma_buf_dynamic_attach(dmabuf, phys_test_device(test), c->ops,
					NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(attach), c->ret);
	if (!IS_ERR(attach))
		dma_buf_detach(dmabuf, attach);
	KUNIT_EXPECT_TRUE(test, list_empty(&dmabuf->attachments));
}

static void attach_to_revoked_is_allowed(struct kunit *test)
{
	static const struct phys_vec ranges[] = { { SZ_1M, P } };
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach;

	dma_buf_phys_revoke(dmabuf);
	attach = dma_buf_dynamic_attach(dmabuf, dev, &dynamic_ops, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	dma_buf_detach(dmabuf, attach);
}

static void attach_to_dead_is_refused(struct kunit *test)
{
	static const struct phys_vec ranges[] = { { SZ_1M, P } };
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach;

	dma_buf_phys_kill(dmabuf);
	attach = dma_buf_dynamic_attach(dmabuf, dev, &dynamic_ops, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(attach), -ENODEV);
	if (!IS_ERR(attach))
		dma_buf_detach(dmabuf, attach);
}

static void fdinfo_tells_state_and_counts(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ 0x12340000, 2 * P }, { 0x56780000, P },
	};
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp = phys_test_importer(test, dmabuf, dev);

	phys_test_expect_says(test, dmabuf, "phys_state:\tlive");
	phys_test_expect_says(test, dmabuf, "phys_ranges:\t2");
	phys_test_expect_says(test, dmabuf, "phys_provider:\tnone");
	phys_test_expect_says(test, dmabuf, "phys_mappings:\t0");

	KUNIT_ASSERT_EQ(test, phys_test_map(imp, dev), 0);
	phys_test_expect_says(test, dmabuf, "phys_mappings:\t1");
	phys_test_unmap(imp);
	phys_test_expect_says(test, dmabuf, "phys_mappings:\t0");

	dma_buf_phys_revoke(dmabuf);
	phys_test_expect_says(test, dmabuf, "phys_state:\trevoked");
	dma_buf_phys_kill(dmabuf);
	phys_test_expect_says(test, dmabuf, "phys_state:\tdead");
	phys_test_expect_says(test, dmabuf, "phys_ranges:\t0");
}

static void fdinfo_names_the_provider(struct kunit *test)
{
	static const struct phys_vec range = { SZ_1M, P };
	struct dma_buf_phys_desc desc = {
		.ranges = &range, .nr_ranges = 1,
		.attrs = DMA_BUF_PHYS_MMIO, .provider = &some_provider,
	};
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	char line[64];

	snprintf(line, sizeof(line), "phys_provider:\t%s",
		 dev_name(some_provider.owner));
	phys_test_expect_says(test, dmabuf, line);
	dma_buf_phys_kill(dmabuf);
	phys_test_expect_says(test, dmabuf, "phys_provider:\tnone");
}

static void fdinfo_tells_no_address(struct kunit *test)
{
	static const struct phys_vec ranges[] = { { 0xabcde000, P } };
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp = phys_test_importer(test, dmabuf, dev);
	const char *info;

	KUNIT_ASSERT_EQ(test, phys_test_map(imp, dev), 0);
	info = phys_test_fdinfo(test, dmabuf);
	KUNIT_EXPECT_NOT_NULL(test, strstr(info, "phys_state"));
	KUNIT_EXPECT_NULL(test, strstr(info, "abcde"));
	KUNIT_EXPECT_NULL(test, strstr(info, "ABCDE"));
	/* The same in decimal, as an address and as a page number */
	KUNIT_EXPECT_NULL(test, strstr(info, "2882396160"));
	KUNIT_EXPECT_NULL(test, strstr(info, "703710"));
}

static struct kunit_case phys_desc_cases[] = {
	KUNIT_CASE_PARAM(export_checks_description, desc_gen_params),
	KUNIT_CASE(export_wants_an_array),
	KUNIT_CASE_PARAM(restore_checks_description, desc_gen_params),
	KUNIT_CASE_PARAM(attach_checks_importer, attach_gen_params),
	KUNIT_CASE(attach_to_revoked_is_allowed),
	KUNIT_CASE(attach_to_dead_is_refused),
	KUNIT_CASE(fdinfo_tells_state_and_counts),
	KUNIT_CASE(fdinfo_names_the_provider),
	KUNIT_CASE(fdinfo_tells_no_address),
	{}
};

static struct kunit_suite phys_desc_suite = {
	.name = "dma-buf-phys-desc",
	.test_cases = phys_desc_cases,
};

kunit_test_suite(phys_desc_suite);
