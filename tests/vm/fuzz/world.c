// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "iommufd.h"
#include "judge.h"
#include "ktap.h"
#include "machine.h"
#include "other.h"
#include "sample.h"
#include "sys.h"

#define LEGACY_LEN	(4 * PAGE)

static void odd_add(struct world *w, enum kind kind, int fd, uint64_t size)
{
	w->odd[w->nr_odd++] = (struct slot){
		.kind = kind,
		.fd = fd,
		.size = size,
	};
}

/* Descriptors that are no dma-buf of a device */
static void open_odd(struct world *w)
{
	int fd;

	odd_add(w, FD_NONE, -1, 0);
	odd_add(w, FD_NONE, INT_MIN, 0);
	odd_add(w, FD_NONE, 1 << 20, 0);
	odd_add(w, FD_OTHER, eventfd(0, EFD_CLOEXEC), 0);
	odd_add(w, FD_OTHER, memfd_create("fuzz", MFD_CLOEXEC), 0);
	CHECK(!ftruncate(w->odd[w->nr_odd - 1].fd, 1 << 20), "memfd: %m");
	if (!sys_exists("/dev/udmabuf"))
		return;
	fd = make_udmabuf(LEGACY_LEN);
	odd_add(w, FD_LEGACY, fd, LEGACY_LEN);
	odd_add(w, FD_NONE, open(sys_path("/proc/self/fd/%d", fd),
				 O_PATH | O_CLOEXEC), 0);
}

static void open_devices(struct world *w)
{
	char name[PCI_NAME_LEN];

	if (w->peer) {
		if (pci_find(PCI_IVSHMEM, 1, name))
			device_probe(&w->devices[0], name);
	} else {
		device_probe(&w->devices[0], machine.exporter);
		if (pci_find(PCI_NVME, 0, name))
			device_probe(&w->devices[1], name);
		device_probe(&w->devices[2], machine.edu_domain);
	}
	device_open(w, 0);
	device_open(w, 1);
	device_open(w, 2);
}

/* Who maps: a device in user space, which in the peer is its exporter, too */
static void attach(struct world *w)
{
	struct device *dev = &w->devices[w->peer ? 0 : 2];

	w->attached = dev->open && !vfio_attach(&dev->vfio, w->ioas[0]);
	w->attached_to = 0;
}

void world_open(struct world *w)
{
	unsigned int i;

	w->first_fd = dup(0);
	close(w->first_fd);
	w->sync_file = -1;
	w->page_end = mmap(NULL, 1 << 20, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(w->page_end != MAP_FAILED &&
	      !mprotect(w->page_end, 512 << 10, PROT_READ | PROT_WRITE),
	      "no memory");
	w->page_end += 512 << 10;

	w->iommufd = iommufd_open();
	for (i = 0; i < IOASES; i++)
		w->ioas[i] = ioas_alloc(w->iommufd);
	open_devices(w);
	attach(w);
	open_odd(w);
	for (i = 0; i < NODES; i++)
		w->nodes[i].fd = machine.no_device ? -1 :
				 sample_open(machine.edu_device);
}

/* Everything that the kernel keeps for this world goes with its descriptors. */
void world_close(struct world *w)
{
	uint64_t random = w->random;
	struct world empty = {
		.peer = w->peer,
		.socket = w->socket,
		.peer_pid = w->peer_pid,
		.random = random,
	};

	close_range(w->first_fd, ~0u, 0);
	munmap(w->page_end - (512 << 10), 1 << 20);
	*w = empty;
}

struct slot *slot_choose(struct world *w, uint64_t choice)
{
	if (w->nr_slots && choice % 100 < 88)
		return &w->slots[(choice >> 32) % w->nr_slots];
	return &w->odd[(choice >> 32) % w->nr_odd];
}

void slot_close(struct world *w, struct slot *slot)
{
	close(slot->fd);
	*slot = w->slots[--w->nr_slots];
}

/* The oldest makes room. */
void slot_add(struct world *w, struct slot slot)
{
	if (w->nr_slots == SLOTS) {
		close(w->slots[0].fd);
		memmove(&w->slots[0], &w->slots[1],
			--w->nr_slots * sizeof(w->slots[0]));
	}
	w->slots[w->nr_slots++] = slot;
}

enum state slot_state(const struct world *w, const struct slot *slot)
{
	const struct device *dev = &w->devices[slot->device];
	bool known, revoked;

	if (slot->foreign)
		return UNKNOWN;
	if (slot->kind != FD_PHYS)
		return LIVE;
	if (!dev->open || slot->life != dev->life)
		return DEAD;
	revoked = device_revoked(dev, &known);
	if (!known)
		return UNKNOWN;
	return revoked ? REVOKED : LIVE;
}
