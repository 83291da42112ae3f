// SPDX-License-Identifier: BSD-2-Clause
// brk, mmap and their kin. Memory is real: a page that is mapped is held, and there is no swap. What the
// TEE cannot do is refused: executable memory (EACCES), mappings shared with other processes (ENODEV).
#include "audit.h"
#include "files.h"
#include "memory.h"
#include "rt.h"
#include "stores.h"

enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_SHARED_VALIDATE = 3, MAP_TYPE = 15, MAP_FIXED = 16 };
enum { MAP_ANONYMOUS = 32, MAP_FIXED_NOREPLACE = 0x100000 };
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MREMAP_DONTUNMAP = 4 };
enum { MADV_DONTNEED = 4, MADV_FREE = 8 };
#define ADDRESS_END (1ull << 48)
#define BRK_RESERVE (1ull << 20)
#define RESERVATION_MAX (16ull << 20) // libc asks for more address space than this only to keep it empty

static struct {
    u64 brk_start, brk; // brk is a byte address
} memory;

static u64 held(void) {
    return store_total() + vma_total(&eh_map, VMA_ANONYMOUS) + vma_total(&eh_map, VMA_FILE) + vma_total(&eh_map, VMA_BRK);
}

int memory_allows(u64 more) {
    u64 limit = eh_config.head.memory_limit;
    return !limit || (more <= limit && held() <= limit - more);
}

static int bad_range(u64 address, u64 size) {
    return (address & (EH_PAGE - 1)) || size > ADDRESS_END || address > ADDRESS_END - size;
}

u32 memory_init(void) {
    const struct eh_config *c = &eh_config.head;
    u64 end = EH_BASE;
    for (u32 i = 0; i < c->segment_count; i++)
        end = EH_MAX(end, EH_BASE + eh_config.segments[i].address + eh_config.segments[i].size);
    u32 result = arena_init(EH_PAGE_UP(end));
    for (u32 i = 0; i < c->segment_count && !result; i++) {
        const struct eh_segment *s = &eh_config.segments[i];
        u64 start = EH_BASE + EH_PAGE_DOWN(s->address), stop = EH_BASE + EH_PAGE_UP(s->address + s->size);
        if (vma_insert(&eh_map, (struct eh_vma){start, stop, s->protection & 7, VMA_IMAGE}))
            result = TEE_ERROR_OUT_OF_MEMORY;
    }
    return result;
}

u64 memory_stack(u64 size) {
    u64 at = arena_take(EH_PAGE_UP(size), VMA_STACK, PROT_READ | PROT_WRITE);
    if (!at)
        return 0;
    memory.brk_start = memory.brk = at + EH_PAGE_UP(size);
    arena_set_brk(memory.brk_start, BRK_RESERVE);
    return memory.brk_start;
}

s64 sys_brk(struct eh_context *c) {
    u64 wanted = c->x[0], old_end = EH_PAGE_UP(memory.brk);
    if (wanted < memory.brk_start || !arena_holds(wanted, EH_PAGE_UP(wanted)))
        return (s64)memory.brk;
    u64 new_end = EH_PAGE_UP(wanted);
    if (new_end > old_end) {
        u64 more = new_end - old_end;
        if (!memory_allows(more) || arena_take_at(old_end, more, VMA_BRK, PROT_READ | PROT_WRITE))
            return (s64)memory.brk;
    } else if (new_end < old_end && arena_give(new_end, old_end - new_end)) {
        return (s64)memory.brk;
    }
    return (s64)(memory.brk = wanted);
}

// Room for a mapping: at `address` when the flags say so, else anywhere.
static s64 place(u64 address, u64 size, u32 flags, u32 kind, u32 protection) {
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        u64 at = arena_take(size, kind, protection);
        return at ? (s64)at : -ENOMEM;
    }
    if (!arena_holds(address, address + size))
        return -ENOMEM;
    if (!(flags & MAP_FIXED_NOREPLACE) && arena_give(address, size))
        return -ENOMEM;
    s64 result = arena_take_at(address, size, kind, protection);
    return result ? result : (s64)address;
}

static s64 refuse(s64 error, const char *reason) {
    trace_message(reason);
    return error;
}

static s64 check_mmap(u64 address, u64 size, u32 flags) {
    u32 type = flags & MAP_TYPE;
    if (!size)
        return -EINVAL;
    if (size > ADDRESS_END)
        return -ENOMEM;
    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && bad_range(address, EH_PAGE_UP(size)))
        return address & (EH_PAGE - 1) ? -EINVAL : -ENOMEM;
    return 0;
}

// A TA has no executable memory but its image. Of a file: a library that was not packed.
static s64 refuse_code(const struct eh_file *file) {
    if (file)
        wire_denied(EH_RULE_FILES_LIBRARIES);
    return refuse(-EACCES, "mmap: a TA has no executable memory but its image");
}

static s64 map_anonymous(u64 address, u64 size, u32 protection, u32 flags) {
    if (!(protection & 7) && size > RESERVATION_MAX)
        return -ENOMEM;
    s64 cleared = flags & MAP_FIXED ? image_clear(address, size) : 0;
    if (cleared)
        return cleared;
    return place(address, size, flags, VMA_ANONYMOUS, protection & 7);
}

static s64 map_file(struct eh_file *file, u64 address, u64 size, u32 protection, u32 flags, u64 offset) {
    int shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    if (shared && file->stored && (protection & PROT_WRITE) && (file->flags & O_ACCMODE) == O_RDONLY)
        return -EACCES;
    if (shared && file->stored)
        return store_map(file->store, flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? address : 0, size, offset,
                         protection);
    if (shared)
        return refuse(-ENODEV, "mmap: a mapping of a file cannot be shared with the normal world");
    s64 at = place(address, size, flags, VMA_FILE, protection & 7);
    if (at < 0)
        return at;
    s64 got = file_read_pages(file, (u8 *)at, size, offset);
    if (got < 0)
        arena_give((u64)at, size);
    return got < 0 ? got : at;
}

s64 sys_mmap(struct eh_context *c) {
    u64 address = c->x[0], size = c->x[1], offset = c->x[5];
    u32 protection = (u32)c->x[2], flags = (u32)c->x[3];
    struct eh_file *file = 0;
    if (offset & (EH_PAGE - 1))
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) && !(file = fd_file(c->x[4])))
        return -EBADF;
    s64 result = check_mmap(address, size, flags);
    if (!result && file)
        result = file_mappable(file);
    if (!result && (protection & PROT_EXEC) && !(file && file->image))
        result = refuse_code(file);
    if (result)
        return result;
    size = EH_PAGE_UP(size);
    if (file && file->image)
        return image_map(file, flags & MAP_FIXED ? address : 0, size, offset);
    if (!memory_allows(size))
        return -ENOMEM;
    return file ? map_file(file, address, size, protection, flags, offset)
                : map_anonymous(address, size, protection, flags);
}

s64 sys_munmap(struct eh_context *c) {
    u64 address = c->x[0], size = c->x[1];
    if (!size || bad_range(address, size))
        return -EINVAL;
    image_unmapped(address);
    return arena_give(address, EH_PAGE_UP(size));
}

s64 sys_mprotect(struct eh_context *c) {
    u64 address = c->x[0], size = EH_PAGE_UP(c->x[1]), end = address + size;
    u32 protection = (u32)c->x[2];
    if ((address & (EH_PAGE - 1)) || (protection & ~7u))
        return -EINVAL;
    if (!size)
        return 0;
    if (!protection && image_gap(address, size))
        return 0;
    if (end < address || !vma_covers(&eh_map, address, end))
        return -ENOMEM;
    u32 executable = vma_prefix(&eh_map, address, size, PROT_EXEC) == size; // the image's own code
    if ((protection & PROT_EXEC) && (!executable || (protection & PROT_WRITE)))
        return -EACCES;
    if (executable && (protection & PROT_WRITE))
        return -EACCES;
    return arena_protect(address, size, protection);
}

// Only memory without a name in the image or a file loses its content; advice of other kinds changes nothing.
static void forget(u64 start, u64 end) {
    for (u32 i = vma_first(&eh_map, start); i < eh_map.count && eh_map.vmas[i].start < end; i++) {
        const struct eh_vma *v = &eh_map.vmas[i];
        u64 from = EH_MAX(v->start, start), to = EH_MIN(v->end, end);
        if (v->kind == VMA_ANONYMOUS || v->kind == VMA_BRK || v->kind == VMA_STACK)
            memset((void *)from, 0, to - from);
    }
}

s64 sys_madvise(struct eh_context *c) {
    u64 address = c->x[0], size = EH_PAGE_UP(c->x[1]);
    u32 advice = (u32)c->x[2];
    int known = advice <= 4 || advice == MADV_FREE || (advice >= 10 && advice <= 21);
    if (!known || bad_range(address, size) || size < c->x[1])
        return -EINVAL;
    if (!size)
        return 0;
    if (advice == MADV_DONTNEED)
        forget(address, address + size);
    return vma_covers(&eh_map, address, address + size) ? 0 : -ENOMEM;
}

static s64 move(const struct eh_vma *v, u64 old, u64 old_size, u64 size, u32 flags, u64 target) {
    u32 kind = v->kind == VMA_FILE ? VMA_FILE : VMA_ANONYMOUS, protection = v->protection;
    s64 at = place(target, size, flags & MREMAP_FIXED ? MAP_FIXED : 0, kind, protection);
    if (at < 0)
        return at;
    eh_copy((void *)at, (const void *)old, EH_MIN(old_size, size));
    arena_give(old, old_size);
    return at;
}

s64 sys_mremap(struct eh_context *c) {
    u64 old = c->x[0], old_size = EH_PAGE_UP(c->x[1]), size = EH_PAGE_UP(c->x[2]), target = c->x[4];
    u32 flags = (u32)c->x[3], fixed = flags & MREMAP_FIXED;
    if ((flags & ~3u) || bad_range(old, old_size) || !size || (fixed && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if (fixed && (bad_range(target, size) || (target < old + old_size && old < target + size)))
        return -EINVAL;
    if (!old_size)
        return -EINVAL;
    u32 i = vma_first(&eh_map, old);
    if (i == eh_map.count || eh_map.vmas[i].start > old || !arena_holds(old, old + old_size) ||
        eh_map.vmas[i].end < old + old_size || eh_map.vmas[i].kind == VMA_RUNTIME)
        return -EFAULT;
    struct eh_vma v = eh_map.vmas[i];
    if (!fixed && size <= old_size)
        return size == old_size || !arena_give(old + size, old_size - size) ? (s64)old : -ENOMEM;
    if (v.kind == VMA_SHARED)
        return fixed ? -EINVAL : store_stretch(old, old_size, size);
    if (size > old_size && !memory_allows(size - old_size))
        return -ENOMEM;
    if (!fixed && !arena_take_at(old + old_size, size - old_size, v.kind, v.protection))
        return (s64)old;
    return flags & MREMAP_MAYMOVE ? move(&v, old, old_size, size, flags, target) : -ENOMEM;
}
