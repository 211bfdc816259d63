# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs checkpatch.pl: which of its complaints, on stdin as --terse --show-types
# makes them, nobody can heed.

# heeded TREE: all but those about
#   MACRO_ARG_REUSE        a for_each macro, which cannot but use its arguments again
#   COMPLEX_MACRO          what the VFIO selftests' generator of variants wants: a macro that is no value
#   PARENTHESIS_ALIGNMENT, OPEN_ENDED_LINE  a trace header, which no formatting rule fits
heeded() {
	local line file number macro
	while read -r line; do
		IFS=: read -r file number _ <<<"$line"
		case $line in
		*MACRO_ARG_REUSE*) macro='[a-z_]*for_each' ;;
		*COMPLEX_MACRO*) macro='FIXTURE_VARIANT_ADD_IOMMU_MODE(' ;;
		include/trace/events/*PARENTHESIS_ALIGNMENT* | include/trace/events/*OPEN_ENDED_LINE*) continue ;;
		*) macro='' ;;
		esac
		[ "$macro" ] && sed -n "${number}p" "$1/$file" 2>/dev/null | grep -q "#define *$macro" && continue
		echo "$line"
	done
}
