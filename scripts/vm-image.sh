# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153
# Sourced by scripts/vm: the guest's initramfs, and what counts as a splat of its kernel.

# quote ARG...: the words as a POSIX shell reads them.
quote() {
	local word
	for word; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
}

# packages ROOT: what PACKAGES have installed, at the host's own paths, without what people read.
# Plugins come to be where their library looks for them.
packages() {
	local root=$1 file files=()
	[ ${#PACKAGES[@]} -gt 0 ] || return 0
	while IFS= read -r file; do
		[ -d "$file" ] || files+=("${file#/}")
	done < <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${PACKAGES[@]}" 2>/dev/null |
		sed -n 's/^ii *//p' | xargs -r dpkg-query -L |
		grep -vE '^$|^/usr/(include|share/(doc|man|locale|bash-completion|lintian))/')
	[ ${#files[@]} -eq 0 ] || (cd / && cp -P --parents --remove-destination -- "${files[@]}" "$root")
}

# libraries ROOT: whatever the dynamic programs below ROOT need, at the host's own paths.
libraries() {
	local root=$1 file library
	find "$root" -type f \( -perm -u+x -o -name '*.so*' \) | while read -r file; do
		[ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ] || continue
		ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true
	done | sort -u | while read -r library; do
		install -D -m 755 "$library" "$root$library"
	done
}

# make_image FOLDER COMMAND...: FOLDER/initramfs. It is not compressed: it is small, and
# reading it costs less than unpacking it would.
make_image() {
	local root=$1/root busybox tree
	shift
	busybox=$(realpath "$(command -v busybox)") || runner_error "no busybox: run scripts/setup"
	mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,tmp,root,run,etc,mnt,var}
	install -D -m 755 "$busybox" "$root$busybox"
	"$busybox" --install -s "$root/bin"
	install -m 755 "$TOP/scripts/guest-init" "$root/init"
	echo 'root::0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	[ ${#ADD[@]} -eq 0 ] || cp -rL -- "${ADD[@]}" "$root/tmp/" || return
	packages "$root" || return
	chmod 1777 "$root/tmp"
	libraries "$root"
	# Last, so that a tree's own libraries win over the host's.
	for tree in "${ROOTS[@]}"; do
		cp -a -- "$tree/." "$root/" || return
	done
	[ -z "$INTERACTIVE" ] || touch "$root/interactive"
	[ -z "$LEAKS" ] || touch "$root/check-leaks"
	# By counted instructions the guest's clock says nothing of the host's.
	[ "$ICOUNT$INTERACTIVE" ] || echo $((TIMEOUT * 2 / 3)) >"$root/time-limit"
	echo "exec $(quote "$@")" >"$root/command"
	(cd "$root" && find . -print0 | cpio --null -o -H newc -R 0:0 --quiet) >"$RUN/initramfs"
}

# What no healthy kernel says. 'WARNING: ' also heads lockdep's and RCU's reports.
SPLATS='WARNING: |BUG: |Kernel panic|Oops: |KASAN: |UBSAN: |general protection fault'
SPLATS+='|INFO: (task .* blocked|rcu|trying to register|lockdep|possible)|rcu: INFO:|self-detected stall'
SPLATS+='|scheduling while atomic|refcount_t: |unreferenced object|DMA-API: .*(device driver|leak)'
SPLATS+='|workqueue lockup|kernel BUG at|unable to handle|Unable to handle|list_(add|del) corruption'

# find_splats: each splat on the console with what follows it; fails if there is none.
find_splats() {
	tr -d '\r' <"$LOG" | awk -v splats="$SPLATS" -v allow="$ALLOW" '
		$0 ~ splats && (allow == "" || $0 !~ allow) { found = 1; left = 40 }
		left > 0 { print; left-- }
		/---\[ end trace/ { left = 0 }
		END { exit !found }'
}
