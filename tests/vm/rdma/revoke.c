// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter takes its memory back while RDMA goes on: the requests fail, no
 * byte lands after the call has returned, the region's key stays, and works again
 * when the memory is given again.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "counts.h"
#include "ktap.h"
#include "probe.h"
#include "revoker.h"
#include "see.h"
#include "stream.h"
#include "suites.h"
#include "sys.h"

#define ROUNDS		12
#define MESSAGE		(64u << 10)

static struct bed bed;

static void check_state(const char *state)
{
	const char *is = fdinfo(bed.dmabuf, "phys_state");

	CHECK(!strcmp(is, state), "state %s, should be %s", is, state);
	CHECK(!strcmp(state, "live") ||
	      !atoi(fdinfo(bed.dmabuf, "phys_mappings")),
	      "%s mappings are left", fdinfo(bed.dmabuf, "phys_mappings"));
}

/* Not a byte goes through, either way; the connection is good after that. */
static void check_refused(const struct region *r)
{
	fabric_connect(&bed.f);
	CHECK_STATUS(work_write(&bed.out, 0, r, 0, 100), IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
	CHECK_STATUS(work_read(&bed.in, 0, r, 0, 100), IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
	CHECK_STATUS(work_write(&bed.out, 0, r, r->len - 1, 1),
		     IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
}

/* One that the CPU may not see, so the bytes are read back. */
static void check_works(const struct region *r)
{
	static uint64_t seed = 100;
	uint64_t at = r->len / 2 - 777;
	uint32_t len = 3000;

	pattern(bed.out.mem, len, ++seed, 0);
	memset(bed.in.mem, 0, len);
	CHECK_WORKS(work_write(&bed.out, 0, r, at, len));
	CHECK_WORKS(work_read(&bed.in, 0, r, at, len));
	CHECK(!memcmp(bed.in.mem, bed.out.mem, len), "wrong bytes come back");
}

/* How the region has a part in a stream, and how that ends */
struct part {
	const char *name;
	void (*fill)(struct stream *s, const struct region *r);
	enum ibv_wc_status status;	/* of the one who asks */
	enum ibv_wc_status received;	/* of the one who is sent to */
};

static void fill_write(struct stream *s, const struct region *r)
{
	s->first = (struct work) {
		.by = &bed.f.near, .opcode = IBV_WR_RDMA_WRITE,
		.local = &bed.out, .remote = r, .len = MESSAGE,
	};
}

static void fill_read(struct stream *s, const struct region *r)
{
	fill_write(s, r);
	s->first.opcode = IBV_WR_RDMA_READ;
	s->first.local = &bed.in;
}

static void fill_receive(struct stream *s, const struct region *r)
{
	fill_write(s, NULL);
	s->first.opcode = IBV_WR_SEND;
	s->receiver = &bed.f.far;
	s->room = r;
}

static void fill_local_write(struct stream *s, const struct region *r)
{
	s->first = (struct work) {
		.by = &bed.f.far, .opcode = IBV_WR_RDMA_WRITE,
		.local = r, .remote = &bed.in, .len = MESSAGE,
	};
}

static void fill_local_read(struct stream *s, const struct region *r)
{
	fill_local_write(s, r);
	s->first.opcode = IBV_WR_RDMA_READ;
}

static const struct part parts[] = {
	{ "near writes to it", fill_write, IBV_WC_REM_ACCESS_ERR,
	  IBV_WC_SUCCESS },
	{ "near reads from it", fill_read, IBV_WC_REM_ACCESS_ERR,
	  IBV_WC_SUCCESS },
	{ "far receives to it", fill_receive, IBV_WC_REM_OP_ERR,
	  IBV_WC_LOC_PROT_ERR },
	{ "far writes from it", fill_local_write, IBV_WC_LOC_PROT_ERR,
	  IBV_WC_SUCCESS },
	{ "far reads to it", fill_local_read, IBV_WC_LOC_PROT_ERR,
	  IBV_WC_SUCCESS },
};

/* phys_probe leaves the memory on and looks what comes too late. */
static void nothing_lands(const void *arg)
{
	const struct part *part = arg;
	unsigned int i, seed = 1, done = 0;
	struct stream s = { 0 };
	struct region r;
	uint32_t late;
	int probe;

	probe = probe_open();
	bed.dmabuf = probe_export(probe);
	fabric_open(&bed.f);
	region_alloc(&bed.out, &bed.f.near, PHYS_PROBE_SIZE, ALL_RIGHTS);
	region_alloc(&bed.in, &bed.f.near, PHYS_PROBE_SIZE, ALL_RIGHTS);
	bed_slice(&bed, &r, 0, PHYS_PROBE_SIZE, 0, ALL_RIGHTS);
	check_works(&r);
	part->fill(&s, &r);
	for (i = 0; i < ROUNDS; i++) {
		stream_begin(&s);
		usleep(rand_r(&seed) % 20000);
		probe_revoke(probe);
		stream_end(&s);
		CHECK_STATUS(s.status, part->status);
		CHECK_STATUS(s.received, part->received);
		done += atomic_load(&s.done);
		check_state("revoked");
		check_refused(&r);
		late = probe_restore(probe);
		CHECK(!late, "round %u: %u bytes landed after revoke", i, late);
		check_works(&r);
	}
	note("%u times revoked, %u messages of %u KiB before that", i, done,
	     MESSAGE >> 10);
}

/* The probe sees what it is there to see: writes while the memory is given. */
static void probe_sees(const void *arg)
{
	struct region r;
	int probe;

	(void)arg;
	probe = probe_open();
	bed.dmabuf = probe_export(probe);
	fabric_open(&bed.f);
	region_alloc(&bed.out, &bed.f.near, PHYS_PROBE_SIZE, ALL_RIGHTS);
	bed_slice(&bed, &r, 0, PHYS_PROBE_SIZE, 0, ALL_RIGHTS);
	memset(bed.out.mem, 0x11, 5000);
	CHECK_WORKS(work_write(&bed.out, 0, &r, 4096 - 100, 300));
	probe_revoke(probe);
	CHECK_EQ(probe_restore(probe), 0);
	memset(bed.out.mem, 0x22, 5000);
	CHECK_WORKS(work_write(&bed.out, 0, &r, 4096 - 100, 300));
	CHECK_EQ(probe_restore(probe), 300);
}

/* All that VFIO can do to its memory, while near writes */
static void by_vfio(const void *arg)
{
	const struct revoker *revoker = arg;
	struct stream s = { 0 };
	struct region r;

	bed.dmabuf = revoker_export(revoker, &bed.exp, &bed.l);
	fabric_open(&bed.f);
	region_alloc(&bed.out, &bed.f.near, bed.l.size, ALL_RIGHTS);
	region_alloc(&bed.in, &bed.f.near, bed.l.size, ALL_RIGHTS);
	bed_region(&bed, &r);
	check_works(&r);

	fill_write(&s, &r);
	s.first.len = bed.l.size;
	stream_begin(&s);
	revoker->revoke(&bed.exp);
	if (!revoker->restore && !revoker->for_good) {
		/* The memory is there again, and was away for a moment. */
		stream_stop(&s);
		CHECK(s.status == IBV_WC_SUCCESS ||
		      s.status == IBV_WC_REM_ACCESS_ERR, "%s",
		      ibv_wc_status_str(s.status));
		fabric_connect(&bed.f);
		check_works(&r);
		return;
	}
	stream_end(&s);
	CHECK_STATUS(s.status, IBV_WC_REM_ACCESS_ERR);
	check_state(revoker->for_good ? "dead" : "revoked");
	check_refused(&r);
	if (revoker->restore) {
		revoker->restore(&bed.exp);
		check_state("live");
		check_works(&r);
		bar_snapshot(&bed.exp.bar);
		bed_works(&bed, &r);
	}
	region_drop(&r);
}

/* A region that is dropped in that state is gone, and all that it held. */
static void dropped_while_revoked(const void *arg)
{
	long buffers = count_dmabufs();
	struct region r;

	(void)arg;
	bed_open(&bed);
	bed_region(&bed, &r);
	bed_works(&bed, &r);
	vfio_set_memory(&bed.exp.dev, false);
	check_refused(&r);
	region_drop(&r);
	vfio_set_memory(&bed.exp.dev, true);
	check_state("live");
	CHECK_EQ(atoi(fdinfo(bed.dmabuf, "phys_mappings")), 0);
	close(bed.dmabuf);
	CHECK_EQ(count_dmabufs(), buffers);
	CHECK_EQ(net_objects(&net_far, "mr"), 0);
}

/* Nobody but the region holds the buffer, and then the device goes. */
static void last_holder(const void *arg)
{
	long buffers = count_dmabufs();
	struct region r;

	(void)arg;
	bed_open(&bed);
	bed_region(&bed, &r);
	close(bed.dmabuf);
	CHECK_EQ(count_dmabufs(), buffers + 1);
	bed_works(&bed, &r);
	exporter_close(&bed.exp);
	check_refused(&r);
	region_drop(&r);
	CHECK_EQ(count_dmabufs(), buffers);
}

/* near writes while its key is taken from it. */
static void dropped_while_writing(const void *arg)
{
	struct stream s = { 0 };
	struct region r, copy;
	unsigned int i;

	(void)arg;
	bed_open(&bed);
	for (i = 0; i < 5; i++) {
		bed_region(&bed, &r);
		copy = r;
		fill_write(&s, &copy);
		s.first.len = bed.l.size;
		stream_begin(&s);
		region_drop(&r);
		bar_snapshot(&bed.exp.bar);
		stream_end(&s);
		CHECK_STATUS(s.status, IBV_WC_REM_ACCESS_ERR);
		bar_check(&bed.exp.bar);
		fabric_connect(&bed.f);
	}
}

/* The process that has all this dies in the middle of it. */
static void killed_while_writing(const void *arg)
{
	long buffers = count_dmabufs();
	struct stream s = { 0 };
	uint64_t deadline;
	struct region r;
	int pid, ready[2];

	(void)arg;
	CHECK(!pipe(ready), "pipe: %m");
	pid = ktap_fork();
	if (!pid) {
		bed_open(&bed);
		bed_region(&bed, &r);
		fill_write(&s, &r);
		s.first.len = bed.l.size;
		stream_begin(&s);
		CHECK(write(ready[1], "", 1) == 1, "pipe: %m");
		stream_end(&s);
	}
	close(ready[1]);
	CHECK(read(ready[0], &(char){ 0 }, 1) == 1, "it never wrote");
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid, "waitpid: %m");
	deadline = now_ms() + 10000;
	while (net_objects(&net_far, "mr") || net_objects(&net_near, "qp") > 1 ||
	       count_dmabufs() != buffers) {
		CHECK(now_ms() < deadline, "%d regions, %ld buffers are left",
		      net_objects(&net_far, "mr"), count_dmabufs() - buffers);
		sleep_ms(50);
	}
}

/* There is nothing that a region could be made of; afterwards there is. */
static void made_while_revoked(const void *arg)
{
	struct region r;

	(void)arg;
	bed_open(&bed);
	vfio_set_memory(&bed.exp.dev, false);
	CHECK_EQ(region_on(&r, &bed.f.far, bed.dmabuf, 0, bed.l.size, 0,
			   ALL_RIGHTS), -ENODEV);
	CHECK_EQ(net_objects(&net_far, "mr"), 0);
	vfio_set_memory(&bed.exp.dev, true);
	bar_snapshot(&bed.exp.bar);
	bed_region(&bed, &r);
	bed_works(&bed, &r);
}

int revoke_suite(void)
{
	enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
	struct ktap_case cases[PARTS + nr_revokers + 6];
	char names[PARTS + nr_revokers][80];
	size_t nr = 0, i;

	cases[nr++] = (struct ktap_case) {
		"the probe sees a write", probe_sees, NULL, 0,
	};
	for (i = 0; i < PARTS; i++) {
		snprintf(names[i], sizeof(names[i]),
			 "nothing lands after a revoke, %s", parts[i].name);
		cases[nr++] = (struct ktap_case) {
			names[i], nothing_lands, &parts[i], 300,
		};
	}
	for (i = 0; i < nr_revokers; i++) {
		char *name = names[PARTS + i];

		snprintf(name, sizeof(names[0]), "%s while near writes",
			 revokers[i].name);
		cases[nr++] = (struct ktap_case) {
			name, by_vfio, &revokers[i], 0,
		};
	}
	cases[nr++] = (struct ktap_case) {
		"dropped while revoked", dropped_while_revoked, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"the region is the last to hold the buffer", last_holder, NULL,
		0 };
	cases[nr++] = (struct ktap_case) {
		"dropped while near writes", dropped_while_writing, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"killed while it writes", killed_while_writing, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"none can be made while revoked", made_while_revoked, NULL, 0 };
	return ktap_run(cases, nr);
}
