// SPDX-License-Identifier: GPL-2.0
/* Target device: the sample driver, or its twin on the unmodified kernel */
#include <fcntl.h>
#include <unistd.h>

#include "importer.h"
#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "sys.h"

static void device_open(struct importer *imp)
{
	imp->node = sample_open(machine.edu_device);
}

static int device_map(struct importer *imp, int dmabuf, uint64_t offset,
		      uint64_t len)
{
	int ret;

	(void)len;
	imp->start = offset;
	ret = sample_import(imp->node, dmabuf);
	if (ret)
		return ret;
	/* It would map at the first copy; this one copies nothing. */
	ret = sample_write(imp->node, 0, NULL, 0);
	if (ret)
		sample_release(imp->node);
	return ret;
}

static int device_unmap(struct importer *imp)
{
	return sample_release(imp->node);
}

typedef int (*copy_fn)(struct importer *imp, uint64_t offset, void *data,
		       size_t len);

/* The driver copies as much at once as it likes; give it our steps. */
static int in_steps(copy_fn copy, struct importer *imp, uint64_t offset,
		    void *data, size_t len)
{
	int ret;

	do {
		size_t n = len < IMPORTER_STEP ? len : IMPORTER_STEP;

		ret = copy(imp, imp->start + offset, data, n);
		data = (char *)data + n;
		offset += n;
		len -= n;
	} while (!ret && len);
	return ret;
}

static int write_step(struct importer *imp, uint64_t offset, void *data,
		      size_t len)
{
	return sample_write(imp->node, offset, data, len);
}

static int read_step(struct importer *imp, uint64_t offset, void *data,
		     size_t len)
{
	return sample_read(imp->node, offset, data, len);
}

static int device_write(struct importer *imp, uint64_t offset, const void *data,
			size_t len)
{
	return in_steps(write_step, imp, offset, (void *)data, len);
}

static int device_read(struct importer *imp, uint64_t offset, void *data,
		       size_t len)
{
	return in_steps(read_step, imp, offset, data, len);
}

const struct importer_ops importer_device = {
	.name = "device",
	.open = device_open,
	.map = device_map,
	.unmap = device_unmap,
	.write = device_write,
	.read = device_read,
};
