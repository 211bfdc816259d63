// SPDX-License-Identifier: GPL-2.0
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "ktap.h"
#include "sys.h"

#define CARDS	16

static bool is_driver(int fd, const char *driver)
{
	drmVersion *version = drmGetVersion(fd);
	bool is = version && !strcmp(version->name, driver);

	drmFreeVersion(version);
	return is;
}

static void find_screen(struct card *card)
{
	drmModeRes *res = drmModeGetResources(card->fd);
	int i;

	CHECK(res && res->count_crtcs, "no CRTC: %m");
	card->crtc = res->crtcs[0];
	for (i = 0; i < res->count_connectors && !card->connector; i++) {
		drmModeConnector *c;

		c = drmModeGetConnector(card->fd, res->connectors[i]);
		if (c && c->connection == DRM_MODE_CONNECTED && c->count_modes) {
			card->connector = c->connector_id;
			card->mode = c->modes[0];
		}
		drmModeFreeConnector(c);
	}
	drmModeFreeResources(res);
	CHECK(card->connector, "no screen is connected");
}

void card_open_nth(struct card *card, const char *driver, unsigned int nth)
{
	memset(card, 0, sizeof(*card));
	card->id = nth ? "bypass" : "gpu";
	for (card->minor = 0; card->minor < CARDS; card->minor++) {
		card->fd = open(sys_path("/dev/dri/card%u", card->minor),
				O_RDWR | O_CLOEXEC);
		if (card->fd >= 0 && is_driver(card->fd, driver) &&
		    !nth--) {
			find_screen(card);
			return;
		}
		if (card->fd >= 0)
			close(card->fd);
	}
	skip("no such %s", driver);
}

void card_open(struct card *card, const char *driver)
{
	card_open_nth(card, driver, 0);
}

void card_close(struct card *card)
{
	close(card->fd);
	card->fd = -1;
}

struct shape card_tight(const struct card *card)
{
	return (struct shape) {
		.width = card->mode.hdisplay,
		.height = card->mode.vdisplay,
		.pitch = card->mode.hdisplay * 4,
	};
}

/* libdrm is not of one mind whether it returns -1 or -errno. */
static int answer(int ret)
{
	return ret < 0 ? -errno : 0;
}

int card_import(struct card *card, int dmabuf, uint32_t *handle)
{
	return answer(drmPrimeFDToHandle(card->fd, dmabuf, handle));
}

int card_dumb(struct card *card, const struct shape *shape, uint32_t *handle,
	      void **map)
{
	uint32_t pitch;
	uint64_t size, at;
	int ret;

	ret = answer(drmModeCreateDumbBuffer(card->fd, shape->width,
					     shape->height, 32, 0, handle,
					     &pitch, &size));
	if (ret)
		return ret;
	CHECK_EQ(pitch, shape->pitch);
	ret = answer(drmModeMapDumbBuffer(card->fd, *handle, &at));
	if (ret)
		return ret;
	*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, card->fd,
		    at);
	return *map == MAP_FAILED ? -errno : 0;
}

int card_drop(struct card *card, uint32_t handle)
{
	return answer(drmCloseBufferHandle(card->fd, handle));
}

int card_add(struct card *card, uint32_t handle, const struct shape *shape,
	     uint32_t format, uint32_t *fb)
{
	uint32_t handles[4] = { handle }, pitches[4] = { shape->pitch };
	uint32_t offsets[4] = { shape->offset };

	return answer(drmModeAddFB2(card->fd, shape->width, shape->height,
				    format, handles, pitches, offsets, fb, 0));
}

int card_remove(struct card *card, uint32_t fb)
{
	return answer(drmModeRmFB(card->fd, fb));
}

int card_show(struct card *card, uint32_t fb, uint32_t x, uint32_t y)
{
	return answer(drmModeSetCrtc(card->fd, card->crtc, fb, x, y,
				     &card->connector, 1, &card->mode));
}

int card_off(struct card *card)
{
	return answer(drmModeSetCrtc(card->fd, card->crtc, 0, 0, 0, NULL, 0,
				     NULL));
}

int card_flip(struct card *card, uint32_t fb)
{
	struct pollfd events = { .fd = card->fd, .events = POLLIN };
	drmEventContext context = { .version = 2 };
	int ret;

	ret = answer(drmModePageFlip(card->fd, card->crtc, fb,
				     DRM_MODE_PAGE_FLIP_EVENT, NULL));
	if (ret)
		return ret;
	CHECK(poll(&events, 1, 10000) == 1, "no event of the page flip");
	CHECK_EQ(drmHandleEvent(card->fd, &context), 0);
	return 0;
}

int card_flush(struct card *card, uint32_t fb)
{
	return answer(drmModeDirtyFB(card->fd, fb, NULL, 0));
}
