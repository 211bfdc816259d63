// SPDX-License-Identifier: GPL-2.0
/*
 * Soft RoCE on dma-bufs: two RDMA devices in two network namespaces, the memory
 * of one is a PCI device's.
 *
 *     rdmabuf SUITE      bytes, rights, revoke, refuse, other, short
 *     rdmabuf bw [--size BYTES] [--iters N]
 *                        how fast, compared to ordinary memory
 *     rdmabuf story      the second act of the demo
 */
#include <stdio.h>
#include <string.h>

#include "ktap.h"
#include "machine.h"
#include "net.h"
#include "suites.h"

static const struct {
	const char *name;
	int (*run)(void);
} suites[] = {
	{ "bytes", bytes_suite },
	{ "rights", rights_suite },
	{ "revoke", revoke_suite },
	{ "refuse", refuse_suite },
	{ "other", other_suite },
	{ "short", short_suite },
	{ "story", story_main },
};

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *lacks;
	size_t i;

	machine_init();
	lacks = net_up();
	if (lacks) {
		printf("KTAP version 1\n1..0 # SKIP %s\n", lacks);
		return 4;
	}
	if (!strcmp(what, "bw"))
		return bw_main(argc - 1, argv + 1);
	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (!strcmp(what, suites[i].name))
			return suites[i].run();
	fprintf(stderr, "rdmabuf: no '%s', see the top of main.c\n", what);
	return 2;
}
