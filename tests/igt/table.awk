# SPDX-License-Identifier: MIT
# table.awk LIST-KERNEL.tsv...: how many subtests of each program passed, failed and skipped, on
# the base and here, as a table; below it what differs.
BEGIN { FS = "\t" }
FNR == 1 { where = FILENAME ~ /-base\.tsv$/ ? "base" : "here" }
{
	split($2, part, "@")
	row = part[1] " | " ($1 == "-" ? "" : $1)
	if (!(row in seen)) {
		seen[row] = 1
		rows[n++] = row
	}
	result = $3 ~ /^(pass|warn|dmesg-warn)$/ ? "pass" : $3 == "skip" ? "skip" : "fail"
	count[row, where, result]++
	test = ($1 == "-" ? "" : $1 ": ") $2
	if (!(test in known)) {
		known[test] = 1
		tests[m++] = test
	}
	got[test, where] = result
}
function numbers(row, where) {
	return count[row, where, "pass"] + 0 " / " count[row, where, "fail"] + 0 " / " \
		count[row, where, "skip"] + 0
}
END {
	print "| program | driver | base: passed / failed / skipped | here |"
	print "|---|---|---|---|"
	for (i = 0; i < n; i++) {
		print "| " rows[i] " | " numbers(rows[i], "base") " | " numbers(rows[i], "here") " |"
		for (w = split("base here", where2, " "); w; w--)
			for (r = split("pass fail skip", kind, " "); r; r--)
				sum[where2[w], kind[r]] += count[rows[i], where2[w], kind[r]]
	}
	printf "| **all** | |"
	for (w = 1; w <= 2; w++)
		printf " %d / %d / %d |", sum[where2[w], "pass"], sum[where2[w], "fail"], sum[where2[w], "skip"]
	print ""
	print ""
	for (i = 0; i < m; i++) {
		b = got[tests[i], "base"]
		h = got[tests[i], "here"]
		if (b != h)
			printf "- %s: %s on the base, %s here\n", tests[i], b == "" ? "not run" : b, \
				h == "" ? "not run" : h
	}
}
