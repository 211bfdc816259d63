// SPDX-License-Identifier: GPL-2.0
/*
 * dmabufctl's verbs: what it tells of a buffer is what this test exported and did
 * with it, and each wrong call is told what is wrong with it.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ktap.h"
#include "machine.h"
#include "see.h"
#include "sys.h"
#include "tool.h"

#define PCI_TESTDEV	0x1b360005

/* Exit statuses, as dmabufctl.8 has them */
enum { DONE, FAILED, USAGE, NOT_FOUND, DENIED, NOT_READY, NO_ROUTE, UNKNOWN };

static struct exporter exp;
static struct importer imp;
static struct layout l;
static struct tool t;
static unsigned long long ino;
static int dmabuf;

static void export_three(void)
{
	struct stat st;

	exporter_open(&exp);
	layout_scatter(&l, 3, 2, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
	CHECK(!fstat(dmabuf, &st), "fstat: %m");
	ino = st.st_ino;
}

/*
 * What a list says of the buffer, by one filter: jq takes longer to start than all
 * the rest here.
 */
#define LIST_IS(should, filter)						\
	TOOL_JQ_IS(&t, false, should,					\
		   ".unseen as $unseen | .buffers[] | select(.ino == %llu) | %s", \
		   ino, filter)

static void list_tells(const void *arg)
{
	char me[64], should[256];

	machine_need(arg);
	export_three();
	importer_open(&imp, arg);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	tool_run(&t, "list --json");
	CHECK_EQ(t.status, DONE);
	snprintf(should, sizeof(should),
		 "%llu true live 3 %s 1 0 [%s] [%d dmabufctl-verbs %d] null",
		 (unsigned long long)l.size, machine.exporter,
		 arg == &importer_domain ? "iommu" : machine.edu_device,
		 getpid(), dmabuf);
	LIST_IS(should, "([.holders[] | \"\\(.pid) \\(.comm) \\(.fd)\"] | join(\", \")) as $who"
		" | \"\\(.size) \\(.described) \\(.state) \\(.ranges) \\(.provider)"
		" \\(.mappings) \\(.severed) [\\(.importers | join(\" \"))] [\\($who)] \\($unseen)\"");

	tool_run(&t, "list");
	tool_expect(&t, DONE, "1 live, 0 severed");
	snprintf(me, sizeof(me), "dmabufctl-verbs[%d]:%d", getpid(), dmabuf);
	tool_expect(&t, DONE, me);
	CHECK_EQ(importer_unmap(&imp), 0);
	tool_run(&t, "list");
	tool_expect(&t, DONE, "0 live, 0 severed");
}

static void show_state(const char *state, const char *ranges)
{
	tool_run(&t, "--json show %d:%d", getpid(), dmabuf);
	TOOL_JQ_IS(&t, false, sys_path("%s %s", state, ranges),
		   ".buffer | \"\\(.state) \\(.ranges)\"");
	tool_run(&t, "show %llu", ino);
	tool_expect(&t, DONE, state);
}

static void show_follows(const void *arg)
{
	(void)arg;
	export_three();
	show_state("live", "3");
	vfio_set_memory(&exp.dev, false);
	show_state("revoked", "3");
	vfio_set_memory(&exp.dev, true);
	show_state("live", "3");
	exporter_close(&exp);
	show_state("dead", "0");
	close(dmabuf);
	tool_run(&t, "show %llu", ino);
	tool_expect(&t, NOT_FOUND, "no dma-buf");
}

/* A name is its user's to choose: it must not pass for what the kernel says. */
static void name_is_only_a_name(const void *arg)
{
	(void)arg;
	export_three();
	CHECK_EQ(sys_ioctl(dmabuf, DMA_BUF_SET_NAME_B,
			   "a\"\\\xff\033[1m\xc2\x9b\nphys_state:\tdead\n"), 0);
	show_state("live", "3");
	CHECK(strstr(t.out, "?[1m?"), "it steers the terminal: %s", t.out);
	tool_run(&t, "list --json");
	LIST_IS("live true", "\"\\(.state) \\(.name | startswith(\"a\\\"\\\\\"))\"");

	CHECK_EQ(sys_ioctl(dmabuf, DMA_BUF_SET_NAME_B,
			   "\n0\t0\t0\t0\ta\t7\tx"), 0);
	tool_run(&t, "list --json");
	TOOL_JQ_IS(&t, false, "1 live", "\"\\(.buffers | length) \\(.buffers[0].state)\"");

	CHECK_EQ(sys_ioctl(dmabuf, DMA_BUF_SET_NAME_B,
			   "\n\tAttached Devices:\n\tforged"), 0);
	tool_run(&t, "list --json");
	LIST_IS("live 0", "\"\\(.state) \\(.importers | length)\"");
}

static void show_refuses(const void *arg)
{
	(void)arg;
	tool_run(&t, "show 4194999:1");
	tool_expect(&t, NOT_FOUND, "no process 4194999\n");
	tool_run(&t, "show %d:99", getpid());
	tool_expect(&t, NOT_FOUND, "no fd 99");
	tool_run(&t, "show %d:0", getpid());
	tool_expect(&t, NOT_FOUND, "no dma-buf");
	tool_run(&t, "show 987654321");
	tool_expect(&t, NOT_FOUND, "no dma-buf 987654321");
	tool_run(&t, "show");
	tool_expect(&t, USAGE, "takes one buffer");
	tool_run(&t, "show -1");
	tool_expect(&t, USAGE, "invalid option");
	tool_run(&t, "show 1x");
	tool_expect(&t, USAGE, "neither INO nor PID:FD");
	tool_run(&t, "show 1:x");
	tool_expect(&t, USAGE, "not PID:FD");
	tool_run(&t, "list 1");
	tool_expect(&t, USAGE, "takes no argument");
	tool_run(&t, "frob");
	tool_expect(&t, USAGE, "no verb 'frob'");
	/* An error is JSON, too. */
	tool_run(&t, "--json show 1x");
	TOOL_JQ_IS(&t, false, "2", ".status");
}

static void export_exports(const void *arg)
{
	(void)arg;
	tool_run(&t, "--json export %s --bar 2", machine.exporter);
	CHECK_EQ(t.status, DONE);
	TOOL_JQ_IS(&t, false, sys_path("%s 16777216", machine.exporter),
		   "\"\\(.device) \\(.buffer.size)\"");

	/* The command looks at what it was given. */
	tool_run(&t, "export %s --bar 2 --range 0x4000:8K --range 0:4096 -- "
		 "sh -c 'dmabufctl --json show $$:$DMABUF_FD >/tmp/shown; exit 7'",
		 machine.exporter);
	tool_expect(&t, 7, "2 ranges, 12K");
	t.out = sys_slurp("/tmp/shown");
	TOOL_JQ_IS(&t, false, "12288 2 live",
		   ".buffer | \"\\(.size) \\(.ranges) \\(.state)\"");
	tool_run(&t, "export %s --bar 2 -- /no/such/program", machine.exporter);
	tool_expect(&t, 127, "cannot run");
}

static void export_holds(const void *arg)
{
	const char *out;
	pid_t pid;
	int i;

	(void)arg;
	pid = tool_start("--json export --hold --bar 2 --range 64K:64K %s",
			 machine.exporter);
	out = strdup(sys_path("/tmp/tool.%d.out", pid));
	for (i = 0; i < 500 && (!sys_exists(out) || !*sys_slurp(out)); i++)
		sleep_ms(10);
	tool_run(&t, "--json list");
	TOOL_JQ_IS(&t, false, "65536 dmabufctl",
		   ".buffers[] | select(.holders[].pid == %d) | \"\\(.size) \\(.holders[0].comm)\"",
		   pid);
	tool_stop(&t, pid, SIGTERM);
	CHECK_EQ(t.status, DONE);
	TOOL_JQ_IS(&t, false, "65536", ".buffer.size");
	tool_run(&t, "--json list");
	TOOL_JQ_IS(&t, false, "0", "[.buffers[].holders[] | select(.pid == %d)] | length",
		   pid);
}

static void export_refuses(const void *arg)
{
	const char *e = machine.exporter;
	char testdev[PCI_NAME_LEN];

	(void)arg;
	tool_run(&t, "export 0000:7f:1f.7 --bar 2");
	tool_expect(&t, NOT_FOUND, "no PCI device 0000:7f:1f.7");
	tool_run(&t, "export nonsense --bar 2");
	tool_expect(&t, USAGE, "not a PCI address");
	tool_run(&t, "export");
	tool_expect(&t, USAGE, "which device");
	tool_run(&t, "export %s", e);
	tool_expect(&t, USAGE, "BAR0 256, BAR2 16M");
	tool_run(&t, "export %s --bar 4", e);
	tool_expect(&t, NOT_FOUND, "no BAR4");
	tool_run(&t, "export %s --bar 6", e);
	tool_expect(&t, USAGE, "not a BAR");
	tool_run(&t, "export %s --bar", e);
	tool_expect(&t, USAGE, "requires an argument");
	if (pci_find(PCI_TESTDEV, 0, testdev)) {
		tool_run(&t, "export %s --bar 1", testdev);
		tool_expect(&t, NOT_FOUND, "port I/O");
	}
	tool_run(&t, "export %s --bar 2 --range 100:4K", e);
	tool_expect(&t, USAGE, "not of whole pages");
	tool_run(&t, "export %s --bar 2 --range 0:0", e);
	tool_expect(&t, USAGE, "not of whole pages");
	tool_run(&t, "export %s --bar 2 --range 0", e);
	tool_expect(&t, USAGE, "not OFFSET:LENGTH");
	tool_run(&t, "export %s --bar 2 --range 16M:4K", e);
	tool_expect(&t, USAGE, "past the end of BAR2");
	tool_run(&t, "export %s --bar 2 --range 4K:0xfffffffffffff000", e);
	tool_expect(&t, USAGE, "past the end of BAR2");
	tool_run(&t, "export %s --bar 2 --range 0:16M --range 0:4K", e);
	tool_expect(&t, USAGE, "add up to more");
	tool_run(&t, "export %s --bar 2 --hold -- true", e);
	tool_expect(&t, USAGE, "do not go together");
	tool_run(&t, "export %s --bar 0", e);
	tool_expect(&t, FAILED, "it has 256, less than a page");
}

static void export_wants_vfio(const void *arg)
{
	(void)arg;
	if (!machine.no_device) {
		tool_run(&t, "export %s --bar 0", machine.edu_device);
		tool_expect(&t, NOT_READY, "not bound to vfio-pci but to");
		tool_expect(&t, NOT_READY, "driver/unbind");
		tool_expect(&t, NOT_READY, "driver_override");
		tool_expect(&t, NOT_READY, "drivers_probe");
		CHECK(!!strstr(t.err, "enable_unsafe_noiommu_mode") ==
		      !machine.iommu, "it should know about IOMMUs: %s", t.err);
	}
	/* In use: by this process, which it names. */
	exporter_open(&exp);
	tool_run(&t, "export %s --bar 2", machine.exporter);
	tool_expect(&t, FAILED, sys_path("in use by dmabufctl-verbs (process %d)",
					 getpid()));
}

/* The others of an IOMMU group keep user space out. */
static void export_names_the_group(const void *arg)
{
	char testdev[PCI_NAME_LEN], edu[PCI_NAME_LEN];

	(void)arg;
	if (!pci_find(PCI_TESTDEV, 1, testdev) || !pci_find(PCI_EDU, 2, edu) ||
	    pci_group(testdev) < 0 || pci_group(testdev) != pci_group(edu))
		skip("no two functions in one IOMMU group");
	CHECK(pci_bind(testdev, "vfio-pci"), "%s does not bind", testdev);
	pci_bind(edu, NULL);
	tool_run(&t, "export %s --bar 2", testdev);
	CHECK_EQ(t.status, DONE);
	if (!pci_bind(edu, "dma_buf_edu"))
		skip("no driver for the other function");
	tool_run(&t, "export %s --bar 2", testdev);
	tool_expect(&t, NOT_READY, sys_path("%s (dma_buf_edu)", edu));
}

static void map_maps(const void *arg)
{
	(void)arg;
	tool_run(&t, "--json map %s --bar 2 --range 8K:4K --range 0:4K --into %s",
		 machine.exporter, machine.edu_domain);
	CHECK_EQ(t.status, DONE);
	TOOL_JQ_IS(&t, false, "true 1 8192 2 0",
		   "\"\\(.works) \\(.mappings) \\(.buffer.size) \\(.buffer.ranges) \\(.buffer.mappings)\"");
	tool_run(&t, "map %s --bar 2 --into %s --revoke", machine.exporter,
		 machine.edu_domain);
	tool_expect(&t, DONE, "memory off: revoked in");
	tool_expect(&t, DONE, "\nworks\n");
	/* Nothing translates for no device. */
	tool_run(&t, "--json map %s --bar 2", machine.exporter);
	TOOL_JQ_IS(&t, false, "true 0 null",
		   "\"\\(.works) \\(.mappings) \\(.into)\"");
	tool_run(&t, "map %s --bar 2", machine.exporter);
	tool_expect(&t, DONE, "nothing was translated: no device");
	tool_run(&t, "export %s --bar 2 -- sh -c 'dmabufctl map --fd $DMABUF_FD --into %s'",
		 machine.exporter, machine.edu_domain);
	tool_expect(&t, DONE, "\nworks\n");
}

static void map_refuses(const void *arg)
{
	(void)arg;
	tool_run(&t, "map %s --bar 2 --into 0000:7f:1f.7", machine.exporter);
	tool_expect(&t, NOT_FOUND, "no PCI device");
	tool_run(&t, "map");
	tool_expect(&t, USAGE, "either a device exports");
	tool_run(&t, "map --fd 1 --revoke");
	tool_expect(&t, USAGE, "--revoke needs the device");
	tool_run(&t, "map --fd 1");
	tool_expect(&t, NOT_FOUND, "fd 1 is no dma-buf");
	tool_run(&t, "map --fd 99");
	tool_expect(&t, NOT_FOUND, "fd 99 is not open");
	if (!machine.no_device) {
		tool_run(&t, "map %s --bar 2 --into %s", machine.exporter,
			 machine.edu_device);
		tool_expect(&t, NOT_READY, "not bound to vfio-pci");
	}

	export_three();
	fcntl(dmabuf, F_SETFD, 0);
	vfio_set_memory(&exp.dev, false);
	tool_run(&t, "map --fd %d", dmabuf);
	tool_expect(&t, FAILED, "it is revoked");
	exporter_close(&exp);
	tool_run(&t, "map --fd %d", dmabuf);
	tool_expect(&t, FAILED, "it is dead");
}

#define INSTANCES	"/sys/kernel/tracing/instances"

static bool watching(pid_t pid)
{
	char text[8];

	sys_read(sys_path(INSTANCES "/dmabufctl-%d/events/dma_buf_phys/enable",
			  pid), text, sizeof(text));
	return *text == '1';
}

static pid_t watch(const char *options)
{
	pid_t pid = tool_start("watch %s", options);
	int i;

	for (i = 0; i < 500 && !watching(pid); i++)
		sleep_ms(10);
	CHECK(watching(pid), "it does not watch");
	return pid;
}

static void check_tidy(pid_t pid)
{
	CHECK(!sys_exists(sys_path(INSTANCES "/dmabufctl-%d", pid)),
	      "its tracefs instance is still there");
}

/* Map, take back, give again, close: the core maps again in between. */
static void life(const struct importer_ops *target)
{
	export_three();
	importer_open(&imp, target);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	vfio_set_memory(&exp.dev, false);
	sleep_ms(20);
	vfio_set_memory(&exp.dev, true);
	exporter_close(&exp);
}

static void watch_tells(const void *arg)
{
	pid_t pid;

	machine_need(arg);
	pid = watch("--json");
	/* No name hides what its task does. */
	prctl(PR_SET_NAME, ": dma_buf_phys_");
	life(arg);
	/* What came before the signal it still tells. */
	tool_stop(&t, pid, SIGINT);
	CHECK_EQ(t.status, DONE);
	check_tidy(pid);
#define OURS	".[] | select(.ino == %llu)"
	TOOL_JQ_IS(&t, true,
		   "map revoke unmap revoked restore map revoke unmap revoked kill",
		   "[" OURS " | .event] | join(\" \")",
		   ino);
	/* Durations, of which one is known to be no less than our sleep */
	TOOL_JQ_IS(&t, true, "true true true true true",
		   "[" OURS "] as $all | [$all[] | select(.event == \"map\") | .ret == 0"
		   " and .len == %llu and .offset == 0 and (.route | IN(%s))] as $maps"
		   " | [$all[] | select(.event == \"revoked\") | .took_ns > 0] as $took"
		   " | [$all[] | select(.event == \"unmap\") | .lived_ns > 0] as $lived"
		   " | [$all[] | select(.event == \"restore\") | .away_ns >= 20000000] as $away"
		   " | \"\\($maps | length == 2 and all) \\($took | length == 2 and all)"
		   " \\($lived | length == 2 and all) \\($away == [true])"
		   " \\(.[-1] | .event == \"end\" and .lost == 0 and .counts.kill >= 1)\"",
		   ino, (unsigned long long)l.size, arg == &importer_domain ?
		   "\"domain\"" : "\"bus\", \"iova\", \"direct\"");
}

/* Two watch at the same time, one of them another buffer. */
static void watch_one(const void *arg)
{
	pid_t ours, other;

	(void)arg;
	export_three();
	ours = watch(sys_path("--ino %llu", ino));
	other = watch(sys_path("--ino %llu", ino + 1));
	vfio_set_memory(&exp.dev, false);
	vfio_set_memory(&exp.dev, true);
	tool_stop(&t, ours, SIGINT);
	tool_expect(&t, DONE, "the revoke took");
	tool_expect(&t, DONE, "1 revokes, the longest");
	tool_stop(&t, other, SIGTERM);
	tool_expect(&t, DONE, "0 mapped, 0 of them refused; 0 unmapped, 0 severed; "
		    "0 revokes\n");
}

static void watch_ends(const void *arg)
{
	uint64_t since = now_ms();
	pid_t pid;

	(void)arg;
	tool_run(&t, "watch --seconds 1");
	tool_expect(&t, DONE, "0 revokes");
	CHECK(now_ms() - since >= 1000, "it ended too early");
	tool_run(&t, "watch --seconds x");
	tool_expect(&t, USAGE, "not a number");
	tool_run(&t, "watch 7");
	tool_expect(&t, USAGE, "takes no argument");
	pid = watch("");
	tool_stop(&t, pid, SIGQUIT);
	tool_expect(&t, DONE, "0 revokes");
	check_tidy(pid);
}

static void nobody_sees_own(const void *arg)
{
	(void)arg;
	export_three();
	fcntl(dmabuf, F_SETFD, 0);
	/* It has inherited the buffer, and is the only process that it sees. */
	tool_run_nobody(&t, "--json list");
	CHECK_EQ(t.status, DONE);
	LIST_IS("live null 1 true",
		"($unseen | test(\"only root may read it\") and test(\"what others have open\")) as $says"
		" | \"\\(.state) \\(.importers) \\(.holders | length) \\($says)\"");
	tool_run_nobody(&t, "list");
	tool_expect(&t, DONE, "not seen: importers");
	tool_run_nobody(&t, "show %llu", ino);
	tool_expect(&t, DONE, "importers  not known");
}

static void nobody_may_not(const void *arg)
{
	(void)arg;
	export_three();
	tool_run_nobody(&t, "show %d:%d", getpid(), dmabuf);
	tool_expect(&t, DENIED, "cannot look into process");
	tool_run_nobody(&t, "show %llu", ino);
	tool_expect(&t, DENIED, "run this as root to be sure");
	tool_run_nobody(&t, "watch --seconds 1");
	tool_expect(&t, DENIED, "as root");
	close(dmabuf);
	exporter_close(&exp);
	tool_run_nobody(&t, "export %s --bar 2", machine.exporter);
	tool_expect(&t, DENIED, "as root");
	tool_run_nobody(&t, "export %s", machine.exporter);
	tool_expect(&t, USAGE, "BAR0 256, BAR2 16M");
	tool_run_nobody(&t, "--json map %s --bar 2", machine.exporter);
	TOOL_JQ_IS(&t, false, "4", ".status");
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "list tells what there is, target domain", list_tells,
		  &importer_domain, 0 },
		{ "list tells what there is, target device", list_tells,
		  &importer_device, 0 },
		{ "show follows a buffer", show_follows, NULL, 0 },
		{ "a name is only a name", name_is_only_a_name, NULL, 0 },
		{ "list and show refuse", show_refuses, NULL, 0 },
		{ "export exports", export_exports, NULL, 0 },
		{ "export holds", export_holds, NULL, 0 },
		{ "export refuses", export_refuses, NULL, 0 },
		{ "export wants a device of VFIO's", export_wants_vfio, NULL, 0 },
		{ "export names the group", export_names_the_group, NULL, 0 },
		{ "map maps", map_maps, NULL, 0 },
		{ "map refuses", map_refuses, NULL, 0 },
		{ "watch tells, target domain", watch_tells, &importer_domain, 0 },
		{ "watch tells, target device", watch_tells, &importer_device, 0 },
		{ "watch one buffer", watch_one, NULL, 0 },
		{ "watch ends", watch_ends, NULL, 0 },
		{ "nobody sees what is his", nobody_sees_own, NULL, 0 },
		{ "nobody may not do more", nobody_may_not, NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
