// SPDX-License-Identifier: BSD-2-Clause
// The program's memory. One arena of real pages grows in place; a sorted list of VMAs says what each page
// is and what the program may do with it. Invariant: a page of the arena that no VMA covers is zero.
#pragma once
#include "rt.h"

enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };

enum eh_vma_kind {
    VMA_IMAGE = 1, // a segment of the signed image: not in the arena, its pages are never given back
    VMA_ANONYMOUS,
    VMA_FILE,
    VMA_STACK,
    VMA_BRK,
    VMA_RUNTIME,   // the runtime's own: no pointer of the program may lead here
    VMA_SHARED,    // mapped pages of a store: not zeroed and not freed when the mapping ends
    VMA_PARAMETER, // a client's memory during a command of the service mode
};

struct eh_vma {
    u64 start, end;
    u32 protection, kind;
};

struct eh_map {
    struct eh_vma *vmas; // sorted, disjoint
    u32 count, capacity;
};

// vma.c: pure functions on a map. Addresses and sizes are multiples of a page unless said otherwise.
u32 vma_first(const struct eh_map *m, u64 address); // the first VMA that ends after `address`; count if none
int vma_insert(struct eh_map *m, struct eh_vma v);  // merges with equal neighbours; 0, or -ENOMEM when full
int vma_remove(struct eh_map *m, u64 start, u64 end, u32 keep_kind); // all but `keep_kind`
int vma_protect(struct eh_map *m, u64 start, u64 end, u32 protection);
int vma_covers(const struct eh_map *m, u64 start, u64 end);       // every page belongs to the program
int vma_free(const struct eh_map *m, u64 start, u64 end);         // no page belongs to anything
u64 vma_gap(const struct eh_map *m, u64 low, u64 high, u64 size); // lowest free range's start; 0 if none
u64 vma_prefix(const struct eh_map *m, u64 address, u64 size, u32 protection); // bytes usable; any alignment
u64 vma_total(const struct eh_map *m, u32 kind);

// arena.c
extern struct eh_map eh_map;
u32 arena_init(u64 image_end);
u64 arena_take(u64 size, u32 kind, u32 protection);               // a zeroed range; 0 when there is no memory
int arena_take_at(u64 start, u64 size, u32 kind, u32 protection); // -ENOMEM, -EEXIST
int arena_give(u64 start, u64 size); // zeroes and frees what the program holds there; -ENOMEM
int arena_turn(u64 start, u64 size, u32 kind, u32 protection); // held pages become another kind; -ENOMEM
int arena_protect(u64 start, u64 size, u32 protection);
void *arena_own(u64 size); // for the runtime; 0 when there is no memory
void arena_disown(void *start, u64 size);
int arena_holds(u64 start, u64 end); // inside the range that the arena may ever take
void arena_set_brk(u64 start, u64 reserve);
u64 arena_size(void);
u64 arena_unused(void);

// stores.c
void stores_unmap(u64 start, u64 end);

// memory.c
int memory_allows(u64 more); // under the limit of the manifest
u32 memory_init(void);
u64 memory_stack(u64 size); // the program's stack: its end; 0 when there is no memory

// user.c: the one door to the program's memory. A fault is -EFAULT.
struct eh_span {       // pieces of the program's memory, walked once
    u64 vector;        // address of struct iovec[], 0 for a single piece
    u64 pieces;        // left in the vector
    u64 address, size; // the piece at hand
    u64 left;          // bytes left in all
};
s64 user_in(void *to, u64 address, u64 size);
s64 user_out(u64 address, const void *from, u64 size);
s64 user_string(char *to, u64 address, u64 capacity); // length without NUL; -EFAULT, -ENAMETOOLONG
// -EFAULT: not one byte can be used; the span is then empty
s64 span_single(struct eh_span *s, u64 address, u64 size, u32 protection);
s64 span_vector(struct eh_span *s, u64 vector, u64 count, u32 protection);
u64 span_chunk(struct eh_span *s, u64 *address);                // size of the next contiguous chunk
void span_skip(struct eh_span *s, u64 size);                    // size <= the chunk
void span_write(struct eh_span *s, const void *from, u64 size); // to the program; size <= left
void span_read(struct eh_span *s, void *to, u64 size);          // from the program; size <= left
