// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "left.h"
#include "sys.h"

#define OURS	"fuzz"
#define BUFINFO	"/sys/kernel/debug/dma_buf/bufinfo"

/* The last one counts: each buffer has a total of its own before. */
static long number_after(const char *path, const char *key)
{
	char *text, *at;
	long value = 0;

	if (!sys_exists(path))
		return 0;
	text = sys_slurp(path);
	for (at = strstr(text, key); at; at = strstr(at + 1, key))
		value = atol(at + strlen(key));
	free(text);
	return value;
}

bool left_enter(void)
{
	return cgroup_enter(OURS);
}

bool left_counts(void)
{
	return !sys_exists("/sys/kernel/debug/kmemleak");
}

/* Files are put, and memory is freed, a little later than they are closed. */
struct left left_now(void)
{
	struct left left;

	sleep_ms(300);
	sys_write("/proc/sys/vm/drop_caches", "3");
	sleep_ms(100);
	left.charged = cgroup_stat(OURS, "slab_unreclaimable");
	left.slab = number_after("/proc/meminfo", "\nSUnreclaim:");
	left.buffers = number_after(BUFINFO, "\nTotal ");
	return left;
}
