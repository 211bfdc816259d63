# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs programs of a fetched tree (scripts/fetch-tree) in a guest: a root
# folder for scripts/vm --root with the libraries that they need.

TREE_LIB=usr/lib/x86_64-linux-gnu

# tree_libraries TREE ROOT FILE...: the tree's loader, and whatever that finds for these files
tree_libraries() {
	local tree=$1 root=$2 lib=$1/$TREE_LIB file
	shift 2
	mkdir -p "$root/$TREE_LIB" "$root/lib64"
	for file; do
		"$lib/ld-linux-x86-64.so.2" --library-path "$lib" --list "$file"
	done | sed -n "s,.*=> \\($tree/[^ ]*\\).*,\\1,p" | sort -u |
		xargs cp -L -t "$root/$TREE_LIB"
	cp -L "$lib/ld-linux-x86-64.so.2" "$root/lib64"
}
