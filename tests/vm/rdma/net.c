// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "net.h"
#include "sys.h"

const struct net_side net_near = { "near", "cable0", "rxe_near", "10.1.1.1" };
const struct net_side net_far = { "far", "cable1", "rxe_far", "10.1.1.2" };

/* So that RoCE gets its largest packets, of 4096 bytes, through */
#define CABLE_MTU	"4500"

#define LOG	"/tmp/net.log"

/*
 * The guest's shell has an ip of its own, so it has no part in this. What a
 * command says only counts if it fails: without file locks ip always warns.
 */
static void run(const char *command)
{
	char words[256], *argv[24], *save = NULL;
	int n = 0, pid, status;

	snprintf(words, sizeof(words), "%s", command);
	for (argv[n] = strtok_r(words, " ", &save); argv[n] && n < 22;)
		argv[++n] = strtok_r(NULL, " ", &save);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(open(LOG, O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status, "'%s' failed: %s",
	      command, sys_slurp(LOG));
}

static void side_up(const struct net_side *side)
{
	run(sys_path("ip -n %s link set lo up", side->netns));
	run(sys_path("ip -n %s addr add %s/24 dev %s", side->netns,
		     side->address, side->netdev));
	run(sys_path("ip -n %s link set %s up", side->netns, side->netdev));
	run(sys_path("ip netns exec %s rdma link add %s type rxe netdev %s",
		     side->netns, side->rdma, side->netdev));
}

const char *net_up(void)
{
	if (system("rdma dev >/dev/null 2>&1"))
		return "no rdma tool of iproute2 in this guest, or no RDMA";
	if (!sys_exists("/etc/libibverbs.d/rxe.driver"))
		return "no provider of libibverbs for rxe in this guest";
	if (sys_exists("/sys/class/infiniband/rxe_far"))
		return NULL;
	/* ip makes the last folder of /var/run/netns itself. */
	mkdir("/var/run", 0755);
	run(sys_path("ip netns add %s", net_near.netns));
	run(sys_path("ip netns add %s", net_far.netns));
	run(sys_path("ip link add %s netns %s mtu " CABLE_MTU
		     " type veth peer name %s netns %s mtu " CABLE_MTU,
		     net_near.netdev, net_near.netns, net_far.netdev,
		     net_far.netns));
	side_up(&net_near);
	side_up(&net_far);
	return NULL;
}

int net_objects(const struct net_side *side, const char *kind)
{
	char line[512] = "", *at;
	FILE *res;

	res = popen(sys_path("rdma resource show %s", side->rdma), "re");
	CHECK(res && fgets(line, sizeof(line), res), "rdma resource: %m");
	pclose(res);
	at = strstr(line, sys_path(" %s ", kind));
	CHECK(at, "no %s in '%s'", kind, line);
	return atoi(at + strlen(kind) + 2);
}
