// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU 11 in the guest, with devices of the guest: it exports each BAR that it maps
 * for its own machine, and maps it by IOMMUFD for the others' DMA, all by its own
 * code. Here its machine lives through resets, and an edu of it writes to the BAR of
 * another device before and after.
 *
 * The same program runs on the unmodified kernel, where some of that is known to
 * leave dead mappings behind.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "client/bed.h"
#include "ktap.h"
#include "machine.h"

/* QEMU's line for a map of this length, with this result */
#define MAPPED	"^iommufd_backend_map_file_dma .* size=%#zx .*\\(%s\\)$"
/* And for any map that failed */
#define REFUSED	"^iommufd_backend_map_file_dma .*\\(-"

/* Of the NVMe's memory, every access to which leaves the guest */
#define NVME_LEN	(128 << 10)

/* Each BAR that QEMU lets its machine map is a buffer, and each got mapped. */
static void maps_all(const void *arg)
{
	struct bed b;
	unsigned int buffers, i, bar;

	(void)arg;
	bed_open(&b, machine.exporter, BAR_MOST, NULL);
	buffers = qemu_traced(&b.qemu, 0, "^vfio_region_dmabuf ");
	note("%u BARs exported", buffers);
	CHECK(buffers >= 2, "%u buffers:\n%s", buffers, qemu_trace(&b.qemu));
	CHECK(!qemu_traced(&b.qemu, 0, REFUSED),
	      "a BAR was refused:\n%s", qemu_trace(&b.qemu));
	for (i = 0; i < DEVICES; i++) {
		bar = i == EXPORTER ? EXPORTER_BAR : 0;
		CHECK(qemu_traced(&b.qemu, 0,
				  "^iommufd_backend_map_file_dma .*iova=%#llx .*\\(0\\)$",
				  (unsigned long long)cpu_bar(&b.qemu, i, bar)),
		      "BAR%u of %s is not mapped:\n%s", bar, b.qemu.devs[i].name,
		      qemu_trace(&b.qemu));
	}
	bed_state(&b, "live", 1);
	bed_alive(&b, 1);
}

/* Both of them in vain, as QEMU tells; why, it says once. */
static void areas_refused(struct bed *b)
{
	size_t len = b->bar.len / 2;
	unsigned int refused = qemu_traced(&b->qemu, 0, MAPPED, len, "-1");
	unsigned int warned = qemu_traced(&b->qemu, 0, "_dma_map\\(.* %#zx, .*\\) = -95 ",
					  len);

	CHECK(refused >= 2 && warned, "%u refused:\n%s", refused,
	      qemu_trace(&b->qemu));
	note("EOPNOTSUPP for both");
	bed_dead(b);
}

/*
 * areas.so has QEMU make one buffer of two ranges, and map it in two slices. They
 * touch each other: QEMU 11 takes a place in the BAR for one in the buffer.
 */
static void two_areas(const void *arg)
{
	unsigned int mapped;
	struct bed b;

	(void)arg;
	bed_open(&b, machine.exporter, BAR_MOST, "/tmp/client/areas.so");
	CHECK_EQ(qemu_traced(&b.qemu, 0, "^vfio_region_dmabuf Device %s,",
			     b.qemu.devs[EXPORTER].name), 2);
	mapped = qemu_traced(&b.qemu, 0, MAPPED, b.bar.len / 2, "0");
	if (!b.here) {
		CHECK(!mapped, "%u mapped:\n%s", mapped, qemu_trace(&b.qemu));
		areas_refused(&b);
		return;
	}
	CHECK(mapped >= 2, "%u mapped:\n%s", mapped, qemu_trace(&b.qemu));
	bed_state(&b, "live", 2);
	bed_alive(&b, 1);
	vfio_set_memory(&b.qemu.devs[EXPORTER], false);
	bed_state(&b, "revoked", 0);
	vfio_set_memory(&b.qemu.devs[EXPORTER], true);
	bed_state(&b, "live", 2);
	bed_alive(&b, 2);
}

struct event {
	const char *name;
	bool nvme;		/* of the NVMe, whose CMB edu writes to then */
	bool maps_again;	/* QEMU sees it, unmaps and maps by itself */
	void (*run)(struct bed *b);
};

static void machine_reset(struct bed *b)
{
	qemu_reset(&b->qemu);
}

static void guest_decodes(struct bed *b, bool on)
{
	uint32_t command = cpu_config_read(&b->qemu, EXPORTER, PCI_COMMAND, 2);

	cpu_config_write(&b->qemu, EXPORTER, PCI_COMMAND, 2,
			 on ? command | PCI_COMMAND_MEMORY :
			      command & ~PCI_COMMAND_MEMORY);
}

static void guest_switches(struct bed *b)
{
	guest_decodes(b, false);
	bed_state(b, "revoked", 0);
	bed_faults(b);
	guest_decodes(b, true);
	bar_check(&b->bar);
}

static unsigned int guest_capability(struct bed *b, unsigned int id)
{
	unsigned int pos;

	pos = cpu_config_read(&b->qemu, EXPORTER, PCI_CAPABILITY_LIST, 1);
	while (pos && cpu_config_read(&b->qemu, EXPORTER, pos, 1) != id)
		pos = cpu_config_read(&b->qemu, EXPORTER, pos + 1, 1);
	CHECK(pos, "the guest's device has no capability %#x", id);
	return pos;
}

/* Decoding stays on, and the kernel does all of it: QEMU has nothing to do. */
static void guest_flr(struct bed *b)
{
	unsigned int at = guest_capability(b, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	cpu_config_write(&b->qemu, EXPORTER, at, 2,
			 cpu_config_read(&b->qemu, EXPORTER, at, 2) |
			 PCI_EXP_DEVCTL_BCR_FLR);
}

/* What a user of the device does that keeps its mappings, as others do */
static void sharer_resets(struct bed *b)
{
	CHECK_EQ(vfio_reset(&b->qemu.devs[EXPORTER]), 0);
}

static void sharer_switches(struct bed *b)
{
	vfio_set_memory(&b->qemu.devs[EXPORTER], false);
	bed_state(b, "revoked", 0);
	bed_faults(b);
	vfio_set_memory(&b->qemu.devs[EXPORTER], true);
	bar_check(&b->bar);
}

static void lives_through(const void *arg)
{
	const struct event *event = arg;
	unsigned int again;
	char nvme[PCI_NAME_LEN], *trace;
	struct bed b;
	size_t at;

	if (event->nvme) {
		if (!pci_find(PCI_NVME, 0, nvme) || !pci_bind(nvme, "vfio-pci"))
			skip("no NVMe for VFIO");
		bed_open(&b, nvme, NVME_LEN, NULL);
	} else {
		bed_open(&b, machine.exporter, BAR_MOST, NULL);
	}
	bed_alive(&b, 1);
	trace = qemu_trace(&b.qemu);
	at = strlen(trace);
	free(trace);

	event->run(&b);
	bar_snapshot(&b.bar);
	again = qemu_traced(&b.qemu, at,
			    "^iommufd_backend_map_file_dma .*iova=%#llx .*\\(0\\)$",
			    (unsigned long long)cpu_bar(&b.qemu, EXPORTER,
							EXPORTER_BAR));
	note("QEMU mapped the BAR %u times more", again);
	CHECK(!again == !event->maps_again, "in QEMU's trace:\n%s",
	      qemu_trace(&b.qemu) + at);
	if (!b.here && !event->maps_again) {
		bed_dead(&b);
		note("its mapping is dead, and it does not know");
		return;
	}
	CHECK(!b.here || !qemu_traced(&b.qemu, at, REFUSED),
	      "a BAR was refused:\n%s", qemu_trace(&b.qemu) + at);
	bed_state(&b, "live", 1);
	bed_restored(&b);
	bed_alive(&b, 2);
}

int main(void)
{
	static const struct event events[] = {
		{ "a reset of the machine", false, true, machine_reset },
		{ "decoding off and on, by the guest", false, true,
		  guest_switches },
		{ "a function level reset, by the guest", true, false,
		  guest_flr },
		{ "VFIO_DEVICE_RESET, by who shares the device", false, false,
		  sharer_resets },
		{ "decoding off and on, by who shares the device", false, false,
		  sharer_switches },
	};
	enum { EVENTS = sizeof(events) / sizeof(events[0]) };
	struct ktap_case cases[2 + EVENTS] = {
		{ "QEMU exports and maps the BARs of its machine", maps_all,
		  NULL, 0 },
		{ "a BAR of two areas", two_areas, NULL, 0 },
	};
	int i;

	for (i = 0; i < EVENTS; i++)
		cases[2 + i] = (struct ktap_case){
			events[i].name, lives_through, &events[i], 0,
		};
	machine_init();
	return ktap_run(CASES(cases));
}
