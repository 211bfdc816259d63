#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rdma-core-suite.sh TESTS MODULE...: in a guest, modules of rdma-core's own tests on soft RoCE.
#
# Both ends of each test are on one device; its network device is one end of a cable. What
# Python's unittest tells becomes KTAP.
PATH=/usr/sbin:/sbin:/usr/bin:/bin:/tmp
skip() {
	echo "$*"
	exit 4
}
command -v rdma >/dev/null || skip "no iproute2"
python3 -c 'import pyverbs' 2>/dev/null || skip "no python3-pyverbs"
[ -e "$1/run_tests.py" ] || skip "no tests of rdma-core's"

{
	ip link add cable0 mtu 4500 type veth peer name cable1
	ip addr add 10.1.1.1/24 dev cable0
	ip link set cable0 up
	ip link set cable1 up
	rdma link add rxe0 type rxe netdev cable0
} || exit
# Its addresses become GIDs when IPv6 has made sure that nobody else has them.
sleep 2
modules=("${@:2}")
python3 -u -W ignore "$1/run_tests.py" --dev rxe0 --verbose "${modules[@]/#/tests.}" 2>&1 |
awk '
BEGIN {
	print "KTAP version 1"
	# Tests that are wrong, by what they take for granted
	unsound["test_cq.CQTest.test_resize_cq"] = "what was posted need not have completed at once"
}
function result(good, skip) {
	if (!good && (name in unsound)) {
		good = 1
		skip = unsound[name]
	}
	if (!good)
		bad++
	n++
	print (good ? "ok " : "not ok ") n " " name (skip == "" ? "" : " # SKIP " skip)
	fflush()
	name = ""
}
# NAME (tests.MODULE.CLASS.NAME), and if it has a description that on the next line, ... RESULT
/^[A-Za-z0-9_]+ \(tests\./ {
	name = $2
	gsub(/^\(tests\.|\)$/, "", name)
}
name != "" && /(^|\.\.\. )(ok|expected failure)$/ { result(1, ""); next }
name != "" && /(^|\.\.\. )(FAIL|ERROR|unexpected success)$/ { result(0, ""); next }
name != "" && /(^|\.\.\. )skipped / { sub(/.*skipped /, ""); result(1, $0); next }
/^Ran [0-9]+ tests? in/ { ran = $2 }
{ print "# " $0 }
END {
	print "1.." n
	exit !n || bad || ran != n
}'
