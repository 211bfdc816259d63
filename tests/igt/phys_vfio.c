// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <sys/ioctl.h>

#include "phys_vfio.h"

#define SYSFS_PCI	"/sys/bus/pci"

static int read_attr(const char *device, const char *attr, char *text,
		     size_t size)
{
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), SYSFS_PCI "/devices/%s/%s", device, attr);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	close(fd);
	text[len > 0 ? len : 0] = 0;
	return 0;
}

static bool write_attr(const char *path, const char *text)
{
	ssize_t len;
	int fd;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	len = write(fd, text, strlen(text));
	close(fd);
	return len == (ssize_t)strlen(text);
}

/* Let @driver have the function; NULL: whoever matches. */
static void bind(const char *name, const char *driver)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SYSFS_PCI "/devices/%s/driver/unbind", name);
	write_attr(path, name);
	snprintf(path, sizeof(path), SYSFS_PCI "/devices/%s/driver_override",
		 name);
	write_attr(path, driver ?: "\n");
	write_attr(SYSFS_PCI "/drivers_probe", name);
}

/* The nth ivshmem of QEMU's */
static bool find_ivshmem(unsigned int nth, char name[16])
{
	char vendor[16], device[16];
	struct dirent **entries;
	bool found = false;
	int n, i;

	n = scandir(SYSFS_PCI "/devices", &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (!found &&
		    !read_attr(entries[i]->d_name, "vendor", vendor, 16) &&
		    !read_attr(entries[i]->d_name, "device", device, 16) &&
		    !strcmp(vendor, "0x1af4\n") &&
		    !strcmp(device, "0x1110\n") && !nth--) {
			snprintf(name, 16, "%.15s", entries[i]->d_name);
			found = true;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

/* The character device of a function that is bound to vfio-pci */
static int open_cdev(const char *name)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS_PCI "/devices/%s/vfio-dev", name);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		if (!strstr(entry->d_name, "vfio"))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

static struct vfio_region_info region_info(struct phys_vfio *vfio,
					   unsigned int index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	igt_assert_eq(ioctl(vfio->fd, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	return info;
}

/* The first BAR of that many bytes that can be mapped */
static bool find_bar(struct phys_vfio *vfio, size_t size)
{
	struct vfio_region_info info;
	unsigned int index;

	for (index = VFIO_PCI_BAR0_REGION_INDEX;
	     index <= VFIO_PCI_BAR5_REGION_INDEX; index++) {
		info = region_info(vfio, index);
		if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP) ||
		    info.size < size)
			continue;
		vfio->bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE,
				 MAP_SHARED, vfio->fd, info.offset);
		igt_assert(vfio->bar != MAP_FAILED);
		vfio->region = index;
		vfio->size = info.size;
		return true;
	}
	return false;
}

static bool try_open(struct phys_vfio *vfio, size_t size)
{
	struct vfio_device_bind_iommufd arg = {
		.argsz = sizeof(arg),
		.iommufd = vfio->iommufd,
	};

	bind(vfio->name, "vfio-pci");
	vfio->fd = open_cdev(vfio->name);
	if (vfio->fd < 0)
		return false;
	if (!ioctl(vfio->fd, VFIO_DEVICE_BIND_IOMMUFD, &arg)) {
		vfio->config = region_info(vfio, VFIO_PCI_CONFIG_REGION_INDEX).offset;
		phys_vfio_set_memory(vfio, true);
		if (find_bar(vfio, size))
			return true;
	}
	close(vfio->fd);
	bind(vfio->name, NULL);
	return false;
}

void phys_vfio_open(struct phys_vfio *vfio, size_t size)
{
	const char *wanted = getenv("PHYS_VFIO_DEVICE");
	bool found = false;
	unsigned int i;

	vfio->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	igt_require_f(vfio->iommufd >= 0, "no /dev/iommu\n");
	if (wanted) {
		snprintf(vfio->name, sizeof(vfio->name), "%s", wanted);
		found = try_open(vfio, size);
	}
	for (i = 0; !wanted && !found && find_ivshmem(i, vfio->name); i++)
		found = try_open(vfio, size);
	igt_require_f(found, "no PCI function for VFIO with a BAR of %zu bytes\n",
		      size);
}

void phys_vfio_close(struct phys_vfio *vfio)
{
	munmap(vfio->bar, vfio->size);
	close(vfio->fd);
	close(vfio->iommufd);
	bind(vfio->name, NULL);
}

int __phys_vfio_export(struct phys_vfio *vfio,
		       const struct vfio_region_dma_range *ranges,
		       unsigned int nr)
{
	struct vfio_device_feature_dma_buf *dma_buf;
	struct vfio_device_feature *feature;
	size_t size;
	int ret;

	size = sizeof(*feature) + sizeof(*dma_buf) + nr * sizeof(*ranges);
	feature = calloc(1, size);
	igt_assert(feature);
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	dma_buf = (void *)feature->data;
	dma_buf->region_index = vfio->region;
	dma_buf->open_flags = O_RDWR | O_CLOEXEC;
	dma_buf->nr_ranges = nr;
	memcpy(dma_buf->dma_ranges, ranges, nr * sizeof(*ranges));

	ret = ioctl(vfio->fd, VFIO_DEVICE_FEATURE, feature);
	if (ret < 0)
		ret = -errno;
	free(feature);
	return ret;
}

int phys_vfio_export(struct phys_vfio *vfio,
		     const struct vfio_region_dma_range *ranges,
		     unsigned int nr)
{
	int fd = __phys_vfio_export(vfio, ranges, nr);

	igt_assert_f(fd >= 0, "export: %s\n", strerror(-fd));
	return fd;
}

void phys_vfio_set_memory(struct phys_vfio *vfio, bool on)
{
	off_t where = vfio->config + PCI_COMMAND;
	uint16_t command;

	igt_assert_eq(pread(vfio->fd, &command, 2, where), 2);
	if (on)
		command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	else
		command &= ~PCI_COMMAND_MEMORY;
	igt_assert_eq(pwrite(vfio->fd, &command, 2, where), 2);
}

void phys_vfio_write(struct phys_vfio *vfio,
		     const struct vfio_region_dma_range *ranges,
		     uint64_t offset, const void *data, size_t len)
{
	size_t n;

	for (; len; ranges++) {
		if (offset >= ranges->length) {
			offset -= ranges->length;
			continue;
		}
		n = ranges->length - offset < len ? ranges->length - offset : len;
		memcpy(vfio->bar + ranges->offset + offset, data, n);
		data = (const char *)data + n;
		len -= n;
		offset = 0;
	}
}
