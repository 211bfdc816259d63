# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what fetches from Debian: apt with a root of its own below $TMP, so that the
# system's sources and its state stay as they are. apt checks signatures and checksums.

# The machine's own Debian mirrors: whatever its sources name for its own release.
mirrors() {
	local codename
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # $(...) is apt's own syntax
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
		awk -v want="$codename" '$1 == want && !seen[$2]++ { print $2 }'
}

private_apt() {
	local verb=$1
	shift
	"$verb" -qq -o Dir::Etc::sourcelist="$TMP/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$TMP/state" -o Dir::State::status="$TMP/status" \
		-o Dir::Cache="$TMP/cache" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none "$@"
}

# use_suites MIRROR SUITE...: read the package lists of these suites. No package counts as
# installed.
use_suites() {
	local mirror=$1 suite
	shift
	rm -rf "$TMP/state" "$TMP/cache"
	mkdir -p "$TMP/state/lists/partial" "$TMP/cache/archives/partial"
	: >"$TMP/status"
	for suite; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg${APT_OPTIONS:+ $APT_OPTIONS}] $mirror $suite main"
	done >"$TMP/sources.list"
	private_apt apt-get update
}
