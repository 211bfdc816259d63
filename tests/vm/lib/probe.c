// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"
#include "pci.h"
#include "probe.h"
#include "sys.h"

static void load(void)
{
	int module = open("/tmp/phys_probe.ko", O_RDONLY | O_CLOEXEC);

	CHECK(module >= 0, "phys_probe.ko: %m");
	CHECK(!syscall(SYS_finit_module, module, "", 0) || errno == EEXIST,
	      "phys_probe.ko: %m");
	close(module);
}

int probe_open(void)
{
	char name[PCI_NAME_LEN];
	int node;

	load();
	if (!pci_find(PCI_IVSHMEM, 1, name))
		skip("no second ivshmem");
	CHECK(pci_bind(name, "phys_probe"), "%s does not bind", name);
	node = open("/dev/phys_probe", O_RDWR | O_CLOEXEC);
	CHECK(node >= 0, "/dev/phys_probe: %m");
	return node;
}

int probe_export(int node)
{
	int fd = sys_ioctl(node, PHYS_PROBE_EXPORT, NULL);

	CHECK(fd >= 0, "export: %s", ktap_number(fd));
	return fd;
}

void probe_revoke(int node)
{
	CHECK_EQ(sys_ioctl(node, PHYS_PROBE_REVOKE, NULL), 0);
}

uint32_t probe_restore(int node)
{
	uint32_t differ;

	CHECK_EQ(sys_ioctl(node, PHYS_PROBE_RESTORE, &differ), 0);
	return differ;
}
