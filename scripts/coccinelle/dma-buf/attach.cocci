// SPDX-License-Identifier: GPL-2.0-only
/// How importers of dma-bufs attach, and what else limits what they can import.
///
/// An exporter that has to take device memory back refuses importers without
/// invalidate_mappings. A buffer may be larger than 32 bits tell. An importer that
/// asks for a vmap gets none of memory that the CPU cannot or may not access.
///
// Confidence: High
// Options: --no-includes --include-headers --use-coccigrep

virtual report
virtual org
virtual context
virtual facts

@initialize:python@
@@
SAYS = {
    "size32": "keeps the length of an imported buffer in 32 bits",
    "static": "attaches without invalidate_mappings",
    "cpu": "imports for the CPU",
}
judging = True
speak = None

def told(p, kind, what):
    if not judging:
        print('\t'.join([p.file, p.line, kind, '.', what, '']))
    elif speak and kind in SAYS:
        speak(p, "%s: %s" % (SAYS[kind], what))

@initialize:python depends on facts@
@@
judging = False

@initialize:python depends on report@
@@
speak = coccilib.report.print_report

@initialize:python depends on org@
@@
speak = coccilib.org.print_todo

@size32@
typedef u32, s32, __u32, uint32_t;
{int, unsigned int, u32, s32, __u32, uint32_t} n;
struct dma_buf *d;
expression E;
position p;
@@
(
n =@p d->size
|
n =@p E->dmabuf->size
|
n =@p E->dma_buf->size
)

@script:python@
p << size32.p;
n << size32.n;
@@
told(p[0], 'size32', n)

@attach@
identifier f = {dma_buf_attach, dma_buf_dynamic_attach};
position p;
@@
f@p(...)

@ops_invalidate@
identifier i, fn;
position p;
@@
struct dma_buf_attach_ops i@p = { ..., .invalidate_mappings = fn, ... };

@ops@
identifier i;
position p != ops_invalidate.p;
@@
struct dma_buf_attach_ops i@p = { ... };

@vmap@
identifier f = {dma_buf_vmap, dma_buf_vmap_unlocked};
position p;
@@
f@p(...)

@script:python@
p << attach.p;
f << attach.f;
@@
told(p[0], 'static' if f == 'dma_buf_attach' else 'dynamic', f + '()')

@script:python@
p << ops_invalidate.p;
i << ops_invalidate.i;
@@
told(p[0], 'invalidates', i)

@script:python@
p << ops.p;
i << ops.i;
@@
told(p[0], 'static', i)

@script:python@
p << vmap.p;
f << vmap.f;
@@
told(p[0], 'cpu', f + '()')

// Drivers that let DRM import for them.
@drm_import depends on facts@
identifier i, fn;
position p;
@@
struct drm_driver i@p = { ..., .gem_prime_import_sg_table = fn, ... };

@script:python@
p << drm_import.p;
fn << drm_import.fn;
@@
told(p[0], 'drm', fn + '()')

@depends on context@
position attach.p;
@@
* dma_buf_attach@p(...)

@depends on context@
identifier f;
position vmap.p;
@@
* f@p(...)
