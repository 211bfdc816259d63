# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what gets a kernel's sources: download a package of Debian's, unpack it into the
# cache. Needs scripts/apt.sh, and a scratch folder TMP.

# offered PACKAGE...: what the suites in use have, one 'PACKAGE VERSION SUITE' a line.
offered() {
	private_apt apt-cache madison "$@" |
		awk -F'|' '{ gsub(/ /, "", $1); gsub(/ /, "", $2); split($3, where, " ")
			sub(/\/.*/, "", where[2]); print $1, $2, where[2] }'
}

# download PACKAGE VERSION: into $TMP
download() { (cd "$TMP" && private_apt apt-get download "$1=$2"); }

# unpack TARBALL [SHA256]: into the cache, named after its checksum, which is left in
# $TMP/sha256; prints the tree.
unpack() {
	local tarball=$1 sum tree
	sum=$(sha256sum "$tarball" | cut -c1-64)
	if [ "${2:-}" ] && [ "$sum" != "$2" ]; then
		die "sha256 of $(basename "$tarball") is $sum, BASE says $2"
	fi
	echo "$sum" >"$TMP/sha256"
	tree=$CACHE/linux-${sum:0:16}
	if [ ! -d "$tree" ]; then
		note "unpacking $(basename "$tarball")"
		mkdir "$TMP/tree"
		tar -xf "$tarball" -C "$TMP/tree" --strip-components=1
		mv -T "$TMP/tree" "$tree" 2>/dev/null || [ -d "$tree" ]
	fi
	echo "$tree"
}

# unpack_deb DEB [SHA256]: the tarball in it
unpack_deb() {
	local tarball
	mkdir "$TMP/deb"
	dpkg-deb -x "$1" "$TMP/deb"
	tarball=$(find "$TMP/deb/usr/src" -name 'linux-source-*.tar.xz' | head -n 1)
	[ "$tarball" ] || die "no linux-source-*.tar.xz in $1"
	unpack "$tarball" "${2:-}"
}
