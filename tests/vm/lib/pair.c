// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "iommufd.h"
#include "ktap.h"
#include "pair.h"
#include "see.h"
#include "sys.h"

#define STAMP_LEN	256u

/* Longer than any transfer that was under way */
#define SETTLE_MS	350

void pair_import(struct pair *p, const struct importer_ops *ops)
{
	layout_scatter(&p->l, 3, 1, 0, p->exp.bar.len);
	p->dmabuf = exporter_export(&p->exp, &p->l);
	importer_open(&p->imp, ops);
	CHECK_EQ(importer_map(&p->imp, p->dmabuf, 0, p->l.size), 0);
	pair_works(p, 1);
}

void pair_open(struct pair *p, const struct importer_ops *ops)
{
	machine_need(ops);
	if (!machine.iommu && ops == &importer_domain)
		skip("no IOMMU to stop a device that user space drives");
	exporter_open(&p->exp);
	pair_import(p, ops);
}

static void *keep_writing(void *arg)
{
	struct pair *p = arg;
	uint8_t data[STAMP_LEN];

	while (!atomic_load(&p->stop) && !p->ret) {
		unsigned int nr = atomic_load(&p->done);
		uint64_t at = nr * 2 * STAMP_LEN % (p->l.size - STAMP_LEN);

		memset(data, 0xa0 + nr % 16, sizeof(data));
		p->ret = importer_write(&p->imp, at, data, sizeof(data));
		atomic_fetch_add(&p->done, 1);
	}
	return NULL;
}

void pair_write(struct pair *p)
{
	p->ret = 0;
	atomic_store(&p->stop, false);
	atomic_store(&p->done, 0);
	CHECK(!pthread_create(&p->thread, NULL, keep_writing, p), "no thread");
	while (!atomic_load(&p->done))
		sleep_ms(5);
}

void pair_join(struct pair *p)
{
	pthread_join(p->thread, NULL);
}

void pair_stop(struct pair *p)
{
	atomic_store(&p->stop, true);
	pair_join(p);
}

void pair_works(struct pair *p, uint64_t seed)
{
	uint8_t data[IMPORTER_STEP], got[IMPORTER_STEP] = { 0 };
	uint64_t at = 4096 - 1500;

	pattern(data, sizeof(data), seed, at);
	CHECK_EQ(importer_write(&p->imp, at, data, sizeof(data)), 0);
	if (p->exp.bar.map) {
		bar_expect(&p->exp.bar, &p->l, at, data, sizeof(data));
		bar_check(&p->exp.bar);
	}
	CHECK_EQ(importer_read(&p->imp, at, got, sizeof(got)), 0);
	CHECK(!memcmp(got, data, sizeof(data)), "the device reads wrong");
}

void pair_state(struct pair *p, const char *state)
{
	const char *is = fdinfo(p->dmabuf, "phys_state");

	CHECK(!strcmp(is, state), "state '%s', should be %s", is, state);
	CHECK(!strcmp(state, "live") || !atoi(fdinfo(p->dmabuf, "phys_mappings")),
	      "%s mappings are left", fdinfo(p->dmabuf, "phys_mappings"));
}

void pair_refused(struct pair *p)
{
	uint64_t iova;

	if (p->imp.ops == &importer_domain)
		CHECK_EQ(ioas_map_file(p->imp.dev.iommufd, p->imp.ioas,
				       p->dmabuf, 0, p->l.size, &iova),
			 -ENODEV);
	else
		CHECK_EQ(importer_write(&p->imp, 0, "x", 1), -ENODEV);
}

void pair_quiet(struct pair *p)
{
	unsigned int before = atomic_load(&p->done);

	bar_snapshot(&p->exp.bar);
	sleep_ms(SETTLE_MS);
	CHECK(p->imp.ops == &importer_device ||
	      atomic_load(&p->done) > before,
	      "the device has stopped, this proves nothing");
	bar_check(&p->exp.bar);
}

void pair_again(struct pair *p)
{
	if (p->imp.ops == &importer_device)
		return;
	CHECK_EQ(importer_unmap(&p->imp), 0);
	CHECK_EQ(importer_map(&p->imp, p->dmabuf, 0, p->l.size), 0);
}

void pair_close_device(struct pair *p)
{
	uint64_t start, len;

	len = pci_bar(p->imp.dev.name, 0, &start);
	munmap((void *)p->imp.edu.regs, len);
	vfio_close(&p->imp.dev);
}

int buffers_left(void)
{
	char *text = sys_slurp("/sys/kernel/debug/dma_buf/bufinfo"), *total;
	int nr;

	total = strstr(text, "Total ");
	CHECK(total, "bufinfo has no total");
	nr = atoi(total + 6);
	free(text);
	return nr;
}
