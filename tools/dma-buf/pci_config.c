// SPDX-License-Identifier: GPL-2.0
/* Config space: kinds of ports and Access Control Services */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "pci.h"

struct config {
	int fd;
	off_t size;		/* of all there is: 256, or 4096 of PCIe */
};

/* A user who is not root may open the file, and reads its first 64 bytes. */
static bool config_open(const char *name, struct config *config)
{
	char *path = pci_path(name, "config");
	struct stat st;

	config->fd = open(path, O_RDONLY | O_CLOEXEC);
	config->size = 0;
	free(path);
	if (config->fd < 0)
		return false;
	if (!fstat(config->fd, &st))
		config->size = st.st_size;
	return true;
}

/* PCI_HIDDEN if this user may not, PCI_NO if it is not there */
static enum pci_answer config_read(const struct config *config, off_t at,
				   size_t size, u32 *value)
{
	u8 bytes[4] = {};
	ssize_t n;

	if (at + (off_t)size > config->size)
		return PCI_NO;
	n = pread(config->fd, bytes, size, at);
	if (n != (ssize_t)size)
		return PCI_HIDDEN;
	*value = bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
		 (u32)bytes[3] << 24;
	return PCI_YES;
}

/* At most as many steps as there is room for capabilities: a list may loop. */
static enum pci_answer find_capability(const struct config *config,
				       unsigned int id, off_t *at)
{
	enum pci_answer answer;
	u32 pos, here;
	int steps;

	answer = config_read(config, PCI_STATUS, 2, &here);
	if (answer != PCI_YES || !(here & PCI_STATUS_CAP_LIST))
		return answer == PCI_YES ? PCI_NO : answer;
	answer = config_read(config, PCI_CAPABILITY_LIST, 1, &pos);
	for (steps = 0; answer == PCI_YES && steps < 48; steps++) {
		pos &= ~3u;
		if (pos < PCI_STD_HEADER_SIZEOF)
			return PCI_NO;
		answer = config_read(config, pos, 2, &here);
		if (answer != PCI_YES)
			return answer;
		if ((here & 0xff) == id) {
			*at = pos;
			return PCI_YES;
		}
		pos = here >> 8;
	}
	return answer == PCI_HIDDEN ? PCI_HIDDEN : PCI_NO;
}

static enum pci_answer find_extended(const struct config *config,
				     unsigned int id, off_t *at)
{
	off_t pos = PCI_CFG_SPACE_SIZE;
	enum pci_answer answer;
	u32 header;
	int steps;

	for (steps = 0; steps < 480 && pos >= PCI_CFG_SPACE_SIZE; steps++) {
		answer = config_read(config, pos, 4, &header);
		if (answer != PCI_YES)
			return answer;
		if (!header || header == 0xffffffff)
			return PCI_NO;
		if (PCI_EXT_CAP_ID(header) == id) {
			*at = pos;
			return PCI_YES;
		}
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return PCI_NO;
}

enum pci_answer pci_port_type(const char *name, unsigned int *type)
{
	enum pci_answer answer;
	struct config config;
	u32 flags;
	off_t at;

	if (!config_open(name, &config))
		return PCI_HIDDEN;
	answer = find_capability(&config, PCI_CAP_ID_EXP, &at);
	if (answer == PCI_YES)
		answer = config_read(&config, at + PCI_EXP_FLAGS, 2, &flags);
	if (answer == PCI_YES)
		*type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;
	close(config.fd);
	return answer;
}

void pci_read_acs(const char *name, struct pci_acs *acs)
{
	struct config config;
	u32 cap, ctrl;
	off_t at;

	memset(acs, 0, sizeof(*acs));
	if (!config_open(name, &config)) {
		acs->has = PCI_HIDDEN;
		return;
	}
	acs->has = find_extended(&config, PCI_EXT_CAP_ID_ACS, &at);
	if (acs->has == PCI_YES)
		acs->has = config_read(&config, at + PCI_ACS_CAP, 2, &cap);
	if (acs->has == PCI_YES)
		acs->has = config_read(&config, at + PCI_ACS_CTRL, 2, &ctrl);
	if (acs->has == PCI_YES) {
		acs->cap = cap;
		acs->ctrl = ctrl;
	}
	close(config.fd);
}

bool pci_acs_redirects(const struct pci_acs *acs)
{
	return acs->has == PCI_YES &&
	       acs->ctrl & (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC);
}

/* What it has, and whether that is on */
const char *pci_acs_text(const struct pci_acs *acs)
{
	static const struct {
		u16 bit;
		const char *name;
	} bits[] = {
		{ PCI_ACS_SV, "SV" }, { PCI_ACS_TB, "TB" },
		{ PCI_ACS_RR, "RR" }, { PCI_ACS_CR, "CR" },
		{ PCI_ACS_UF, "UF" }, { PCI_ACS_EC, "EC" },
		{ PCI_ACS_DT, "DT" },
	};
	static char text[64];
	size_t len = 0, i;

	if (acs->has != PCI_YES)
		return acs->has == PCI_NO ? "no ACS" : "ACS hidden";
	len = snprintf(text, sizeof(text), "ACS");
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (acs->cap & bits[i].bit)
			len += snprintf(text + len, sizeof(text) - len,
					" %s%c", bits[i].name,
					acs->ctrl & bits[i].bit ? '+' : '-');
	return text;
}
