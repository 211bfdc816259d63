# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what reads patches/: what the series consists of, and the repository that
# scripts/series makes of it.

REPO=$BUILD/series/repo
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# series_turn: wait until nobody else makes, reads or compiles what is in build/series.
series_turn() {
	exec 5>"$BUILD/series.lock"
	flock -n 5 || { note "another script works in $BUILD/series; waiting for it"; flock 5; }
}

# series: names of the patches, in order.
series() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$TOP/patches/series"; }

# message PATCH: what is above its '---', with From:, Date: and Subject: lines if it has any.
message() { sed -n -e '/^---$/q' -e '/^diff --git /q' -e '/^SPDX-License-Identifier: /d' -e p "$1"; }

# overlay_of PATCH: the new files that land with it.
overlay_of() { sed -n -e '/^diff --git /q' -e 's/^Overlay://p' "$1" | tr ' ' '\n' | sed '/^$/d'; }

# Who commits all of it, and wrote what has no From: line: who signs it off, if anybody does.
AUTHOR=${SIGNOFF:-$(git -C "$TOP" log -1 --format="%an <%ae>" 2>/dev/null || echo "Nobody <nobody@localhost>")}
EMAIL=${AUTHOR##*<}
g() { git -C "$REPO" -c user.name="${AUTHOR% <*}" -c user.email="${EMAIL%>}" "$@"; }

# Topics: what is mailed as a series of its own, '# topic: NAME' in patches/series, and the
# topics that it is based on, '# needs: NAME...'.
topics() { sed -n 's/^# topic: *//p' "$TOP/patches/series"; }
patches_of() {
	awk -v topic="$1" '/^# topic: / { on = $3 == topic; next }
		on { sub(/[ \t]*#.*/, "") } on && NF { print $1 }' "$TOP/patches/series"
}
needs_of() {
	awk -v topic="$1" '/^# topic: / { on = $3 == topic }
		on && sub(/^# needs: */, "") { gsub(/ +/, "\n"); print }' "$TOP/patches/series"
}

# all_needs_of TOPIC: those that are needed by them as well, in the order of the series.
all_needs_of() {
	local need
	needs_of "$1" | while read -r need; do
		all_needs_of "$need"
		echo "$need"
	done | sort -u | { grep -xFf - <(topics) || true; }
}
