// SPDX-License-Identifier: GPL-2.0
/*
 * samples/dma-buf/bar-to-bar, the program that the documentation shows: what it
 * prints is true. While it holds its mapping, its device is made to use each IOVA
 * that it told, and each byte of the BAR is looked at, both by sysfs: VFIO has
 * the devices, and the program has VFIO.
 */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts.h"
#include "edu.h"
#include "ktap.h"
#include "machine.h"
#include "sys.h"

#define RANGES	3

/* Out of order, apart, of more than one size */
static const struct vfio_region_dma_range asked[RANGES] = {
	{ .offset = 0x8000, .length = 0x1000 },
	{ .offset = 0x0, .length = 0x3000 },
	{ .offset = 0x10000, .length = 0x2000 },
};

struct program {
	int pid;
	FILE *in, *out;
};

static void program_start(struct program *p, char **args)
{
	int in[2], out[2];

	CHECK(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC), "pipe: %m");
	p->pid = fork();
	CHECK(p->pid >= 0, "fork: %m");
	if (!p->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execvp(args[0], args);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p->in = fdopen(in[1], "w");
	p->out = fdopen(out[0], "r");
	CHECK(p->in && p->out, "fdopen: %m");
}

static const char *program_line(struct program *p)
{
	static char line[256];

	if (!fgets(line, sizeof(line), p->out))
		*line = 0;
	line[strcspn(line, "\n")] = 0;
	note("bar-to-bar: %s", line);
	return line;
}

/* Return: its exit status */
static int program_end(struct program *p)
{
	int status;

	fclose(p->in);
	CHECK(waitpid(p->pid, &status, 0) == p->pid, "waitpid: %m");
	CHECK(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void *sysfs_bar(const char *name, unsigned int nr, size_t *len)
{
	uint64_t start;
	void *map;
	int fd;

	*len = pci_bar(name, nr, &start);
	fd = open(sys_path("/sys/bus/pci/devices/%s/resource%u", name, nr),
		  O_RDWR | O_SYNC | O_CLOEXEC);
	map = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED, "BAR%u of %s: %m", nr, name);
	close(fd);
	return map;
}

/* Opening a device of vfio-pci leaves it without the right to DMA. */
static void sysfs_set_master(const char *name)
{
	uint16_t command;
	int fd;

	fd = open(sys_path("/sys/bus/pci/devices/%s/config", name),
		  O_RDWR | O_CLOEXEC);
	CHECK(pread(fd, &command, 2, PCI_COMMAND) == 2, "%s: %m", name);
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	CHECK(pwrite(fd, &command, 2, PCI_COMMAND) == 2, "%s: %m", name);
	close(fd);
}

static void check_fdinfo(struct program *p, int fd, const char *line)
{
	char *text = sys_slurp(sys_path("/proc/%d/fdinfo/%d", p->pid, fd));

	CHECK(strstr(text, line), "no '%s' in\n%s", line, text);
	free(text);
}

/* What the CPU wrote to one range the device copies to another. */
static void copy_by_device(struct edu *edu, struct bar *bar,
			   const struct layout *l,
			   const unsigned long long *iova)
{
	static const int copies[][2] = { { 0, 1 }, { 1, 2 }, { 2, 0 } };
	uint8_t data[EDU_MOST];
	uint64_t at[RANGES], sum = 0;

	for (int i = 0; i < RANGES; i++) {
		at[i] = sum;
		sum += l->ranges[i].length;
	}
	for (int i = 0; i < RANGES; i++) {
		int from = copies[i][0], to = copies[i][1];

		pattern(data, sizeof(data), 100 + i, 0);
		bar_write(bar, l, at[from], data, sizeof(data));
		edu_load(edu, iova[from], sizeof(data));
		edu_store(edu, iova[to], sizeof(data));
		bar_expect(bar, l, at[to], data, sizeof(data));
		bar_check(bar);
	}
}

static void what_it_says_is_true(const void *arg)
{
	char *args[] = {
		"bar-to-bar", machine.exporter, machine.edu_domain, "2",
		"0x8000:0x1000", "0:0x3000", "0x10000:0x2000", NULL,
	};
	unsigned long long len, offset, iova[RANGES];
	struct program p;
	struct layout l;
	struct edu edu;
	struct bar bar;
	size_t size;
	int fd;

	(void)arg;
	if (!machine.iommu)
		skip("no IOMMU");
	program_start(&p, args);
	CHECK(sscanf(program_line(&p), "%*u ranges of BAR 2 of %*s in file descriptor %d",
		     &fd) == 1, "it did not begin");
	for (int i = 0; i < RANGES; i++) {
		CHECK(sscanf(program_line(&p), "%llx bytes at %llx are at IOVA %llx of ",
			     &len, &offset, &iova[i]) == 3, "no IOVA");
		CHECK_EQ(len, asked[i].length);
		CHECK_EQ(offset, asked[i].offset);
	}
	CHECK(!strncmp(program_line(&p), "Press Enter", 11), "no question");

	check_fdinfo(&p, fd, "phys_state:\tlive\n");
	check_fdinfo(&p, fd, "phys_ranges:\t3\n");
	check_fdinfo(&p, fd, "phys_mappings:\t1\n");
	check_fdinfo(&p, fd, machine.exporter);

	layout_set(&l, asked, RANGES);
	bar.map = sysfs_bar(machine.exporter, EXPORTER_BAR, &size);
	bar_init(&bar, bar.map, size < BAR_MOST ? size : BAR_MOST);
	sysfs_set_master(machine.edu_domain);
	edu_init(&edu, sysfs_bar(machine.edu_domain, 0, &size));
	copy_by_device(&edu, &bar, &l, iova);

	fprintf(p.in, "\n");
	fflush(p.in);
	CHECK(!strcmp(program_line(&p), "Unmapped."), "it did not unmap");
	CHECK_EQ(program_end(&p), 0);
	CHECK_EQ(count_dmabufs(), 0);
}

/* Each wrong ask, and what it must say */
static void it_says_what_is_wrong(const void *arg)
{
	char *unbound[] = { "bar-to-bar", machine.edu_device,
			    machine.edu_domain, "2", "0:0x1000", NULL };
	char *beyond[] = { "bar-to-bar", machine.exporter, machine.edu_domain,
			   "2", "0xffffffff000:0x1000", NULL };
	char *odd[] = { "bar-to-bar", machine.exporter, machine.edu_domain,
			"2", "0:0x800", NULL };
	char *no_bar[] = { "bar-to-bar", machine.exporter, machine.edu_domain,
			   "5", "0:0x1000", NULL };
	char *comma[] = { "bar-to-bar", machine.exporter, machine.edu_domain,
			  "2", "0:0x1000,0x2000:0x1000", NULL };
	char *none[] = { "bar-to-bar", machine.exporter, machine.edu_domain,
			 "2", NULL };
	const struct {
		char **args;
		const char *says;
		int status;
	} wrong[] = {
		{ unbound, "is not bound to vfio-pci", 1 },
		{ beyond, "exporting BAR 2: Invalid argument", 1 },
		{ odd, "exporting BAR 2: Invalid argument", 1 },
		{ no_bar, "exporting BAR 5: No such device", 1 },
		{ comma, "is not OFFSET:LENGTH", 2 },
		{ none, "usage:", 2 },
	};
	struct program p;

	(void)arg;
	if (!machine.iommu)
		skip("no IOMMU");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		program_start(&p, wrong[i].args);
		CHECK(strstr(program_line(&p), wrong[i].says),
		      "it should say '%s'", wrong[i].says);
		CHECK_EQ(program_end(&p), wrong[i].status);
	}
}

static void not_without_an_iommu(const void *arg)
{
	char *args[] = { "bar-to-bar", machine.exporter, machine.edu_domain,
			 "2", "0:0x1000", NULL };
	struct program p;

	(void)arg;
	if (machine.iommu)
		skip("there is one");
	program_start(&p, args);
	CHECK(strstr(program_line(&p), "is not behind an IOMMU"),
	      "it should refuse");
	CHECK_EQ(program_end(&p), 1);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ .name = "bar-to-bar: what it says is true",
		  .run = what_it_says_is_true },
		{ .name = "bar-to-bar: it says what is wrong",
		  .run = it_says_what_is_wrong },
		{ .name = "bar-to-bar: not without an IOMMU",
		  .run = not_without_an_iommu },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
