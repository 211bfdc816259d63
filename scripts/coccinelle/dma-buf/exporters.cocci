// SPDX-License-Identifier: GPL-2.0-only
/// Exporters that hand out sg_tables without pages.
///
/// Such a table of device memory has DMA addresses that dma_map_resource() made
/// for each entry. That knows no peer to peer routes, and the entries' pages are
/// NULL. An exporter describes such memory with &dma_buf_export_info.phys instead,
/// and dma_buf_phys_map_dma_buf() makes the tables for old importers.
///
// Confidence: High
// Comments: A function that maps a resource and writes its address into an entry
// Comments: of a list is taken for one that makes such a table.
// Options: --no-includes --include-headers --use-coccigrep

virtual report
virtual org
virtual context
virtual facts

@initialize:python@
@@
judging = True
speak = None

def fact(p, kind, what):
    print('\t'.join([p.file, p.line, kind, p.current_element, what, '']))

def pageless(p, by):
    if not judging:
        fact(p, 'pageless', by)
    elif speak:
        speak(p, "hands out a table without pages: " + by)

@initialize:python depends on facts@
@@
judging = False

@initialize:python depends on report@
@@
speak = coccilib.report.print_report

@initialize:python depends on org@
@@
speak = coccilib.org.print_todo

@resource@
identifier fn;
position p;
@@
fn(...)
{
<+...
dma_map_resource@p(...)
...+>
}

@entries@
identifier resource.fn;
expression E, A;
@@
fn(...)
{
<+...
sg_dma_address(E) = A
...+>
}

@script:python depends on entries@
p << resource.p;
@@
pageless(p[0], 'dma_map_resource()')

@depends on context && entries@
position resource.p;
@@
* dma_map_resource@p(...)

@vec@
position p;
@@
dma_buf_phys_vec_to_sgt@p(...)

@script:python@
p << vec.p;
@@
pageless(p[0], 'dma_buf_phys_vec_to_sgt()')

@depends on context@
position vec.p;
@@
* dma_buf_phys_vec_to_sgt@p(...)

@ops depends on facts@
identifier i, fn;
position p;
@@
struct dma_buf_ops i@p = { ..., .map_dma_buf = fn, ... };

// virtio's exporters share theirs in a larger structure.
@ops_inside depends on facts@
identifier s, i, m, fn;
position p;
@@
struct s i@p = { ..., .m = { ..., .map_dma_buf = fn, ... }, ... };

@script:python@
p << ops.p;
fn << ops.fn;
@@
fact(p[0], 'exporter', fn + '()')

@script:python@
p << ops_inside.p;
fn << ops_inside.fn;
@@
fact(p[0], 'exporter', fn + '()')
