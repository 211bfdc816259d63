// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "phys_drm.h"

const struct phys_importer phys_importers[] = {
	{ .name = "virtio-gpu", .chipset = DRIVER_VIRTIO, .has_screen = true },
	{ .name = "vkms", .chipset = DRIVER_VKMS, .has_screen = true,
	  .has_crc = true },
	{ .name = "vgem", .chipset = DRIVER_VGEM },
};

const unsigned int phys_nr_importers = ARRAY_SIZE(phys_importers);

static int call(int drm, unsigned long request, void *arg)
{
	return igt_ioctl(drm, request, arg) ? -errno : 0;
}

int phys_import(int drm, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle arg = { .fd = dmabuf };
	int ret;

	ret = call(drm, DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);
	*handle = arg.handle;
	return ret;
}

int phys_reexport(int drm, uint32_t handle)
{
	struct drm_prime_handle arg = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};

	return call(drm, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg) ?: arg.fd;
}

uint64_t phys_dmabuf_id(int dmabuf)
{
	struct stat st;

	igt_assert_eq(fstat(dmabuf, &st), 0);
	return st.st_ino;
}

static FILE *open_bufinfo(void)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/dma_buf/bufinfo", igt_debugfs_mount());
	file = fopen(path, "r");
	igt_require_f(file, "no %s\n", path);
	return file;
}

/*
 * A buffer has a line 'size flags mode count exporter inode name', the devices
 * follow, and then how many they are.
 */
int phys_dmabuf_attached(int dmabuf)
{
	uint64_t wanted = phys_dmabuf_id(dmabuf);
	unsigned long ino;
	bool mine = false;
	char line[256];
	int n = -1;
	FILE *file;

	file = open_bufinfo();
	while (n < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*u %*x %*x %*u %*s %lu", &ino) == 1)
			mine = ino == wanted;
		else if (mine)
			sscanf(line, "Total %d devices attached", &n);
	}
	fclose(file);
	return n;
}

int phys_dmabuf_count(void)
{
	char line[256];
	int n = -1;
	FILE *file;

	file = open_bufinfo();
	while (fgets(line, sizeof(line), file))
		sscanf(line, "Total %d objects", &n);
	fclose(file);
	igt_assert(n >= 0);
	return n;
}

static bool try_connector(struct phys_screen *screen, uint32_t id)
{
	struct drm_mode_get_connector get = { .connector_id = id };
	struct drm_mode_modeinfo *modes;
	uint32_t encoders[16];
	struct drm_mode_get_encoder encoder = {};

	if (call(screen->drm, DRM_IOCTL_MODE_GETCONNECTOR, &get) ||
	    !get.count_modes || !get.count_encoders ||
	    get.count_encoders > ARRAY_SIZE(encoders))
		return false;
	modes = calloc(get.count_modes, sizeof(*modes));
	igt_assert(modes);
	get.modes_ptr = (uintptr_t)modes;
	get.encoders_ptr = (uintptr_t)encoders;
	get.count_props = 0;
	igt_assert_eq(call(screen->drm, DRM_IOCTL_MODE_GETCONNECTOR, &get), 0);
	screen->connector = id;
	screen->mode = modes[0];
	free(modes);

	encoder.encoder_id = encoders[0];
	igt_assert_eq(call(screen->drm, DRM_IOCTL_MODE_GETENCODER, &encoder), 0);
	return encoder.possible_crtcs & 1;
}

void phys_screen_init(struct phys_screen *screen, int drm)
{
	uint32_t crtcs[16], connectors[16];
	struct drm_mode_card_res res = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_crtcs = ARRAY_SIZE(crtcs),
		.count_connectors = ARRAY_SIZE(connectors),
	};
	bool found = false;
	unsigned int i;

	screen->drm = drm;
	igt_require(!call(drm, DRM_IOCTL_MODE_GETRESOURCES, &res));
	igt_require(res.count_crtcs <= ARRAY_SIZE(crtcs) &&
		    res.count_connectors <= ARRAY_SIZE(connectors));
	for (i = 0; i < res.count_connectors && !found; i++)
		found = try_connector(screen, connectors[i]);
	igt_require_f(found, "no connector that is connected\n");
	screen->crtc = crtcs[0];
	screen->pitch = screen->mode.hdisplay * 4;
	screen->size = (size_t)screen->pitch * screen->mode.vdisplay;
}

int phys_add_fb(struct phys_screen *screen, uint32_t handle, uint32_t offset,
		uint32_t *fb)
{
	struct drm_mode_fb_cmd2 arg = {
		.width = screen->mode.hdisplay,
		.height = screen->mode.vdisplay,
		.pixel_format = DRM_FORMAT_XRGB8888,
		.handles = { handle },
		.pitches = { screen->pitch },
		.offsets = { offset },
	};
	int ret;

	ret = call(screen->drm, DRM_IOCTL_MODE_ADDFB2, &arg);
	*fb = arg.fb_id;
	return ret;
}

int phys_show_fb(struct phys_screen *screen, uint32_t fb)
{
	struct drm_mode_crtc arg = {
		.set_connectors_ptr = (uintptr_t)&screen->connector,
		.count_connectors = 1,
		.crtc_id = screen->crtc,
		.fb_id = fb,
		.mode_valid = 1,
		.mode = screen->mode,
	};

	return call(screen->drm, DRM_IOCTL_MODE_SETCRTC, &arg);
}

int phys_dirty_fb(struct phys_screen *screen, uint32_t fb)
{
	struct drm_mode_fb_dirty_cmd arg = { .fb_id = fb };

	return call(screen->drm, DRM_IOCTL_MODE_DIRTYFB, &arg);
}

int phys_remove_fb(struct phys_screen *screen, uint32_t fb)
{
	return call(screen->drm, DRM_IOCTL_MODE_RMFB, &fb);
}

uint32_t *phys_picture(struct phys_screen *screen, uint32_t seed)
{
	unsigned int width = screen->mode.hdisplay, x, y;
	uint32_t *picture;

	picture = malloc(screen->size);
	igt_assert(picture);
	for (y = 0; y < screen->mode.vdisplay; y++)
		for (x = 0; x < width; x++)
			picture[y * width + x] =
				(x * 0x010003 + y * 0x000701 + seed) & 0xffffff;
	return picture;
}

uint32_t phys_dumb(struct phys_screen *screen, const uint32_t *picture)
{
	struct drm_mode_create_dumb create = {
		.width = screen->mode.hdisplay,
		.height = screen->mode.vdisplay,
		.bpp = 32,
	};
	struct drm_mode_map_dumb map = {};
	void *memory;

	igt_assert_eq(call(screen->drm, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	igt_assert_eq(create.pitch, screen->pitch);
	map.handle = create.handle;
	igt_assert_eq(call(screen->drm, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      screen->drm, map.offset);
	igt_assert(memory != MAP_FAILED);
	memcpy(memory, picture, screen->size);
	munmap(memory, create.size);
	return create.handle;
}
