// SPDX-License-Identifier: GPL-2.0-only
/// Import a dma-buf by dma_buf_phys_map_device() instead of an sg_table of which
/// only the DMA addresses are used.
///
/// The table may be a variable of the function that maps, walks and unmaps, or a
/// member of a structure. It is converted only if nothing else is done with it:
/// who looks at pages or edits the table (importers.cocci) is left alone.
///
/// For a member, give the file with the structure too:
///     spatch -D patch --sp-file phys_map.cocci driver.c driver.h
/// What is left to do by hand: variables and braces that nobody needs, a walk whose
/// scatterlist is not declared on a line of its own, the include in driver.h and
/// where linux/dma-buf.h comes with another header, MODULE_IMPORT_NS("DMA_BUF"),
/// and all that the driver had to do because the table's lengths have 32 bits.
///
// Confidence: Moderate
// Comments: Mapping and unmapping a buffer without description needs its
// Comments: reservation lock, which dma_buf_map_attachment() wants held, too.
// Options: --no-includes --include-headers --use-coccigrep

virtual patch
virtual report
virtual org
virtual context

//----------------------------------------------------------------------------
//  A member: found
//----------------------------------------------------------------------------

@member@
type S;
S *x;
identifier m;
expression attach, dir, ret;
position p, p1, p2, p3;
@@
(
x->m@p1 = dma_buf_map_attachment@p(attach, dir);
|
x->m@p1 = dma_buf_map_attachment_unlocked@p(attach, dir);
)
if (IS_ERR(x->m@p2)) {
... when any
ret = PTR_ERR(x->m@p3);
... when any
}

@member_walk@
iterator name for_each_sgtable_dma_sg;
identifier member.m;
expression E, sg;
position p;
statement S1;
@@
for_each_sgtable_dma_sg(E->m@p, sg, ...) S1

@member_unmap@
identifier member.m;
expression E;
position p;
@@
(
dma_buf_unmap_attachment(..., E->m@p, ...)
|
dma_buf_unmap_attachment_unlocked(..., E->m@p, ...)
)

@member_else@
identifier member.m;
expression E;
position p != {member.p1, member.p2, member.p3, member_walk.p, member_unmap.p};
@@
E->m@p

// More of an entry than its DMA address and length
@member_entry@
iterator name for_each_sgtable_dma_sg;
identifier member.m, f != {sg_dma_address, sg_dma_len}, sg, sgm;
expression E;
@@
for_each_sgtable_dma_sg(E->m, sg, ...) {
<+...
\(f(..., sg, ...)\|sg->sgm\)
...+>
}

//----------------------------------------------------------------------------
//  A member: converted
//----------------------------------------------------------------------------

@depends on patch && member_walk && !member_else && !member_entry@
type member.S;
identifier member.m;
@@
S {
...
- struct sg_table *m;
+ struct dma_buf_phys_map map;
...
};

@member_map depends on patch && member_walk && !member_else && !member_entry@
type member.S;
S *x;
identifier member.m;
expression attach, dir, ret;
@@
(
- x->m = dma_buf_map_attachment(attach, dir);
+ ret = dma_buf_phys_map_device(attach, &x->map, attach->dev, 0,
+			      attach->dmabuf->size, dir, 0);
|
- x->m = dma_buf_map_attachment_unlocked(attach, dir);
+ dma_resv_lock(attach->dmabuf->resv, NULL);
+ ret = dma_buf_phys_map_device(attach, &x->map, attach->dev, 0,
+			      attach->dmabuf->size, dir, 0);
+ dma_resv_unlock(attach->dmabuf->resv);
)
if (
- IS_ERR(x->m)
+ ret
   ) {
... when any
- ret = PTR_ERR(x->m);
... when any
}

@depends on member_map@
identifier member.m;
expression E, attach, dir;
@@
(
- dma_buf_unmap_attachment(attach, E->m, dir);
+ dma_buf_phys_unmap(&E->map);
|
- dma_buf_unmap_attachment_unlocked(attach, E->m, dir);
+ dma_resv_lock(attach->dmabuf->resv, NULL);
+ dma_buf_phys_unmap(&E->map);
+ dma_resv_unlock(attach->dmabuf->resv);
)

@depends on member_map@
iterator name for_each_sgtable_dma_sg;
iterator name dma_buf_phys_for_each;
identifier member.m, sg, i, fn;
expression E;
@@
fn(...)
{
... when any
- struct scatterlist *sg;
+ const struct dma_buf_phys_piece *piece;
+ struct dma_buf_phys_walk walk;
... when any
- for_each_sgtable_dma_sg(E->m, sg, i)
+ dma_buf_phys_for_each(&E->map, &walk, piece)
{
<...
(
- sg_dma_address(sg)
+ piece->addr
|
- sg_dma_len(sg)
+ piece->len
)
...>
}
... when any
}

//----------------------------------------------------------------------------
//  A variable, all in one function: found
//----------------------------------------------------------------------------

@var@
identifier fn, t, ret;
expression attach, dir;
position p, p1, p2, p3;
@@
fn(...)
{
... when any
struct sg_table *t;
... when any
(
t@p1 = dma_buf_map_attachment@p(attach, dir);
|
t@p1 = dma_buf_map_attachment_unlocked@p(attach, dir);
)
if (IS_ERR(t@p2)) {
... when any
ret = PTR_ERR(t@p3);
... when any
}
... when any
}

@var_walk@
iterator name for_each_sgtable_dma_sg;
identifier var.fn, var.t, sg;
position p;
statement S1;
@@
fn(...)
{
<+...
for_each_sgtable_dma_sg(t@p, sg, ...) S1
...+>
}

@var_unmap@
identifier var.fn, var.t;
position p;
@@
fn(...)
{
<+...
(
dma_buf_unmap_attachment(..., t@p, ...);
|
dma_buf_unmap_attachment_unlocked(..., t@p, ...);
)
...+>
}

// It escapes: what is left of the function does not unmap it.
@var_else@
identifier var.fn, var.t;
position p != {var.p1, var.p2, var.p3, var_walk.p, var_unmap.p};
@@
fn(...)
{
<+...
t@p
...+>
}

@var_entry@
iterator name for_each_sgtable_dma_sg;
identifier var.fn, var.t, f != {sg_dma_address, sg_dma_len}, sg, sgm;
@@
fn(...)
{
<+...
for_each_sgtable_dma_sg(t, sg, ...) {
<+...
\(f(..., sg, ...)\|sg->sgm\)
...+>
}
...+>
}

//----------------------------------------------------------------------------
//  A variable: converted
//----------------------------------------------------------------------------

@var_map depends on patch && var_walk && var_unmap && !var_else && !var_entry@
identifier var.fn, var.t, var.ret;
expression attach, dir;
@@
fn(...)
{
... when any
- struct sg_table *t;
+ struct dma_buf_phys_map map;
... when any
(
- t = dma_buf_map_attachment(attach, dir);
+ ret = dma_buf_phys_map_device(attach, &map, attach->dev, 0,
+			      attach->dmabuf->size, dir, 0);
|
- t = dma_buf_map_attachment_unlocked(attach, dir);
+ dma_resv_lock(attach->dmabuf->resv, NULL);
+ ret = dma_buf_phys_map_device(attach, &map, attach->dev, 0,
+			      attach->dmabuf->size, dir, 0);
+ dma_resv_unlock(attach->dmabuf->resv);
)
if (
- IS_ERR(t)
+ ret
   ) {
... when any
- ret = PTR_ERR(t);
... when any
}
... when any
}

@depends on var_map@
identifier var.fn, var.t;
expression attach, dir;
@@
fn(...)
{
<...
(
- dma_buf_unmap_attachment(attach, t, dir);
+ dma_buf_phys_unmap(&map);
|
- dma_buf_unmap_attachment_unlocked(attach, t, dir);
+ dma_resv_lock(attach->dmabuf->resv, NULL);
+ dma_buf_phys_unmap(&map);
+ dma_resv_unlock(attach->dmabuf->resv);
)
...>
}

@depends on var_map@
iterator name for_each_sgtable_dma_sg;
iterator name dma_buf_phys_for_each;
identifier var.fn, var.t, sg, i;
@@
fn(...)
{
... when any
- struct scatterlist *sg;
+ const struct dma_buf_phys_piece *piece;
+ struct dma_buf_phys_walk walk;
... when any
- for_each_sgtable_dma_sg(t, sg, i)
+ dma_buf_phys_for_each(&map, &walk, piece)
{
<...
(
- sg_dma_address(sg)
+ piece->addr
|
- sg_dma_len(sg)
+ piece->len
)
...>
}
... when any
}

//----------------------------------------------------------------------------
//  The headers, where something was converted
//----------------------------------------------------------------------------

@locks@
@@
#include <linux/dma-resv.h>

@depends on (member_map || var_map) && locks@
@@
- #include <linux/dma-buf.h>
+ #include <linux/dma-buf-phys.h>

@depends on (member_map || var_map) && !locks@
@@
- #include <linux/dma-buf.h>
+ #include <linux/dma-buf-phys.h>
+ #include <linux/dma-resv.h>

//----------------------------------------------------------------------------
//  Only told
//----------------------------------------------------------------------------

@depends on context && member_walk && !member_else && !member_entry@
identifier f;
position member.p;
@@
* f@p(...)

@depends on context && var_walk && var_unmap && !var_else && !var_entry@
identifier f;
position var.p;
@@
* f@p(...)

@script:python depends on report && member_walk && !member_else && !member_entry@
p << member.p;
@@
coccilib.report.print_report(p[0], "only DMA addresses are used, dma_buf_phys_map_device() can map it")

@script:python depends on org && member_walk && !member_else && !member_entry@
p << member.p;
@@
coccilib.org.print_todo(p[0], "only DMA addresses are used, dma_buf_phys_map_device() can map it")

@script:python depends on report && var_walk && var_unmap && !var_else && !var_entry@
p << var.p;
@@
coccilib.report.print_report(p[0], "only DMA addresses are used, dma_buf_phys_map_device() can map it")

@script:python depends on org && var_walk && var_unmap && !var_else && !var_entry@
p << var.p;
@@
coccilib.org.print_todo(p[0], "only DMA addresses are used, dma_buf_phys_map_device() can map it")
