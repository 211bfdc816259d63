// SPDX-License-Identifier: GPL-2.0
/*
 * A process is killed after each of its steps, and in the middle of each: the
 * exporter, the importer, or one that is both. The other side goes on, nothing
 * stays mapped, nothing is left, and both devices work again.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "pair.h"
#include "see.h"
#include "sys.h"

/* What the victim does; the other side's part is in the parent. */
static struct pair p;

static void open_exporter(void)
{
	exporter_open(&p.exp);
}

static void export(void)
{
	p.dmabuf = exporter_export(&p.exp, &p.l);
}

static void take(void)
{
	vfio_set_memory(&p.exp.dev, false);
}

static void give(void)
{
	vfio_set_memory(&p.exp.dev, true);
}

static const struct importer_ops *target;

static void open_importer(void)
{
	importer_open(&p.imp, target);
}

static void map(void)
{
	CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), 0);
}

static void map_again(void)
{
	CHECK_EQ(importer_unmap(&p.imp), 0);
	map();
}

static void write_some(void)
{
	uint8_t data[2 * IMPORTER_STEP];

	memset(data, 0x77, sizeof(data));
	CHECK_EQ(importer_write(&p.imp, 0, data, sizeof(data)), 0);
}

static void unmap(void)
{
	CHECK_EQ(importer_unmap(&p.imp), 0);
}

#define MOST_STEPS	9

typedef void (*step_fn)(void);

static const step_fn exporter_steps[] = { open_exporter, export, take, give };
static const step_fn importer_steps[] = { open_importer, map, write_some, unmap };
static const step_fn both_steps[] = {
	open_exporter, export, open_importer, map, write_some, take, give,
	map_again, write_some,
};

struct victim {
	int pid;
	int told;		/* steps as they are done, by their number */
};

/* Does steps 0 to last, and begins another one unless it is to rest there. */
static struct victim start(const step_fn *steps, int nr, int last, bool rest)
{
	struct victim v;
	int fds[2], i;

	CHECK(!pipe(fds), "pipe: %m");
	v.pid = ktap_fork();
	if (!v.pid) {
		for (i = 0; i < nr && i <= last + !rest; i++) {
			steps[i]();
			CHECK(write(fds[1], &p.dmabuf, sizeof(p.dmabuf)) > 0,
			      "pipe: %m");
		}
		for (;;)
			pause();
	}
	close(fds[1]);
	v.told = fds[0];
	for (i = 0; i <= last; i++)
		CHECK(read(v.told, &p.dmabuf, sizeof(p.dmabuf)) ==
		      sizeof(p.dmabuf), "the victim failed in step %d", i);
	return v;
}

/* The victim's dma-buf, in this process too */
static void share_buffer(struct victim *v)
{
	int pidfd = syscall(SYS_pidfd_open, v->pid, 0);

	p.dmabuf = syscall(SYS_pidfd_getfd, pidfd, p.dmabuf, 0);
	CHECK(p.dmabuf >= 0, "pidfd_getfd: %m");
	close(pidfd);
}

/* Not at once, if it is in the middle of something. */
static void kill_it(struct victim *v, bool rest, int last)
{
	if (!rest)
		sleep_ms(1 + last * 3);
	kill(v->pid, SIGKILL);
	CHECK(waitpid(v->pid, NULL, 0) == v->pid, "waitpid: %m");
	close(v->told);
}

static bool is_live(void)
{
	return !strcmp(fdinfo(p.dmabuf, "phys_state"), "live");
}

/* The importer is here, and in the middle of writing if it can. */
static void kill_exporter(int last, bool rest)
{
	struct victim v = start(exporter_steps, 4, last, rest);
	bool exported = last >= 1, mapped = false;

	if (exported) {
		share_buffer(&v);
		open_importer();
		mapped = is_live() &&
			 !importer_map(&p.imp, p.dmabuf, 0, p.l.size);
	}
	if (mapped)
		pair_write(&p);
	kill_it(&v, rest, last);
	exporter_open(&p.exp);
	if (exported)
		pair_state(&p, "dead");
	if (exported && !mapped)
		CHECK_EQ(importer_map(&p.imp, p.dmabuf, 0, p.l.size), -ENODEV);
	if (mapped) {
		pair_refused(&p);
		pair_quiet(&p);
		pair_stop(&p);
		CHECK(target == &importer_domain || p.ret == -ENODEV,
		      "write: %s", ktap_number(p.ret));
		CHECK_EQ(importer_unmap(&p.imp), 0);
	}
	if (exported)
		close(p.dmabuf);
	else
		open_importer();
	export();
	map();
	pair_works(&p, last);
}

/* The exporter is here; its next revoke finds nobody to wait for. */
static void kill_importer(int last, bool rest)
{
	struct victim v;
	uint64_t begin;

	open_exporter();
	export();
	v = start(importer_steps, 4, last, rest);
	kill_it(&v, rest, last);
	CHECK_EQ(atoi(fdinfo(p.dmabuf, "phys_mappings")), 0);
	pair_state(&p, "live");
	atomic_store(&p.done, 0);
	p.imp.ops = &importer_device;	/* nobody is writing */
	pair_quiet(&p);
	begin = now_ms();
	take();
	CHECK(now_ms() - begin < 1000, "a revoke without importers takes %llu ms",
	      (unsigned long long)(now_ms() - begin));
	pair_state(&p, "revoked");
	give();
	bar_snapshot(&p.exp.bar);
	open_importer();
	map();
	pair_works(&p, last);
}

/* Whatever order the kernel closes it all in; here is one more reference. */
static void kill_both(int last, bool rest)
{
	struct victim v = start(both_steps, MOST_STEPS, last, rest);

	if (last >= 1)
		share_buffer(&v);
	kill_it(&v, rest, last);
	if (last >= 1) {
		pair_state(&p, "dead");
		close(p.dmabuf);
	}
	CHECK_EQ(buffers_left(), 0);
	pair_open(&p, target);
}

struct kill_case {
	void (*kill)(int last, bool rest);
	const struct importer_ops *target;
	int last;
	bool rest;
	char name[96];
};

static void run(const void *arg)
{
	const struct kill_case *c = arg;

	target = c->target;
	machine_need(target);
	if (!machine.iommu && target == &importer_domain)
		skip("no IOMMU to stop a device that user space drives");
	open_exporter();
	layout_scatter(&p.l, 3, 1, 0, p.exp.bar.len);
	exporter_close(&p.exp);
	c->kill(c->last, c->rest);
}

static void nothing_left(const void *arg)
{
	(void)arg;
	CHECK_EQ(buffers_left(), 0);
}

static const struct {
	const char *name;
	void (*kill)(int last, bool rest);
	int steps;
} subjects[] = {
	{ "exporter", kill_exporter, 4 },
	{ "importer", kill_importer, 4 },
	{ "exporter and importer", kill_both, MOST_STEPS },
};

int main(void)
{
	static const struct importer_ops *targets[] = {
		&importer_domain, &importer_device,
	};
	/* All steps of all subjects, at rest and not, for both targets */
	static struct kill_case kills[17 * 2 * 2];
	struct ktap_case cases[17 * 2 * 2 + 1];
	size_t nr = 0, s;
	int i, t;

	machine_init();
	for (s = 0; s < 3; s++)
		for (i = 0; i < 4 * subjects[s].steps; i++, nr++) {
			struct kill_case *k = &kills[nr];

			t = i % 2;
			*k = (struct kill_case){
				.kill = subjects[s].kill,
				.target = targets[t],
				.last = i / 4,
				.rest = i % 4 < 2,
			};
			snprintf(k->name, sizeof(k->name),
				 "%s killed %s step %d, target %s",
				 subjects[s].name,
				 k->rest ? "after" : "in the step after",
				 k->last, targets[t]->name);
			cases[nr] = (struct ktap_case){ k->name, run, k, 0 };
		}
	cases[nr++] = (struct ktap_case){
		"no buffer is left", nothing_left, NULL, 0,
	};
	return ktap_run(cases, nr);
}
