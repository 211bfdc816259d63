// SPDX-License-Identifier: GPL-2.0
/*
 * What people can see of a buffer: fdinfo, debugfs, tracepoints. All that is
 * worth knowing, and no physical address.
 */
#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ktap.h"
#include "machine.h"
#include "see.h"
#include "sys.h"

#define TRACING	"/sys/kernel/tracing"

static struct exporter exp;
static struct importer imp;
static struct layout l;
static int dmabuf;

static void export_three(void)
{
	exporter_open(&exp);
	layout_scatter(&l, 3, 2, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
}

static void check_fdinfo(const char *state, const char *ranges,
			 const char *provider, const char *mappings)
{
	static const char * const keys[] = {
		"phys_state", "phys_ranges", "phys_provider", "phys_mappings",
	};
	const char *should[] = { state, ranges, provider, mappings };

	for (int i = 0; i < 4; i++) {
		const char *is = fdinfo(dmabuf, keys[i]);

		CHECK(!strcmp(is, should[i]), "%s: '%s', should be '%s'",
		      keys[i], is, should[i]);
	}
}

static void fdinfo_follows(const void *arg)
{
	struct importer second;

	machine_need(arg);
	export_three();
	check_fdinfo("live", "3", machine.exporter, "0");
	importer_open(&imp, arg);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_fdinfo("live", "3", machine.exporter, "1");
	if (arg == &importer_device) {
		importer_open(&second, arg);
		CHECK_EQ(importer_map(&second, dmabuf, 0, l.size), 0);
		check_fdinfo("live", "3", machine.exporter, "2");
		CHECK_EQ(importer_unmap(&second), 0);
		check_fdinfo("live", "3", machine.exporter, "1");
	}
	vfio_set_memory(&exp.dev, false);
	check_fdinfo("revoked", "3", machine.exporter, "0");
	vfio_set_memory(&exp.dev, true);
	/* Both kinds of importers map again by themselves. */
	check_fdinfo("live", "3", machine.exporter, "1");
	exporter_close(&exp);
	check_fdinfo("dead", "0", "none", "0");
}

/* The lines of our buffer in bufinfo: from its inode number to the next one */
static void bufinfo_shows(const void *arg)
{
	char *text, *entry, *end, ino[32];
	struct stat st;

	(void)arg;
	export_three();
	CHECK(!fstat(dmabuf, &st), "fstat: %m");
	snprintf(ino, sizeof(ino), "\t%08lu\t", st.st_ino);
	text = sys_slurp("/sys/kernel/debug/dma_buf/bufinfo");
	entry = strstr(text, ino);
	CHECK(entry, "no buffer with inode %lu", st.st_ino);
	end = strstr(entry, "Total ");
	CHECK(end, "the entry has no end");
	*end = 0;
	CHECK(strstr(entry, "phys_state:\tlive\n"), "state:\n%s", entry);
	CHECK(strstr(entry, "phys_ranges:\t3\n"), "ranges:\n%s", entry);
	CHECK(strstr(entry, machine.exporter), "provider:\n%s", entry);
}

static void trace_on(void)
{
	CHECK(sys_exists(TRACING "/events/dma_buf_phys"),
	      "no events dma_buf_phys");
	sys_write(TRACING "/trace", "");
	CHECK_EQ(sys_write(TRACING "/events/dma_buf_phys/enable", "1"), 0);
}

static void check_event(const char *trace, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void check_event(const char *trace, const char *fmt, ...)
{
	char text[512];
	va_list args;
	regex_t re;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	CHECK(!regcomp(&re, text, REG_EXTENDED | REG_NOSUB | REG_NEWLINE),
	      "bad regex");
	CHECK(!regexec(&re, trace, 0, NULL, 0), "no event '%s' in\n%s", text,
	      trace);
	regfree(&re);
}

/* A life of a buffer, each step of it an event */
static void life(const struct importer_ops *target)
{
	export_three();
	importer_open(&imp, target);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	vfio_set_memory(&exp.dev, false);
	vfio_set_memory(&exp.dev, true);
	exporter_close(&exp);
}

static void events_tell(const void *arg)
{
	const struct importer_ops *target = arg;
	struct stat st;
	char *trace;

	machine_need(target);
	trace_on();
	life(target);
	trace = sys_slurp(TRACING "/trace");
	CHECK(!fstat(dmabuf, &st), "fstat: %m");

	check_event(trace, "dma_buf_phys_map: ino=%lu importer=[a-z]+ route=%s offset=0x?0 len=%#llx ret=0",
		    st.st_ino, target == &importer_domain ? "domain" :
		    "(bus|iova|direct)", (unsigned long long)l.size);
	check_event(trace, "dma_buf_phys_unmap: ino=%lu importer=[a-z]+ route=%s",
		    st.st_ino, target == &importer_domain ? "domain" :
		    "(bus|iova|direct)");
	check_event(trace, "dma_buf_phys_revoke: .*size=%llu ino=%lu",
		    (unsigned long long)l.size, st.st_ino);
	check_event(trace, "dma_buf_phys_revoked: .*ino=%lu", st.st_ino);
	check_event(trace, "dma_buf_phys_restore: .*ino=%lu", st.st_ino);
	check_event(trace, "dma_buf_phys_kill: .*ino=%lu", st.st_ino);
}

/*
 * Does a text have a number, decimal or hexadecimal, that is an address or a
 * page number of [start, start + len)?
 */
static bool mentions(const char *text, uint64_t start, uint64_t len)
{
	static const int bases[] = { 10, 16 };

	for (; *text; text++) {
		if (!isxdigit(*text))
			continue;
		for (int i = 0; i < 2; i++) {
			uint64_t value = strtoull(text, NULL, bases[i]);

			if (value - start < len ||
			    value - (start >> 12) < len >> 12)
				return true;
		}
		while (isxdigit(text[1]) || text[1] == 'x')
			text++;
	}
	return false;
}

static void no_address(const void *arg)
{
	uint64_t start, len;
	char *text;

	machine_need(arg);
	len = pci_bar(machine.exporter, EXPORTER_BAR, &start);
	CHECK(len, "no BAR");
	text = sys_slurp(sys_path("/sys/bus/pci/devices/%s/resource",
				  machine.exporter));
	CHECK(mentions(text, start, len), "the search finds nothing");

	trace_on();
	export_three();
	importer_open(&imp, arg);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	text = sys_slurp(sys_path("/proc/self/fdinfo/%d", dmabuf));
	CHECK(!mentions(text, start, len), "fdinfo:\n%s", text);
	text = sys_slurp("/sys/kernel/debug/dma_buf/bufinfo");
	CHECK(!mentions(text, start, len), "bufinfo:\n%s", text);
	vfio_set_memory(&exp.dev, false);
	vfio_set_memory(&exp.dev, true);
	exporter_close(&exp);
	text = sys_slurp(TRACING "/trace");
	CHECK(strstr(text, "dma_buf_phys_map:"), "nothing was traced");
	CHECK(!mentions(text, start, len), "trace:\n%s", text);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "fdinfo follows, target domain", fdinfo_follows,
		  &importer_domain, 0 },
		{ "fdinfo follows, target device", fdinfo_follows,
		  &importer_device, 0 },
		{ "bufinfo shows ranges and state", bufinfo_shows, NULL, 0 },
		{ "events tell a buffer's life, target domain", events_tell,
		  &importer_domain, 0 },
		{ "events tell a buffer's life, target device", events_tell,
		  &importer_device, 0 },
		{ "no physical address shows, target domain", no_address,
		  &importer_domain, 0 },
		{ "no physical address shows, target device", no_address,
		  &importer_device, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
