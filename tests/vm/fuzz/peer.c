// SPDX-License-Identifier: GPL-2.0
/*
 * A second process with an IOMMUFD and a device of its own. The two send each
 * other dma-bufs, use them at the same time, and the second one is killed now
 * and then. What the other's device does is not known here, so a buffer that was
 * received may be revoked or dead at any time.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "judge.h"
#include "ktap.h"
#include "sys.h"

/* What is told about a buffer beside its descriptor */
struct told {
	uint64_t size, nr_ranges;
};

/* A message of that and of one descriptor */
struct message {
	struct told told;
	struct iovec data;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	struct msghdr msg;
};

static void message_init(struct message *m)
{
	*m = (struct message){
		.data = { &m->told, sizeof(m->told) },
		.msg = {
			.msg_iov = &m->data,
			.msg_iovlen = 1,
			.msg_control = &m->control,
			.msg_controllen = sizeof(m->control),
		},
	};
}

static void peer_main(int sock, int ready, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	int fd;

	CHECK(w, "no memory");
	/* Nothing of the first process may stay open here. */
	for (fd = 3; fd < getdtablesize(); fd++)
		if (fd != sock && fd != ready)
			close(fd);
	CHECK(write(ready, "", 1) == 1, "pipe: %m");
	close(ready);

	judge_enter(LANE_PEER);
	w->peer = true;
	w->socket = sock;
	world_open(w);
	engine_run(w, seed, UINT64_MAX, UINT64_MAX);
}

void peer_start(struct world *w)
{
	int socks[2], ready[2];
	uint64_t seed = rnd(w);
	char byte;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) &&
	      !pipe(ready), "no socket: %m");
	w->peer_pid = ktap_fork();
	if (!w->peer_pid)
		peer_main(socks[1], ready[1], seed);
	close(socks[1]);
	close(ready[1]);
	w->socket = socks[0];
	CHECK(read(ready[0], &byte, 1) == 1, "the peer does not start");
	close(ready[0]);
}

/* Whatever it was doing, all that it had goes with it. */
void peer_stop(struct world *w)
{
	int status;

	if (!w->peer_pid)
		return;
	kill(w->peer_pid, SIGKILL);
	CHECK(waitpid(w->peer_pid, &status, 0) == w->peer_pid, "waitpid: %m");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the peer failed, wait status %#x", status);
	judge_leave(LANE_PEER);
	close(w->socket);
	w->socket = -1;
	w->peer_pid = 0;
}

static long run_kill(struct world *w, const uint64_t *a)
{
	(void)a;
	if (!w->peer_pid)
		return NOTHING;
	w->expect = 0;
	peer_stop(w);
	peer_start(w);
	return 0;
}

static struct slot *own_buffer(struct world *w, uint64_t choice)
{
	struct slot *slot = slot_choose(w, choice);

	return slot->kind == FD_PHYS && w->socket >= 0 ? slot : NULL;
}

static long run_send(struct world *w, const uint64_t *a)
{
	struct slot *slot = own_buffer(w, a[0]);
	struct message m;

	if (!slot)
		return NOTHING;
	message_init(&m);
	m.told = (struct told){ slot->size, slot->nr_ranges };
	m.control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&m.control.header), &slot->fd, sizeof(int));
	return sendmsg(w->socket, &m.msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ?
	       -errno : 0;
}

static long run_receive(struct world *w, const uint64_t *a)
{
	struct slot slot = { .kind = FD_PHYS, .foreign = true };
	struct message m;

	(void)a;
	if (w->socket < 0)
		return NOTHING;
	message_init(&m);
	if (recvmsg(w->socket, &m.msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	if (!m.msg.msg_controllen)
		return 0;
	memcpy(&slot.fd, CMSG_DATA(&m.control.header), sizeof(int));
	slot.size = m.told.size;
	slot.nr_ranges = m.told.nr_ranges;
	slot_add(w, slot);
	return 0;
}

const struct op peer_ops[] = {
	{
		.name = "send", .weight = 40, .run = run_send,
		.args = { { "fd", any } },
		.errnos = { EAGAIN, EPIPE, ECONNRESET, ETOOMANYREFS },
	}, {
		.name = "receive", .weight = 40, .run = run_receive,
		.errnos = { EAGAIN, ECONNRESET },
	}, {
		.name = "kill_peer", .weight = 3, .run = run_kill,
	},
	{ .name = NULL }
};
