// SPDX-License-Identifier: BSD-2-Clause
// The files of the program's system: names, kinds, sizes and hashes from the signed image.
#pragma once
#include "files.h"

u32 tree_begin(void);  // TEE_SUCCESS; BAD_PARAMETERS: the blob is damaged
int tree_there(void);  // whether the image brings a system
// What lies at a normalised path, links on the way followed, and the last too when `follows`; 0: nothing.
const struct eh_tree_entry *tree_find(const char *normal, u32 length, int follows);
const struct eh_tree_entry *tree_at(u32 index); // 0: beyond the last
u32 tree_index(const struct eh_tree_entry *e);
const char *tree_path(const struct eh_tree_entry *e); // path_length bytes, no NUL
const u8 *tree_data(const struct eh_tree_entry *e);   // the hashes of a file, the target of a link
int tree_holds(const void *entry);                    // whether it points into the tree
const char *tree_name(const struct eh_tree_entry *e, u32 *length); // the last part of its path
// What `directory` holds, one by one: the first after the directory itself; 0: no more.
const struct eh_tree_entry *tree_child(const struct eh_tree_entry *directory, const struct eh_tree_entry *after);
