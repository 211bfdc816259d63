# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153
# Sourced by scripts/vm: what the guest may ask about its screen (--screen JUDGE), beside what
# vm-host.sh understands. It reads back one line.
#
#   screen ID WIDTH HEIGHT NR...  which of these pictures a virtio-gpu shows; JUDGE says, a program
#                                 that draws them itself: tests/vm/screen/judge.c
#   keep ID NAME                  keep its screen as build/screens/NAME.png; reads back the path
#   backing                       'attached:', then each resource that QEMU has memory for now
#   complaints                    how often a virtio-gpu was asked for what cannot be
#
# ID is that of the device, as in vm-devices.sh.

SCREENS=$BUILD/screens

screen_arguments() {
	[ "$JUDGE" ] || return 0
	mkdir -p "$SCREENS"
	QEMU+=(-D trace -d guest_errors -trace 'virtio_gpu_cmd_res_*' -trace virtio_gpu_features)
}

screen_shows() {
	local why
	why=$(monitor "screendump screen.ppm -f ppm $1 0")
	[ -z "$why" ] || { echo "$why"; return; }
	"$JUDGE" "$RUN/screen.ppm" "${@:2}" || echo "no judgement"
}

screen_keep() {
	local why
	why=$(monitor "screendump screen.png -f png $1 0")
	[ -z "$why" ] || { echo "$why"; return; }
	mv "$RUN/screen.png" "$SCREENS/$2.png"
	echo "$SCREENS/$2.png"
}

# QEMU goes on reaching memory that it was given, whatever an IOMMU says later; that it was told
# to let go of it shows here. A driver that begins finds a device that was reset, and has nothing.
screen_backing() {
	awk '
		/^virtio_gpu_features / { split("", attached) }
		/^virtio_gpu_cmd_res_back_attach / { attached[$3] = 1 }
		/^virtio_gpu_cmd_res_(back_detach|unref) / { delete attached[$3] }
		END { printf "attached:"; for (res in attached) printf " %s", res; print "" }' "$RUN/trace"
}

# screen_answer VERB WORD...: the words are plain ones.
screen_answer() {
	[[ $JUDGE && $* =~ ^[a-z0-9.\ -]+$ ]] || { echo "no such request"; return; }
	case $1 in
	screen) screen_shows "${@:2}" ;;
	keep) screen_keep "${@:2}" ;;
	backing) screen_backing ;;
	complaints) grep -c '^virtio_gpu_[a-z0-9_]*: ' "$RUN/trace" || true ;;
	esac
}
