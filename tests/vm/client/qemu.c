// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "client/qemu.h"
#include "ktap.h"
#include "sys.h"

#define PROGRAM	"/usr/bin/qemu-system-x86_64"
#define TRACES	"vfio_region_dmabuf", "iommufd_backend_map_file_dma",	\
		"iommufd_backend_unmap_dma", "iommufd_cdev_connect_and_bind"

/* None that the firmware has a driver for: it would set an NVMe to work. */
#define CLASS	"x-pci-class-code=0xff0000"

/* The firmware of an emulated machine in an emulated machine takes its time. */
#define PATIENCE_MS	60000

/* To be read from; to write, there is its fileno(). */
static FILE *channel(int ends[2])
{
	FILE *file;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
	      "socketpair: %m");
	file = fdopen(ends[0], "r");
	CHECK(file, "fdopen: %m");
	return file;
}

static char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *text(const char *fmt, ...)
{
	va_list args;
	char *out;

	va_start(args, fmt);
	CHECK(vasprintf(&out, fmt, args) > 0, "no memory");
	va_end(args);
	return out;
}

static _Noreturn void run(struct qemu *q, const char * const *devices, int qtest,
			  int qmp)
{
	static const char * const traces[] = { TRACES };
	const char *argv[64] = {
		PROGRAM, "-accel", "tcg", "-machine", "q35,usb=off,sata=off,smbus=off",
		"-m", "32M", "-nodefaults", "-no-user-config", "-display", "none",
		"-vga", "none", "-qtest-log", "none",
	};
	int log = open(q->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	unsigned int n = 0, i;

	CHECK(log >= 0, "%s: %m", q->log);
	while (argv[n])
		n++;
	argv[n++] = "-chardev";
	argv[n++] = text("socket,id=qtest,fd=%d", qtest);
	argv[n++] = "-qtest";
	argv[n++] = "chardev:qtest";
	argv[n++] = "-chardev";
	argv[n++] = text("socket,id=qmp,fd=%d", qmp);
	argv[n++] = "-qmp";
	argv[n++] = "chardev:qmp";
	argv[n++] = "-object";
	argv[n++] = "iommufd,id=iommufd0";
	for (i = 0; i < q->nr; i++) {
		argv[n++] = "-device";
		argv[n++] = text("vfio-pci,host=%s,addr=%#x,iommufd=iommufd0,"
				 CLASS, devices[i], QEMU_SLOT + i);
	}
	for (i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		argv[n++] = "-trace";
		argv[n++] = traces[i];
	}
	fcntl(qtest, F_SETFD, 0);
	fcntl(qmp, F_SETFD, 0);
	/* Its trace goes there too. */
	CHECK(dup2(log, STDERR_FILENO) == STDERR_FILENO, "dup2: %m");
	execv(PROGRAM, (char **)argv);
	ktap_fail(__FILE_NAME__, __LINE__, "%s: %m", PROGRAM);
}

/* Of each text a line, in any order; either may be NULL. */
static void qmp_wait(struct qemu *q, const char *one, const char *other)
{
	char line[4096];

	while (one || other) {
		CHECK(fgets(line, sizeof(line), q->qmp),
		      "QEMU has ended; it said:\n%s", qemu_trace(q));
		if (one && strstr(line, one))
			one = NULL;
		if (other && strstr(line, other))
			other = NULL;
	}
}

static void qmp_command(struct qemu *q, const char *command, const char *event)
{
	dprintf(fileno(q->qmp), "{\"execute\": \"%s\"}\n", command);
	qmp_wait(q, "\"return\"", event);
}

/*
 * The firmware places all BARs, then it lets the devices decode one by one. Until
 * it has placed the config space too, that reads as all zeros or all ones.
 */
static void wait_for_firmware(struct qemu *q)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	uint32_t command;
	unsigned int i;

	for (i = 0; i < q->nr; i++) {
		for (;;) {
			command = cpu_config_read(q, i, PCI_COMMAND, 2);
			if (command != 0xffff && command & PCI_COMMAND_MEMORY)
				break;
			CHECK(now_ms() < deadline,
			      "the firmware does not switch device %u on", i);
			sleep_ms(50);
		}
	}
	for (i = 0; i < q->nr; i++)
		cpu_config_write(q, i, PCI_COMMAND, 2,
				 cpu_config_read(q, i, PCI_COMMAND, 2) |
				 PCI_COMMAND_MASTER);
}

/* Our own fd for a file of QEMU's */
static int copy_fd(struct qemu *q, int fd)
{
	int pidfd, mine;

	pidfd = syscall(SYS_pidfd_open, q->pid, 0);
	mine = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	CHECK(mine >= 0, "fd %d of QEMU: %m", fd);
	close(pidfd);
	return mine;
}

/* Fails the test if there is none. */
static const char *traced_after(const char *trace, const char *what)
{
	const char *at = strstr(trace, what);

	CHECK(at, "QEMU's trace has no '%s':\n%s", what, trace);
	return at + strlen(what);
}

static void adopt_devices(struct qemu *q, const char * const *devices)
{
	char *trace = qemu_trace(q), what[64];
	unsigned int i;

	for (i = 0; i < q->nr; i++) {
		snprintf(what, sizeof(what), "bound device %s (fd=", devices[i]);
		vfio_adopt(&q->devs[i], devices[i],
			   copy_fd(q, atoi(traced_after(trace, what))));
	}
	free(trace);
}

void qemu_start(struct qemu *q, const char * const *devices, unsigned int nr,
		const char *preload)
{
	int qtest[2], qmp[2];

	if (sys_exists("/tmp/no-qemu"))
		skip("%s", strtok(sys_slurp("/tmp/no-qemu"), "\n"));
	CHECK(sys_exists(PROGRAM), "no " PROGRAM " in this guest");
	CHECK(nr <= QEMU_DEVICES, "%u devices", nr);
	memset(q, 0, sizeof(*q));
	q->nr = nr;
	snprintf(q->log, sizeof(q->log), "/tmp/qemu-%d.log", getpid());
	q->qtest = channel(qtest);
	q->qmp = channel(qmp);
	q->pid = ktap_fork();
	if (!q->pid) {
		if (preload)
			setenv("LD_PRELOAD", preload, 1);
		run(q, devices, qtest[1], qmp[1]);
	}
	close(qtest[1]);
	close(qmp[1]);
	qmp_wait(q, "\"QMP\"", NULL);
	qmp_command(q, "qmp_capabilities", NULL);
	wait_for_firmware(q);
	adopt_devices(q, devices);
}

void qemu_reset(struct qemu *q)
{
	qmp_command(q, "system_reset", "\"RESET\"");
	wait_for_firmware(q);
}

char *qemu_trace(struct qemu *q)
{
	return sys_slurp(q->log);
}

unsigned int qemu_traced(struct qemu *q, size_t at, const char *fmt, ...)
{
	char text[512], *trace = qemu_trace(q), *line = trace + at;
	regmatch_t match;
	unsigned int nr = 0;
	va_list args;
	regex_t re;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	CHECK(!regcomp(&re, text, REG_EXTENDED | REG_NEWLINE), "bad regex");
	CHECK(at <= strlen(trace), "the trace got shorter");
	while (!regexec(&re, line, 1, &match, 0)) {
		nr++;
		line += match.rm_eo;
	}
	regfree(&re);
	free(trace);
	return nr;
}

int qemu_dmabuf(struct qemu *q, unsigned int dev, unsigned int bar)
{
	char *trace = qemu_trace(q), what[64];
	const char *line = trace;
	int fd, region;

	snprintf(what, sizeof(what), "Device %s, dmabuf fd ", q->devs[dev].name);
	do {
		line = traced_after(line, what);
		CHECK(sscanf(line, "%d region %d", &fd, &region) == 2,
		      "QEMU's trace:\n%s", trace);
	} while (region != (int)bar);
	free(trace);
	return copy_fd(q, fd);
}
