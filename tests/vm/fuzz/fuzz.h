/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer of the system calls that make, share, map and take back dma-bufs.
 *
 * A case is one call. A call is an operation and its arguments, which are plain
 * numbers: values for the kernel, or choices among the live objects. So a call
 * can be printed, kept and varied, and the same seed makes the same calls.
 *
 * Each operation runs its call, knows which errnos are documented for it, and
 * says before the call what the answer has to be, if that follows from what was
 * done so far. There is no coverage of kernel code (that needs a kernel built for
 * it); what counts as new is an operation with an answer in a state that had
 * not been seen together.
 */
#ifndef VM_FUZZ_H
#define VM_FUZZ_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define PAGE		4096ull
#define ARGS_MOST	14
#define ERRNOS_MOST	16
#define SLOTS		40
#define AREAS		48
#define IOASES		4
#define NODES		3
#define DEVICES		3
/* An answer that the model does not know */
#define ANY		INT_MAX
/* Instead of an answer: there was nothing to call */
#define NOTHING		LONG_MAX
/* Any error */
#define REFUSED		(INT_MAX - 1)

struct world;

struct op {
	const char *name;
	unsigned int weight;
	struct op_arg {
		const char *name;
		uint64_t (*make)(struct world *w);
	} args[ARGS_MOST];
	/*
	 * Sets w->expect, then calls. Return: a negative errno, NOTHING, or
	 * anything else for success.
	 */
	long (*run)(struct world *w, const uint64_t *a);
	/* All that may be answered, ended by 0 */
	int errnos[ERRNOS_MOST];
	/* Of 1000 calls so many must succeed, or the fuzzing was for nothing. */
	unsigned int least;
};

struct call {
	const struct op *op;
	uint64_t args[ARGS_MOST];
};

/* Of a buffer, as far as this process can know */
enum state { LIVE, REVOKED, DEAD, UNKNOWN };

/* A file descriptor that the calls choose from */
struct slot {
	enum kind {
		FD_NONE,	/* not open, or O_PATH */
		FD_OTHER,	/* no dma-buf */
		FD_LEGACY,	/* a dma-buf without description */
		FD_PHYS,	/* a dma-buf of a device */
	} kind;
	int fd;
	unsigned int device, life;	/* whose it is; FD_PHYS */
	bool foreign;			/* another process's device */
	uint64_t size, nr_ranges;
};

/* A device on vfio-pci; all but the last export */
struct device {
	struct vfio_dev vfio;
	bool exists, open;
	unsigned int life;		/* counts how often it was closed */
	bool memory, low_power;
	enum { D0, D3, D_UNKNOWN } power;
	unsigned int pm;		/* capability */
	bool no_reset;
	struct {
		uint64_t size, start;
		bool io;
	} bars[6];
};

/* What IOMMU_IOAS_MAP_FILE or IOMMU_IOAS_COPY made */
struct area {
	unsigned int ioas;
	uint64_t iova, len;
};

struct node {
	int fd;
	bool imported;
	struct slot buf;		/* what it imported */
};

struct world {
	uint64_t random;
	int expect;
	uint32_t feature;		/* what else makes an answer new */
	int first_fd;			/* this and all above are the world's */
	struct device devices[DEVICES];
	struct slot slots[SLOTS];
	unsigned int nr_slots;
	struct slot odd[8];
	unsigned int nr_odd;
	int sync_file;
	int iommufd;
	uint32_t ioas[IOASES];
	bool attached;
	unsigned int attached_to;
	struct area areas[AREAS];
	unsigned int nr_areas;
	struct node nodes[NODES];
	bool peer;			/* this is the second process */
	int socket;			/* to the other process, or -1 */
	int peer_pid;
	char *page_end;			/* behind it lies no memory */
};

/* random.c: numbers, and values that are near some limit */
uint64_t rnd(struct world *w);
uint64_t below(struct world *w, uint64_t n);
bool one_in(struct world *w, unsigned int n);
uint64_t any(struct world *w);
uint64_t edge(struct world *w);
uint64_t bar_offset(struct world *w);
uint64_t bar_length(struct world *w);
uint64_t mix(uint64_t x);

/* world.c: what is there when fuzzing begins, and the end of it all */
void world_open(struct world *w);
void world_close(struct world *w);
/* The descriptor that an argument chooses; never NULL */
struct slot *slot_choose(struct world *w, uint64_t choice);
void slot_add(struct world *w, struct slot slot);
void slot_close(struct world *w, struct slot *slot);
enum state slot_state(const struct world *w, const struct slot *slot);

/* device.c */
void device_open(struct world *w, unsigned int nr);
void device_close(struct device *dev);
/* One that exports */
struct device *device_choose(struct world *w, uint64_t choice);
void device_probe(struct device *dev, const char *name);
bool device_revoked(const struct device *dev, bool *known);

/* peer.c: the second process */
void peer_start(struct world *w);
void peer_stop(struct world *w);

/* engine.c */
void engine_init(void);
void engine_run(struct world *w, uint64_t seed, uint64_t cases,
		uint64_t deadline_ms);
/* The next call's user memory: nr bytes with no memory behind, or a bad address */
void *user_memory(struct world *w, const void *data, size_t nr, uint64_t how,
		  size_t *readable);

/* The operations, by the file that they are in; each table ends with no name. */
extern const struct op export_ops[], device_ops[], map_ops[], ioas_ops[],
	file_ops[], sample_ops[], peer_ops[];

#endif
