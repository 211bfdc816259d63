/* SPDX-License-Identifier: GPL-2.0 */
/* The checksum of what a CRTC composes, by debugfs */
#ifndef DRM_CRC_H
#define DRM_CRC_H

#include <stdint.h>

#include "card.h"

/* Of a frame composed after this was called; fails the test. */
uint32_t crc_now(const struct card *card);

#endif
