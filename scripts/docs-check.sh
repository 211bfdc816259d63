# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by scripts/docs: what sphinx does not say about the pages. PAGES are all that the series
# adds or edits, OURS those that it adds; result() tells what each check wrote to its file.

check_pages() {
	names
	comments
	files
	tests
	quotes
}

# The kernel's markup leaves a name that nothing explains as it is, and knows the ampersands of
# kernel-doc in comments only. dma_buf_phys_vec_to_sgt() is the base's, and on no page.
names() {
	local page
	for page in "${OURS[@]}"; do
		grep -HnoE '&((struct|enum|union) |dma_buf_[a-z_]+\.)[a-z_]+' "$TOP/$page" | sed "s,^$TOP/,,"
		page=${page#Documentation/}
		grep -oE '<code class="[^"]*broken_xref[^"]*"[^>]*><span class="pre">[^/]*(</span> <span class="pre">[^/]*)?</span>' \
			"$HTML/${page%.rst}.html" | sed -e 's/<[^>]*>//g' -e "s,^,$page: nothing explains ,"
	done | grep -v dma_buf_phys_vec_to_sgt |
		grep -E '(^Documentation|dma_buf_phys|drm_prime_phys|phys_vec_slice|dma_buf_attach)' >"$SAID/names" || true
	result "every function and type of ours leads to its description" "$SAID/names"
}

# shellcheck disable=SC2016 # the quotes of RST are no commands
LITERAL_PATH='``(drivers|include|samples|tools|tests|scripts)/[^` ]*``'
# shellcheck disable=SC2016
LITERAL_TESTS='``[a-z-]+``: ``[a-z_0-9]+``(, ``[a-z_0-9]+``)*'

# A path in a literal, or Documentation/...: in the staged tree, or in this repository
files() {
	local page path
	for page in "${OURS[@]}"; do
		while read -r path; do
			compgen -G "$STAGED/$path" >/dev/null || compgen -G "$TOP/$path" >/dev/null ||
				echo "$page: there is no $path"
		done < <(grep -oE "($LITERAL_PATH|Documentation/[A-Za-z0-9_./-]*[a-z])" "$TOP/$page" |
			tr -d '`' | sort -u)
	done >"$SAID/files"
	result "every file that a page names exists" "$SAID/files"
}

# ``suite``: ``case``, ``case``...
tests() {
	local page words word
	for page in "${OURS[@]}"; do
		while read -r words; do
			for word in $words; do
				grep -rqE "(\"$word\"|[ 	]$word\\(struct kunit)" --include='*.c' "$TOP/drivers" ||
					echo "$page: there is no KUnit suite or case $word"
			done
		done < <(tr '\n' ' ' <"$TOP/$page" | tr -s ' ' | grep -oE "$LITERAL_TESTS" | tr '`:,' '   ')
	done >"$SAID/tests"
	result "every KUnit case that a page names exists" "$SAID/tests"
}

# What a kernel-doc directive asks for by name, which the kernel's sphinx set-up passes over in
# silence if it is not there
comments() {
	local page file kind name
	for page in "${PAGES[@]}"; do
		while read -r file kind name; do
			case $kind in
			doc) grep -qE "DOC: *$name *\$" "$STAGED/$file" ;;
			export) grep -q 'EXPORT_SYMBOL' "$STAGED/$file" ;;
			internal) grep -q '^/\*\*' "$STAGED/$file" ;;
			*) grep -qE "^ \* ([a-z]+ )?$name( |\(|:|\$)" "$STAGED/$file" ;;
			esac || echo "$page: $file has no '${name:-$kind}'"
		done < <(awk '/^\.\. kernel-doc::/ { file = $3; next }
			!/^ / { file = ""; next }
			file && /^ +:(export|internal):/ { gsub(/:/, "", $1); print file, $1 }
			file && /^ +:doc:/ { sub(/^ +:doc: */, ""); print file, "doc", $0 }
			file && /^ +:(identifiers|functions):/ { for (i = 2; i <= NF; i++) print file, "name", $i }' \
			"$STAGED/$page")
	done >"$SAID/comments"
	result "every comment that a page asks for exists" "$SAID/comments"
}

# Between '...' a quote must be lines of the base's file as they follow each other.
quotes() {
	local page
	for page in "${OURS[@]}"; do
		awk -v base="$PRISTINE" -v page="$page" '
		function plain(text) { gsub(/[ \t]+/, " ", text); sub(/^ /, "", text); return text }
		function load(name,    text) {
			nr = 0
			while ((getline text <name) > 0)
				if (plain(text) != "") line[++nr] = plain(text)
			close(name)
		}
		function check(    at, i) {
			for (at = from; n && at + n - 1 <= nr; at++) {
				for (i = 1; i <= n && line[at + i - 1] == quote[i]; i++) ;
				if (i > n) break
			}
			if (n && at + n - 1 > nr) print page ":" first ": not in the base: " quote[1] " ..."
			else from = at + n
			n = 0
		}
		/^[^ \t]/ { if (file) check(); file = "" }
		/^\.\. code-block::/ { block = 1; next }
		/^[^ \t]/ { block = 0 }
		block && /^ +:caption: / { file = base "/" $2; load(file); from = 1; n = 0; next }
		!block || !file || /^ *:/ || /^[ \t]*$/ { next }
		/^[ \t]*\.\.\.$/ { check(); next }
		{ if (!n) first = FNR; quote[++n] = plain($0) }
		END { if (file) check() }' \
			"$TOP/$page"
	done >"$SAID/quotes"
	result "what a page quotes of the old code is the base's" "$SAID/quotes"
}
