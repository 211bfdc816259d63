// SPDX-License-Identifier: MIT
/**
 * TEST: dmabuf phys kms
 * Category: Display
 * Description: A screen shows what lies in a PCI function's BAR, and copes when that is taken away
 * Functionality: prime, fb
 * Mega feature: DMABUF
 * Sub-category: DRM
 * Test category: functionality test
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "phys_drm.h"
#include "phys_vfio.h"

/**
 * SUBTEST: show
 * Description: A framebuffer in one piece of the BAR is shown, flushed and removed
 *
 * SUBTEST: show-many-ranges
 * Description: The same for a framebuffer whose lines are cut up between pieces out of order
 *
 * SUBTEST: crc-%s
 * Description: The frame's CRC is that of the same picture in the driver's own memory, and follows each pixel: %arg[1]
 *
 * arg[1]:
 *
 * @one-range: one piece
 * @many-ranges: pieces out of order that cut up lines
 * @slice: a part of a larger buffer, by the framebuffer's offset
 *
 * SUBTEST: bad-fb
 * Description: A framebuffer that leaves the buffer is refused
 *
 * SUBTEST: import-revoked
 * Description: What was imported, or refused, while its memory was away is shown when that is back
 *
 * SUBTEST: revoke
 * Description: While the memory is taken away nothing of it is shown; when it is back, it is
 *
 * SUBTEST: revoke-storm
 * Description: The memory comes and goes all the time, each frame is right or has none of it
 *
 * SUBTEST: fd-passing
 * Description: A process that got the buffer by a socket shows it, and has it taken away as well
 *
 * SUBTEST: close-shown
 * Description: The exporting device may be closed while its memory is shown
 */

IGT_TEST_DESCRIPTION("A screen shows what lies in a PCI function's BAR, and copes when that is taken away");

#define PAGE	0x1000ull
#define MIB	0x100000ull
#define PIECES	7

enum shape {
	ONE_RANGE,
	MANY_RANGES,
	SLICE,
};

/* A picture in the BAR, on a screen */
struct scene {
	struct phys_screen screen;
	struct vfio_region_dma_range ranges[PIECES];
	unsigned int nr;
	uint32_t offset;	/* of the picture in the buffer */
	uint32_t *picture;
	uint32_t handle, fb;
	int dmabuf;
};

static struct phys_vfio vfio;

static void shape_ranges(struct scene *scene, enum shape shape)
{
	uint64_t size = (scene->screen.size + PAGE - 1) & -PAGE;
	uint64_t piece = (size / PIECES + PAGE - 1) & -PAGE;
	unsigned int i;

	scene->offset = 0;
	scene->nr = 1;
	switch (shape) {
	case ONE_RANGE:
		scene->ranges[0].offset = MIB;
		scene->ranges[0].length = size;
		break;
	case MANY_RANGES:
		scene->nr = PIECES;
		for (i = 0; i < PIECES; i++) {
			scene->ranges[i].offset =
				(PIECES - 1 - i) * (piece + 3 * PAGE);
			scene->ranges[i].length = piece;
		}
		break;
	case SLICE:
		scene->offset = 2 * MIB;
		scene->ranges[0].offset = 0;
		scene->ranges[0].length = scene->offset + size + MIB;
		break;
	}
}

static void export_picture(struct scene *scene, enum shape shape)
{
	shape_ranges(scene, shape);
	scene->picture = phys_picture(&scene->screen, 0x123456);
	/* A test that failed may have left it off. */
	phys_vfio_set_memory(&vfio, true);
	phys_vfio_write(&vfio, scene->ranges, scene->offset, scene->picture,
			scene->screen.size);
	scene->dmabuf = phys_vfio_export(&vfio, scene->ranges, scene->nr);
}

static void show_picture(struct scene *scene)
{
	igt_assert_eq(phys_import(scene->screen.drm, scene->dmabuf,
				  &scene->handle), 0);
	igt_assert_eq(phys_add_fb(&scene->screen, scene->handle, scene->offset,
				  &scene->fb), 0);
	igt_assert_eq(phys_show_fb(&scene->screen, scene->fb), 0);
}

static void show_scene(struct scene *scene, int drm, enum shape shape)
{
	phys_screen_init(&scene->screen, drm);
	export_picture(scene, shape);
	show_picture(scene);
}

static void end_scene(struct scene *scene)
{
	igt_assert_eq(phys_remove_fb(&scene->screen, scene->fb), 0);
	gem_close(scene->screen.drm, scene->handle);
	igt_assert_eq(phys_dmabuf_attached(scene->dmabuf), 0);
	close(scene->dmabuf);
	free(scene->picture);
}

/* Drivers that read a framebuffer for each frame have nothing to be flushed to. */
static void flush(struct scene *scene, int expected)
{
	int ret = phys_dirty_fb(&scene->screen, scene->fb);

	if (ret != -ENOSYS)
		igt_assert_eq(ret, expected);
}

static void test_show(int drm, enum shape shape)
{
	struct scene scene;

	show_scene(&scene, drm, shape);
	flush(&scene, 0);
	end_scene(&scene);
}

/*
 * Whether frames come to have a CRC, or another one (@equal false). The first
 * frames may have been begun before this is called.
 */
static bool frames_have(igt_pipe_crc_t *pipe_crc, const igt_crc_t *expected,
			bool equal)
{
	igt_crc_t crc;
	int i;

	for (i = 0; i < 10; i++) {
		igt_pipe_crc_collect_crc(pipe_crc, &crc);
		if (igt_check_crc_equal(&crc, expected) == equal)
			return true;
	}
	return false;
}

/* The CRCs of a picture in memory of the driver's own, and of none */
static void reference_crcs(struct scene *scene, igt_pipe_crc_t *pipe_crc,
			   igt_crc_t *shown, igt_crc_t *blank)
{
	uint32_t *black = calloc(1, scene->screen.size);
	uint32_t handle, fb;

	handle = phys_dumb(&scene->screen, scene->picture);
	igt_assert_eq(phys_add_fb(&scene->screen, handle, 0, &fb), 0);
	igt_assert_eq(phys_show_fb(&scene->screen, fb), 0);
	igt_pipe_crc_collect_crc(pipe_crc, shown);
	igt_assert_eq(phys_remove_fb(&scene->screen, fb), 0);
	gem_close(scene->screen.drm, handle);

	handle = phys_dumb(&scene->screen, black);
	igt_assert_eq(phys_add_fb(&scene->screen, handle, 0, &fb), 0);
	igt_assert_eq(phys_show_fb(&scene->screen, fb), 0);
	igt_pipe_crc_collect_crc(pipe_crc, blank);
	igt_assert_eq(phys_remove_fb(&scene->screen, fb), 0);
	gem_close(scene->screen.drm, handle);
	free(black);
	igt_assert(!igt_check_crc_equal(shown, blank));
}

static void show_with_crcs(struct scene *scene, int drm, enum shape shape,
			   igt_pipe_crc_t **pipe_crc, igt_crc_t *shown,
			   igt_crc_t *blank)
{
	igt_require_pipe_crc(drm);
	phys_screen_init(&scene->screen, drm);
	scene->picture = phys_picture(&scene->screen, 0x123456);
	*pipe_crc = igt_pipe_crc_new(drm, PIPE_A, IGT_PIPE_CRC_SOURCE_AUTO);
	reference_crcs(scene, *pipe_crc, shown, blank);
	free(scene->picture);
	show_scene(scene, drm, shape);
}

static void put_pixel(struct scene *scene, size_t nr, uint32_t pixel)
{
	phys_vfio_write(&vfio, scene->ranges, scene->offset + nr * 4, &pixel, 4);
}

static void test_crc(int drm, enum shape shape)
{
	igt_pipe_crc_t *pipe_crc;
	igt_crc_t shown, blank;
	struct scene scene;
	size_t pixels, i;

	show_with_crcs(&scene, drm, shape, &pipe_crc, &shown, &blank);
	igt_assert(frames_have(pipe_crc, &shown, true));

	/* The first pixel, the last one, and one between */
	pixels = scene.screen.size / 4;
	for (i = 0; i < 3; i++) {
		size_t nr = (pixels - 1) * i / 2;

		put_pixel(&scene, nr, ~scene.picture[nr]);
		igt_assert_f(frames_have(pipe_crc, &shown, false),
			     "pixel %zu is not shown\n", nr);
		put_pixel(&scene, nr, scene.picture[nr]);
		igt_assert(frames_have(pipe_crc, &shown, true));
	}
	igt_pipe_crc_free(pipe_crc);
	end_scene(&scene);
}

static void test_bad_fb(int drm)
{
	struct scene scene;
	uint32_t fb;

	phys_screen_init(&scene.screen, drm);
	export_picture(&scene, ONE_RANGE);
	igt_assert_eq(phys_import(drm, scene.dmabuf, &scene.handle), 0);
	/* It fits as it is, but not a page later, nor at the buffer's end. */
	igt_assert_eq(phys_add_fb(&scene.screen, scene.handle, 0, &fb), 0);
	igt_assert_eq(phys_remove_fb(&scene.screen, fb), 0);
	igt_assert_eq(phys_add_fb(&scene.screen, scene.handle, PAGE, &fb),
		      -EINVAL);
	igt_assert_eq(phys_add_fb(&scene.screen, scene.handle,
				  scene.screen.size, &fb), -EINVAL);
	igt_assert_eq(phys_add_fb(&scene.screen, scene.handle, 0xfffff000,
				  &fb), -ERANGE);
	gem_close(drm, scene.handle);
	igt_assert_eq(phys_dmabuf_attached(scene.dmabuf), 0);
	close(scene.dmabuf);
	free(scene.picture);
}

static void test_import_revoked(int drm)
{
	struct scene scene;
	int ret;

	phys_screen_init(&scene.screen, drm);
	export_picture(&scene, MANY_RANGES);
	phys_vfio_set_memory(&vfio, false);
	ret = phys_import(drm, scene.dmabuf, &scene.handle);
	phys_vfio_set_memory(&vfio, true);
	if (ret) {
		igt_assert_eq(ret, -ENODEV);
		igt_assert_eq(phys_import(drm, scene.dmabuf, &scene.handle), 0);
	}
	igt_assert_eq(phys_add_fb(&scene.screen, scene.handle, scene.offset,
				  &scene.fb), 0);
	igt_assert_eq(phys_show_fb(&scene.screen, scene.fb), 0);
	flush(&scene, 0);
	end_scene(&scene);
}

/* With CRCs where the driver has them, else by what flushing answers. */
static void test_revoke(int drm, bool has_crc)
{
	igt_crc_t shown, blank;
	igt_pipe_crc_t *pipe_crc;
	struct scene scene;
	int i;

	if (has_crc)
		show_with_crcs(&scene, drm, MANY_RANGES, &pipe_crc, &shown,
			       &blank);
	else
		show_scene(&scene, drm, MANY_RANGES);
	for (i = 0; i < 3; i++) {
		flush(&scene, 0);
		phys_vfio_set_memory(&vfio, false);
		flush(&scene, -ENODEV);
		igt_assert(!has_crc || frames_have(pipe_crc, &blank, true));
		phys_vfio_set_memory(&vfio, true);
		flush(&scene, 0);
		igt_assert(!has_crc || frames_have(pipe_crc, &shown, true));
	}
	if (has_crc)
		igt_pipe_crc_free(pipe_crc);
	end_scene(&scene);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* A process that takes the memory away and gives it again, for so many seconds */
static pid_t start_storm(double seconds)
{
	double end = now() + seconds;
	pid_t pid = fork();

	igt_assert(pid >= 0);
	if (pid)
		return pid;
	while (now() < end) {
		phys_vfio_set_memory(&vfio, false);
		usleep(1000 + rand() % 20000);
		phys_vfio_set_memory(&vfio, true);
		usleep(1000 + rand() % 20000);
	}
	_exit(0);
}

static void test_revoke_storm(int drm, bool has_crc)
{
	unsigned int right = 0, none = 0, wrong = 0;
	igt_crc_t crc, shown, blank;
	igt_pipe_crc_t *pipe_crc;
	struct scene scene;
	pid_t storm;

	if (has_crc)
		show_with_crcs(&scene, drm, MANY_RANGES, &pipe_crc, &shown,
			       &blank);
	else
		show_scene(&scene, drm, MANY_RANGES);
	storm = start_storm(3);
	while (!waitpid(storm, NULL, WNOHANG)) {
		bool ok, gone;

		if (has_crc) {
			igt_pipe_crc_collect_crc(pipe_crc, &crc);
			ok = igt_check_crc_equal(&crc, &shown);
			gone = igt_check_crc_equal(&crc, &blank);
		} else {
			int ret = phys_dirty_fb(&scene.screen, scene.fb);

			ok = !ret;
			gone = ret == -ENODEV;
		}
		right += ok;
		none += gone;
		wrong += !ok && !gone;
	}
	igt_info("%u frames with the picture, %u without\n", right, none);
	igt_assert_eq(wrong, 0);
	flush(&scene, 0);
	igt_assert(!has_crc || frames_have(pipe_crc, &shown, true));
	if (has_crc)
		igt_pipe_crc_free(pipe_crc);
	end_scene(&scene);
	igt_require_f(right && none, "too slow for frames of both kinds\n");
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

/* The child has nothing but a socket, and a file of the DRM device's. */
static void receiver(int socket, const struct phys_importer *importer)
{
	igt_crc_t shown, blank;
	igt_pipe_crc_t *pipe_crc;
	struct scene scene;
	int drm;

	drm = __drm_open_driver(importer->chipset);
	igt_assert_fd(drm);
	phys_screen_init(&scene.screen, drm);
	shape_ranges(&scene, MANY_RANGES);
	scene.picture = phys_picture(&scene.screen, 0x123456);
	pipe_crc = igt_pipe_crc_new(drm, PIPE_A, IGT_PIPE_CRC_SOURCE_AUTO);
	reference_crcs(&scene, pipe_crc, &shown, &blank);

	scene.dmabuf = receive_fd(socket);
	sync_with(socket);	/* the sender has closed its own */
	show_picture(&scene);
	igt_assert(frames_have(pipe_crc, &shown, true));
	sync_with(socket);	/* and taken the memory away */
	sync_with(socket);
	igt_assert(frames_have(pipe_crc, &blank, true));
	sync_with(socket);	/* and given it again */
	sync_with(socket);
	igt_assert(frames_have(pipe_crc, &shown, true));
	igt_pipe_crc_free(pipe_crc);
	end_scene(&scene);
	drm_close_driver(drm);
}

static void test_fd_passing(int drm, const struct phys_importer *importer)
{
	struct scene scene;
	int sockets[2];

	phys_screen_init(&scene.screen, drm);
	export_picture(&scene, MANY_RANGES);
	/* The child is to have the screen. */
	igt_assert_eq(igt_ioctl(drm, DRM_IOCTL_DROP_MASTER, NULL), 0);
	igt_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	igt_fork(child, 1) {
		close(sockets[0]);
		close(scene.dmabuf);
		receiver(sockets[1], importer);
	}
	close(sockets[1]);
	send_fd(sockets[0], scene.dmabuf);
	close(scene.dmabuf);
	sync_with(sockets[0]);
	sync_with(sockets[0]);
	phys_vfio_set_memory(&vfio, false);
	sync_with(sockets[0]);
	sync_with(sockets[0]);
	phys_vfio_set_memory(&vfio, true);
	sync_with(sockets[0]);
	close(sockets[0]);
	igt_waitchildren();
	free(scene.picture);
}

static void test_close_shown(int drm)
{
	struct scene scene;

	show_scene(&scene, drm, MANY_RANGES);
	phys_vfio_close(&vfio);
	flush(&scene, -ENODEV);
	phys_vfio_open(&vfio, 16 * MIB);
	/* It is another buffer's memory now. */
	flush(&scene, -ENODEV);
	end_scene(&scene);
}

int igt_main()
{
	static const struct {
		const char *name;
		enum shape shape;
	} crcs[] = {
		{ "crc-one-range", ONE_RANGE },
		{ "crc-many-ranges", MANY_RANGES },
		{ "crc-slice", SLICE },
	};
	const struct phys_importer *importer;
	unsigned int i;
	int drm;

	igt_fixture() {
		phys_vfio_open(&vfio, 16 * MIB);
	}

	igt_describe("Check that a framebuffer in one piece of the BAR is shown, flushed and removed.");
	igt_subtest_with_dynamic("show")
		phys_for_each_screen(importer, drm)
			test_show(drm, ONE_RANGE);

	igt_describe("Check the same for a framebuffer whose lines are cut up between pieces out of order.");
	igt_subtest_with_dynamic("show-many-ranges")
		phys_for_each_screen(importer, drm)
			test_show(drm, MANY_RANGES);

	for (i = 0; i < ARRAY_SIZE(crcs); i++) {
		igt_describe("Check that the frame's CRC is that of the same picture in the driver's own memory, and follows each pixel.");
		igt_subtest_with_dynamic(crcs[i].name)
			phys_for_each(importer, drm, importer->has_crc)
				test_crc(drm, crcs[i].shape);
	}

	igt_describe("Check that a framebuffer that leaves the buffer is refused.");
	igt_subtest_with_dynamic("bad-fb")
		phys_for_each_screen(importer, drm)
			test_bad_fb(drm);

	igt_describe("Check that what was imported, or refused, while its memory was away is shown when that is back.");
	igt_subtest_with_dynamic("import-revoked")
		phys_for_each_screen(importer, drm)
			test_import_revoked(drm);

	igt_describe("Check that while the memory is taken away nothing of it is shown; when it is back, it is.");
	igt_subtest_with_dynamic("revoke")
		phys_for_each_screen(importer, drm)
			test_revoke(drm, importer->has_crc);

	igt_describe("Check that the memory may come and go all the time, and each frame is right or has none of it.");
	igt_subtest_with_dynamic("revoke-storm")
		phys_for_each_screen(importer, drm)
			test_revoke_storm(drm, importer->has_crc);

	igt_describe("Check that a process that got the buffer by a socket shows it, and has it taken away as well.");
	igt_subtest_with_dynamic("fd-passing")
		phys_for_each(importer, drm, importer->has_crc)
			test_fd_passing(drm, importer);

	igt_describe("Check that the exporting device may be closed while its memory is shown.");
	igt_subtest_with_dynamic("close-shown")
		phys_for_each_screen(importer, drm)
			test_close_shown(drm);

	igt_fixture() {
		phys_vfio_close(&vfio);
	}
}
