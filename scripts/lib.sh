# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by every script here: the paths they share, and how they speak.
#
#   BUILD  where trees, objects, images and logs go (default: build/ beside this folder)
#   CACHE  what outlives a clone: the kernel's sources and the compiler cache
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=$(realpath -m "${BUILD:-$TOP/build}")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/dma-buf-phys
LOGS=$BUILD/logs
export TOP BUILD CACHE LOGS
mkdir -p "$BUILD" "$CACHE" "$LOGS"
# The kernel's Python tools would leave bytecode beside them: in the pristine tree, which is shared.
export PYTHONDONTWRITEBYTECODE=1
# What mirrors the kernel: new files at their upstream paths
# shellcheck disable=SC2034 # some of those who source this use it
OVERLAY_DIRS=(drivers include Documentation samples tools scripts/coccinelle)

# Complete what scripts/bump was writing when it was killed.
[ ! -d "$TOP/.bump" ] || "$TOP/scripts/bump-install"

# shellcheck source=BASE
. "$TOP/BASE"

ME=$(basename "$0")
note() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() {
	note "$*"
	exit 1
}

# result_of NAME FILE: a result for scripts/tally, passed if nothing was written to FILE.
result_of() {
	if [ -s "$2" ]; then
		echo "not ok - ${ME%%-*}: $1"
		head -n 60 "$2" | sed 's/^/#   /'
	else
		echo "ok - ${ME%%-*}: $1"
	fi
}

# usage(): the comment block on top of the script is its help text.
usage() { awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# Where CHECK_END says when (seconds since 1970), nothing begins any more after it: what is left
# out is skipped, and says so.
time_left() { [ -z "${CHECK_END:-}" ] || [ "$(date +%s)" -lt "$CHECK_END" ]; }
no_time() { echo "ok - $1 # SKIP no time left for it"; }
