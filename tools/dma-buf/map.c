// SPDX-License-Identifier: GPL-2.0
/*
 * dmabufctl map: does IOMMUFD map such a dma-buf? It is exported, mapped into an
 * address space, revoked and restored if that is wanted, and unmapped.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl.h"
#include "exporter.h"
#include "json.h"

#define MAP_FLAGS	(IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

struct job {
	/* asked for */
	struct exporter exp;
	const char *device;		/* to export, or NULL: */
	int fd;				/* the dma-buf that is there */
	const char *into;		/* NULL: no device in the address space */
	bool revoke;

	/* used */
	int iommufd;
	u32 ioas;
	struct vfio importer;
	u64 iova;

	/* found out */
	struct buffer before, mapped, revoked, restored, after;
	u64 map_ns, unmap_ns, revoke_ns, restore_ns;
};

static void look(struct job *job, struct buffer *buf)
{
	if (buffer_of_fd(getpid(), job->fd, buf))
		return;
	if (errno == EBADF)
		fail(CTL_NOT_FOUND, "COMMAND of 'dmabufctl export' gets one",
		     "fd %d is not open in this process", job->fd);
	if (errno == EINVAL)
		fail(CTL_NOT_FOUND, NULL, "fd %d is no dma-buf", job->fd);
	fail(CTL_FAILED, "is /proc mounted?",
	     "/proc does not show what fd %d is: %s", job->fd,
	     strerror(errno));
}

static void alloc_ioas(struct job *job)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };

	if (ioctl(job->iommufd, IOMMU_IOAS_ALLOC, &cmd))
		fail(CTL_FAILED, NULL, "IOMMUFD cannot make an address space: %s",
		     strerror(errno));
	job->ioas = cmd.out_ioas_id;
}

static __noreturn void map_failed(const struct job *job)
{
	static const char what[] = "IOMMUFD does not map dma-buf %llu: %s (%s)";
	const char *error = strerrorname_np(errno);
	u64 ino = job->before.ino;

	switch (errno) {
	case ENODEV:
		if (!strcmp(job->before.state, "dead"))
			fail(CTL_FAILED, "export again", what, ino,
			     "it is dead, its exporter is gone", error);
		fail(CTL_FAILED,
		     "its exporter restores it when its device has its memory on",
		     what, ino,
		     "it is revoked, its exporter has taken the memory back",
		     error);
	case EOPNOTSUPP:
		fail(CTL_NOT_READY, NULL, what, ino,
		     "this kernel's IOMMUFD does not take buffers of this exporter",
		     error);
	case EREMOTEIO:
		fail(CTL_NO_ROUTE, "dmabufctl reach tells more", what, ino,
		     "there is no peer to peer route", error);
	default:
		fail(denied_or(CTL_FAILED), NULL, what, ino, strerror(errno),
		     error);
	}
}

static void map_it(struct job *job)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = MAP_FLAGS,
		.ioas_id = job->ioas,
		.fd = job->fd,
		.length = job->before.size,
	};
	u64 since = now_ns();

	if (ioctl(job->iommufd, IOMMU_IOAS_MAP_FILE, &cmd))
		map_failed(job);
	job->map_ns = now_ns() - since;
	job->iova = cmd.iova;
	look(job, &job->mapped);
}

static void unmap_it(struct job *job)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = job->ioas,
		.iova = job->iova,
		.length = job->before.size,
	};
	u64 since = now_ns();

	if (ioctl(job->iommufd, IOMMU_IOAS_UNMAP, &cmd))
		fail(CTL_FAILED, NULL, "IOMMUFD does not unmap what it mapped: %s",
		     strerror(errno));
	job->unmap_ns = now_ns() - since;
	look(job, &job->after);
}

static void revoke_and_restore(struct job *job)
{
	u64 since = now_ns();

	vfio_set_memory(&job->exp.dev, false);
	job->revoke_ns = now_ns() - since;
	look(job, &job->revoked);
	since = now_ns();
	vfio_set_memory(&job->exp.dev, true);
	job->restore_ns = now_ns() - since;
	look(job, &job->restored);
}

/* Without a description the kernel counts no mappings; else it must be right. */
static const char *verdict(const struct job *job)
{
	u64 should = job->into ? 1 : 0;

	if (!job->before.described)
		return NULL;
	if (job->mapped.mappings != job->before.mappings + should)
		return "the kernel took the call, but the number of mappings is wrong";
	if (job->revoke && (strcmp(job->revoked.state, "revoked") ||
			    job->revoked.mappings))
		return "with the memory off it should have been revoked and unmapped";
	if (job->revoke && (strcmp(job->restored.state, "live") ||
			    job->restored.mappings != job->mapped.mappings))
		return "with the memory on it should have been mapped again";
	if (job->after.mappings != job->before.mappings)
		return "unmapped, and yet there is a mapping left";
	return NULL;
}

static void tell_json(const struct job *job, const char *wrong)
{
	json_object(NULL);
	json_bool("works", !wrong);
	json_text("wrong", wrong);
	json_text("into", job->into ? job->importer.name : NULL);
	json_bool("noiommu", job->importer.noiommu);
	json_unsigned("iova", job->iova);
	json_unsigned("map_ns", job->map_ns);
	json_unsigned("unmap_ns", job->unmap_ns);
	if (job->revoke) {
		json_unsigned("revoke_ns", job->revoke_ns);
		json_unsigned("restore_ns", job->restore_ns);
	}
	json_unsigned("mappings", job->mapped.mappings);
	buffer_json("buffer", &job->after);
	json_end();
}

static void tell_text(const struct job *job, const char *wrong)
{
	printf("dma-buf %llu, %s", job->before.ino,
	       size_text(job->before.size));
	if (job->before.described)
		printf(" in %llu range%s of %s", job->before.ranges,
		       job->before.ranges == 1 ? "" : "s",
		       job->before.provider);
	if (job->into)
		printf("\nmapped for %s%s at IOVA %#llx in %s\n",
		       job->importer.name, job->importer.noiommu ?
		       ", which has no IOMMU," : "", job->iova,
		       time_text(job->map_ns));
	else
		printf("\nimported in %s; nothing was translated: no device (--into BDF)\n",
		       time_text(job->map_ns));
	if (job->revoke)
		printf("memory off: revoked in %s; on: restored in %s\n",
		       time_text(job->revoke_ns), time_text(job->restore_ns));
	printf("unmapped in %s\n", time_text(job->unmap_ns));
	printf(wrong ? "does not work: %s\n" : "works\n", wrong);
}

static void parse(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "bar", required_argument, NULL, 'b' },
		{ "range", required_argument, NULL, 'r' },
		{ "fd", required_argument, NULL, 'f' },
		{ "into", required_argument, NULL, 'i' },
		{ "revoke", no_argument, NULL, 'v' },
		{}
	};
	u64 fd;
	int option;

	while ((option = getopt_long(argc, argv, "-", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			exporter_bar(&job->exp, optarg);
			break;
		case 'r':
			exporter_range(&job->exp, optarg);
			break;
		case 'f':
			if (!parse_number(optarg, &fd) || fd > INT_MAX)
				fail(CTL_USAGE, "such as --fd $DMABUF_FD",
				     "'%s' is not an fd", optarg);
			job->fd = fd;
			break;
		case 'i':
			job->into = optarg;
			break;
		case 'v':
			job->revoke = true;
			break;
		case 1:
			if (job->device)
				fail(CTL_USAGE, "--into says which device it is mapped for",
				     "one device exports: %s or %s?",
				     job->device, optarg);
			job->device = optarg;
			break;
		default:
			fail_option();
		}
	}
	if (optind < argc)
		fail(CTL_USAGE, NULL, "map runs no command, and there is '%s'",
		     argv[optind]);
	if (job->device ? job->fd >= 0 : job->fd < 0)
		fail(CTL_USAGE,
		     "dmabufctl map BDF --bar N ..., or dmabufctl map --fd N ...",
		     "either a device exports, or --fd has a dma-buf");
	if (job->revoke && !job->device)
		fail(CTL_USAGE, NULL,
		     "--revoke needs the device that exports; --fd has only the buffer");
}

int cmd_map(int argc, char **argv)
{
	struct job job = { .fd = -1 };
	char into[PCI_NAME];
	const char *wrong;

	exporter_init(&job.exp);
	parse(&job, argc, argv);
	if (job.into)
		pci_name(job.into, into);
	if (job.device)
		exporter_device(&job.exp, job.device);
	else
		look(&job, &job.before);
	job.iommufd = iommufd_open();
	if (job.device) {
		exporter_make(&job.exp, job.iommufd);
		job.fd = job.exp.fd;
	}
	if (job.into && !strcmp(into, job.exp.name))
		job.importer = job.exp.dev;
	else if (job.into)
		vfio_open(&job.importer, into, job.iommufd);
	alloc_ioas(&job);
	if (job.into)
		vfio_attach(&job.importer, job.ioas);

	look(&job, &job.before);
	map_it(&job);
	if (job.revoke)
		revoke_and_restore(&job);
	unmap_it(&job);
	wrong = verdict(&job);
	if (ctl_json)
		tell_json(&job, wrong);
	else
		tell_text(&job, wrong);
	return wrong ? CTL_FAILED : CTL_OK;
}
