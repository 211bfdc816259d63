// SPDX-License-Identifier: GPL-2.0
/*
 * The sample driver: a device in the kernel that imports. It copies nothing, as
 * a transfer takes 100 ms; a copy of no bytes maps the buffer.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "edu-dma-buf.h"
#include "fuzz.h"
#include "judge.h"
#include "machine.h"
#include "sample.h"
#include "sys.h"

static uint64_t make_mostly_zero(struct world *w)
{
	return one_in(w, 20) ? rnd(w) : 0;
}

static uint64_t make_length(struct world *w)
{
	return one_in(w, 5) ? edge(w) : 0;
}

/* One that has a buffer or not, as wanted, if there is one */
static struct node *node_choose(struct world *w, uint64_t choice, bool imported)
{
	struct node *node = &w->nodes[choice % NODES];
	unsigned int i;

	for (i = 0; choice & 0x700 && i < NODES; i++)
		if (node->imported != imported)
			node = &w->nodes[(choice + i) % NODES];

	w->feature = node->imported << 4;
	if (node->imported)
		w->feature |= slot_state(w, &node->buf) | node->buf.kind << 2;
	return node;
}

static int expect_import(const struct world *w, const struct slot *slot)
{
	enum state state = slot_state(w, slot);

	switch (slot->kind) {
	case FD_NONE:
		return -EBADF;
	case FD_OTHER:
		return -EINVAL;
	default:
		return state == DEAD ? -ENODEV : state == UNKNOWN ? ANY : 0;
	}
}

static long run_import(struct world *w, const uint64_t *a)
{
	struct node *node = node_choose(w, a[0], false);
	struct slot *slot = slot_choose(w, a[1]);
	struct edu_dma_buf_import import = { .fd = slot->fd, .flags = a[2] };
	size_t readable;
	void *arg;
	long ret;

	if (node->fd < 0)
		return NOTHING;
	judge_actual(slot->fd, slot->size, 0, 0);
	arg = user_memory(w, &import, sizeof(import), a[3], &readable);
	w->feature |= slot_state(w, slot) << 5 | slot->kind << 7;
	if (readable < sizeof(import))
		w->expect = -EFAULT;
	else if (import.flags)
		w->expect = -EINVAL;
	else if (node->imported)
		w->expect = -EBUSY;
	else
		w->expect = expect_import(w, slot);
	ret = sys_ioctl(node->fd, EDU_DMA_BUF_IMPORT, arg);
	if (!ret) {
		node->imported = true;
		node->buf = *slot;
	}
	return ret;
}

static long run_release(struct world *w, const uint64_t *a)
{
	struct node *node = node_choose(w, a[0], true);
	long ret;

	if (node->fd < 0)
		return NOTHING;
	w->expect = node->imported ? 0 : -EINVAL;
	ret = sample_release(node->fd);
	if (!ret)
		node->imported = false;
	return ret;
}

static int expect_copy(const struct world *w, const struct node *node,
		       uint64_t offset, uint64_t len)
{
	uint64_t end;

	if (__builtin_add_overflow(offset, len, &end))
		return -EOVERFLOW;
	if (!node->imported || end > node->buf.size)
		return -EINVAL;
	if (len)
		return -EFAULT;
	switch (slot_state(w, &node->buf)) {
	case UNKNOWN:
		return ANY;
	case LIVE:
		return 0;
	default:
		return -ENODEV;
	}
}

/*
 * Bytes that would really be copied are written from where there are none; a
 * read would copy them before it finds out.
 */
static long run_copy(struct world *w, const uint64_t *a)
{
	struct node *node = node_choose(w, a[0], true);
	uint64_t offset = a[1], len = a[2];
	struct edu_dma_buf_copy copy;
	bool write = a[3] % 2;
	size_t readable;
	void *arg;

	if (node->fd < 0)
		return NOTHING;
	if (node->imported && a[3] & 6)
		offset %= node->buf.size + 2;
	w->expect = expect_copy(w, node, offset, len);
	write |= len && w->expect == -EFAULT;
	copy = (struct edu_dma_buf_copy){ .offset = offset, .len = len };
	judge_actual(offset, len, write, node->buf.size);

	arg = user_memory(w, &copy, sizeof(copy), a[4], &readable);
	if (readable < sizeof(copy))
		w->expect = -EFAULT;
	return sys_ioctl(node->fd, write ? EDU_DMA_BUF_WRITE :
			 EDU_DMA_BUF_READ, arg);
}

static long run_info(struct world *w, const uint64_t *a)
{
	struct node *node = node_choose(w, a[0], true);
	struct edu_dma_buf_info info = {};
	long ret;

	if (node->fd < 0)
		return NOTHING;
	w->expect = 0;
	ret = sys_ioctl(node->fd, EDU_DMA_BUF_INFO, &info);
	if (ret)
		return ret;
	if (info.size != (node->imported ? node->buf.size : 0) ||
	    (info.state == EDU_DMA_BUF_NONE) != !node->imported)
		judge_fail("imported %llu bytes, state %u",
			   (unsigned long long)info.size, info.state);
	w->feature |= info.state << 8;
	return 0;
}

static long run_reopen(struct world *w, const uint64_t *a)
{
	struct node *node = node_choose(w, a[0], true);

	if (node->fd < 0)
		return NOTHING;
	w->expect = 0;
	close(node->fd);
	node->fd = sample_open(machine.edu_device);
	node->imported = false;
	return 0;
}

#define NODE	{ "node", any }

const struct op sample_ops[] = {
	{
		.name = "import", .weight = 50, .run = run_import,
		.args = { NODE, { "fd", any }, { "flags", make_mostly_zero },
			  { "memory", make_mostly_zero } },
		.errnos = { EBADF, EFAULT, EINVAL, EBUSY, ENODEV, EREMOTEIO },
		.least = 100,
	}, {
		.name = "release", .weight = 10, .run = run_release,
		.args = { NODE },
		.errnos = { EINVAL }, .least = 200,
	}, {
		.name = "device_map", .weight = 80, .run = run_copy,
		.args = { NODE, { "offset", edge }, { "len", make_length },
			  { "how", any }, { "memory", make_mostly_zero } },
		.errnos = { EFAULT, EINVAL, EOVERFLOW, ENODEV, ENOMEM },
		.least = 100,
	}, {
		.name = "info", .weight = 20, .run = run_info, .args = { NODE },
	}, {
		.name = "reopen", .weight = 5, .run = run_reopen,
		.args = { NODE },
	},
	{ .name = NULL }
};
