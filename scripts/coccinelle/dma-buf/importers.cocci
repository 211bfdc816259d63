// SPDX-License-Identifier: GPL-2.0-only
/// What a driver does with the sg_table of a dma-buf that it imported.
///
/// Device memory has no pages: a table of it has DMA addresses only. Who looks
/// at pages of an imported table, or at the CPU's side of its list, breaks for
/// such memory. Who walks DMA addresses can map by dma_buf_phys_map_device()
/// instead, see phys_map.cocci. attach.cocci tells what needs no table.
///
// Confidence: Moderate
// Comments: A table is known as imported if it is so in the same file. With
// Comments: -D facts nothing is judged: it tells what is assigned, passed and
// Comments: used where, for who has seen all files (scripts/cocci).
// Options: --no-includes --include-headers --use-coccigrep

virtual report
virtual org
virtual context
virtual facts

@initialize:python@
@@
import re

judging = True
speak = None
tables = set()
entries = {}

def squeeze(text):
    return re.sub(r'\s+', '', str(text))

# What names a table, or an entry of its list: a variable of one function, or a
# member of some structure.
def key(p, text):
    name = re.sub(r'(->|\.)sgl(\[0\])?$', '', squeeze(text).lstrip('&*('))
    member = re.split(r'->|\.', name)[-1]
    if member == name:
        return (p.file, p.current_element, name)
    return (p.file, '.', member)

def imported(p, text):
    where = key(p, text)
    return entries.get(where, where) in tables

# The member sgl may be a table's list, or that of some cursor: facts tell both.
def keys(p, text):
    if re.search(r'(->|\.)sgl$', squeeze(text)):
        return [key(p, text), (p.file, '.', 'sgl')]
    return [key(p, text)]

def fact(p, kind, text, more=''):
    for where in keys(p, text):
        print('\t'.join([p.file, p.line, kind, where[1], where[2], squeeze(more)]))

def source(p, text):
    tables.add(key(p, text))
    if not judging:
        fact(p, 'source', text)

# TO is another name for FROM, which may be what a function returns.
def copied(p, to, what):
    if not judging:
        call = re.match(r'(\w+)\(', squeeze(what))
        if call:
            fact(p, 'copy', to, call.group(1) + '()')
            return
        for where in keys(p, what):
            fact(p, 'copy', to, where[1] + ':' + where[2])
    elif imported(p, what):
        tables.add(key(p, to))

def entry(p, sg, table):
    entries[key(p, sg)] = key(p, table)
    if not judging:
        copied(p, sg, table)

SAYS = {
    "pages": "uses pages of an imported table",
    "list": "goes by entries of an imported table that need pages",
    "dma": "walks the DMA addresses of an imported table",
    "edit": "edits an imported table",
    "sum32": "keeps the length of an imported buffer in 32 bits",
}

def say(p, kind, what):
    if speak:
        speak(p, "%s: %s" % (SAYS[kind], what))

# True if context is to show it.
def used(p, kind, what, text):
    if not judging:
        fact(p, kind, text, what)
    elif imported(p, text):
        say(p, kind, what)
        return True
    return False

@initialize:python depends on facts@
@@
judging = False

@initialize:python depends on report@
@@
speak = coccilib.report.print_report

@initialize:python depends on org@
@@
speak = coccilib.org.print_todo

//----------------------------------------------------------------------------
//  Where imported tables come from
//----------------------------------------------------------------------------

@map@
expression T;
position p;
@@
(
T = dma_buf_map_attachment@p(...)
|
T = dma_buf_map_attachment_unlocked@p(...)
|
T = vb2_dma_sg_plane_desc@p(...)
)

@script:python@
p << map.p;
T << map.T;
@@
source(p[0], T)

@map_decl@
identifier t;
position p;
@@
(
struct sg_table *t = dma_buf_map_attachment@p(...);
|
struct sg_table *t = dma_buf_map_attachment_unlocked@p(...);
|
struct sg_table *t = vb2_dma_sg_plane_desc@p(...);
)

@script:python@
p << map_decl.p;
t << map_decl.t;
@@
source(p[0], t)

// DRM maps by itself and hands the table to this hook.
@hook@
identifier fn, attach, t;
position p;
@@
struct drm_gem_object *fn(..., struct dma_buf_attachment *attach,
			  struct sg_table *t@p, ...)
{ ... }

@script:python@
p << hook.p;
t << hook.t;
@@
source(p[0], t)

//----------------------------------------------------------------------------
//  Other names of them, and of the entries of their lists
//----------------------------------------------------------------------------

@copy@
expression L;
struct sg_table *t;
position p;
@@
L =@p t

@script:python@
p << copy.p;
L << copy.L;
t << copy.t;
@@
copied(p[0], L, t)

@copy_of@
struct sg_table *t;
expression T;
position p;
@@
t =@p T

@script:python@
p << copy_of.p;
t << copy_of.t;
T << copy_of.T;
@@
copied(p[0], t, T)

@copy_decl@
identifier t;
expression T;
position p;
@@
struct sg_table *t@p = T;

@script:python@
p << copy_decl.p;
t << copy_decl.t;
T << copy_decl.T;
@@
copied(p[0], t, T)

@entry@
iterator name for_each_sg, for_each_sgtable_sg, for_each_sgtable_dma_sg;
expression T, sg;
position p;
statement S;
@@
(
for_each_sg@p(T, sg, ...) S
|
for_each_sgtable_sg@p(T, sg, ...) S
|
for_each_sgtable_dma_sg@p(T, sg, ...) S
)

@script:python@
p << entry.p;
T << entry.T;
sg << entry.sg;
@@
entry(p[0], sg, T)

@entry_first@
expression T, sg;
position p;
@@
(
sg =@p T->sgl
|
sg =@p T.sgl
)

@script:python@
p << entry_first.p;
T << entry_first.T;
sg << entry_first.sg;
@@
entry(p[0], sg, T)

@entry_copy@
struct scatterlist *sg;
expression T;
position p;
@@
sg =@p T

@script:python@
p << entry_copy.p;
sg << entry_copy.sg;
T << entry_copy.T;
@@
copied(p[0], sg, T)

@entry_decl@
identifier sg;
expression T;
position p;
@@
struct scatterlist *sg@p = T;

@script:python@
p << entry_decl.p;
sg << entry_decl.sg;
T << entry_decl.T;
@@
copied(p[0], sg, T)

//----------------------------------------------------------------------------
//  Pages, and what only entries with pages have
//----------------------------------------------------------------------------

@pages@
identifier f = {sg_page, sg_virt, sg_phys, sg_copy_buffer, sg_copy_from_buffer,
		sg_copy_to_buffer, sg_pcopy_from_buffer, sg_pcopy_to_buffer,
		sg_zero_buffer, drm_prime_sg_to_page_array, drm_clflush_sg};
// These map or sync the pages behind the entries.
identifier f2 = {dma_map_sg, dma_map_sg_attrs, dma_map_sgtable,
		 dma_sync_sg_for_cpu, dma_sync_sg_for_device,
		 dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device,
		 sg_miter_start, __sg_page_iter_start, dma_vmap_noncontiguous};
identifier f3 = {iommu_map_sg, iommu_map_sgtable};
expression E1, E2, T;
position p;
@@
(
f@p(T, ...)
|
f2@p(E1, T, ...)
|
f3@p(E1, E2, T, ...)
)

@script:python pages_judged@
p << pages.p;
f << pages.f = "";
f2 << pages.f2 = "";
f3 << pages.f3 = "";
T << pages.T;
@@
if not used(p[0], 'pages', (f or f2 or f3) + '()', T):
    cocci.include_match(False)

@pages_loop@
iterator name for_each_sg_page, for_each_sgtable_page, for_each_sgt_page;
expression E1, E2, T;
position p;
statement S;
@@
(
for_each_sg_page@p(T, ...) S
|
for_each_sgtable_page@p(T, ...) S
|
for_each_sgt_page@p(E1, E2, T) S
)

@script:python pages_loop_judged@
p << pages_loop.p;
T << pages_loop.T;
@@
if not used(p[0], 'pages', 'a loop', T):
    cocci.include_match(False)

// Not by DMA addresses: the list as it was before it was mapped.
@list_loop@
iterator name for_each_sg, for_each_sgtable_sg;
expression E, E1, T;
position p;
statement S;
@@
(
for_each_sgtable_sg@p(T, ...) S
|
for_each_sg@p(T, E1, E->orig_nents, ...) S
|
for_each_sg@p(T, E1, E.orig_nents, ...) S
)

@script:python list_loop_judged@
p << list_loop.p;
T << list_loop.T;
@@
if not used(p[0], 'list', 'a loop', T):
    cocci.include_match(False)

@list_entry@
struct scatterlist *sg;
position p;
@@
(
sg@p->length
|
sg@p->offset
)

@script:python list_entry_judged@
p << list_entry.p;
sg << list_entry.sg;
@@
if not used(p[0], 'list', 'length or offset', sg):
    cocci.include_match(False)

//----------------------------------------------------------------------------
//  DMA addresses: can be converted
//----------------------------------------------------------------------------

@dma@
identifier f = {sg_dma_address, sg_dma_len, drm_prime_sg_to_dma_addr_array,
		drm_prime_get_contiguous_size};
expression T;
position p;
@@
f@p(T, ...)

@script:python dma_judged@
p << dma.p;
f << dma.f;
T << dma.T;
@@
if not used(p[0], 'dma', f + '()', T):
    cocci.include_match(False)

@dma_loop@
iterator name for_each_sgtable_dma_sg, for_each_sgtable_dma_page;
iterator name for_each_sg_dma_page, __for_each_sgt_daddr;
expression E1, E2, T;
position p;
statement S;
@@
(
for_each_sgtable_dma_sg@p(T, ...) S
|
for_each_sgtable_dma_page@p(T, ...) S
|
for_each_sg_dma_page@p(T, ...) S
|
__for_each_sgt_daddr@p(E1, E2, T, ...) S
)

@script:python dma_loop_judged@
p << dma_loop.p;
T << dma_loop.T;
@@
if not used(p[0], 'dma', 'a loop', T):
    cocci.include_match(False)

//----------------------------------------------------------------------------
//  Edits of a table that is the exporter's
//----------------------------------------------------------------------------

@edit@
identifier f = {sg_dma_address, sg_dma_len};
assignment operator aop;
expression T, E;
position p;
@@
f@p(T) aop E

@script:python edit_judged@
p << edit.p;
f << edit.f;
T << edit.T;
@@
if not used(p[0], 'edit', f + '()', T):
    cocci.include_match(False)

@edit_table@
identifier m = {sgl, nents, orig_nents};
struct sg_table *T;
expression E;
position p;
@@
T->m@p = E

@script:python edit_table_judged@
p << edit_table.p;
m << edit_table.m;
T << edit_table.T;
@@
if not used(p[0], 'edit', m, T):
    cocci.include_match(False)

//----------------------------------------------------------------------------
//  Lengths of 32 bits
//----------------------------------------------------------------------------

@sum32@
typedef u32, s32, __u32, uint32_t;
{int, unsigned int, u32, s32, __u32, uint32_t} n;
assignment operator aop = {+=, -=};
expression T;
position p;
@@
(
n aop sg_dma_len@p(T)
|
cpu_to_le32(sg_dma_len@p(T))
)

@script:python sum32_judged@
p << sum32.p;
T << sum32.T;
@@
if not used(p[0], 'sum32', 'a sum or a field of pieces', T):
    cocci.include_match(False)

//----------------------------------------------------------------------------
//  Context
//----------------------------------------------------------------------------

@depends on context@
identifier g;
position pages.p;
@@
* g@p(...)

//----------------------------------------------------------------------------
//  Facts about who passes what to whom
//----------------------------------------------------------------------------

@param depends on facts@
identifier fn, t;
position p;
@@
fn(..., struct sg_table *t@p, ...)
{ ... }

@param_const depends on facts@
identifier fn, t;
position p;
@@
fn(..., const struct sg_table *t@p, ...)
{ ... }

@script:python@
p << param_const.p;
t << param_const.t;
@@
fact(p[0], 'param', t)

@param_entry depends on facts@
identifier fn, t;
position p;
@@
fn(..., struct scatterlist *t@p, ...)
{ ... }

@script:python@
p << param.p;
t << param.t;
@@
fact(p[0], 'param', t)

@script:python@
p << param_entry.p;
t << param_entry.t;
@@
fact(p[0], 'param', t)

@call depends on facts@
identifier f;
{struct sg_table *, struct scatterlist *} t;
position p;
@@
f@p(..., t, ...)

@script:python@
p << call.p;
f << call.f;
t << call.t;
@@
fact(p[0], 'pass', t, f)

@call_member depends on facts@
identifier f;
identifier m =~ "sg|st$|table|pages";
expression E;
position p;
@@
(
f@p(..., E->m, ...)
|
f@p(..., E.m, ...)
)

@script:python@
p << call_member.p;
f << call_member.f;
E << call_member.E;
m << call_member.m;
@@
fact(p[0], 'pass', E + '->' + m, f)

@call_nested depends on facts@
identifier f;
identifier g =~ "sg|table";
position p;
@@
f@p(..., g(...), ...)

@script:python@
p << call_nested.p;
f << call_nested.f;
g << call_nested.g;
@@
fact(p[0], 'pass', g + "()", f)

@call_hook depends on facts@
identifier h;
expression E;
struct sg_table *t;
position p;
@@
E->h@p(..., t, ...)

@script:python@
p << call_hook.p;
h << call_hook.h;
t << call_hook.t;
@@
fact(p[0], 'pass', t, '->' + h)

@call_hook_member depends on facts@
identifier h;
identifier m =~ "sg|st$|table|pages";
expression E, E1;
position p;
@@
E->h@p(..., E1->m, ...)

@script:python@
p << call_hook_member.p;
h << call_hook_member.h;
E1 << call_hook_member.E1;
m << call_hook_member.m;
@@
fact(p[0], 'pass', E1 + "->" + m, "->" + h)

@hooked depends on facts@
identifier fn, s, i;
identifier h =~ "dma_?buf|_sg|sg_|sgt";
position p;
@@
struct s i = { ..., .h = fn@p, ... };

@script:python@
p << hooked.p;
h << hooked.h;
fn << hooked.fn;
@@
fact(p[0], 'hook', fn, '->' + h)

@hooked_here depends on facts@
identifier param.fn, s, i, h;
position p;
@@
struct s i = { ..., .h = fn@p, ... };

@script:python@
p << hooked_here.p;
h << hooked_here.h;
fn << param.fn;
@@
fact(p[0], 'hook', fn, "->" + h)

@returned depends on facts@
identifier fn;
struct sg_table *t;
position p;
@@
fn(...)
{ <+... return@p t; ...+> }

@script:python@
p << returned.p;
fn << returned.fn;
t << returned.t;
@@
fact(p[0], 'return', t, fn + '()')

@returned_member depends on facts@
identifier fn, m;
expression E;
position p;
@@
struct sg_table *fn(...)
{ <+... \(return@p E->m;\|return@p E.m;\) ...+> }

@script:python@
p << returned_member.p;
fn << returned_member.fn;
m << returned_member.m;
@@
fact(p[0], 'return', 'E->' + m, fn + '()')
