# SPDX-License-Identifier: MIT
# judge.awk [-v judge=phys] [-v list=y] BASE.tsv HERE.tsv: one line for each test that ran on
# either kernel; or a list of those that are worse here.
#
# What passed on the base must pass here, and may not make the kernel warn if it did not there.
# What is no better there is skipped, not passed. Of the suite 'phys' all must pass.
BEGIN { FS = "\t" }
function rank(result) {
	if (result ~ /^(pass|warn)$/)	# warn: something on stderr
		return 3
	return result == "dmesg-warn" ? 2 : result == "" ? 0 : 1
}
{
	name = $1 ": " $2
	if (!(name in seen)) {
		seen[name] = 1
		names[n++] = name
		entry[name] = $1 "|" $2
	}
}
FNR == NR { base[name] = $3; next }
{ here[name] = $3; why[name] = $4 }
END {
	for (i = 0; i < n; i++) {
		name = names[i]
		case_ = "igt: " name
		sub(/igt: -: /, "igt: ", case_)
		worse = rank(here[name]) < (judge == "phys" ? 3 : rank(base[name]))
		if (list) {
			if (worse)
				print entry[name]
		} else if (rank(here[name]) == 3)
			print "ok - " case_
		else if (here[name] == "skip" && (judge == "phys" || !worse))
			print "ok - " case_ " # SKIP " (why[name] == "" ? "not for this driver" : why[name])
		else if (!worse)
			print "ok - " case_ " # SKIP " here[name] ", on the base as well"
		else
			print "not ok - " case_ ": " (here[name] == "" ? "did not run" : here[name]) \
				", on the base: " (base[name] == "" ? "did not run" : base[name])
	}
}
