/* SPDX-License-Identifier: GPL-2.0 */
struct engine {
	struct device *dev;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
};
