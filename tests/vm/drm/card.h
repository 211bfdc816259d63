/* SPDX-License-Identifier: GPL-2.0 */
/* A DRM device with one screen, by libdrm: every call answers 0 or -errno. */
#ifndef DRM_CARD_H
#define DRM_CARD_H

#include <stdint.h>
#include <xf86drmMode.h>

#define GPU	"virtio_gpu"
#define VKMS	"vkms"

/**
 * struct card - an open device
 * @fd: its node, of which this process is the master
 * @id: QEMU's name for it
 * @minor: its number, in debugfs too
 * @crtc: the first of it
 * @connector: the first that is connected
 * @mode: which that one prefers
 */
struct card {
	int fd;
	const char *id;
	unsigned int minor;
	uint32_t crtc;
	uint32_t connector;
	drmModeModeInfo mode;
};

/**
 * struct shape - how a framebuffer lies in a buffer
 * @width: in pixels of four bytes
 * @height: in lines
 * @pitch: bytes from a line to the next
 * @offset: of the first line, in bytes
 */
struct shape {
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
	uint32_t offset;
};

/* The first of that driver's; skips the case if there is none. */
void card_open(struct card *card, const char *driver);
/* The same of the next ones, from 0 on; tests.list names the second "bypass". */
void card_open_nth(struct card *card, const char *driver, unsigned int nth);
/* All that it had is gone with it. */
void card_close(struct card *card);
/* The whole screen, without a gap */
struct shape card_tight(const struct card *card);

int card_import(struct card *card, int dmabuf, uint32_t *handle);
int card_dumb(struct card *card, const struct shape *shape, uint32_t *handle,
	      void **map);
int card_drop(struct card *card, uint32_t handle);

/* A framebuffer of that format (DRM_FORMAT_...) */
int card_add(struct card *card, uint32_t handle, const struct shape *shape,
	     uint32_t format, uint32_t *fb);
int card_remove(struct card *card, uint32_t fb);

/* Set the mode; what of the framebuffer is shown begins at x, y. */
int card_show(struct card *card, uint32_t fb, uint32_t x, uint32_t y);
int card_off(struct card *card);
/* At the next vertical blank; returns when that is over. */
int card_flip(struct card *card, uint32_t fb);
/* Something was drawn. */
int card_flush(struct card *card, uint32_t fb);

#endif
