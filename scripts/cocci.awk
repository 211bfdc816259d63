# SPDX-License-Identifier: GPL-2.0
# Which tables are imported, and what is done with them. In: facts of all files, as the semantic
# patches tell them with -D facts: FILE, LINE, KIND, FUNCTION, NAME, MORE. Out: FILE, KIND, WHAT,
# LINE of what concerns imports and exports.
#
# Names are followed from the calls that map a dma-buf: through assignments, parameters, return
# values, hooks and members. A member counts in its driver's folder, one of DRM's helpers in all
# drivers that use DRM's import, whatever structure it is in: rather too much than too little.
BEGIN {
	FS = OFS = "\t"
	first = last = 0
}

function node(file, where, name) {
	if (name ~ /\(\)$/)
		return "R:" name
	return where == "." ? "M:" scope(file) ":" name : "V:" file ":" where ":" name
}

function edge(from, to) { to_of[from] = to_of[from] to "\n" }

function taint(n) {
	if (!(n in tainted)) {
		tainted[n]
		queue[last++] = n
	}
}

{ line[NR] = $0 }
# The core takes tables of all importers, for each exporter.
$1 == "drivers/dma-buf/dma-buf.c" { line[NR] = ""; next }
$3 == "source" || $3 == "drm" { imports[scope($1)] }
$3 == "param" {
	params[$4] = params[$4] node($1, $4, $5) "\n"
	own_params[$1, $4] = own_params[$1, $4] node($1, $4, $5) "\n"
}
$3 == "hook" { hooked[$6] = hooked[$6] $5 "\n" }

function edges_to_params(from, file, fn,    list, i, n, p) {
	list = (file, fn) in own_params ? own_params[file, fn] : params[fn]
	n = split(list, p, "\n")
	for (i = 1; i < n; i++)
		edge(from, p[i])
}

function edges_of_call(from, file, callee,    i, n, g) {
	if (callee !~ /^->/) {
		edges_to_params(from, file, callee)
		return
	}
	n = split(hooked[callee], g, "\n")
	for (i = 1; i < n; i++)
		edges_to_params(from, "", g[i])
}

function edges_of(f,    n, w) {
	if (f[3] == "source")
		taint(node(f[1], f[4], f[5]))
	else if (f[3] == "return")
		edge(node(f[1], f[4], f[5]), "R:" f[6])
	else if (f[3] == "copy") {
		n = split(f[6], w, ":")
		edge(n == 1 ? "R:" f[6] : node(f[1], w[1], w[2]), node(f[1], f[4], f[5]))
	} else if (f[3] == "pass" && f[6] !~ /unmap_attachment|^drm_prime_gem_destroy/)
		edges_of_call(node(f[1], f[4], f[5]), f[1], f[6])
	# A member of a helper's structure, as its user names it
	if (f[4] == "." && scope(f[1]) in imports && f[1] ~ "^drivers/(gpu/drm|accel)/")
		edge("M:drivers/gpu/drm:" f[5], node(f[1], ".", f[5]))
	if (f[3] == "copy" && w[1] == "." && scope(f[1]) in imports && f[1] ~ "^drivers/(gpu/drm|accel)/")
		edge("M:drivers/gpu/drm:" w[2], node(f[1], ".", w[2]))
}

function spread(    n, i, next_of) {
	while (first < last) {
		n = split(to_of[queue[first]], next_of, "\n")
		delete queue[first++]
		for (i = 1; i < n; i++)
			taint(next_of[i])
	}
}

END {
	for (i = 1; i <= NR; i++)
		if (split(line[i], f, "\t"))
			edges_of(f)
	spread()
	for (i = 1; i <= NR; i++) {
		if (!split(line[i], f, "\t") || f[3] ~ /^(copy|pass|param|return|hook)$/)
			continue
		if (f[3] ~ /^(pages|list|dma|edit|sum32)$/ && !(node(f[1], f[4], f[5]) in tainted))
			continue
		print f[1], f[3], f[6] != "" ? f[6] : f[5], f[2]
	}
}
