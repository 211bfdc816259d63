// SPDX-License-Identifier: MIT
/**
 * TEST: dmabuf phys export
 * Category: Core
 * Description: Memory of a PCI function as dma-bufs: what VFIO exports and what it refuses
 * Functionality: prime
 * Mega feature: DMABUF
 * Sub-category: VFIO
 * Test category: functionality test
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "phys_drm.h"
#include "phys_vfio.h"

/**
 * SUBTEST: size
 * Description: The buffer is as large as its ranges are together
 *
 * SUBTEST: errors
 * Description: What makes no sense is refused with the documented error
 *
 * SUBTEST: no-mmap
 * Description: Nobody maps device memory through the dma-buf itself
 *
 * SUBTEST: fd-passing
 * Description: A buffer that another process got by a socket is as good, and is taken away from it
 *
 * SUBTEST: leak
 * Description: Exporting and closing leaves neither files nor buffers behind
 */

IGT_TEST_DESCRIPTION("Memory of a PCI function as dma-bufs: what VFIO exports and what it refuses");

#define PAGE	0x1000ull
#define MIB	0x100000ull

static struct phys_vfio vfio;

static void test_size(void)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 8 * PAGE, PAGE }, { 2 * PAGE, 3 * PAGE }, { 16 * PAGE, PAGE },
	};
	int fd;

	fd = phys_vfio_export(&vfio, ranges, ARRAY_SIZE(ranges));
	igt_assert_eq_u64(lseek(fd, 0, SEEK_END), 5 * PAGE);
	close(fd);
}

struct refusal {
	const char *name;
	struct vfio_region_dma_range ranges[2];
	unsigned int nr;
	int error;
};

static const struct refusal refusals[] = {
	{ "no-range", {}, 0, -EINVAL },
	{ "empty-range", { { 0, PAGE }, { 0, 0 } }, 2, -EINVAL },
	{ "offset-in-page", { { 0x800, PAGE } }, 1, -EINVAL },
	{ "length-in-page", { { 0, 0x800 } }, 1, -EINVAL },
	{ "behind-the-bar", { { ~0ull << 40, PAGE } }, 1, -EINVAL },
	{ "length-overflows", { { PAGE, -PAGE } }, 1, -EINVAL },
	{ "end-overflows", { { -PAGE, PAGE } }, 1, -EOVERFLOW },
};

static void test_errors(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		igt_dynamic(refusals[i].name) {
			ret = __phys_vfio_export(&vfio, refusals[i].ranges,
						 refusals[i].nr);
			igt_assert_eq(ret, refusals[i].error);
		}
	}
	igt_dynamic("more-than-the-bar") {
		struct vfio_region_dma_range twice[] = {
			{ 0, vfio.size }, { 0, PAGE },
		};

		igt_assert_eq(__phys_vfio_export(&vfio, twice, 2), -EINVAL);
	}
	igt_dynamic("no-such-region") {
		struct vfio_region_dma_range range = { 0, PAGE };
		unsigned int region = vfio.region;

		vfio.region = VFIO_PCI_CONFIG_REGION_INDEX;
		ret = __phys_vfio_export(&vfio, &range, 1);
		vfio.region = region;
		igt_assert_eq(ret, -ENODEV);
	}
}

static void test_no_mmap(void)
{
	struct vfio_region_dma_range range = { 0, PAGE };
	void *map;
	int fd;

	fd = phys_vfio_export(&vfio, &range, 1);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	igt_assert(map == MAP_FAILED);
	igt_assert_eq(errno, EINVAL);
	close(fd);
}

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	igt_assert_eq(sendmsg(socket, &msg, 0), 1);
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	igt_assert_eq(recvmsg(socket, &msg, 0), 1);
	igt_assert(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void sync_with(int socket)
{
	char byte = 'x';

	igt_assert_eq(write(socket, &byte, 1), 1);
	igt_assert_eq(read(socket, &byte, 1), 1);
}

/* The child has nothing but a socket, and a DRM device of its own. */
static void receiver(int socket)
{
	uint32_t handle;
	int drm, fd;

	fd = receive_fd(socket);
	igt_assert_eq_u64(lseek(fd, 0, SEEK_END), MIB);
	drm = __drm_open_driver(DRIVER_VKMS);
	igt_assert_fd(drm);
	sync_with(socket);	/* the sender has closed its fd */
	igt_assert_eq(phys_import(drm, fd, &handle), 0);
	gem_close(drm, handle);
	sync_with(socket);	/* and taken the memory away */
	sync_with(socket);
	igt_assert_eq(phys_import(drm, fd, &handle), -ENODEV);
	sync_with(socket);	/* and given it again */
	sync_with(socket);
	igt_assert_eq(phys_import(drm, fd, &handle), 0);
	drm_close_driver(drm);
	close(fd);
}

static void test_fd_passing(void)
{
	struct vfio_region_dma_range range = { MIB, MIB };
	int sockets[2], fd;

	fd = __drm_open_driver(DRIVER_VKMS);
	igt_require(fd >= 0);
	drm_close_driver(fd);

	igt_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	igt_fork(child, 1) {
		close(sockets[0]);
		receiver(sockets[1]);
	}
	close(sockets[1]);
	fd = phys_vfio_export(&vfio, &range, 1);
	send_fd(sockets[0], fd);
	close(fd);
	sync_with(sockets[0]);
	sync_with(sockets[0]);
	phys_vfio_set_memory(&vfio, false);
	sync_with(sockets[0]);
	sync_with(sockets[0]);
	phys_vfio_set_memory(&vfio, true);
	sync_with(sockets[0]);
	close(sockets[0]);
	igt_waitchildren();
}

static int open_files(void)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	igt_assert(dir);
	while ((entry = readdir(dir)))
		n++;
	closedir(dir);
	return n;
}

static void test_leak(void)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 8 * PAGE, PAGE }, { 2 * PAGE, 3 * PAGE },
	};
	int files = open_files(), buffers = phys_dmabuf_count(), i;

	for (i = 0; i < 500; i++) {
		int fd = phys_vfio_export(&vfio, ranges, ARRAY_SIZE(ranges));

		if (!i)
			igt_assert_eq(phys_dmabuf_count(), buffers + 1);
		close(fd);
	}
	for (i = 0; i < (int)ARRAY_SIZE(refusals); i++)
		__phys_vfio_export(&vfio, refusals[i].ranges, refusals[i].nr);
	igt_assert_eq(open_files(), files);
	igt_assert_eq(phys_dmabuf_count(), buffers);
}

int igt_main()
{
	igt_fixture() {
		phys_vfio_open(&vfio, 16 * MIB);
	}

	igt_describe("Check that the buffer is as large as its ranges are together.");
	igt_subtest("size")
		test_size();

	igt_describe("Check that what makes no sense is refused with the documented error.");
	igt_subtest_with_dynamic("errors")
		test_errors();

	igt_describe("Check that nobody maps device memory through the dma-buf itself.");
	igt_subtest("no-mmap")
		test_no_mmap();

	igt_describe("Check that a buffer that another process got by a socket is as good, and is taken away from it.");
	igt_subtest("fd-passing")
		test_fd_passing();

	igt_describe("Check that exporting and closing leaves neither files nor buffers behind.");
	igt_subtest("leak")
		test_leak();

	igt_fixture() {
		phys_vfio_close(&vfio);
	}
}
