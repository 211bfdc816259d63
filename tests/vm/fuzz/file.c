// SPDX-License-Identifier: GPL-2.0
/* What anybody can do with a dma-buf's descriptor */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "judge.h"
#include "see.h"
#include "sys.h"

#define NAME_MOST	32	/* with its end */

static bool is_dma_buf(const struct slot *slot)
{
	return slot->kind == FD_PHYS || slot->kind == FD_LEGACY;
}

static struct slot *choose(struct world *w, uint64_t choice)
{
	struct slot *slot = slot_choose(w, choice);

	w->feature = slot->kind | slot_state(w, slot) << 2;
	if (slot->kind == FD_NONE)
		w->expect = -EBADF;
	return slot;
}

static uint64_t make_small(struct world *w)
{
	return one_in(w, 5) ? edge(w) : below(w, 4);
}

static uint64_t make_mostly_zero(struct world *w)
{
	return one_in(w, 5) ? edge(w) : 0;
}

static uint64_t make_memory(struct world *w)
{
	return one_in(w, 15) ? rnd(w) : 0;
}

static long run_lseek(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	int whence = a[2];
	off_t ret;

	if (is_dma_buf(slot))
		w->expect = (whence == SEEK_SET || whence == SEEK_END) && !a[1] ?
			    0 : -EINVAL;
	ret = lseek(slot->fd, a[1], whence);
	if (ret < 0)
		return -errno;
	if (is_dma_buf(slot) && whence == SEEK_END &&
	    (uint64_t)ret != slot->size)
		judge_fail("the end is at %#llx", (unsigned long long)ret);
	return 0;
}

/* Memory of devices is not for the CPU. */
static long run_mmap(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	size_t len = a[1];
	void *map;

	if (slot->kind == FD_PHYS)
		w->expect = REFUSED;
	else if (slot->kind == FD_NONE)
		w->expect = ANY;
	map = mmap(NULL, len, a[2] % 8, a[3] % 2 ? MAP_SHARED : MAP_PRIVATE,
		   slot->fd, a[4]);
	if (map == MAP_FAILED)
		return -errno;
	munmap(map, len);
	return 0;
}

static long run_poll(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	struct pollfd pfd = { .fd = slot->fd, .events = a[1] };
	short ready = pfd.events & (POLLIN | POLLOUT);

	w->expect = 0;
	if (poll(&pfd, 1, 0) < 0)
		return -errno;
	if (is_dma_buf(slot) && pfd.revents != ready)
		judge_fail("poll answers %#x, should be %#x", pfd.revents, ready);
	return 0;
}

static long run_sync(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	struct dma_buf_sync sync = { .flags = a[1] };
	bool valid = !(sync.flags & ~(uint64_t)DMA_BUF_SYNC_VALID_FLAGS_MASK) &&
		     sync.flags & DMA_BUF_SYNC_RW;
	size_t readable;
	void *arg;

	arg = user_memory(w, &sync, sizeof(sync), a[2], &readable);
	if (is_dma_buf(slot))
		w->expect = readable < sizeof(sync) ? -EFAULT :
			    valid ? 0 : -EINVAL;
	return sys_ioctl(slot->fd, DMA_BUF_IOCTL_SYNC, arg);
}

static long run_name(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	size_t len = a[1] % 64, readable;
	char name[64];
	void *arg;
	long ret;

	memset(name, 'a' + a[1] / 64 % 26, len);
	name[len] = 0;
	arg = user_memory(w, name, len + 1, a[2], &readable);
	if (is_dma_buf(slot) && readable > len)
		w->expect = len < NAME_MOST ? 0 : -EINVAL;
	ret = sys_ioctl(slot->fd, DMA_BUF_SET_NAME_B, arg);
	if (!ret && !slot->foreign && len &&
	    strcmp(fdinfo(slot->fd, "name"), name))
		judge_fail("the name is '%s'", fdinfo(slot->fd, "name"));
	return ret;
}

/* The world keeps the last one. */
static long run_export_sync(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	struct dma_buf_export_sync_file sync = { .flags = a[1], .fd = -1 };
	struct dma_buf_export_sync_file *arg;
	bool valid = sync.flags && !(sync.flags & ~DMA_BUF_SYNC_RW);
	size_t readable;
	long ret;

	arg = user_memory(w, &sync, sizeof(sync), a[2], &readable);
	if (is_dma_buf(slot))
		w->expect = readable < sizeof(sync) ? -EFAULT :
			    valid ? 0 : -EINVAL;
	ret = sys_ioctl(slot->fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg);
	if (!ret) {
		if (w->sync_file >= 0)
			close(w->sync_file);
		w->sync_file = arg->fd;
	}
	return ret;
}

static long run_import_sync(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	bool own = a[3] % 8;
	struct dma_buf_import_sync_file sync = {
		.flags = a[1],
		.fd = own ? w->sync_file : slot_choose(w, a[3])->fd,
	};
	bool valid = sync.flags && !(sync.flags & ~DMA_BUF_SYNC_RW);
	size_t readable;
	void *arg;

	arg = user_memory(w, &sync, sizeof(sync), a[2], &readable);
	if (is_dma_buf(slot))
		w->expect = readable < sizeof(sync) ? -EFAULT :
			    valid && own && w->sync_file >= 0 ? 0 : -EINVAL;
	return sys_ioctl(slot->fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, arg);
}

static long run_unknown(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);

	if (is_dma_buf(slot))
		w->expect = -ENOTTY;
	return sys_ioctl(slot->fd, _IOC(a[1] % 4, 'b', 16 + a[1] / 4 % 200,
					a[1] >> 40 & 0xff), NULL);
}

static long run_dup(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	struct slot copy = *slot;

	/* A path can be duplicated, too. */
	if (slot->kind == FD_NONE)
		w->expect = ANY;
	copy.fd = fcntl(slot->fd, F_DUPFD_CLOEXEC, 0);
	if (copy.fd < 0)
		return -errno;
	if (slot->kind == FD_PHYS)
		slot_add(w, copy);
	else
		close(copy.fd);
	return 0;
}

static long run_close(struct world *w, const uint64_t *a)
{
	w->expect = 0;
	if (!w->nr_slots)
		return NOTHING;
	slot_close(w, &w->slots[a[0] % w->nr_slots]);
	return 0;
}

/* By its path a dma-buf cannot be opened, and a path is none. */
static long run_path(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	bool path = a[1] % 2;
	long ret = 0;
	int fd;

	if (slot->kind != FD_PHYS)
		return NOTHING;
	w->expect = path ? 0 : REFUSED;
	fd = open(sys_path("/proc/self/fd/%d", slot->fd),
		  path ? O_PATH | O_CLOEXEC : (int)(a[1] >> 8 & O_ACCMODE));
	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) >= 0 || errno != EBADF)
		judge_fail("O_PATH can be used");
	close(fd);
	return ret;
}

static long run_fdinfo(struct world *w, const uint64_t *a)
{
	static const char * const names[] = { "live", "revoked", "dead" };
	struct slot *slot = choose(w, a[0]);
	enum state state = slot_state(w, slot);
	const char *shown;

	w->expect = 0;
	if (slot->kind != FD_PHYS)
		return NOTHING;
	if (strtoull(fdinfo(slot->fd, "size"), NULL, 10) != slot->size)
		judge_fail("the size is %s", fdinfo(slot->fd, "size"));
	shown = fdinfo(slot->fd, "phys_state");
	if (state != UNKNOWN && strcmp(shown, names[state]))
		judge_fail("the buffer is %s, should be %s", shown,
			   names[state]);
	return 0;
}

/* There is nothing to read, write or cut. */
static long run_read_write(struct world *w, const uint64_t *a)
{
	struct slot *slot = choose(w, a[0]);
	char byte = 0;
	long ret;

	if (slot->kind != FD_PHYS)
		return NOTHING;
	w->expect = REFUSED;
	switch (a[1] % 4) {
	case 0:
		ret = pread(slot->fd, &byte, 1, 0);
		break;
	case 1:
		ret = pwrite(slot->fd, &byte, 1, 0);
		break;
	case 2:
		ret = ftruncate(slot->fd, a[1]);
		break;
	default:
		ret = fallocate(slot->fd, 0, 0, PAGE);
	}
	return ret < 0 ? -errno : ret;
}

#define FD_ARG	{ "fd", any }
#define MEMORY	{ "memory", make_memory }

const struct op file_ops[] = {
	{
		.name = "lseek", .weight = 20, .run = run_lseek,
		.args = { FD_ARG, { "offset", make_mostly_zero },
			  { "whence", make_small } },
		.errnos = { EBADF, EINVAL, ESPIPE, ENXIO }, .least = 200,
	}, {
		.name = "mmap", .weight = 20, .run = run_mmap,
		.args = { FD_ARG, { "len", bar_length }, { "prot", any },
			  { "shared", any }, { "offset", bar_offset } },
		.errnos = { EBADF, EINVAL, EACCES, ENOMEM, EOVERFLOW, ENODEV,
			    EPERM },
	}, {
		.name = "poll", .weight = 20, .run = run_poll,
		.args = { FD_ARG, { "events", any } },
	}, {
		.name = "sync", .weight = 20, .run = run_sync,
		.args = { FD_ARG, { "flags", make_small }, MEMORY },
		.errnos = { EBADF, EFAULT, EINVAL, ENOTTY }, .least = 300,
	}, {
		.name = "set_name", .weight = 20, .run = run_name,
		.args = { FD_ARG, { "length", any }, MEMORY },
		.errnos = { EBADF, EFAULT, EINVAL, ENOTTY }, .least = 200,
	}, {
		.name = "export_sync", .weight = 20, .run = run_export_sync,
		.args = { FD_ARG, { "flags", make_small }, MEMORY },
		.errnos = { EBADF, EFAULT, EINVAL, ENOTTY }, .least = 300,
	}, {
		.name = "import_sync", .weight = 20, .run = run_import_sync,
		.args = { FD_ARG, { "flags", make_small }, MEMORY,
			  { "sync", any } },
		.errnos = { EBADF, EFAULT, EINVAL, ENOTTY }, .least = 200,
	}, {
		.name = "unknown_ioctl", .weight = 5, .run = run_unknown,
		.args = { FD_ARG, { "number", any } },
		.errnos = { EBADF, ENOTTY },
	}, {
		.name = "dup", .weight = 30, .run = run_dup, .args = { FD_ARG },
		.errnos = { EBADF }, .least = 500,
	}, {
		.name = "close", .weight = 60, .run = run_close,
		.args = { FD_ARG }, .least = 1000,
	}, {
		.name = "path", .weight = 5, .run = run_path,
		.args = { FD_ARG, { "path", any } },
		.errnos = { ENXIO, EBADF },
	}, {
		.name = "fdinfo", .weight = 30, .run = run_fdinfo,
		.args = { FD_ARG }, .least = 1000,
	}, {
		.name = "read_write", .weight = 5, .run = run_read_write,
		.args = { FD_ARG, { "how", any } },
		.errnos = { EBADF, EINVAL, ESPIPE, EOPNOTSUPP, ENODEV, EPERM },
	},
	{ .name = NULL }
};
