// SPDX-License-Identifier: GPL-2.0
/* dmabufctl export: make a dma-buf of a BAR and hold it, or hand it to a command */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "exporter.h"
#include "json.h"

/* What COMMAND finds the fd by */
#define FD_VARIABLE	"DMABUF_FD"

static void tell(const struct exporter *exp, const char *then)
{
	const struct buffer *buf = &exp->buf;

	if (ctl_json) {
		json_object(NULL);
		json_text("device", exp->name);
		json_number("bar", exp->bar);
		json_bool("noiommu", exp->dev.noiommu);
		json_number("pid", getpid());
		json_number("fd", exp->fd);
		buffer_json("buffer", buf);
		json_end();
		return;
	}
	printf("BAR%d of %s: %zu range%s, %s, are dma-buf %llu", exp->bar,
	       exp->name, exp->nr, exp->nr > 1 ? "s" : "",
	       size_text(buf->size), (unsigned long long)buf->ino);
	printf(buf->described ? ", %s\n" : "\n", buf->state);
	printf("%s\n", then);
	fflush(stdout);
}

static int hold(const struct exporter *exp)
{
	char *then = xprintf("held as fd %d of process %d until a signal ends it (^C)",
			     exp->fd, getpid());
	sigset_t signals;
	int which;

	block_signals(&signals);
	tell(exp, then);
	free(then);
	sigwait(&signals, &which);
	return CTL_OK;
}

/* The device stays open in this process: closing it would be the buffer's end. */
static int run_command(const struct exporter *exp, char **command)
{
	char *then = xprintf("fd %d of %s, in its environment as " FD_VARIABLE,
			     exp->fd, command[0]);
	int status, pid, error;
	char number[16];

	tell(exp, then);
	free(then);
	pid = fork();
	if (pid < 0)
		fail(CTL_FAILED, NULL, "fork: %s", strerror(errno));
	if (!pid) {
		snprintf(number, sizeof(number), "%d", exp->fd);
		setenv(FD_VARIABLE, number, 1);
		fcntl(exp->fd, F_SETFD, 0);
		execvp(command[0], command);
		error = errno;
		fprintf(stderr, "dmabufctl: cannot run %s: %s\n", command[0],
			strerror(error));
		_exit(error == ENOENT ? 127 : 126);
	}
	/* Signals from the terminal are for the command. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail(CTL_FAILED, NULL, "wait: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int cmd_export(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bar", required_argument, NULL, 'b' },
		{ "range", required_argument, NULL, 'r' },
		{ "hold", no_argument, NULL, 'h' },
		{}
	};
	const char *device = NULL;
	struct exporter exp;
	bool want_hold = false;
	int option;

	exporter_init(&exp);
	/* "-": options may follow the device, and nothing after "--" is one. */
	while ((option = getopt_long(argc, argv, "-", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			exporter_bar(&exp, optarg);
			break;
		case 'r':
			exporter_range(&exp, optarg);
			break;
		case 'h':
			want_hold = true;
			break;
		case 1:
			if (device)
				fail(CTL_USAGE, "a command follows '--'",
				     "one device is enough: %s or %s?", device,
				     optarg);
			device = optarg;
			break;
		default:
			fail_option();
		}
	}
	if (!device)
		fail(CTL_USAGE, "dmabufctl export BDF --bar N [--range OFFSET:LENGTH]...",
		     "which device is to export?");
	if (want_hold && optind < argc)
		fail(CTL_USAGE, NULL, "--hold and a command do not go together");

	exporter_device(&exp, device);
	exporter_make(&exp, iommufd_open());
	if (want_hold)
		return hold(&exp);
	if (optind < argc)
		return run_command(&exp, argv + optind);
	tell(&exp, "nobody holds it: it ends with this program (--hold, or -- COMMAND)");
	return CTL_OK;
}
