// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that a user of dma-bufs makes the kernel allocate is charged to
 * him, and stops at his limit.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sys.h"

#define PAGE		4096ull
#define CGROUP		"charged"
/* Enough for what is free in slabs before, and in the last ones, not to show */
#define OBJECTS		16000
/* Told, as IOMMUFD would look for a free one among all that are not */
#define IOVA		(1ull << 33)
#define LIMIT		(8l << 20)
#define LIMIT_TEXT	"8M"

static struct exporter exp;

static void enter(void)
{
	struct rlimit many = { OBJECTS + 100, OBJECTS + 100 };

	if (!cgroup_enter(CGROUP))
		skip("no memory cgroup");
	CHECK(!setrlimit(RLIMIT_NOFILE, &many), "descriptors: %m");
}

static long slab_bytes(void)
{
	char text[4096], *at;

	sys_read("/proc/meminfo", text, sizeof(text));
	at = strstr(text, "\nSlab:");
	return at ? atol(at + 6) * 1024 : 0;
}

/* All that there is in slabs, and what of it is charged to this process */
struct memory {
	long slab, charged;
};

static struct memory memory_now(void)
{
	sleep_ms(300);
	return (struct memory){ slab_bytes(), cgroup_stat(CGROUP, "slab") };
}

/*
 * What was made for the user since is charged, but for a few bytes of a hundred:
 * slabs are never quite full.
 */
static void check_charged(const char *what, struct memory before,
			  struct memory with, struct memory after)
{
	long slab = with.slab - before.slab;
	long charged = with.charged - before.charged;
	long left = after.charged - before.charged;

	note("each of %d %s: %ld bytes of slabs, %ld charged, %ld left", OBJECTS,
	     what, slab / OBJECTS, charged / OBJECTS, left / OBJECTS);
	CHECK(charged > slab - slab / 16, "%ld of %ld bytes are not charged",
	      slab - charged, slab);
	CHECK(left < charged / 20, "%ld bytes of %ld stay", left, charged);
}

static bool checks_memory(void)
{
	return sys_exists("/sys/kernel/debug/kmemleak");
}

static void buffers_are_charged(const void *arg)
{
	struct memory before, with, after;
	static int fds[OBJECTS];
	struct layout l;
	int i;

	(void)arg;
	if (checks_memory())
		skip("a kernel that checks its memory needs slabs for that");
	enter();
	exporter_open(&exp);
	layout_adjacent(&l, 1, 0);
	close(exporter_export(&exp, &l));
	before = memory_now();
	for (i = 0; i < OBJECTS; i++)
		fds[i] = exporter_export(&exp, &l);
	with = memory_now();
	for (i = 0; i < OBJECTS; i++)
		close(fds[i]);
	after = memory_now();
	check_charged("buffers", before, with, after);
}

/* With or without a domain that they are filled into */
static void mappings_are_charged(const void *arg)
{
	struct memory before, with, after;
	struct importer imp;
	struct layout l;
	int iommufd, i, fd;
	uint32_t ioas;

	if (checks_memory())
		skip("a kernel that checks its memory needs slabs for that");
	enter();
	exporter_open(&exp);
	layout_adjacent(&l, 1, 0);
	fd = exporter_export(&exp, &l);
	importer_open(&imp, &importer_domain);
	iommufd = imp.dev.iommufd;
	ioas = arg ? imp.ioas : ioas_alloc(iommufd);
	before = memory_now();
	for (i = 0; i < OBJECTS; i++)
		CHECK_EQ(ioas_map_file_at(iommufd, ioas, fd, 0, PAGE,
					  IOVA + i * PAGE), 0);
	with = memory_now();
	CHECK_EQ(ioas_unmap(iommufd, ioas, 0, UINT64_MAX), 0);
	after = memory_now();
	check_charged(arg ? "mappings in a domain" : "mappings", before, with,
		      after);
}

/* Not aligned to what a large page needs, the BAR takes an entry for each page. */
static void page_tables_are_charged(const void *arg)
{
	const unsigned int times = 16;
	long before, with, after, least;
	struct importer imp;
	struct layout l;
	unsigned int i;
	int fd;

	(void)arg;
	enter();
	if (!machine.iommu)
		skip("no IOMMU");
	exporter_open(&exp);
	l = (struct layout){ .nr = 1, .size = exp.map_len };
	l.ranges = &(struct vfio_region_dma_range){ 0, exp.map_len };
	fd = exporter_export(&exp, &l);
	importer_open(&imp, &importer_domain);
	before = cgroup_stat(CGROUP, "sec_pagetables");
	for (i = 0; i < times; i++)
		CHECK_EQ(ioas_map_file_at(imp.dev.iommufd, imp.ioas, fd, 0,
					  l.size, IOVA + PAGE +
					  i * (l.size + PAGE)), 0);
	with = cgroup_stat(CGROUP, "sec_pagetables");
	CHECK_EQ(ioas_unmap(imp.dev.iommufd, imp.ioas, 0, UINT64_MAX), 0);
	sleep_ms(300);
	after = cgroup_stat(CGROUP, "sec_pagetables");
	least = times * (l.size / PAGE) * 8;
	note("%ld bytes of page tables charged, at least %ld needed, %ld left",
	     with - before, least, after - before);
	CHECK(with - before >= least, "not charged");
	/* What is not wholly empty stays. */
	CHECK(after - before < least / 4, "they stay");
}

typedef long (*greedy_fn)(void);

static struct layout greedy_layout;
static int greedy_fd, greedy_iommufd;
static uint32_t greedy_ioas;

static long greedy_buffers(void)
{
	return exporter_try(&exp, &greedy_layout);
}

static long greedy_mappings(void)
{
	static uint64_t iova = IOVA;

	iova += PAGE;
	return ioas_map_file_at(greedy_iommufd, greedy_ioas, greedy_fd, 0, PAGE,
				iova);
}

/* What the greedy process tells, in memory that both see */
struct told {
	volatile long count, error;
};

/*
 * Takes what it gets until it is refused. With no memory left it could not even
 * touch a page of its own, so it touches all that it needs before.
 */
static void be_greedy(greedy_fn more, struct told *told)
{
	struct rlimit many = { 1 << 20, 1 << 20 };

	CHECK(cgroup_enter(CGROUP), "no memory cgroup");
	setrlimit(RLIMIT_NOFILE, &many);
	/* Else the kernel would rather kill it than refuse. */
	CHECK(!sys_write("/proc/self/oom_score_adj", "-1000"), "oom_score_adj");
	told->count = 0;
	while (told->count < 1000000) {
		long ret = more();

		if (ret < 0) {
			told->error = ret;
			break;
		}
		told->count++;
	}
	_exit(0);
}

/*
 * Somebody who wants more than his limit is told so, and it is his own affair:
 * this process, outside of the cgroup, goes on.
 */
static void limit_is_kept(const void *arg)
{
	uint64_t deadline = now_ms() + 60000;
	struct told *told;
	int status, pid;
	long after;

	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(told != MAP_FAILED, "no memory");
	/* There is no cgroup before somebody was in it. */
	pid = ktap_fork();
	if (!pid)
		_exit(cgroup_enter(CGROUP) ? 0 : 1);
	if (waitpid(pid, &status, 0) != pid || status)
		skip("no memory cgroup");
	exporter_open(&exp);
	layout_adjacent(&greedy_layout, 1, 0);
	greedy_fd = exporter_export(&exp, &greedy_layout);
	greedy_iommufd = iommufd_open();
	greedy_ioas = ioas_alloc(greedy_iommufd);
	CHECK_EQ(cgroup_set(CGROUP, "memory.max", LIMIT_TEXT), 0);

	pid = ktap_fork();
	if (!pid)
		be_greedy(arg ? greedy_mappings : greedy_buffers, told);
	while (!told->error && now_ms() < deadline)
		sleep_ms(1);
	CHECK_EQ(cgroup_set(CGROUP, "memory.max", "max"), 0);
	ktap_join(pid);
	note("%ld got, then %s", told->count, ktap_number(told->error));
	CHECK_EQ(told->error, -ENOMEM);
	/* Nothing takes less than 64 bytes. */
	CHECK(told->count > 1000 && told->count < LIMIT / 64,
	      "%ld is no limit", told->count);
	if (arg)
		CHECK_EQ(ioas_unmap(greedy_iommufd, greedy_ioas, 0, UINT64_MAX),
			 0);
	sleep_ms(500);
	after = cgroup_number(CGROUP, "memory.current");
	note("%ld bytes after", after);
	CHECK(after < LIMIT / 8, "%ld bytes stay", after);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "buffers are charged", buffers_are_charged, NULL, 0 },
		{ "mappings are charged", mappings_are_charged, NULL, 0 },
		{ "mappings in a domain are charged", mappings_are_charged,
		  "domain", 0 },
		{ "page tables are charged", page_tables_are_charged, NULL, 0 },
		{ "buffers stop at the limit", limit_is_kept, NULL, 0 },
		{ "mappings stop at the limit", limit_is_kept, "mappings", 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
