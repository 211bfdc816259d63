# SPDX-License-Identifier: GPL-2.0
# The tables of Documentation/driver-api/dma-buf-phys-importers.rst, out of what scripts/cocci.awk
# found and of three files before it, in this order:
#   REMARKS  ROW, REMARK, FILE: what a reader of the code says about a row; the file that has what
#            the series makes of it. ROW may end in /*
#   SERIES   files that use mappings or descriptions in the patched tree
# A row is a driver's folder, or a file of a shared one. A row without a remark, or a remark
# without a row, is told on stderr and fails.
BEGIN {
	FS = "\t"
	nkinds = split("pages list dma edit sum32 size32 cpu static dynamic invalidates drm", kinds, " ")
	says["pages"] = "uses pages"
	says["list"] = "goes by the unmapped list"
	says["dma"] = "walks DMA addresses"
	says["edit"] = "edits the table"
	says["sum32"] = "sums or fields of 32 bits"
	says["size32"] = "32 bit size"
	says["cpu"] = "CPU vmap"
	says["static"] = "attaches statically"
	says["dynamic"] = "attaches dynamically"
	says["invalidates"] = "has invalidate_mappings"
	says["drm"] = "imports by DRM's helper"
}

function row_of(file) {
	if (file ~ "^drivers/(gpu/drm|accel)/[^/]*/" || file ~ "^drivers/gpu/host1x/" ||
	    file ~ "^drivers/media/(pci|platform)/" || file ~ "^drivers/staging/")
		sub("/[^/]*$", "", file)
	if (file ~ "^drivers/gpu/drm/")
		file = substr(file, 1, match(file "/", "^drivers/gpu/drm/[^/]*/") ? RLENGTH - 1 : 99)
	if (file ~ "^drivers/accel/")
		file = substr(file, 1, match(file "/", "^drivers/accel/[^/]*/") ? RLENGTH - 1 : 99)
	return file
}

FILENAME == ARGV[1] { if ($0 !~ /^#/) { remark[$1] = $2; made_in[$1] = $3 } next }
FILENAME == ARGV[2] { in_series[$1]; next }
# Tests, and the functions that others call
$1 ~ "/(self)?tests?/|/selftest|^drivers/dma-buf/dma-buf" { next }
$2 == "exporter" || $2 == "pageless" {
	exports[$1]
	if ($2 == "pageless")
		pageless[$1] = $3
	else
		maps_by[$1] = maps_by[$1] (maps_by[$1] ? ", " : "") $3
	next
}
{
	row = row_of($1)
	if ($2 != "drm")
		importer[row]
	if ($2 == "drm")
		by_drm[row]
	base = $1
	sub(".*/", "", base)
	if (!((row, $2, base) in seen)) {
		seen[row, $2, base]
		where[row, $2] = where[row, $2] (where[row, $2] ? ", " : "") base
	}
}
function sorted(set, out,    n, i, j, key, t) {
	for (key in set)
		out[++n] = key
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && out[j] < out[j - 1]; j--) {
			t = out[j]; out[j] = out[j - 1]; out[j - 1] = t
		}
	return n
}

# key_of(ROW): under which its remark is.
function key_of(row,    key) {
	key = row
	if (!(key in remark))
		sub("/[^/]*$", "/*", key)
	if (!(key in remark))
		sub("/[^/]*/[*]$", "/*/*", key)
	if (!(key in remark)) {
		print "no remark for " row > "/dev/stderr"
		bad = 1
		key = row
	}
	used[key]
	return key
}

function here(key) {
	if (made_in[key] == "")
		return "no"
	if (made_in[key] in in_series)
		return "yes"
	print made_in[key] " has nothing of the series" > "/dev/stderr"
	bad = 1
}

function head(a, b, c, d) {
	print ".. list-table::\n   :header-rows: 1\n"
	line(a, b, c, d)
}
function line(a, b, c, d) {
	print "   * - " a "\n     - " b "\n     - " c "\n     - " d
}

function importers(    n, i, k, row, rows, does, key) {
	n = sorted(importer, rows)
	print "Importers\n=========\n"
	head("Importer", "What it does", "Here", "What is needed, or left")
	for (i = 1; i <= n; i++) {
		row = rows[i]
		does = ""
		for (k = 1; k <= nkinds; k++)
			if ((row, kinds[k]) in where)
				does = does (does ? "; " : "") says[kinds[k]] \
					(row ~ /\.[ch]$/ ? "" : " (" where[row, kinds[k]] ")")
		key = key_of(row)
		line(row, does ? does : "passes it on", here(key), remark[key])
	}
}

function exporters(    n, i, rows, file, key) {
	n = sorted(exports, rows)
	print "\nExporters\n=========\n"
	head("Exporter", "Table", "Here", "What is needed, or left")
	for (i = 1; i <= n; i++) {
		file = rows[i]
		key = key_of("export " file)
		line(file, (maps_by[file] ? "by " maps_by[file] : "") (maps_by[file] && pageless[file] ? "; " : "") \
			(pageless[file] ? "without pages: " pageless[file] : ""),
			here(key), remark[key])
	}
}

# What has no row of its own
function helped(    n, i, rows, list, text) {
	n = sorted(by_drm, rows)
	text = "These drivers of DRM import by its helpers and do nothing else with tables:"
	for (i = 1; i <= n; i++) {
		if (rows[i] in importer)
			continue
		sub(".*/", "", rows[i])
		if (length(text) + length(rows[i]) > 88) {
			list = list text "\n"
			text = rows[i]
		} else
			text = text " " rows[i]
		text = text ","
	}
	sub(",$", ".", text)
	print "\n" list text
}

END {
	importers()
	helped()
	exporters()
	for (key in remark)
		if (!(key in used)) {
			print "a remark on " key ", which was not found" > "/dev/stderr"
			bad = 1
		}
	exit bad
}
