/* SPDX-License-Identifier: MIT */
/* DRM devices that import: PRIME, and one screen by the legacy mode setting calls */
#ifndef PHYS_DRM_H
#define PHYS_DRM_H

#include "igt.h"
#include "igt_blocks.h"

struct phys_importer {
	const char *name;
	int chipset;
	bool has_screen;
	bool has_crc;		/* tells what it shows */
};

/* Drivers that run without hardware and import device memory */
extern const struct phys_importer phys_importers[];
extern const unsigned int phys_nr_importers;

/* One dynamic subtest for each that is there, @drm is its file */
#define phys_for_each(importer, drm, wanted) \
	for ((importer) = phys_importers; \
	     (importer) < phys_importers + phys_nr_importers; (importer)++) \
		for ((drm) = (wanted) ? __drm_open_driver((importer)->chipset) : -1; \
		     (drm) >= 0; drm_close_driver(drm), (drm) = -1) \
			igt_dynamic((importer)->name)
#define phys_for_each_importer(importer, drm) \
	phys_for_each(importer, drm, true)
#define phys_for_each_screen(importer, drm) \
	phys_for_each(importer, drm, (importer)->has_screen)

/* Return: 0 or -errno. */
int phys_import(int drm, int dmabuf, uint32_t *handle);
/* Return: fd or -errno. */
int phys_reexport(int drm, uint32_t handle);

/* Inode number of a dma-buf: two fds with the same one are one buffer. */
uint64_t phys_dmabuf_id(int dmabuf);
/* Devices attached to a dma-buf, as debugfs counts; -1 if it is not there */
int phys_dmabuf_attached(int dmabuf);
/* All dma-bufs in the system */
int phys_dmabuf_count(void);

struct phys_screen {
	int drm;
	uint32_t crtc;
	uint32_t connector;
	struct drm_mode_modeinfo mode;
	uint32_t pitch;		/* of a line without padding, in bytes */
	size_t size;		/* of a picture, in bytes */
};

/* The first connector that is connected, in its first mode; skips if there is none. */
void phys_screen_init(struct phys_screen *screen, int drm);
/* Return: 0 or -errno. */
int phys_add_fb(struct phys_screen *screen, uint32_t handle, uint32_t offset,
		uint32_t *fb);
int phys_show_fb(struct phys_screen *screen, uint32_t fb);
int phys_dirty_fb(struct phys_screen *screen, uint32_t fb);
int phys_remove_fb(struct phys_screen *screen, uint32_t fb);

/* A picture in which no two lines are the same; @seed makes another one. */
uint32_t *phys_picture(struct phys_screen *screen, uint32_t seed);
/* The same in memory of the driver's own. Return: handle. */
uint32_t phys_dumb(struct phys_screen *screen, const uint32_t *picture);

#endif
