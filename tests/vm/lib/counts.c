// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counts.h"
#include "ktap.h"
#include "sys.h"

#define SLAB	"/sys/kernel/slab"
/* At a cache, for one count of it */
#define LOOKS	2

long count_dmabufs(void)
{
	static char text[65536];
	char *at;
	long objects;

	sys_read("/sys/kernel/debug/dma_buf/bufinfo", text, sizeof(text));
	at = strstr(text, " objects, ");

	/* "Total 3 objects, 12288 bytes" is the last line. */
	while (at && at > text && isdigit((unsigned char)at[-1]))
		at--;
	objects = at ? atol(at) : -1;
	CHECK(objects >= 0, "no total in bufinfo");
	return objects;
}

long count_iommu_pages(void)
{
	static const char key[] = "\nnr_iommu_pages ";
	char *text, *line;
	long pages;

	text = sys_slurp("/proc/vmstat");
	line = strstr(text, key);
	pages = line ? atol(line + strlen(key)) : -1;
	free(text);
	CHECK(pages >= 0, "no nr_iommu_pages in /proc/vmstat");
	return pages;
}

static bool wanted(const char *cache)
{
	struct stat st;

	/* A link is another name of a cache. */
	if (lstat(sys_path(SLAB "/%s", cache), &st) || !S_ISDIR(st.st_mode))
		return false;
	return !strcmp(cache, "iommu_iova") ||
	       (!strncmp(cache, "kmalloc-", 8) &&
		isdigit((unsigned char)cache[8])) ||
	       !strncmp(cache, "kmalloc-cg-", 11);
}

static int keep(const struct dirent *entry)
{
	return *entry->d_name != '.' && wanted(entry->d_name);
}

/*
 * The caches that are looked at. Their files stay open: opening one in sysfs
 * allocates, and frees late.
 */
static struct cache {
	char name[256];
	int shrink, objects;
} caches[COUNTS_CACHES];
static size_t nr_caches;

static int open_file(const char *cache, const char *file, int flags)
{
	const char *path = sys_path(SLAB "/%s/%s", cache, file);
	int fd = open(path, flags | O_CLOEXEC);

	CHECK(fd >= 0, "%s: %m", path);
	return fd;
}

static void open_caches(void)
{
	struct dirent **entries;
	int n = scandir(SLAB, &entries, keep, alphasort);
	int i;

	CHECK(n > 0 && n <= COUNTS_CACHES, "%d slab caches to count", n);
	for (i = 0; i < n; i++) {
		struct cache *cache = &caches[nr_caches++];

		strcpy(cache->name, entries[i]->d_name);
		cache->shrink = open_file(cache->name, "shrink", O_WRONLY);
		cache->objects = open_file(cache->name, "objects", O_RDONLY);
		free(entries[i]);
	}
	free(entries);
}

/*
 * KASAN's quarantine and what the CPUs keep for themselves go back to the cache.
 * A CPU that allocates meanwhile takes a handful again, so the least counts.
 */
static long least_objects(const struct cache *cache)
{
	long least = LONG_MAX, objects;
	char text[64] = "";
	int i;

	for (i = 0; i < LOOKS; i++) {
		CHECK(pwrite(cache->shrink, "1", 1, 0) == 1, "%s/shrink: %m",
		      cache->name);
		CHECK(pread(cache->objects, text, sizeof(text) - 1, 0) > 0,
		      "%s/objects: %m", cache->name);
		objects = atol(text);
		if (objects < least)
			least = objects;
	}
	return least;
}

static void count_caches(struct counts *counts)
{
	size_t i;

	if (!nr_caches)
		open_caches();
	/* What RCU is to free */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (i = 0; i < nr_caches; i++)
		counts->objects[i] = least_objects(&caches[i]);
}

bool counts_possible(void)
{
	return sys_exists(SLAB "/kmalloc-64/objects");
}

void counts_take(struct counts *counts)
{
	count_caches(counts);
	counts->iommu_pages = count_iommu_pages();
	counts->dmabufs = count_dmabufs();
}

/* Return: of what there is more than slack more, or NULL. */
static const char *grown(const struct counts *before,
			 const struct counts *after, long slack, long *growth)
{
	size_t i;

	*growth = after->iommu_pages - before->iommu_pages;
	if (*growth > slack)
		return "pages of IOMMU page tables";
	*growth = after->dmabufs - before->dmabufs;
	if (*growth > 0)
		return "dma-bufs";
	for (i = 0; i < nr_caches; i++) {
		*growth = after->objects[i] - before->objects[i];
		if (*growth > slack)
			return caches[i].name;
	}
	return NULL;
}

/* Some seconds are what kfree_rcu() may take. */
#define LATE_MS		7000
#define LOOK_MS		500

const char *counts_growth(const struct counts *before, long slack)
{
	static char text[300];
	uint64_t deadline = now_ms() + LATE_MS;
	struct counts after;
	const char *what;
	long growth;

	for (;;) {
		counts_take(&after);
		what = grown(before, &after, slack, &growth);
		if (!what)
			return NULL;
		if (now_ms() >= deadline)
			break;
		sleep_ms(LOOK_MS);
	}
	snprintf(text, sizeof(text), "%ld more %s", growth, what);
	return text;
}
