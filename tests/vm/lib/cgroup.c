// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "sys.h"

#define ROOT	"/sys/fs/cgroup"

bool cgroup_enter(const char *name)
{
	if (!sys_exists(ROOT "/cgroup.procs"))
		mount("none", ROOT, "cgroup2", 0, NULL);
	sys_write(ROOT "/cgroup.subtree_control", "+memory");
	mkdir(sys_path(ROOT "/%s", name), 0755);
	return !cgroup_set(name, "cgroup.procs", "0") &&
	       sys_exists(sys_path(ROOT "/%s/memory.stat", name));
}

long cgroup_stat(const char *name, const char *key)
{
	char text[8192], wanted[64], *at;

	/* Its first line is found like the others. */
	text[0] = '\n';
	sys_read(sys_path(ROOT "/%s/memory.stat", name), text + 1,
		 sizeof(text) - 1);
	snprintf(wanted, sizeof(wanted), "\n%s ", key);
	at = strstr(text, wanted);
	return at ? atol(at + strlen(wanted)) : -1;
}

long cgroup_number(const char *name, const char *file)
{
	char text[64];

	sys_read(sys_path(ROOT "/%s/%s", name, file), text, sizeof(text));
	return *text ? atol(text) : -1;
}

int cgroup_set(const char *name, const char *file, const char *value)
{
	return sys_write(sys_path(ROOT "/%s/%s", name, file), value);
}
