#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rdma-suite.sh SELFTESTS MODULES: in a guest, upstream's selftests of soft RoCE.
#
# SELFTESTS has the folders of the kernel tree, MODULES what the kernel's build says of its
# modules. All that the tests want to load is built in; modprobe and modinfo know from there.
PATH=/usr/sbin:/sbin:/usr/bin:/bin:/tmp
cases=("$1"/rdma/*.sh)
for tool in rdma ss rping; do
	command -v "$tool" >/dev/null || { echo "no $tool"; exit 4; }
done
modules=/lib/modules/$(uname -r)
mkdir -p "$modules" /var/run
cp "$2"/modules.* "$modules/" && depmod || exit

status=0
n=0
echo "KTAP version 1"
echo "1..${#cases[@]}"
for case in "${cases[@]}"; do
	name=${case##*/}
	n=$((n + 1))
	echo "  # Subtest: $name"
	timeout 120 bash "$case" 2>&1 | grep -v 'could not flock' | sed 's/^/  /'
	case ${PIPESTATUS[0]} in
	0) echo "ok $n $name" ;;
	4) echo "ok $n $name # SKIP" ;;
	*)
		echo "not ok $n $name"
		status=1
		;;
	esac
done
exit $status
