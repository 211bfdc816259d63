# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs checkpatch.pl.

# says_checkpatch OPTION...: what the staged tree's checkpatch.pl has against the files named on
# stdin, by absolute paths or paths in that tree, which is STAGED. Where there is no git it may
# leave a cache in its tree, so it is not the pristine one's.
says_checkpatch() {
	{ tr '\n' '\0' | (cd "$STAGED" && xargs -0 -r -P "$(nproc)" -n 4 scripts/checkpatch.pl --strict \
		--no-summary --terse --show-types --color=never "$@") || true; } 2>&1 | sort -u | heeded
}

# heeded: all complaints but those that nobody can heed:
#   MACRO_ARG_REUSE        a for_each macro, which cannot but use its arguments again
#   COMPLEX_MACRO          what the VFIO selftests' generator of variants wants: a macro that is no value
#   PARENTHESIS_ALIGNMENT, OPEN_ENDED_LINE  a trace header, which no formatting rule fits
heeded() {
	local line file number macro
	while read -r line; do
		IFS=: read -r file number _ <<<"$line"
		case $line in
		'') continue ;;
		*MACRO_ARG_REUSE*) macro='[a-z_]*for_each' ;;
		*COMPLEX_MACRO*) macro='FIXTURE_VARIANT_ADD_IOMMU_MODE(' ;;
		include/trace/events/*PARENTHESIS_ALIGNMENT* | include/trace/events/*OPEN_ENDED_LINE*) continue ;;
		*) macro='' ;;
		esac
		[ "$macro" ] && sed -n "${number}p" "$STAGED/$file" 2>/dev/null | grep -q "#define *$macro" && continue
		echo "$line"
	done
}
