// SPDX-License-Identifier: BSD-2-Clause
// Bytes in TEE memory that several can have at once: files of memfd_create and of /dev/shm, segments of shmget. A shared
// mapping is that memory itself, so all mappings of a store are at one place.
#pragma once
#include "files.h"

struct eh_store {
    u8 *at; // where it lies; 0: nowhere yet
    u64 capacity, size;
    u32 references; // open files, names, an id of shmget
    u32 maps;       // mappings; while there are any it cannot move
    u32 mode, links, seals;
    u32 number; // its inode, never 0
    u64 reserved[2];
};

struct eh_store *store_new(u32 mode); // with one reference; 0: no room
void store_leave(struct eh_store *s); // one reference less
s64 store_resize(struct eh_store *s, u64 size);
s64 store_map(struct eh_store *s, u64 wanted, u64 size, u64 offset, u32 protection); // `wanted` 0: anywhere
s64 store_stretch(u64 at, u64 old_size, u64 size); // a mapping of a store: where it lies afterwards
s64 store_file(struct eh_store *s, u32 flags); // a descriptor; the reference is the file's, or given up
s64 store_read(const struct eh_file *file, struct eh_span *s, u64 offset);
s64 store_write(struct eh_file *file, struct eh_span *s, u64 offset, u64 *end);
u64 store_total(void); // bytes held

// shm.c: /dev/shm, which is the program's own
int shm_names(const struct eh_path *path);              // whether a path leads there
struct eh_store *shm_find(const struct eh_path *path);  // 0: nothing has that name
s64 shm_open(const struct eh_path *path, u32 flags, u32 mode); // a descriptor
s64 shm_unlink(const struct eh_path *path);
s64 shm_link(const struct eh_path *old, const struct eh_path *new, int moves);
