/* SPDX-License-Identifier: GPL-2.0 */
/* Memory cgroups: what the kernel has charged to whom, and how much it may */
#ifndef VM_CGROUP_H
#define VM_CGROUP_H

#include <stdbool.h>

/* This process and its children from now on. Return: false without cgroups. */
bool cgroup_enter(const char *name);
/* Bytes under a key of memory.stat, or in a file that holds one number */
long cgroup_stat(const char *name, const char *key);
long cgroup_number(const char *name, const char *file);
/* Return: 0 or -errno. */
int cgroup_set(const char *name, const char *file, const char *value);

#endif
