#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# table.sh [LOGS]: what tests/vm/compare and tests/vm/big measured, base against here, as the
# table in README.md. Reads the outputs of `make vm-test T='compare*'` in build/logs/vm.
set -euo pipefail
LOGS=${1:-$(dirname "$0")/../../build/logs/vm}

# rows NAME...: 'what | result' of all outputs whose names begin like that, sorted
rows() {
	sed -n 's/^ *# table | //p' "$@" | tr -d '\r' | sort -u
}

echo '| | base | here | here, old importer |'
echo '|---|---|---|---|'
join -t '|' -a 1 -a 2 -e ' - ' -o 0,1.2,2.2 \
	<(rows "$LOGS"/compare-base-*.out | sed 's/ (scatterlist) |/ |/' | sed 's/ | /|/' | sort -t '|' -k 1,1) \
	<(rows "$LOGS"/compare-here-*.out | sed 's/ | /|/' | sort -t '|' -k 1,1) |
	join -t '|' -a 1 -e ' - ' -o 0,1.2,1.3,2.2 - \
		<(rows "$LOGS"/compare-old-*.out | sed 's/ (scatterlist) |/ |/' | sed 's/ | /|/' | sort -t '|' -k 1,1) |
	awk -F '|' '{ printf "| %s | %s | %s | %s |\n", $1, $2, $3, $4 }' | tr -s ' ' | sort -V
