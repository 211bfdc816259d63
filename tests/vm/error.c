// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter's device, or the link to it, reports an error. A fatal one takes
 * the memory from the importers before the user hears of it; one that leaves the
 * device usable does not. The kernel is told of errors by its own injector, at
 * the port of the device: the bus below is then really reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "pair.h"
#include "see.h"
#include "sys.h"

#define INJECTOR	"/dev/aer_inject"

#define RECOVERY_MS	30000

/* What the injector takes; it has no header for user space. */
struct injection {
	uint8_t bus, dev, fn;
	uint32_t uncorrectable, correctable;
	uint32_t header_log[4];
	uint32_t domain;
};

static struct pair p;
static struct kmsg log;

/* The port above the exporter's device */
static void port_address(struct injection *inj)
{
	char path[512], *at;
	unsigned int domain, bus, dev, fn;

	CHECK(realpath(sys_path("/sys/bus/pci/devices/%s/..", machine.exporter),
		       path), "%s: %m", machine.exporter);
	at = strrchr(path, '/') + 1;
	if (sscanf(at, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		skip("%s is not behind a port", machine.exporter);
	*inj = (struct injection){
		.bus = bus, .dev = dev, .fn = fn, .domain = domain,
	};
}

static void inject(uint32_t error)
{
	struct injection inj;
	int fd;

	port_address(&inj);
	inj.uncorrectable = error;
	fd = open(INJECTOR, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		skip(INJECTOR ": %s", strerror(errno));
	if (write(fd, &inj, sizeof(inj)) != sizeof(inj)) {
		if (errno == ENODEV || errno == EPROTONOSUPPORT)
			skip("nobody handles errors of this port: scripts/vm --host");
		CHECK(0, "cannot inject %#x: %m", error);
	}
	close(fd);
}

/* Until the kernel has done with it */
static void wait_for_recovery(void)
{
	char line[256];

	CHECK(kmsg_find(&log, "device recovery successful", RECOVERY_MS, line,
			sizeof(line)), "the kernel does not recover");
}

/* Open, and at work; signalled when the user is told of an error */
static int begin(const struct importer_ops *ops)
{
	pair_open(&p, ops);
	kmsg_open(&log);
	pair_write(&p);
	return vfio_eventfd(&p.exp.dev, VFIO_PCI_ERR_IRQ_INDEX);
}

/* The user gives the device its BARs again, and with it the buffer. */
static void check_restored(void)
{
	vfio_set_memory(&p.exp.dev, false);
	vfio_set_memory(&p.exp.dev, true);
	pair_state(&p, "live");
	if (p.imp.ops == &importer_domain)
		pair_stop(&p);
	pair_again(&p);
	bar_snapshot(&p.exp.bar);
	pair_works(&p, 2);
}

/*
 * The bus below is reset, and the device with it. When the user is told, the
 * importers have been: what the user does next is not undone.
 */
static void fatal(const void *arg)
{
	int told = begin(arg);

	inject(PCI_ERR_UNC_DLP);
	vfio_wait_event(told, RECOVERY_MS);
	pair_state(&p, "revoked");
	if (p.imp.ops == &importer_device) {
		pair_join(&p);
		CHECK_EQ(p.ret, -ENODEV);
	}
	pair_refused(&p);
	wait_for_recovery();
	pair_state(&p, "revoked");
	CHECK(!(vfio_config_read(&p.exp.dev, PCI_COMMAND, 2) &
		PCI_COMMAND_MEMORY), "the bus was not reset");
	check_restored();
}

/* The link is as it was. */
static void nonfatal(const void *arg)
{
	int told = begin(arg);

	inject(PCI_ERR_UNC_COMP_TIME);
	vfio_wait_event(told, RECOVERY_MS);
	wait_for_recovery();
	pair_state(&p, "live");
	pair_stop(&p);
	CHECK_EQ(p.ret, 0);
	bar_snapshot(&p.exp.bar);
	pair_works(&p, 2);
}

/* The error comes while the device is being closed, or when it is: no harm. */
static void races_with_close(const void *arg)
{
	struct injection inj;
	int i;

	(void)arg;
	kmsg_open(&log);
	for (i = 0; i < 5; i++) {
		pair_open(&p, &importer_device);
		port_address(&inj);
		inject(PCI_ERR_UNC_DLP);
		sleep_ms(i * 20);
		exporter_close(&p.exp);
		pair_state(&p, "dead");
		CHECK_EQ(importer_unmap(&p.imp), 0);
		close(p.dmabuf);
		close(p.imp.node);
		/* The reset of the bus is no harm to the next round either. */
		wait_for_recovery();
	}
	CHECK_EQ(buffers_left(), 0);
	pair_open(&p, &importer_device);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a fatal error revokes, target domain", fatal,
		  &importer_domain, 0 },
		{ "a fatal error revokes, target device", fatal,
		  &importer_device, 0 },
		{ "a non-fatal error does not, target domain", nonfatal,
		  &importer_domain, 0 },
		{ "a non-fatal error does not, target device", nonfatal,
		  &importer_device, 0 },
		{ "fatal errors while the device is closed", races_with_close,
		  NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
