# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by scripts/bump-selftest: kernels of a few files, a project of three patches on one of
# them, and stand-ins for Debian's archive and for a sudden death. All of it lies in $TMP.

PROJECT=$TMP/project
KERNELS=$TMP/kernels
TOYS=$KERNELS/9.1/drivers/dma-buf
CACHE=$TMP/cache/dma-buf-phys
export XDG_CACHE_HOME=$TMP/cache BUILD=$PROJECT/build
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Toy GIT_AUTHOR_EMAIL=toy@localhost GIT_COMMITTER_NAME=Toy GIT_COMMITTER_EMAIL=toy@localhost

# kernel VERSION [FROM]: a new one, or one like FROM
kernel() {
	local tree=$KERNELS/$1 name
	mkdir -p "$tree/drivers/dma-buf"
	[ -z "${2:-}" ] || cp -a "$KERNELS/$2/." "$tree"
	printf 'kernelversion:\n\t@echo %s\n' "$1" >"$tree/Makefile"
	: >"$tree/Kbuild"
	[ -z "${2:-}" ] || return 0
	for name in one two three; do
		seq -f "int ${name}_%g;" 60 >"$tree/drivers/dma-buf/$name.c"
	done
}

# patch NAME SED NEEDS [OVERLAY]: what SED does to the file NAME of the kernel; a topic of its own
patch() {
	local file=drivers/dma-buf/$1.c
	{
		printf '%s: Change a toy\n\nA reason  with   blanks.\n---\nSPDX-License-Identifier: GPL-2.0\n' "$1"
		[ -z "${4:-}" ] || echo "Overlay: $4"
		printf '\ndiff --git a/%s b/%s\n' "$file" "$file"
		sed "$2" "$KERNELS/9.1/$file" | diff -U3 --label "a/$file" --label "b/$file" "$KERNELS/9.1/$file" - || true
	} >"$PROJECT/patches/$1.patch"
	echo "# topic: $1" >>"$PROJECT/patches/series"
	[ -z "$3" ] || echo "# needs: $3" >>"$PROJECT/patches/series"
	echo "$1.patch" >>"$PROJECT/patches/series"
	echo "Toy $1" >"$PROJECT/patches/letters/$1.txt"
}

# project: on kernel 9.1, which lies in the cache as if it had been fetched
project() {
	local sum
	kernel 9.1
	mkdir -p "$PROJECT"/{patches/letters,drivers/dma-buf} "$CACHE"
	cp -a "$TOP/scripts" "$PROJECT"
	rm -r "$PROJECT/scripts/coccinelle"
	# Toys are mailed to nobody.
	printf '#!/bin/sh\n' | tee "$PROJECT/scripts/series-mails" >"$PROJECT/scripts/series-check"
	chmod +x "$PROJECT"/scripts/series-{mails,check}
	cp "$TOP/.gitignore" "$PROJECT"
	sum=$(sha256sum "$TOYS/one.c" | cut -c1-64)
	OLD=${sum:0:16}
	cp -a "$KERNELS/9.1" "$CACHE/linux-$OLD"
	sed -e 's/^BASE_VERSION=.*/BASE_VERSION=9.1/' -e 's/^BASE_PACKAGE=.*/BASE_PACKAGE=linux-source-9.1/' \
		-e 's/^BASE_PACKAGE_VERSION=.*/BASE_PACKAGE_VERSION=9.1-1/' -e 's/^BASE_SUITE=.*/BASE_SUITE=old/' \
		-e "s/^BASE_OTHER_SUITES=.*/BASE_OTHER_SUITES='fresh none'/" \
		-e "s/^BASE_SHA256=.*/BASE_SHA256=$sum/" "$TOP/BASE" >"$PROJECT/BASE"
	printf '# SPDX\n' >"$PROJECT/patches/series"
	patch one 's/one_20;/one_20 = 1;/' ''
	patch three 's/three_20;/three_20 = 1;/' one
	patch two 's/two_20;/two_20 = 1;/' 'one three' drivers/dma-buf/added.c
	seq -f 'int added_%g;' 60 >"$PROJECT/drivers/dma-buf/added.c"
	git -C "$PROJECT" init -q
	git -C "$PROJECT" add -A
	git -C "$PROJECT" commit -qm 'On 9.1'
}

# as_it_was: the project as it was committed
as_it_was() {
	rm -rf "$PROJECT/.bump"* "$PROJECT/build/bump/repo"
	git -C "$PROJECT" reset -q --hard
	git -C "$PROJECT" clean -qfd
}

# sums: of every file of the project
sums() { (cd "$PROJECT" && find . \( -name build -o -name .git -o -name '.bump*' \) -prune -o -type f -exec sha256sum {} + | sort -k2); }

# bump STATUS NAME=VALUE...: run it; it must end so.
bump() {
	local status=0
	env "${@:2}" "$PROJECT/scripts/bump" >"$SAID" 2>&1 || status=$?
	must [ "$status" = "$1" ]
}
by_git() { git -C "$PROJECT/build/bump/repo" "$@"; }
says() { grep -qF -- "$1" "$SAID"; }
# under TITLE NAME: the summary has NAME there.
under() {
	awk -v title="$1" -v name="$2" '/^[0-9]/ { on = $0 ~ "^[0-9]+ " title "$" }
		on && $1 == name { found = 1 }
		END { exit !found }' "$SAID"
}
untouched() { sums | cmp - "$TMP/old"; }
# above NAME: what a patch says above the hunks is what it said.
above() {
	cmp <(git -C "$PROJECT" show "HEAD:patches/$1" | sed '/^diff/,$d') <(sed '/^diff/,$d' "$PROJECT/patches/$1")
}
base() { grep -qxF -- "$1" "$PROJECT/BASE"; }
# line FILE LINE: the staged tree has it
line() { grep -qxF -- "$2" "$BUILD/src/phys/drivers/dma-buf/$1"; }
toy() { echo "$KERNELS/$1/drivers/dma-buf/$2"; }

# stand_ins: $TMP/archive/ before $PATH is Debian's archive, $TMP/death/ kills all that it belongs
# to, before the command that DIE names runs for the DIE_AT'th time.
stand_ins() {
	local tool version
	mkdir -p "$TMP"/{archive,death,debs}
	for version in 9.1 9.2; do
		mkdir -p "$TMP/deb/DEBIAN" "$TMP/deb/usr/src"
		printf 'Package: linux-source-%s\nVersion: %s-1\nArchitecture: all\nMaintainer: Toy\nDescription: toy\n' \
			$version $version >"$TMP/deb/DEBIAN/control"
		rm -f "$TMP"/deb/usr/src/*
		tar -cJf "$TMP/deb/usr/src/linux-source-$version.tar.xz" -C "$KERNELS" $version
		dpkg-deb -Znone -b "$TMP/deb" "$TMP/debs/linux-source-$version=$version-1.deb" >/dev/null
	done
	cat >"$TMP/archive/apt-get" <<-END
		#!/bin/sh
		case " \$* " in
		*' indextargets '*) sed -n 's,^VERSION_CODENAME=\(.*\),\1 toy:/archive,p' /etc/os-release ;;
		*' download '*) for what; do :; done; cp "$TMP/debs/\$what.deb" . ;;
		esac
	END
	cat >"$TMP/archive/apt-cache" <<-'END'
		#!/bin/sh
		case " $* " in
		*' pkgnames '*) printf 'linux-source-9.2\nlinux-source-9.1\n' ;;
		*) printf '%s | %s | toy:/archive %s/main amd64 Packages\n' linux-source-9.2 9.2-1 fresh \
			linux-source-9.2 9.2~rc7-1 fresh linux-source-9.1 9.1-1 old ;;
		esac
	END
	for tool in git mv; do
		cat >"$TMP/death/$tool" <<-END
			#!/bin/bash
			if [[ "$tool \$*" == \$DIE ]]; then
				echo >>"$TMP/death/count"
				[ "\$(wc -l <"$TMP/death/count")" != "\$DIE_AT" ] || kill -9 0
			fi
			exec $(command -v $tool) "\$@"
		END
	done
	chmod +x "$TMP"/{archive,death}/*
}

# dies GLOB N COMMAND...: with all that it started, before the N'th command that is like GLOB
dies() {
	rm -f "$TMP/death/count"
	{ DIE=$1 DIE_AT=$2 PATH=$TMP/death:$PATH setsid "${@:3}" >"$SAID" 2>&1; } 2>/dev/null || true
	[ "$(wc -l 2>/dev/null <"$TMP/death/count")" = "$2" ]
}
