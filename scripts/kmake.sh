# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs the kernel's make: kmake, for the tree SRC and the objects OBJ.
#
# OBJ lies inside SRC: kbuild then uses relative paths only, and the compiler cache serves a
# clone in another folder as well.

export CCACHE_DIR=$CACHE/ccache CCACHE_BASEDIR=$BUILD CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=8G
export CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime
export KBUILD_BUILD_TIMESTAMP='1 January 2026' KBUILD_BUILD_USER=phys KBUILD_BUILD_HOST=dma-buf
KCC=gcc
! command -v ccache >/dev/null || KCC='ccache gcc'

kmake() { make -C "$SRC" O="$OBJ" ARCH=x86_64 CC="$KCC" -j"$(nproc)" "$@"; }

# object_turn: wait until no other make works in OBJ.
object_turn() {
	mkdir -p "$OBJ"
	exec 6>"$OBJ.lock"
	flock -n 6 && return
	note "another build works in $OBJ; waiting for it"
	flock 6
}

# kernel_turn: also wait until no other whole kernel is being built on this machine, which
# would only make both slow.
kernel_turn() {
	exec 9>"$CACHE/build.lock"
	flock -n 9 || { note "another kernel is being built; waiting for it"; flock 9; }
	object_turn
}
