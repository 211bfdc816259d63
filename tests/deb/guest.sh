#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# guest.sh RELEASE: on a packaged kernel, whose modules are in /lib/modules. In /tmp there are vm,
# collect, and edu_legacy.ko, which was built by the package of headers.
n=0
failed=0
result() {
	status=$?
	n=$((n + 1))
	[ $status = 0 ] || failed=1
	[ $status = 0 ] && echo "ok $n $1" || echo "not ok $n $1"
}
# What says KTAP of its own is for the log only.
quietly() { "$@" >/tmp/said 2>&1 || { sed 's/^/# /' /tmp/said; return 1; }; }
device() { grep -l "^$1" /sys/bus/pci/devices/*/device | sed -n "$2{s,/device\$,,;s,.*/,,;p}"; }

bind() {
	echo vfio-pci >"/sys/bus/pci/devices/$1/driver_override"
	[ ! -e "/sys/bus/pci/devices/$1/driver" ] || echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
	[ -d "/sys/bus/pci/devices/$1/vfio-dev" ]
}

modules() {
	for module in vfio-pci iommufd dma-buf-edu rdma_rxe nvme; do
		/sbin/modprobe $module || return
	done
}

# Nothing that lspci, the log and the kernel's tables say of where memory is may get into a report;
# the buffer that a test has right now must.
report() {
	vm/p2p 100 >/dev/null 2>&1 &
	other=$!
	for try in 1 2 3 4 5; do
		./collect report >/dev/null || return
		! grep -q '^phys_state:.live' report || break
		sleep 1
	done
	kill $other
	echo "# try $try: $(wc -l <report) lines"
	for word in '^phys_provider:.*0000:' 'iommufd ' '=== PCI' 'Memory at \* ' 'CONFIG_VFIO_PCI_DMABUF=y'; do
		grep -q "$word" report || { echo "# nothing like '$word'"; return 1; }
	done
	cat /sys/bus/pci/devices/*/resource /sys/class/net/*/address |
		sed -n -e 's/^0x0*\([1-9a-f][0-9a-f]\{4,\}\) .*/\1/p' -e '/:/p' | grep -v '^00:00:00' >secrets
	echo "# $(wc -l <secrets) secrets"
	[ -s secrets ] && ! grep -nFf secrets report
}

echo 'KTAP version 1'
echo '1..7'
[ "$(uname -r)" = "$1" ]
result "the package's kernel runs"
modules
result "its modules load"
ivshmem=$(device 0x1110 1)
edu=$(device 0x11e8 1)
bind "$ivshmem" && bind "$edu" && quietly vm/try "$ivshmem" "$edu"
result "a BAR is exported, mapped, taken away and given again: $ivshmem for $edu"
nvme=$(device 0x0010 1)
bind "$nvme" && quietly vm/try "$nvme"
result "the same for a device of another kind, mapped for itself: $nvme"
quietly vm/run-all p2p
result "the main job, byte-exact"
quietly env EDU_DRIVER=edu_legacy vm/run-all p2p
result "a module that its headers built does it, too"
report
result "a report has the buffer in it, and no address"
exit $failed
