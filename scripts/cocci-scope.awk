# SPDX-License-Identifier: GPL-2.0
# scope(FILE): the folder whose files share structures with FILE.
function scope(file,    n, part, i, dir) {
	if (file ~ "^(drivers/gpu/drm/ttm|include/drm)/")
		return "drivers/gpu/drm"
	if (file ~ "^drivers/usb/gadget/")
		return "drivers/usb/gadget"
	if (file ~ "^drivers/gpu/host1x/")
		return "drivers/gpu/drm/tegra"
	if (file ~ "^drivers/iio/")
		return "drivers/iio"
	n = split(file, part, "/")
	if (file ~ "^drivers/gpu/drm/[^/]*/")
		n = 5
	else if (file ~ "^drivers/accel/[^/]*/")
		n = 4
	dir = part[1]
	for (i = 2; i < n; i++)
		dir = dir "/" part[i]
	return dir
}
