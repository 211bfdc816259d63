/* SPDX-License-Identifier: GPL-2.0 */
/* The exporter that watches its memory, phys_probe.ko on the second ivshmem */
#ifndef VM_PROBE_H
#define VM_PROBE_H

#include <stdint.h>

#include "probe/phys_probe.h"

/* Loads and binds it. Return: its node; fails the test, or skips it. */
int probe_open(void);
/* Return: fd of its buffer, of PHYS_PROBE_SIZE bytes; fails the test. */
int probe_export(int node);
void probe_revoke(int node);
/* Return: how many bytes were written between revoke and restore. */
uint32_t probe_restore(int node);

#endif
