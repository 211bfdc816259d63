/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which answers are right, and what is known of a run: in memory that the
 * processes share, so that whoever watches can tell about one that hangs or was
 * killed.
 */
#ifndef VM_FUZZ_JUDGE_H
#define VM_FUZZ_JUDGE_H

#include "fuzz.h"

/* A row for each process that calls */
enum lane { LANE_MAIN, LANE_PEER, LANES };

/* Before the processes are forked; a call that takes longer is a failure. */
void judge_init(unsigned int slow_ms);
void judge_enter(enum lane lane);
/* The process of a lane is gone, and its call with it. */
void judge_leave(enum lane lane);

void judge_before(const struct call *call);
/* Fails the test if the answer is wrong. */
void judge_after(const struct call *call, long ret, int expect);
/* What came of the arguments; printed with the call. */
void judge_actual(uint64_t one, uint64_t two, uint64_t three, uint64_t four);
/* Something else about the present call is wrong. */
_Noreturn void judge_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* For whoever watches: fails the test if a call takes this long. */
void judge_watch(unsigned int seconds);
bool judge_failed(void);
uint64_t judge_cases(void);
/* What was called and answered; fails the test if too little got through. */
void judge_report(void);

/* All operations: engine.c */
extern const struct op *all_ops[];
extern size_t nr_all_ops;
size_t op_index(const struct op *op);

#endif
