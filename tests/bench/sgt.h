/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The importer of scatterlists, for exporters of either kind; and how either
 * makes its buffer.
 */
#ifndef _PHYS_BENCH_SGT_H
#define _PHYS_BENCH_SGT_H

#include "bench.h"

int bench_export(struct bench_case *c, struct dma_buf_export_info *info);
int bench_attach(struct bench_case *c);
void bench_detach(struct bench_case *c);
int bench_sgt_export(struct bench_case *c);
int bench_described_export(struct bench_case *c);
int bench_sgt_begin(struct bench_case *c);
int bench_sgt_map(struct bench_case *c);
int bench_sgt_walk(struct bench_case *c);
int bench_sgt_unmap(struct bench_case *c);
void bench_sgt_span(struct bench_case *c, dma_addr_t *first, dma_addr_t *last);

#endif /* _PHYS_BENCH_SGT_H */
