// SPDX-License-Identifier: GPL-2.0
/*
 * What storage libraries in user space do with a GPU: blocks of an NVMe go to another
 * device's BAR and come from it, without a copy in memory. The NVMe is driven by our
 * own driver, the BAR is an ivshmem's, exported by VFIO in scattered pieces and mapped
 * by IOMMUFD for the NVMe.
 *
 *     nvme          the tests
 *     nvme story    the fourth act of the demo
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "nvme/bed.h"
#include "see.h"
#include "sys.h"

#define PAGE	4096ull

/* Where on the disk */
#define BLOCK	1000ull
#define SCRATCH	40000ull

static struct nvme_bed bed;

/* What disk_fill() made is there in the buffer, and the rest of the BAR as it was. */
static void check_buffer(uint64_t seed, uint64_t offset, size_t len)
{
	uint8_t *data = malloc(len);

	CHECK(data, "no memory");
	pattern(data, len, seed, 0);
	bar_expect(&bed.exp.bar, &bed.l, offset, data, len);
	bar_check(&bed.exp.bar);
	free(data);
}

static void read_and_check(uint64_t seed, uint64_t offset, size_t len)
{
	disk_fill(&bed, BLOCK, seed, len);
	nvme_do(&bed.nvme, NVME_READ, BLOCK, bed.buffer + offset, len);
	check_buffer(seed, offset, len);
}

static void write_and_check(uint64_t seed, uint64_t offset, size_t len)
{
	uint8_t *data = malloc(len);

	CHECK(data, "no memory");
	pattern(data, len, seed, 0);
	bar_write(&bed.exp.bar, &bed.l, offset, data, len);
	nvme_do(&bed.nvme, NVME_WRITE, SCRATCH, bed.buffer + offset, len);
	CHECK(disk_has(&bed, SCRATCH, data, len),
	      "the disk has something else");
	bar_check(&bed.exp.bar);
	free(data);
}

/* All of the buffer, both ways */
static void whole_buffer(const void *arg)
{
	const size_t *nr = arg;

	bed_open(&bed, *nr, *nr > 100 ? 1 : 8);
	read_and_check(1, 0, bed.l.size);
	write_and_check(2, 0, bed.l.size);
	note("%zu ranges, %llu bytes each way", bed.l.nr,
	     (unsigned long long)bed.l.size);
}

/* One page, two, and lists; from the midst of a page, and over the ends of ranges */
static void odd_pieces(const void *arg)
{
	static const struct {
		uint64_t offset;
		size_t len;
	} pieces[] = {
		{ 0, NVME_BLOCK }, { PAGE - NVME_BLOCK, 2 * NVME_BLOCK },
		{ 3 * NVME_BLOCK, PAGE }, { NVME_BLOCK, 2 * PAGE },
		{ 5 * NVME_BLOCK, 9 * PAGE }, { 0, 3 * PAGE - NVME_BLOCK },
	};

	(void)arg;
	bed_open(&bed, 20, 1);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		read_and_check(10 + i, pieces[i].offset, pieces[i].len);
		write_and_check(20 + i, pieces[i].offset, pieces[i].len);
	}
}

/* The disk's blocks, read into the whole buffer again and again */
static struct {
	pthread_t thread;
	atomic_bool stop;
	atomic_uint done;
} reader;

/* As many reads as the queue takes. Return: the status of the last. */
static unsigned int read_a_queue_full(void)
{
	unsigned int status = 0;

	for (unsigned int i = 0; i < NVME_DEPTH; i++)
		nvme_queue(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
	nvme_tell(&bed.nvme);
	for (unsigned int i = 0; i < NVME_DEPTH; i++) {
		status = nvme_wait(&bed.nvme);
		atomic_fetch_add(&reader.done, 1);
	}
	return status;
}

static void *keep_reading(void *arg)
{
	(void)arg;
	while (!atomic_load(&reader.stop))
		read_a_queue_full();
	return NULL;
}

static void reader_start(void)
{
	uint64_t deadline = now_ms() + 20000;

	atomic_store(&reader.stop, false);
	atomic_store(&reader.done, 0);
	CHECK(!pthread_create(&reader.thread, NULL, keep_reading, NULL),
	      "no thread");
	while (!atomic_load(&reader.done)) {
		CHECK(now_ms() < deadline, "the NVMe does not read");
		sleep_ms(1);
	}
}

/* When all that was under way has ended */
static void reader_stop(void)
{
	atomic_store(&reader.stop, true);
	pthread_join(reader.thread, NULL);
}

static void memory_off(void)
{
	vfio_set_memory(&bed.exp.dev, false);
	CHECK(!strcmp(fdinfo(bed.dmabuf, "phys_state"), "revoked"), "state %s",
	      fdinfo(bed.dmabuf, "phys_state"));
	CHECK_EQ(atoi(fdinfo(bed.dmabuf, "phys_mappings")), 0);
}

static void memory_on(void)
{
	vfio_set_memory(&bed.exp.dev, true);
	CHECK_EQ(atoi(fdinfo(bed.dmabuf, "phys_mappings")), 1);
}

static void open_to_revoke(void)
{
	if (!machine.iommu)
		skip("no IOMMU to stop a device that user space drives");
	bed_open(&bed, 40, 1);
}

/* Commands in the queue, of which the device has not been told */
static void revoked_before(const void *arg)
{
	unsigned int i;
	struct kmsg log;
	char line[256];

	(void)arg;
	open_to_revoke();
	kmsg_open(&log);
	disk_fill(&bed, BLOCK, 3, bed.l.size);
	for (i = 0; i < NVME_DEPTH; i++)
		nvme_queue(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
	memory_off();
	nvme_tell(&bed.nvme);
	for (i = 0; i < NVME_DEPTH; i++)
		nvme_wait(&bed.nvme);
	CHECK(kmsg_find(&log, IOMMU_FAULT, 1000, line, sizeof(line)),
	      "the IOMMU reported no fault");
	memory_on();
	bar_check(&bed.exp.bar);

	nvme_do(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
	check_buffer(3, 0, bed.l.size);
}

/*
 * The CPU sees the BAR only while its memory is on, and by then the mapping is back.
 * So the disk gets other bytes while it is off: none of them may be there later.
 */
static void revoked_meanwhile(const void *arg)
{
	unsigned int status = 0, seed;

	(void)arg;
	open_to_revoke();
	disk_fill(&bed, BLOCK, 30, bed.l.size);
	for (seed = 30; seed < 34; seed++) {
		reader_start();
		memory_off();
		reader_stop();
		disk_fill(&bed, BLOCK, seed + 1, bed.l.size);
		status = read_a_queue_full();
		memory_on();
		check_buffer(seed, 0, bed.l.size);

		nvme_do(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
		check_buffer(seed + 1, 0, bed.l.size);
	}
	write_and_check(40, 0, bed.l.size);
	note("a read that the IOMMU stops ends with status %#x", status);
}

static void exporter_reset(const void *arg)
{
	(void)arg;
	open_to_revoke();
	read_and_check(7, 0, bed.l.size);
	CHECK_EQ(vfio_reset(&bed.exp.dev), 0);
	CHECK_EQ(atoi(fdinfo(bed.dmabuf, "phys_mappings")), 1);
	bar_snapshot(&bed.exp.bar);
	read_and_check(8, 0, bed.l.size);
	write_and_check(9, 0, bed.l.size);
}

int main(int argc, char **argv)
{
	static const size_t counts[] = { 1, 5, 128, 1000 };
	static const struct ktap_case cases[] = {
		{ "blocks to a BAR and from it, 1 range", whole_buffer,
		  &counts[0], 0 },
		{ "blocks to a BAR and from it, 5 ranges", whole_buffer,
		  &counts[1], 0 },
		{ "one command over 128 ranges", whole_buffer, &counts[2], 0 },
		{ "blocks to a BAR and from it, 1000 ranges", whole_buffer,
		  &counts[3], 0 },
		{ "odd pieces, and over the ends of ranges", odd_pieces, NULL,
		  0 },
		{ "reads that come after a revoke land nowhere", revoked_before,
		  NULL, 0 },
		{ "revoked and restored while it reads", revoked_meanwhile,
		  NULL, 0 },
		{ "the exporter's device is reset", exporter_reset, NULL, 0 },
	};

	machine_init();
	if (argc > 1 && !strcmp(argv[1], "story"))
		return nvme_story();
	return ktap_run(CASES(cases));
}
