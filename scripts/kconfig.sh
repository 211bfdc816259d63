# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what configures a kernel from the fragments in configs/.

# check_config WANTED CONFIG WHOSE: stop if an option that WANTED asks for is another in CONFIG.
# The last word counts; n, "" and 'is not set' are the same.
check_config() {
	local missing
	missing=$(awk -F= '
		/^CONFIG_/ { value = substr($0, length($1) + 2); if (value == "\"\"") value = "n" }
		FNR == NR && /^CONFIG_/ { want[$1] = value }
		FNR != NR && /^CONFIG_/ { have[$1] = value }
		END {
			for (option in want)
				if ((option in have ? have[option] : "n") != want[option])
					print "  " option "=" want[option] \
						" became " (option in have ? have[option] : "n")
		}' "$1" "$2" | sort)
	[ -z "$missing" ] || die "options of configs/ that did not take in $3:"$'\n'"$missing"
}
