# SPDX-License-Identifier: GPL-2.0
# figures.tsv as a table to read: a line for each case and step, a column for each way.
#
#   base    7.3.4 as it is; E98 is EADDRINUSE, where its offset bug strikes
#   cured   the same helper on our kernel, whose series mends that bug
#   bridge  an old importer, which wants a scatterlist, of a described buffer
#   ours    a described buffer, mapped by the core
#   left    importers that leave it to the core to unmap what is revoked
#   floor   what has to be done range by range, and nothing else
#   batch   the same, but all page table entries by one walk
#
# The floor behind an IOMMU is there in its parts as well: alloc, link, sync, unlink, free.
# Route many is n importers of one range, whose memory is revoked.
BEGIN {
	FS = "\t"
	split("attach map walk revoke unmap detach alloc link sync unlink free", steps, " ")
	split("base cured bridge ours left floor batch", columns, " ")
	for (i = 1; i in columns; i++)
		head = head sprintf(" %10s", columns[i])
	about_ours = "of ours: bytes, allocations, flushes, leaves/least"
}
FNR == 1 || $4 == "object" { next }
{
	column = $7
	if ($7 == "sgt")
		column = $3 == "base" ? "base" : "cured"
	else if ($3 == "base")
		next
	else if ($7 == "parts")
		column = "floor"
	case_ = $1 FS $2 FS $4 FS $5 FS $6
	if (!seen[case_]++)
		order[++n] = case_
	there[case_, $8] = 1
	time[case_, $8, column] = $9
	if (column == "ours") {
		about[case_, $8] = sprintf("%8s %6s %6s", $10, $11, $14)
		if ($15 != "-")
			about[case_, $8] = about[case_, $8] sprintf("  %s/%s", $15, $16)
	}
}
function heading(clock, machine, route) {
	printf "\n%s, the least of several; machine %s, route %s; %s\n",
		clock == "icount" ? "instructions" : "ticks of the clock", machine, route, about_ours
	printf "%-6s %6s %-6s%s\n", "layout", "n", "step", head
}
END {
	for (k = 1; k <= n; k++) {
		split(order[k], f, FS)
		if (f[1] FS f[2] FS f[3] != part)
			heading(f[1], f[2], f[3])
		part = f[1] FS f[2] FS f[3]
		for (s = 1; s in steps; s++) {
			if (!((order[k], steps[s]) in there))
				continue
			printf "%-6s %6s %-6s", f[4], f[5], steps[s]
			for (i = 1; i in columns; i++) {
				v = time[order[k], steps[s], columns[i]]
				printf " %10s", v == "" ? "-" : v
			}
			printf "  %s\n", about[order[k], steps[s]]
		}
	}
}
