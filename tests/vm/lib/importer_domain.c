// SPDX-License-Identifier: GPL-2.0
/* Target domain: an edu in user space, whose address space IOMMUFD keeps */
#include <string.h>
#include <sys/mman.h>

#include "importer.h"
#include "iommufd.h"
#include "ktap.h"
#include "machine.h"

#define BOUNCE	4096

/*
 * What edu has to be told for an IOVA. Without an IOMMU that is the physical
 * address, which IOMMUFD tells a user who may do raw I/O; *run shrinks to what
 * is contiguous.
 */
static uint64_t edu_address(struct importer *imp, uint64_t iova, uint64_t *run)
{
	uint64_t phys;

	if (!imp->dev.noiommu)
		return iova;
	CHECK_EQ(ioas_phys(imp->dev.iommufd, imp->ioas, iova, run, &phys), 0);
	return phys;
}

uint64_t importer_addr(struct importer *imp, uint64_t offset, uint64_t *run)
{
	*run = imp->size - offset;
	return edu_address(imp, imp->iova + offset, run);
}

static void domain_open(struct importer *imp)
{
	uint64_t iova, run = BOUNCE;
	size_t len;

	vfio_open(&imp->dev, machine.edu_domain, iommufd_open());
	imp->ioas = ioas_alloc(imp->dev.iommufd);
	CHECK_EQ(vfio_attach(&imp->dev, imp->ioas), 0);
	edu_init(&imp->edu, vfio_map_bar(&imp->dev, 0, &len));

	imp->bounce = mmap(NULL, BOUNCE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK(imp->bounce != MAP_FAILED, "no memory");
	CHECK_EQ(ioas_map_user(imp->dev.iommufd, imp->ioas, imp->bounce, BOUNCE,
			       &iova), 0);
	imp->bounce_addr = edu_address(imp, iova, &run);
}

static int domain_map(struct importer *imp, int dmabuf, uint64_t offset,
		      uint64_t len)
{
	return ioas_map_file(imp->dev.iommufd, imp->ioas, dmabuf, offset, len,
			     &imp->iova);
}

static int domain_unmap(struct importer *imp)
{
	return ioas_unmap(imp->dev.iommufd, imp->ioas, imp->iova, imp->size);
}

/* The next transfer, over range boundaries if it happens */
static size_t domain_step(struct importer *imp, uint64_t offset, size_t len,
			  uint64_t *addr)
{
	uint64_t run;

	*addr = importer_addr(imp, offset, &run);
	if (run > len)
		run = len;
	return run < IMPORTER_STEP ? run : IMPORTER_STEP;
}

static int domain_write(struct importer *imp, uint64_t offset, const void *data,
			size_t len)
{
	uint64_t addr;

	while (len) {
		size_t n = domain_step(imp, offset, len, &addr);

		memcpy(imp->bounce, data, n);
		edu_load(&imp->edu, imp->bounce_addr, n);
		edu_store(&imp->edu, addr, n);
		data = (const char *)data + n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int domain_read(struct importer *imp, uint64_t offset, void *data,
		       size_t len)
{
	uint64_t addr;

	while (len) {
		size_t n = domain_step(imp, offset, len, &addr);

		edu_load(&imp->edu, addr, n);
		edu_store(&imp->edu, imp->bounce_addr, n);
		memcpy(data, imp->bounce, n);
		data = (char *)data + n;
		offset += n;
		len -= n;
	}
	return 0;
}

const struct importer_ops importer_domain = {
	.name = "domain",
	.open = domain_open,
	.map = domain_map,
	.unmap = domain_unmap,
	.write = domain_write,
	.read = domain_read,
};
