/* SPDX-License-Identifier: GPL-2.0 */
/* The ioctls of the sample driver. Errors are negative errnos. */
#ifndef VM_SAMPLE_H
#define VM_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "edu-dma-buf.h"

/* Node of the driver for a PCI device; fails the test. */
int sample_open(const char *pci_name);
int sample_import(int node, int dmabuf);
int sample_release(int node);
int sample_write(int node, uint64_t offset, const void *data, size_t len);
int sample_read(int node, uint64_t offset, void *data, size_t len);
/* Fails the test. */
struct edu_dma_buf_info sample_info(int node);

#endif
