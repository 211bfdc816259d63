/* SPDX-License-Identifier: GPL-2.0 */
/* What the program can be asked to do */
#ifndef RDMA_SUITES_H
#define RDMA_SUITES_H

/* Test suites, each a KTAP of its own. Return: the exit status. */
int bytes_suite(void);
int rights_suite(void);
int revoke_suite(void);
int refuse_suite(void);
int other_suite(void);
int short_suite(void);

/* Bandwidth and latency: bw [--size N] [--iters N] */
int bw_main(int argc, char **argv);
/* The second act of the demo */
int story_main(void);

#endif
