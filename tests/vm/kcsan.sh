#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kcsan.sh COMMAND...: look for data races in what this project wrote while COMMAND runs, on a
# kernel that has KCSAN. A race is a line on the console, which the runner finds.
kcsan=/sys/kernel/debug/kcsan
[ -e $kcsan ] || { echo "no KCSAN in this kernel"; exit 4; }

# Reports about these functions only: the rest of the kernel has races that it knows of.
echo whitelist >$kcsan
awk '$3 ~ /^(dma_buf_phys|phys_|iova_|domain_|direct_|bus_|cursor_|vfio_pci_dma_buf|iopt_(dmabuf|revoke|restore)|edu_)/ {
	print "!" $3 }' /proc/kallsyms | sort -u | while read -r name; do
	echo "$name" >$kcsan 2>/dev/null
done
echo "# KCSAN looks at $(grep -c '^ ' $kcsan) functions"
echo on >$kcsan
"$@"
status=$?
echo off >$kcsan
awk '/^setup_watchpoints:/ { print "# " $0; found = $2 } END { exit found < 1000 }' $kcsan || {
	echo "KCSAN looked at nothing"
	exit 1
}
exit $status
