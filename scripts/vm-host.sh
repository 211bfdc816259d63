# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153,SC2054
# (SC2054: the commas are QEMU's.)
# Sourced by scripts/vm: what the guest may ask its host for (--host), a line at a time on
# ttyS3. It reads back one line: 'ok', or why not.
#
#   device_del ID   press the attention button of the device's slot, as an operator does
#   device_add ID   plug the same device into the same slot again, once that is empty
#
# ID is one of vm-devices.sh. What else is understood is in vm-screen.sh.

host_arguments() {
	[ "$HOST" ] || return 0
	mkfifo "$RUN"/{host,monitor}.{in,out}
	# Slots belong to the kernel's PCIe drivers, not to ACPI; with both, they stay off.
	ARGS+=(pcie_ports=native)
	QEMU+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
		-chardev pipe,id=host,path=host -serial chardev:host
		-chardev pipe,id=monitor,path=monitor -mon chardev=monitor,mode=control)
}

# monitor COMMAND: of QEMU's human monitor; prints its complaint, nothing if all is well.
monitor() {
	local line
	# A guest that did not boot is begun again, by a QEMU that has to be asked anew for this.
	echo '{"execute":"qmp_capabilities"}' >&9
	printf '{"execute":"human-monitor-command","arguments":{"command-line":"%s"}}\n' "$1" >&9
	# The greeting, the answer to qmp_capabilities and events come in between.
	while true; do
		read -t 10 -r line <&8 || { echo "QEMU does not answer"; return; }
		[[ $line != '{"return": "'* ]] || break
	done
	line=${line#'{"return": "'}
	line=${line%%'"}'*}
	echo "${line%'\r\n'}"
}

# plug ID: the guest's kernel is done with a device before it switches the slot off.
# QEMU 7.2 aborts if an ivshmem's memory is used a second time, so it gets new memory.
plug() {
	local why tries memory
	for ((tries = 0; tries < 100; tries++)); do
		why=$(monitor "info qtree")
		[[ $why == *"id \\\"$1\\\""* ]] || break
		sleep 0.1
	done
	if [[ ${DEVICES[$1]} =~ ,memdev=([a-z0-9]+) ]]; then
		memory=${BASH_REMATCH[1]}
		why=$(monitor "object_del $memory")$(monitor "object_add ${MEMDEVS[$memory]}")
		[ -z "$why" ] || { echo "$why"; return; }
	fi
	monitor "device_add ${DEVICES[$1]}"
}

# host_answer VERB WORD...: carry it out; prints the line for the guest.
host_answer() {
	local why
	case ${1-} in
	device_del | device_add) ;;
	screen | keep | backing | complaints) screen_answer "$@"; return ;;
	*) echo "no such request"; return ;;
	esac
	[[ -n ${2-} && -n ${DEVICES[$2]+there} ]] || { echo "no such device"; return; }
	case $1 in
	device_del) why=$(monitor "device_del $2") ;;
	device_add) why=$(plug "$2") ;;
	esac
	echo "${why:-ok}"
}

# serve_host: until it is killed.
serve_host() {
	local words
	exec 8<>"$RUN/monitor.out" 9<>"$RUN/monitor.in" 6<>"$RUN/host.out" 5<>"$RUN/host.in"
	while read -r -a words <&6; do
		host_answer "${words[@]}" >&5
	done
}
