// SPDX-License-Identifier: GPL-2.0
/*
 * A region lets nobody do what it was not registered for. Ordinary memory says
 * what the answer is: each case is asked of that first, and of a BAR then.
 */
#include <stdio.h>
#include <string.h>

#include "bed.h"
#include "ktap.h"
#include "suites.h"

#define LEN	100u

static struct bed bed;

/* far's region, its rights less some of them, and what is asked of it */
struct question {
	const char *name;
	int access;
	enum ibv_wc_status (*ask)(const struct region *r);
	enum ibv_wc_status answer;
};

static enum ibv_wc_status ask_write(const struct region *r)
{
	return work_write(&bed.out, 0, r, 0, LEN);
}

static enum ibv_wc_status ask_read(const struct region *r)
{
	return work_read(&bed.in, 0, r, 0, LEN);
}

static enum ibv_wc_status ask_write_behind(const struct region *r)
{
	return work_write(&bed.out, 0, r, r->len - LEN + 1, LEN);
}

static enum ibv_wc_status ask_wrong_key(const struct region *r)
{
	struct region wrong = *r;

	wrong.rkey ^= 1;
	return ask_write(&wrong);
}

/* far reads near's memory to where it may not write. */
static enum ibv_wc_status ask_local_write(const struct region *r)
{
	return work_read(r, 0, &bed.out, 0, LEN);
}

/* Sent by near, received by far: far's word counts. */
static enum ibv_wc_status ask_receive(const struct region *r)
{
	work_receive(&bed.f.far, r, 0, LEN);
	work_post(&(struct work) {
		.by = &bed.f.near, .opcode = IBV_WR_SEND,
		.local = &bed.out, .len = LEN });
	CHECK(work_wait(&bed.f.near).status != IBV_WC_SUCCESS,
	      "near was told that it arrived");
	return work_wait(&bed.f.far).status;
}

/* far writes to near from where it may only be read by itself: it may. */
static enum ibv_wc_status ask_local_read(const struct region *r)
{
	return work_write(r, 0, &bed.in, 0, LEN);
}

static enum ibv_wc_status ask_other_domain(const struct region *r)
{
	struct endpoint other = bed.f.far;
	enum ibv_wc_status status;

	/* The connection is made anew in a protection domain of its own. */
	bed.f.far.pd = ibv_alloc_pd(bed.f.far.context);
	fabric_connect(&bed.f);
	status = ask_write(r);
	bed.f.far.pd = other.pd;
	return status;
}

#define NO(right)	(ALL_RIGHTS & ~IBV_ACCESS_##right)

static const struct question questions[] = {
	{ "write, without REMOTE_WRITE", NO(REMOTE_WRITE), ask_write,
	  IBV_WC_REM_ACCESS_ERR },
	{ "read, without REMOTE_READ", NO(REMOTE_READ), ask_read,
	  IBV_WC_REM_ACCESS_ERR },
	{ "read to it, without LOCAL_WRITE", IBV_ACCESS_REMOTE_READ,
	  ask_local_write, IBV_WC_LOC_PROT_ERR },
	{ "receive to it, without LOCAL_WRITE", IBV_ACCESS_REMOTE_READ,
	  ask_receive, IBV_WC_LOC_QP_OP_ERR },
	{ "write from it, without any right", 0, ask_local_read,
	  IBV_WC_SUCCESS },
	{ "write, beyond its end", ALL_RIGHTS, ask_write_behind,
	  IBV_WC_REM_ACCESS_ERR },
	{ "write, with another key", ALL_RIGHTS, ask_wrong_key,
	  IBV_WC_REM_ACCESS_ERR },
	{ "write, from another protection domain", ALL_RIGHTS, ask_other_domain,
	  IBV_WC_REM_ACCESS_ERR },
};

static void ask(const void *arg)
{
	const struct question *q = arg;
	struct region memory, device;

	bed_open(&bed);
	memset(bed.out.mem, 0x5a, LEN);
	region_alloc(&memory, &bed.f.far, bed.l.size, q->access);
	CHECK_STATUS(q->ask(&memory), q->answer);
	fabric_connect(&bed.f);
	bed_slice(&bed, &device, 0, bed.l.size, 0, q->access);
	CHECK_STATUS(q->ask(&device), q->answer);
	bar_check(&bed.exp.bar);
}

/* A key that was good is not good any more. */
static void gone(const void *arg)
{
	struct region r, copy;

	(void)arg;
	bed_open(&bed);
	bed_region(&bed, &r);
	bed_works(&bed, &r);
	copy = r;
	region_drop(&r);
	CHECK_STATUS(ask_write(&copy), IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
	CHECK_STATUS(ask_read(&copy), IBV_WC_REM_ACCESS_ERR);
	bar_check(&bed.exp.bar);
}

static const struct atomic {
	const char *name;
	enum ibv_wr_opcode opcode;
} atomics[] = {
	{ "fetch and add", IBV_WR_ATOMIC_FETCH_AND_ADD },
	{ "compare and swap", IBV_WR_ATOMIC_CMP_AND_SWP },
	{ "atomic write", IBV_WR_ATOMIC_WRITE },
};

static enum ibv_wc_status ask_atomic(const struct atomic *a,
				     const struct region *r, uint64_t compare)
{
	return work_do(&(struct work) {
		.by = &bed.f.near, .opcode = a->opcode, .local = &bed.in,
		.remote = r, .len = 8, .compare = compare, .operand = 3 });
}

/* Memory of a device knows no atomics over the bus: the answer is no. */
static void no_atomics(const void *arg)
{
	int access = ALL_RIGHTS | IBV_ACCESS_REMOTE_ATOMIC;
	const struct atomic *a = arg;
	struct region memory, device;
	uint64_t value;

	bed_open(&bed);
	region_alloc(&memory, &bed.f.far, 4096, access);
	memcpy(&value, memory.mem, 8);
	CHECK_WORKS(ask_atomic(a, &memory, value));

	bed_slice(&bed, &device, 0, bed.l.size, 0, access);
	memcpy(&value, bed.exp.bar.map + bed.l.ranges[0].offset, 8);
	CHECK_STATUS(ask_atomic(a, &device, value), IBV_WC_REM_ACCESS_ERR);
	bar_check(&bed.exp.bar);
	/* All else goes on. */
	fabric_connect(&bed.f);
	bed_works(&bed, &device);
}

int rights_suite(void)
{
	enum {
		ASKED = sizeof(questions) / sizeof(questions[0]),
		ATOMICS = sizeof(atomics) / sizeof(atomics[0]),
	};
	struct ktap_case cases[ASKED + ATOMICS + 1];
	size_t i, nr = 0;

	for (i = 0; i < ASKED; i++)
		cases[nr++] = (struct ktap_case) {
			questions[i].name, ask, &questions[i], 0,
		};
	for (i = 0; i < ATOMICS; i++)
		cases[nr++] = (struct ktap_case) {
			atomics[i].name, no_atomics, &atomics[i], 0,
		};
	cases[nr++] = (struct ktap_case) {
		"a region that is gone", gone, NULL, 0,
	};
	return ktap_run(cases, nr);
}
