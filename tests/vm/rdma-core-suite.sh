#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rdma-core-suite.sh TESTS MODULE...: in a guest, modules of rdma-core's own tests on soft RoCE.
#
# Both ends of each test are on one device; its network device is one end of a cable.
PATH=/usr/sbin:/sbin:/usr/bin:/bin:/tmp
skip() {
	echo "$*"
	exit 4
}
command -v rdma >/dev/null || skip "no iproute2"
python3 -c 'import pyverbs' 2>/dev/null || skip "no python3-pyverbs"
[ -e "$1/__init__.py" ] || skip "no tests of rdma-core's"

{
	ip link add cable0 mtu 4500 type veth peer name cable1
	ip addr add 10.1.1.1/24 dev cable0
	ip link set cable0 up
	ip link set cable1 up
	rdma link add rxe0 type rxe netdev cable0
} || exit
# Its addresses become GIDs when IPv6 has made sure that nobody else has them.
sleep 2
exec python3 "${0%.sh}.py" "$1" rxe0 "${@:2}"
