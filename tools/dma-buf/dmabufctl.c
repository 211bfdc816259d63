// SPDX-License-Identifier: GPL-2.0
/*
 * dmabufctl: what dma-bufs there are, who can reach whose memory, and a way to try
 * it. Each verb has a file of its own; its manual is dmabufctl.8.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *about;
} verbs[] = {
	{ "list", cmd_list, "",
	  "all dma-bufs that this user can see" },
	{ "show", cmd_show, "INO|PID:FD",
	  "all that is known of one" },
	{ "export", cmd_export,
	  "BDF --bar N [--range OFFSET:LENGTH]... [--hold | -- COMMAND]",
	  "a dma-buf of a device that is bound to vfio-pci" },
	{ "map", cmd_map,
	  "BDF --bar N [--range OFFSET:LENGTH]... [--into BDF] [--revoke]",
	  "export, map by IOMMUFD, unmap: does that work? (--fd N: a dma-buf that is there)" },
	{ "watch", cmd_watch, "[--ino N] [--seconds N]",
	  "map, unmap, revoke... as it happens, and how long it took" },
	{ "reach", cmd_reach, "[MEMORY-OF IMPORTER | --tree] [--sysroot FOLDER]",
	  "which device can use which device's memory by peer to peer" },
};

static int help(void)
{
	size_t i;

	puts("dmabufctl [--json] VERB ...\n");
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %s %s\n      %s\n", verbs[i].name, verbs[i].arguments,
		       verbs[i].about);
	puts("\n--json: for scripts. Exit status: 0 done, 1 failed, 2 wrong call,\n"
	     "3 no such thing, 4 not permitted, 5 not ready, 6 no route, 7 route not known.\n"
	     "man dmabufctl tells more.");
	return CTL_OK;
}

/* Wherever it stands, but not in a COMMAND */
static int take_json(int argc, char **argv)
{
	int from, to = 1;

	for (from = 1; from < argc; from++) {
		if (!strcmp(argv[from], "--"))
			break;
		if (!strcmp(argv[from], "--json"))
			ctl_json = true;
		else
			argv[to++] = argv[from];
	}
	while (from <= argc)
		argv[to++] = argv[from++];
	return to - 1;
}

int main(int argc, char **argv)
{
	const char *name;
	size_t i;
	int ret;

	argc = take_json(argc, argv);
	name = argc > 1 ? argv[1] : "help";
	if (!strcmp(name, "help") || !strcmp(name, "--help"))
		return help();
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			break;
	if (i == ARRAY_SIZE(verbs))
		fail(CTL_USAGE, "'dmabufctl help' lists the verbs",
		     "there is no verb '%s'", name);

	/* getopt_long() puts it before its complaints. */
	argv[1] = xprintf("dmabufctl %s", name);
	ret = verbs[i].run(argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout))
		fail(CTL_FAILED, NULL, "cannot write: %s", strerror(errno));
	return ret;
}
