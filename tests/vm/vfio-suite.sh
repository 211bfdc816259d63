#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vfio-suite.sh SUITE ID... -- PROGRAM...: in a guest, programs of upstream's vfio selftests.
#
# SUITE is the folder of them. Its own script binds the first device of each ID, VENDOR:DEVICE,
# and a PROGRAM gets all of them. {} in a PROGRAM is replaced by the name of each of them, one
# after another.
PATH=$PATH:/tmp/$1
cd "$1" || exit
shift

# device_of ID: the name of the first one
device_of() {
	local device
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device"/{vendor,device} | tr '\n' :)" = "0x${1%:*}:0x${1#*:}:" ] || continue
		echo "${device##*/}"
		return
	done
	return 1
}

devices=()
while [ "$1" != -- ]; do
	devices+=("$(device_of "$1")") || { echo "Bail out! no device $1"; exit 1; }
	shift
done
shift
bash setup.sh "${devices[@]}" >/dev/null || exit
export VFIO_SELFTESTS_BDF="${devices[*]}"

programs=()
for program; do
	case $program in
	*{}*)
		for device in "${devices[@]}"; do
			programs+=("${program/\{\}/$device}")
		done
		;;
	*) programs+=("$program") ;;
	esac
done
exec run-all "${programs[@]}"
