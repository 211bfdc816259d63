# SPDX-License-Identifier: GPL-2.0
# figures.tsv against the bars: a line for each, 'met' or 'MISSED', the figure and the limit.
# The exit status is 1 if one is missed. All figures are of the same run.
BEGIN { FS = "\t" }
FNR == 1 || $1 != "icount" { next }
{
	way = $7
	if (way == "sgt" && $3 == "base")
		way = "base"
	key = $2 FS $4 FS $5 FS $6 FS way FS $8
	time[key] = $9; bytes[key] = $10; atomic[key] = $13; flushes[key] = $14
	leaves[key] = $15; least[key] = $16
	if (way == "ours" && $8 == "map")
		cases[++n_cases] = $2 FS $4 FS $5 FS $6
	numbers[$2, $4, $5] = numbers[$2, $4, $5] " " $6
}

# bar(WHAT, FIGURE, LIMIT): a figure that is missing misses its bar.
function bar(what, figure, limit,    met) {
	met = figure != "" && figure + 0 <= limit + 0
	printf "%-6s  %-66s %10s  limit %s\n", met ? "met" : "MISSED", what,
		figure == "" ? "none" : sprintf(figure == int(figure) ? "%d" : "%.3f", figure), limit
	if (!met)
		missed++
}
function t(machine, route, layout, n, way, step,    v) {
	v = time[machine FS route FS layout FS n FS way FS step]
	return v ~ /^[0-9]+$/ ? v + 0 : ""
}
function ratio(a, b) { return a == "" || b == "" || b == 0 ? "" : a / b }
function minus(a, b) { return a == "" || b == "" ? "" : a - b }

# worst_beyond(MACHINE, ROUTE, WAY, STEP, PER): what ours costs more than that way at most, less PER
# for each range. With more ranges than that there is a timer interrupt in each figure.
function worst_beyond(machine, route, way, step, per,    list, i, d, worst) {
	split("1 4 16 64 256 1024 4096", list, " ")
	for (i in list) {
		d = minus(t(machine, route, "4K", list[i], "ours", step),
			t(machine, route, "4K", list[i], way, step))
		if (d == "")
			continue
		d -= per * list[i]
		if (worst == "" || d > worst)
			worst = d
	}
	return worst
}
function worst_ratio(machine, route, layout, from, way, step,    list, i, r, worst) {
	split(numbers[machine, route, layout], list, " ")
	for (i in list) {
		if (list[i] < from || t(machine, route, layout, list[i], "ours", step) == "")
			continue
		r = ratio(t(machine, route, layout, list[i], "ours", step),
			t(machine, route, layout, list[i], way, step))
		if (r != "" && r > worst)
			worst = r
	}
	return worst
}

# grown(...): how much more one of N2 costs than one of N1
function grown(machine, route, layout, n1, n2, way, step) {
	return ratio(ratio(t(machine, route, layout, n2, way, step), n2),
		ratio(t(machine, route, layout, n1, way, step), n1))
}

function batch_bars() {
	bar("4K x 1024, VT-d: map / scatterlist",
		ratio(t("intel", "iova", "4K", 1024, "ours", "map"), t("intel", "iova", "4K", 1024, "sgt", "map")), 0.15)
	bar("4K x 1024, AMD: map / scatterlist",
		ratio(t("amd", "iova", "4K", 1024, "ours", "map"), t("amd", "iova", "4K", 1024, "sgt", "map")), 0.30)
	bar("4K x 1, VT-d: batched entry - single entry, instructions",
		minus(t("intel", "domain", "4K", 1, "batch", "map"), t("intel", "domain", "4K", 1, "floor", "map")), 0)
	bar("4K x 1, AMD: batched entry - single entry, instructions",
		minus(t("amd", "domain", "4K", 1, "batch", "map"), t("amd", "domain", "4K", 1, "floor", "map")), 0)
}
function around_bars() {
	bar("VT-d: map beyond alloc + batched link + sync, any n", worst_beyond("intel", "iova", "batch", "map", 0), 250)
	bar("AMD: map beyond alloc + batched link + sync, any n", worst_beyond("amd", "iova", "batch", "map", 0), 250)
	bar("VT-d: unmap beyond dma_iova_destroy, any n", worst_beyond("intel", "iova", "batch", "unmap", 0), 80)
	bar("AMD: unmap beyond dma_iova_destroy, any n", worst_beyond("amd", "iova", "batch", "unmap", 0), 80)
}
function untranslated_bars(    walk) {
	bar("direct: map beyond a plain loop and 3 for each range", worst_beyond("direct", "direct", "floor", "map", 3), 250)
	bar("direct: map / scatterlist from 64 ranges on", worst_ratio("direct", "direct", "4K", 64, "sgt", "map"), 0.62)
	bar("bus: map of 4096 beyond map of 1", minus(t("bus", "bus", "4K", 4096, "ours", "map"), t("bus", "bus", "4K", 1, "ours", "map")), 8)
	walk = minus(t("bus", "bus", "4K", 4096, "ours", "walk"), t("bus", "bus", "4K", 1, "ours", "walk"))
	bar("bus: walk, for each range", ratio(walk, 4095), 12)
	bar("bus: (map + walk) / scatterlist, 1024 ranges",
		ratio(t("bus", "bus", "4K", 1024, "ours", "map") + t("bus", "bus", "4K", 1024, "ours", "walk"),
			t("bus", "bus", "4K", 1024, "sgt", "map") + t("bus", "bus", "4K", 1024, "sgt", "walk")), 0.15)
}
function grown_bytes(machine, route,    a, b) {
	a = bytes[machine FS route FS "4K" FS 4096 FS "ours" FS "map"]
	b = bytes[machine FS route FS "4K" FS 256 FS "ours" FS "map"]
	return minus(a, b)
}
function memory_bars() {
	bar("bytes for 4096 ranges beyond those for 256, VT-d", grown_bytes("intel", "iova"), 0)
	bar("bytes for 4096 ranges beyond those for 256, AMD", grown_bytes("amd", "iova"), 0)
	bar("bytes for 4096 ranges beyond those for 256, bus", grown_bytes("bus", "bus"), 0)
	bar("bytes of an importer's mapping", bytes["intel" FS "object" FS "any" FS 1 FS "ours" FS "map"], 192)
}

# Of all layouts and numbers on one machine: the worst of a count, as a maximum or a sum
function worst_leaves(machine,    i, f, key, worst) {
	for (i = 1; i <= n_cases; i++) {
		split(cases[i], f, FS)
		key = cases[i] FS "ours" FS "map"
		if (f[1] != machine || f[2] != "iova" || !least[key])
			continue
		if (leaves[key] / least[key] > worst)
			worst = leaves[key] / least[key]
	}
	return worst
}
function most(array, machine, route, step,    i, f, key, worst) {
	for (i = 1; i <= n_cases; i++) {
		split(cases[i], f, FS)
		key = cases[i] FS "ours" FS step
		if (f[1] != machine || f[2] != route || !(key in array) || array[key] !~ /^[0-9]+$/)
			continue
		if (worst == "" || array[key] + 0 > worst)
			worst = array[key] + 0
	}
	return worst
}
function table_bars() {
	bar("leaves written / least possible, any layout, VT-d", worst_leaves("intel"), 1.00)
	bar("leaves written / least possible, any layout, AMD", worst_leaves("amd"), 1.00)
	bar("tables allocated without sleeping, any layout, VT-d", most(atomic, "intel", "iova", "map"), 0)
	bar("tables allocated without sleeping, any layout, AMD", most(atomic, "amd", "iova", "map"), 0)
	bar("domain: map / batched entry from 64 ranges on, VT-d", worst_ratio("intel", "domain", "4K", 64, "batch", "map"), 1.10)
	bar("domain: map / batched entry from 64 ranges on, AMD", worst_ratio("amd", "domain", "4K", 64, "batch", "map"), 1.10)
	bar("domain: map beyond batched entry + sync, any n, VT-d", worst_beyond("intel", "domain", "batch", "map", 0), 250)
	bar("domain: map beyond batched entry + sync, any n, AMD", worst_beyond("amd", "domain", "batch", "map", 0), 250)
}
function flush_bars(    k, list) {
	bar("flushes of a map, any layout, VT-d", most(flushes, "intel", "iova", "map"), 1)
	bar("flushes of a map, any layout, AMD", most(flushes, "amd", "iova", "map"), 1)
	bar("flushes of an unmap, any layout, VT-d", most(flushes, "intel", "iova", "unmap"), 1)
	bar("flushes of an unmap, any layout, AMD", most(flushes, "amd", "iova", "unmap"), 1)
	bar("flushes of an unmap, lazy domain", most(flushes, "lazy", "iova", "unmap"), 0)
	split("1 64 1024", list, " ")
	for (k = 1; k in list; k++)
		bar("flushes of a revoke of " list[k] " mappings",
			flushes["intel" FS "many" FS "4K" FS list[k] FS "left" FS "revoke"], 1)
	bar("revoke: one mapping of 1024 / one of 64", grown("intel", "many", "4K", 64, 1024, "left", "revoke"), 1.2)
}
function scale_bars() {
	bar("one importer of 10000 / one of 1024: attach", grown("intel", "many", "4K", 1024, 10000, "ours", "attach"), 1.2)
	bar("one importer of 10000 / one of 1024: revoke", grown("intel", "many", "4K", 1024, 10000, "left", "revoke"), 1.2)
	bar("one importer of 10000 / one of 1024: detach", grown("intel", "many", "4K", 1024, 10000, "ours", "detach"), 1.2)
	bar("one range of 1000000 / one of 100000: map, VT-d", grown("intel", "iova", "4K", 100000, 1000000, "ours", "map"), 1.2)
	bar("one range of 1000000 / one of 100000: unmap, VT-d", grown("intel", "iova", "4K", 100000, 1000000, "ours", "unmap"), 1.2)
	bar("one range of 1000000 / one of 100000: walk, bus", grown("bus", "bus", "4K", 100000, 1000000, "ours", "walk"), 1.2)
	bar("one range of 1000000 / one of 100000: map, direct", grown("direct", "direct", "4K", 100000, 1000000, "ours", "map"), 1.2)
	bar("one range of 1 TiB in 4096 / of 128 GiB in 512: map, VT-d", grown("intel", "iova", "256M", 512, 4096, "ours", "map"), 1.2)
}
# What a hole behind each of 1024 ranges costs, for each; no bar.
function holes(machine,    map, unmap, gather) {
	map = minus(t(machine, "iova", "4K", 1024, "holes", "map"), t(machine, "iova", "4K", 1024, "floor", "map"))
	unmap = minus(t(machine, "iova", "4K", 1024, "holes", "unmap"), t(machine, "iova", "4K", 1024, "floor", "unmap"))
	gather = minus(t(machine, "iova", "4K", 1024, "gather", "unmap"), t(machine, "iova", "4K", 1024, "floor", "unmap"))
	if (map != "")
		printf "        a hole in the IOVA space, %s: map %d, unmap %d, unmap gathered %s instructions\n",
			machine, map / 1024, unmap / 1024, gather == "" ? "-" : int(gather / 1024)
}
END {
	batch_bars()
	around_bars()
	untranslated_bars()
	memory_bars()
	table_bars()
	flush_bars()
	scale_bars()
	holes("intel")
	holes("amd")
	printf "%s\n", missed ? missed " bars missed" : "all bars met"
	exit missed > 0
}
