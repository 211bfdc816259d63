// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "ktap.h"
#include "leave.h"
#include "sys.h"

#define DEVICES	"/sys/bus/pci/devices"

/* The kernel takes some seconds to switch a slot on. */
#define PLUG_MS	20000u

static void unbind(const char *name, const char *id)
{
	(void)id;
	CHECK_EQ(sys_write(sys_path(DEVICES "/%s/driver/unbind", name), name),
		 0);
}

static void rebind(const char *name, const char *id)
{
	(void)name;
	(void)id;
}

static void remove_it(const char *name, const char *id)
{
	(void)id;
	CHECK_EQ(sys_write(sys_path(DEVICES "/%s/remove", name), "1"), 0);
}

static void rescan(const char *name, const char *id)
{
	(void)name;
	(void)id;
	CHECK_EQ(sys_write("/sys/bus/pci/rescan", "1"), 0);
}

static void need_host(const char *name)
{
	(void)name;
	host_need();
}

static void press_button(const char *name, const char *id)
{
	(void)name;
	host_unplug(id);
}

static void plug_in(const char *name, const char *id)
{
	(void)name;
	host_plug(id);
}

static uint32_t port_read(int config, unsigned int offset, unsigned int size)
{
	uint32_t value = 0;

	CHECK(pread(config, &value, size, offset) == size, "port: %m");
	return value;
}

/* Where in the config space of a port the PCI Express capability is */
static unsigned int express(int config)
{
	unsigned int pos = port_read(config, PCI_CAPABILITY_LIST, 1);

	while (pos && port_read(config, pos, 1) != PCI_CAP_ID_EXP)
		pos = port_read(config, pos + 1, 1);
	CHECK(pos, "the device is not behind a PCI Express port");
	return pos;
}

static void port_write(int config, unsigned int offset, uint16_t value)
{
	CHECK(pwrite(config, &value, sizeof(value), offset) == sizeof(value),
	      "port: %m");
}

static bool port_is_off(int config, unsigned int slot_control)
{
	uint32_t control = port_read(config, slot_control, 2);

	return (control & PCI_EXP_SLTCTL_PCC) &&
	       (control & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF;
}

/*
 * Behind the kernel's back: QEMU takes the device out when the port's power and
 * its indicator are off. Of a slot without power the kernel would believe that
 * it has been there itself, so it must not be told before the power is on again.
 * When the kernel is done with the empty slot it switches both off, as the last.
 */
static void yank(const char *name, const char *id)
{
	int config = open(sys_path(DEVICES "/%s/../config", name),
			  O_RDWR | O_CLOEXEC);
	unsigned int at;
	uint16_t on;

	(void)id;
	CHECK(config >= 0, "the port of %s: %m", name);
	at = express(config) + PCI_EXP_SLTCTL;
	on = port_read(config, at, 2);
	port_write(config, at, (on & ~PCI_EXP_SLTCTL_HPIE) |
			       PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF);
	port_write(config, at, on);
	while (!port_is_off(config, at))
		sleep_ms(10);
	close(config);
}

const struct leave_way leave_ways[] = {
	{ .name = "unbound", .leave = unbind, .come_back = rebind,
	  .stays = true },
	{ .name = "removed", .leave = remove_it, .come_back = rescan },
	{ .name = "unplugged", .require = need_host, .leave = press_button,
	  .come_back = plug_in },
	{ .name = "yanked", .require = need_host, .leave = yank,
	  .come_back = plug_in, .surprise = true },
};
const size_t nr_leave_ways = sizeof(leave_ways) / sizeof(leave_ways[0]);

static void *leave_thread(void *arg)
{
	struct leaving *l = arg;

	l->way->leave(l->name, l->id);
	return NULL;
}

void leave_begin(struct leaving *l, const struct leave_way *way,
		 const char *pci_name, const char *id)
{
	*l = (struct leaving){ .way = way, .id = id };
	strcpy(l->name, pci_name);
	CHECK(!pthread_create(&l->thread, NULL, leave_thread, l), "no thread");
}

bool leave_done(struct leaving *l)
{
	return !sys_exists(sys_path(l->way->stays ? DEVICES "/%s/driver" :
						    DEVICES "/%s", l->name));
}

/* Gone in sysfs, and whoever did it has come back from that. */
void leave_wait(struct leaving *l, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	CHECK(!pthread_timedjoin_np(l->thread, NULL, &until),
	      "%s: not %s after %u ms", l->name, l->way->name, ms);
	for (; !leave_done(l) && ms > 0; ms -= 10)
		sleep_ms(10);
	CHECK(leave_done(l), "%s is not %s", l->name, l->way->name);
}

static bool has_driver(const char *name, const char *driver)
{
	char link[512] = "";

	return readlink(sys_path(DEVICES "/%s/driver", name), link,
			sizeof(link) - 1) > 0 &&
	       !strcmp(strrchr(link, '/') + 1, driver);
}

/* A driver is shown before its probe is over. This file takes the lock of both. */
static void wait_for_probe(const char *name)
{
	char *control = sys_path(DEVICES "/%s/power/control", name);
	char text[16];

	sys_read(control, text, sizeof(text));
	CHECK_EQ(sys_write(control, text), 0);
}

/* The kernel may still be adding it, and give it to the driver that it likes. */
void leave_undo(struct leaving *l, const char *driver)
{
	unsigned int ms;

	l->way->come_back(l->name, l->id);
	for (ms = 0; ms < PLUG_MS && !has_driver(l->name, driver); ms += 50) {
		sleep_ms(50);
		if (sys_exists(sys_path(DEVICES "/%s", l->name)))
			pci_bind(l->name, driver);
	}
	CHECK(has_driver(l->name, driver), "%s does not come back to %s",
	      l->name, driver);
	wait_for_probe(l->name);
}
