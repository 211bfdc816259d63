// SPDX-License-Identifier: GPL-2.0
#include "importer.h"

void importer_open(struct importer *imp, const struct importer_ops *ops)
{
	*imp = (struct importer){ .ops = ops };
	ops->open(imp);
}

int importer_map(struct importer *imp, int dmabuf, uint64_t offset,
		 uint64_t len)
{
	int ret = imp->ops->map(imp, dmabuf, offset, len);

	if (!ret)
		imp->size = len;
	return ret;
}

int importer_unmap(struct importer *imp)
{
	int ret = imp->ops->unmap(imp);

	imp->size = 0;
	return ret;
}

int importer_write(struct importer *imp, uint64_t offset, const void *data,
		   size_t len)
{
	return imp->ops->write(imp, offset, data, len);
}

int importer_read(struct importer *imp, uint64_t offset, void *data,
		  size_t len)
{
	return imp->ops->read(imp, offset, data, len);
}
