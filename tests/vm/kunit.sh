#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kunit.sh GLOB...: in a guest, run the KUnit suites that match and print their KTAP.
#
# Fails if a case fails, if a suite tells nothing, or if nothing matches a GLOB.
#
# On a kernel with fault injection, every allocation becomes one that can fail. None does until
# a suite asks for it.
debugfs=/sys/kernel/debug
root=$debugfs/kunit
bad=0

# set_fault FILE VALUE
set_fault() {
	[ ! -e "$debugfs/$1" ] || echo "$2" >"$debugfs/$1" || bad=1
}
set_fault failslab/ignore-gfp-wait N
set_fault failslab/verbose 0
set_fault fail_page_alloc/ignore-gfp-wait N
set_fault fail_page_alloc/min-order 0
set_fault fail_page_alloc/verbose 0

run_suite() {
	echo run >"$root/$1/run"
	cat "$root/$1/results"
	if grep -q '^ *not ok' "$root/$1/results"; then
		bad=1
	elif ! grep -q '^ *ok' "$root/$1/results"; then
		echo "not ok 1 $1 # no result"
		bad=1
	fi
}

for glob; do
	found=
	for dir in "$root"/*; do
		suite=${dir##*/}
		# shellcheck disable=SC2254 # the caller gives a pattern
		case $suite in
		$glob) run_suite "$suite"; found=y ;;
		esac
	done
	if [ -z "$found" ]; then
		echo "KTAP version 1"
		echo "1..1"
		echo "not ok 1 $glob # no such suite"
		bad=1
	fi
done
exit $bad
