# SPDX-License-Identifier: GPL-2.0
# figures.tsv as tables of Documentation/driver-api/dma-buf-phys-speed.rst: those of -v part=,
# which is costs, sizes, holes or revokes. tests/bench/docs puts them there.
BEGIN { FS = "\t" }
FNR == 1 || $1 != "icount" { next }
{
	way = $7 == "sgt" && $3 == "base" ? "base" : $7
	key = $2 FS $4 FS $5 FS $6 FS way FS $8
	time[key] = $9 ~ /^E/ ? "fails" : $9
	flushes[key] = $14; leaves[key] = $15; least[key] = $16
	bytes[key] = $10; tables[key] = $12
}

# commas(N): with a blank between thousands
function commas(n,    s) {
	if (n !~ /^[0-9]+$/)
		return n
	for (; length(n) > 3; n = substr(n, 1, length(n) - 3))
		s = " " substr(n, length(n) - 2) s
	return n s
}
function value(array, key) { return key in array ? commas(array[key]) : "-" }

function rule(widths, n,    i, j) {
	for (i = 1; i <= n; i++) {
		for (j = 0; j < widths[i]; j++)
			printf "="
		printf i < n ? "  " : "\n"
	}
}
function row(cells, widths, n,    i) {
	for (i = 1; i <= n; i++)
		printf i < n ? "%-" widths[i] "s  " : "%s\n", cells[i]
}

# costs(TITLE, MACHINE, ROUTE, STEP, WAYS, HEADS): a line for each number of 4 KiB ranges, a column for each way
function costs(title, machine, route, step, ways, heads,    n, i, k, w, h, cells, widths, list) {
	n = split(ways, w, " ")
	split(heads, h, "|")
	widths[1] = 7
	cells[1] = "ranges"
	for (i = 1; i <= n; i++) {
		cells[i + 1] = h[i]
		widths[i + 1] = 12
	}
	printf "\n%s:\n\n", title
	rule(widths, n + 1)
	row(cells, widths, n + 1)
	rule(widths, n + 1)
	split("1 16 256 1024 4096 65536", list, " ")
	for (k = 1; k in list; k++) {
		cells[1] = commas(list[k])
		for (i = 1; i <= n; i++)
			cells[i + 1] = value(time, machine FS route FS "4K" FS list[k] FS w[i] FS step)
		row(cells, widths, n + 1)
	}
	rule(widths, n + 1)
}

function sizes(    n, k, f, list, cells, widths, key, old) {
	printf "\nLeaf entries of one mapping, and instructions to map:\n\n"
	split("22 9 12 12 12 12 12", widths, " ")
	rule(widths, 7)
	split("layout,IOMMU,7.3.4 cured,here,least,7.3.4 cured,here", cells, ",")
	row(cells, widths, 7)
	rule(widths, 7)
	split("4K+4M 64|64K 1024|2M 1024|mixed 1024|64G 1", list, "|")
	for (k = 1; k in list; k++) {
		split(list[k], f, " ")
		for (n = 0; n < 2; n++) {
			key = (n ? "amd" : "intel") FS "iova" FS f[1] FS f[2] FS
			cells[1] = commas(f[2]) " x " f[1]
			cells[2] = n ? "AMD" : "VT-d"
			cells[3] = value(leaves, key "sgt" FS "map")
			cells[4] = value(leaves, key "ours" FS "map")
			cells[5] = value(least, key "ours" FS "map")
			cells[6] = value(time, key "sgt" FS "map")
			cells[7] = value(time, key "ours" FS "map")
			row(cells, widths, 7)
		}
	}
	rule(widths, 7)
}

function revokes(    k, list, cells, widths, key) {
	printf "\nA revoke of n mappings in one domain, instructions and flushes:\n\n"
	split("9 14 8 14 8 14 8", widths, " ")
	rule(widths, 7)
	split("mappings,7.3.4,flushes,importer,flushes,core,flushes", cells, ",")
	row(cells, widths, 7)
	rule(widths, 7)
	split("1 64 1024 10000", list, " ")
	for (k = 1; k in list; k++) {
		key = "intel" FS "many" FS "4K" FS list[k] FS
		cells[1] = commas(list[k])
		cells[2] = value(time, key "base" FS "revoke")
		cells[3] = value(flushes, key "base" FS "revoke")
		cells[4] = value(time, key "ours" FS "revoke")
		cells[5] = value(flushes, key "ours" FS "revoke")
		cells[6] = value(time, key "left" FS "revoke")
		cells[7] = value(flushes, key "left" FS "revoke")
		row(cells, widths, 7)
	}
	rule(widths, 7)
}

function all_costs(    ways, heads) {
	ways = "base sgt bridge ours floor batch"
	heads = "7.3.4|7.3.4 cured|old importer|here|floor|batched floor"
	costs("To map, behind VT-d", "intel", "iova", "map", ways, heads)
	costs("To unmap, behind VT-d", "intel", "iova", "unmap", ways, heads)
	costs("To map, behind amd-iommu", "amd", "iova", "map", ways, heads)
	costs("To map into an IOMMU domain, VT-d", "intel", "domain", "map", "ours floor batch", "here|floor|batched floor")
	costs("To map without an IOMMU", "direct", "direct", "map", "base bridge ours floor", "7.3.4|old importer|here|floor")
	costs("To walk, PCI bus addresses (there is nothing to map)", "bus", "bus", "walk", "base bridge ours floor", "7.3.4|old importer|here|floor")
	costs("To map, PCI bus addresses", "bus", "bus", "map", "base bridge ours floor", "7.3.4|old importer|here|floor")
}
# per_hole(MACHINE, WAY, STEP): what a hole behind each of 1024 ranges adds, for each
function per_hole(machine, way, step,    key) {
	key = machine FS "iova" FS "4K" FS 1024 FS
	if (!((key way FS step) in time))
		return "-"
	return commas(int(time[key way FS step] / 1024 - time[key "floor" FS step] / 1024 + 0.5))
}
function holes(    n, cells, widths) {
	printf "\nWhat a hole costs, instructions:\n\n"
	split("8 6 24 20", widths, " ")
	rule(widths, 4)
	split("IOMMU,map,unmap with a flush each,unmap with one flush", cells, ",")
	row(cells, widths, 4)
	rule(widths, 4)
	for (n = 0; n < 2; n++) {
		cells[1] = n ? "AMD" : "VT-d"
		cells[2] = per_hole(n ? "amd" : "intel", "holes", "map")
		cells[3] = per_hole(n ? "amd" : "intel", "holes", "unmap")
		cells[4] = per_hole(n ? "amd" : "intel", "gather", "unmap")
		row(cells, widths, 4)
	}
	rule(widths, 4)
}
END {
	if (part == "costs")
		all_costs()
	else if (part == "sizes")
		sizes()
	else if (part == "holes")
		holes()
	else if (part == "revokes")
		revokes()
}
