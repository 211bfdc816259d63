// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter lets its device sleep: as long as it may be asleep nothing is
 * mapped, whatever else is done to it; when it is awake for good, the buffer is
 * back.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ktap.h"
#include "pair.h"
#include "sys.h"

#define FALL_ASLEEP_MS	5000

/* The NVMe's memory buffer */
#define NVME_BAR	2
#define NVME_LEN	(128 << 10)

static struct pair p;

struct sleeper {
	const struct importer_ops *target;
	bool nvme;		/* it has D3hot, an ivshmem has no power states */
};

static void power_status(char text[32])
{
	sys_read(sys_path("/sys/bus/pci/devices/%s/power/runtime_status",
			  p.exp.dev.name), text, 32);
	text[strcspn(text, "\n")] = 0;
}

/* What the kernel thinks of the device, once it has made up its mind */
static void check_power(const char *status)
{
	char is[32];
	int ms;

	for (ms = 0; ms < FALL_ASLEEP_MS; ms += 10) {
		power_status(is);
		if (!strcmp(is, status))
			return;
		sleep_ms(10);
	}
	CHECK(0, "%s is %s, should be %s", p.exp.dev.name, is, status);
}

static long low_power(unsigned int feature, int wakeup)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_low_power_entry_with_wakeup wakeup;
	} arg = {
		.feature.flags = VFIO_DEVICE_FEATURE_SET | feature,
		.wakeup.wakeup_eventfd = wakeup,
	};

	arg.feature.argsz = wakeup < 0 ? sizeof(arg.feature) : sizeof(arg);
	return sys_ioctl(p.exp.dev.fd, VFIO_DEVICE_FEATURE, &arg);
}

static void begin(const struct sleeper *s)
{
	char status[32];

	if (s->nvme) {
		machine_need(s->target);
		if (!pci_find(PCI_NVME, 0, machine.exporter) ||
		    !pci_bind(machine.exporter, "vfio-pci"))
			skip("no NVMe for VFIO");
		exporter_open_on(&p.exp, machine.exporter, NVME_BAR, NVME_LEN);
		pair_import(&p, s->target);
	} else {
		pair_open(&p, s->target);
	}
	power_status(status);
	if (!strcmp(status, "unsupported"))
		skip("no runtime power management in this kernel");
	check_power("active");
}

static void fall_asleep(void)
{
	CHECK_EQ(low_power(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, -1), 0);
	pair_state(&p, "revoked");
	check_power("suspended");
}

static void wake_up(void)
{
	CHECK_EQ(low_power(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, -1), 0);
	check_power("active");
}

static void check_awake(uint64_t seed)
{
	pair_state(&p, "live");
	pair_again(&p);
	/* An NVMe's memory does not survive its sleep. */
	bar_snapshot(&p.exp.bar);
	pair_works(&p, seed);
}

static void asleep_and_awake(const void *arg)
{
	begin(arg);
	pair_write(&p);
	fall_asleep();
	if (p.imp.ops == &importer_device) {
		pair_join(&p);
		CHECK_EQ(p.ret, -ENODEV);
	}
	pair_refused(&p);
	check_power("suspended");
	wake_up();
	if (p.imp.ops == &importer_domain)
		pair_stop(&p);
	check_awake(2);
}

/* It is awake only for as long as each of these takes. */
static void disturbed(const void *arg)
{
	struct pair other = { 0 };

	begin(arg);
	fall_asleep();
	vfio_config_read(&p.exp.dev, PCI_VENDOR_ID, 4);
	pair_state(&p, "revoked");
	vfio_set_memory(&p.exp.dev, true);
	pair_state(&p, "revoked");
	vfio_set_memory(&p.exp.dev, false);
	vfio_set_memory(&p.exp.dev, true);
	pair_state(&p, "revoked");
	pair_refused(&p);
	if (!vfio_reset(&p.exp.dev))
		pair_state(&p, "revoked");
	check_power("suspended");

	other.dmabuf = exporter_export(&p.exp, &p.l);
	pair_state(&other, "revoked");
	close(other.dmabuf);
	pair_refused(&p);
	check_power("suspended");
	wake_up();
	check_awake(2);
}

/* The first access ends it, and the user is told. */
static void woken_up(const void *arg)
{
	int woken;

	begin(arg);
	woken = eventfd(0, EFD_CLOEXEC);
	CHECK_EQ(low_power(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			   woken), 0);
	pair_state(&p, "revoked");
	check_power("suspended");
	pair_refused(&p);
	vfio_config_read(&p.exp.dev, PCI_VENDOR_ID, 4);
	vfio_wait_event(woken, 1000);
	check_power("active");
	check_awake(2);
	wake_up();
	check_awake(3);
}

/* To be awake is not to have memory. */
static void woken_up_without_memory(const void *arg)
{
	int woken;

	begin(arg);
	woken = eventfd(0, EFD_CLOEXEC);
	vfio_set_memory(&p.exp.dev, false);
	CHECK_EQ(low_power(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			   woken), 0);
	check_power("suspended");
	vfio_config_read(&p.exp.dev, PCI_VENDOR_ID, 4);
	vfio_wait_event(woken, 1000);
	pair_state(&p, "revoked");
	pair_refused(&p);
	vfio_set_memory(&p.exp.dev, true);
	check_awake(2);
}

static void closed_asleep(const void *arg)
{
	begin(arg);
	fall_asleep();
	exporter_close(&p.exp);
	pair_state(&p, "dead");
	pair_refused(&p);
	CHECK_EQ(importer_unmap(&p.imp), 0);
	close(p.dmabuf);
	CHECK_EQ(buffers_left(), 0);
	exporter_open(&p.exp);
	p.dmabuf = exporter_export(&p.exp, &p.l);
	CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), 0);
	pair_works(&p, 2);
}

int main(void)
{
	static const struct sleeper sleepers[] = {
		{ &importer_domain, false },
		{ &importer_device, false },
		{ &importer_device, true },
	};
	static const struct {
		const char *name;
		void (*run)(const void *arg);
	} subjects[] = {
		{ "asleep and awake", asleep_and_awake },
		{ "disturbed in its sleep", disturbed },
		{ "woken up by an access", woken_up },
		{ "woken up without memory", woken_up_without_memory },
		{ "closed in its sleep", closed_asleep },
	};
	enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };
	enum { NR = SUBJECTS * sizeof(sleepers) / sizeof(sleepers[0]) };
	static char names[NR][80];
	struct ktap_case cases[NR];
	int i;

	machine_init();
	for (i = 0; i < NR; i++) {
		const struct sleeper *s = &sleepers[i / SUBJECTS];

		snprintf(names[i], sizeof(names[i]), "%s, %s, target %s",
			 subjects[i % SUBJECTS].name,
			 s->nvme ? "NVMe" : "ivshmem", s->target->name);
		cases[i] = (struct ktap_case){
			names[i], subjects[i % SUBJECTS].run, s, 0,
		};
	}
	return ktap_run(cases, NR);
}
