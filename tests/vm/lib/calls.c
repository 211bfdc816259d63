// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "ktap.h"
#include "sys.h"

static uint64_t kernel_address(const char *function)
{
	char *text = sys_slurp("/proc/kallsyms"), *at, wanted[128];
	uint64_t address = 0;

	snprintf(wanted, sizeof(wanted), " %s\n", function);
	at = strstr(text, wanted);
	if (at) {
		while (at > text && at[-1] != '\n')
			at--;
		address = strtoull(at, NULL, 16);
	}
	free(text);
	return address;
}

int calls_count(struct calls *calls, const char *function)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = kernel_address(function),
		.bp_len = sizeof(long),
		.exclude_hv = 1,
	};
	int fd;

	if (!attr.bp_addr)
		return -ENOENT;
	CHECK(calls->nr < CALLS_MOST, "no debug register left");
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
		     PERF_FLAG_FD_CLOEXEC);
	CHECK(fd >= 0, "breakpoint at %s: %m", function);
	calls->fds[calls->nr++] = fd;
	return 0;
}

unsigned long calls_read(struct calls *calls)
{
	unsigned long sum = 0;
	uint64_t count;
	int i;

	for (i = 0; i < calls->nr; i++) {
		CHECK(read(calls->fds[i], &count, sizeof(count)) ==
		      sizeof(count), "breakpoint: %m");
		sum += count;
	}
	return sum;
}
