// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "ktap.h"
#include "sys.h"

#define DEBUGFS	"/sys/kernel/debug/"

/* Not verbose: a stack trace for each failure would drown all else. */
static struct {
	const char *file;
	const char *value;
	char before[32];
} settings[] = {
	{ "failslab/ignore-gfp-wait", "N", "" },
	{ "failslab/verbose", "0", "" },
	{ "fail_page_alloc/ignore-gfp-wait", "N", "" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N", "" },
	{ "fail_page_alloc/min-order", "0", "" },
	{ "fail_page_alloc/verbose", "0", "" },
	{ "fail_iommufd/verbose", "0", "" },
};

#define NR_SETTINGS	(sizeof(settings) / sizeof(settings[0]))

bool inject_init(void)
{
	size_t i;

	if (!sys_exists("/proc/self/fail-nth") ||
	    !sys_exists(DEBUGFS "failslab") ||
	    !sys_exists(DEBUGFS "fail_page_alloc"))
		return false;
	for (i = 0; i < NR_SETTINGS; i++) {
		const char *path = sys_path(DEBUGFS "%s", settings[i].file);

		/* IOMMUFD's door is only there with its selftest. */
		if (!sys_read(path, settings[i].before,
			      sizeof(settings[i].before)))
			continue;
		CHECK_EQ(sys_write(path, settings[i].value), 0);
	}
	return true;
}

void inject_exit(void)
{
	size_t i;

	for (i = 0; i < NR_SETTINGS; i++)
		if (*settings[i].before)
			sys_write(sys_path(DEBUGFS "%s", settings[i].file),
				  settings[i].before);
}

/* Opened before anything can fail, once in each process */
static int fail_nth(void)
{
	static int fd;
	static pid_t owner;

	if (owner != gettid()) {
		fd = open(sys_path("/proc/self/task/%d/fail-nth", gettid()),
			  O_RDWR | O_CLOEXEC);
		CHECK(fd >= 0, "fail-nth: %m");
		owner = gettid();
	}
	return fd;
}

void inject_arm(unsigned int nth)
{
	char text[16];
	int fd = fail_nth();
	int len = snprintf(text, sizeof(text), "%u", nth);

	CHECK(pwrite(fd, text, len, 0) == len, "fail-nth: %m");
}

bool inject_disarm(void)
{
	char text[16] = "";
	int fd = fail_nth();

	CHECK(pread(fd, text, sizeof(text) - 1, 0) > 0, "fail-nth: %m");
	CHECK(pwrite(fd, "0", 1, 0) == 1, "fail-nth: %m");
	return !strtoul(text, NULL, 10);
}
