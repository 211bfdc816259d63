/* SPDX-License-Identifier: GPL-2.0 */
/* dmabufctl reach --tree */
#ifndef TREE_H
#define TREE_H

int tree(void);

#endif /* TREE_H */
