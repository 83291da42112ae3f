// SPDX-License-Identifier: BSD-2-Clause
// Stores: memory of the runtime's that parts of become the program's while they are mapped.
#include "stores.h"
#include "memory.h"

enum { STORES = 256, SEAL_SEAL = 1, SEAL_SHRINK = 2, SEAL_GROW = 4, SEAL_WRITE = 8, SEALS = 31, FUTURE = 16 };
enum { MFD_CLOEXEC = 1, MFD_SEALING = 2, MFD_NOEXEC = 8, MFD_EXEC = 16, NAME_MOST = 249 };

static struct {
    struct eh_store *list; // STORES of them, made with the first
    u64 total;
    u32 numbers;
} stores;
_Static_assert(sizeof(struct eh_store) == 64, "stores fill pages");

u64 store_total(void) { return stores.total; }

struct eh_store *store_new(u32 mode) {
    if (!stores.list && !(stores.list = arena_own(STORES * sizeof *stores.list)))
        return 0;
    for (u32 i = 0; i < STORES; i++) {
        struct eh_store *s = &stores.list[i];
        if (s->references || s->maps)
            continue;
        *s = (struct eh_store){.references = 1, .mode = mode, .number = ++stores.numbers};
        return s;
    }
    return 0;
}

static void give_up(struct eh_store *s) {
    if (s->references || s->maps || !s->at)
        return;
    arena_disown(s->at, s->capacity);
    stores.total -= s->capacity;
    s->at = 0;
}

void store_leave(struct eh_store *s) {
    s->references--;
    give_up(s);
}

// In place where that is possible, else elsewhere while nothing is mapped.
static int move(struct eh_store *s, u64 capacity) {
    if (s->at && !arena_take_at((u64)s->at + s->capacity, capacity - s->capacity, VMA_RUNTIME, PROT_NONE))
        return 0;
    u8 *to = s->maps ? 0 : arena_own(capacity);
    if (!to)
        return -ENOMEM;
    if (s->at) {
        eh_copy(to, s->at, s->size);
        arena_disown(s->at, s->capacity);
    }
    s->at = to;
    return 0;
}

static int reserve(struct eh_store *s, u64 size) {
    u64 capacity = EH_PAGE_UP(size);
    if (capacity <= s->capacity)
        return 0;
    if (size >> 40 || !memory_allows(capacity - s->capacity) || move(s, capacity))
        return -ENOMEM;
    stores.total += capacity - s->capacity;
    s->capacity = capacity;
    return 0;
}

s64 store_resize(struct eh_store *s, u64 size) {
    if ((size < s->size && s->seals & SEAL_SHRINK) || (size > s->size && s->seals & SEAL_GROW))
        return -EPERM;
    if (size > s->size && reserve(s, size))
        return -ENOMEM;
    if (size < s->size)
        memset(s->at + size, 0, s->size - size);
    s->size = size;
    return 0;
}

s64 store_read(const struct eh_file *file, struct eh_span *s, u64 offset) {
    const struct eh_store *store = file->store;
    u64 size = offset < store->size ? EH_MIN(s->left, store->size - offset) : 0;
    if (size)
        span_write(s, store->at + offset, size);
    return (s64)size;
}

s64 store_write(struct eh_file *file, struct eh_span *s, u64 offset, u64 *end) {
    struct eh_store *store = file->store;
    u64 size = s->left;
    if (store->seals & (SEAL_WRITE | FUTURE))
        return -EPERM;
    if (file->flags & O_APPEND)
        offset = store->size;
    s64 result = offset + size > store->size ? store_resize(store, offset + size) : 0;
    if (result)
        return result == -ENOMEM ? -ENOSPC : result;
    span_read(s, store->at + offset, size);
    *end = offset + size;
    return (s64)size;
}

// ---- mappings

static struct eh_store *store_at(u64 address) {
    for (u32 i = 0; stores.list && i < STORES; i++) {
        struct eh_store *s = &stores.list[i];
        if (s->maps && (u64)s->at <= address && address < (u64)s->at + s->capacity)
            return s;
    }
    return 0;
}

static int mapped(const struct eh_store *s) {
    u32 i = vma_first(&eh_map, (u64)s->at);
    for (; i < eh_map.count && eh_map.vmas[i].start < (u64)s->at + s->capacity; i++)
        if (eh_map.vmas[i].kind == VMA_SHARED)
            return 1;
    return 0;
}

s64 store_map(struct eh_store *s, u64 wanted, u64 size, u64 offset, u32 protection) {
    if ((protection & PROT_WRITE) && (s->seals & (SEAL_WRITE | FUTURE)))
        return -EPERM;
    if (offset + size < size || reserve(s, offset + size))
        return -ENOMEM;
    u64 at = (u64)s->at + offset;
    if (wanted && wanted != at)
        return -EINVAL;
    u32 i = vma_first(&eh_map, at);
    if (eh_map.vmas[i].kind == VMA_SHARED)
        protection |= eh_map.vmas[i].protection; // what is there already keeps its rights
    if (arena_turn(at, size, VMA_SHARED, protection & 7))
        return -ENOMEM;
    s->maps++;
    return (s64)at;
}

s64 store_stretch(u64 at, u64 old_size, u64 size) {
    struct eh_store *s = store_at(at);
    if (!s || reserve(s, at - (u64)s->at + size))
        return -ENOMEM;
    u32 protection = eh_map.vmas[vma_first(&eh_map, at)].protection;
    return arena_turn(at + old_size, size - old_size, VMA_SHARED, protection) ? -ENOMEM : (s64)at;
}

// One mapping of each store in the range ends; the last one of a store takes its pages from the program.
void stores_unmap(u64 start, u64 end) {
    for (u32 i = vma_first(&eh_map, start); i < eh_map.count && eh_map.vmas[i].start < end;) {
        struct eh_store *s = eh_map.vmas[i].kind == VMA_SHARED ? store_at(eh_map.vmas[i].start) : 0;
        if (!s) {
            i++;
            continue;
        }
        u64 to = (u64)s->at + s->capacity, from = EH_MAX((u64)s->at, start);
        if (s->maps > 1)
            s->maps--;
        else
            arena_turn(from, EH_MIN(to, end) - from, VMA_RUNTIME, PROT_NONE);
        if (!mapped(s))
            s->maps = 0;
        give_up(s);
        i = vma_first(&eh_map, to);
    }
}

// ---- files

s64 store_file(struct eh_store *s, u32 flags) {
    s64 fd = fd_free(0);
    struct eh_file *file = fd < 0 ? 0 : file_new(FILE_REGULAR, (flags & ~(u32)O_CLOEXEC) | O_LARGEFILE);
    if (!file) {
        store_leave(s);
        return fd < 0 ? fd : -ENFILE;
    }
    file->stored = 1;
    file->store = s;
    file->inode = s->number;
    fd_set((u32)fd, file, (flags & O_CLOEXEC) != 0);
    return fd;
}

s64 sys_memfd_create(struct eh_context *c) {
    char name[NAME_MOST + 1];
    u32 flags = (u32)c->x[1];
    s64 length = user_string(name, c->x[0], sizeof name);
    if (length < 0)
        return length == -EFAULT ? length : -EINVAL;
    if (flags & ~(u32)(MFD_CLOEXEC | MFD_SEALING | MFD_NOEXEC | MFD_EXEC) ||
        (flags & (MFD_NOEXEC | MFD_EXEC)) == (MFD_NOEXEC | MFD_EXEC))
        return -EINVAL;
    struct eh_store *s = store_new(flags & MFD_NOEXEC ? 0666 : 0777);
    if (!s)
        return -ENFILE;
    s->seals = flags & MFD_NOEXEC ? 32 : flags & MFD_SEALING ? 0 : SEAL_SEAL;
    return store_file(s, O_RDWR | (flags & MFD_CLOEXEC ? O_CLOEXEC : 0));
}

s64 store_seals(const struct eh_file *file, int adds, u32 seals) {
    struct eh_store *s = file->store;
    if (!file->stored || s->links)
        return -EINVAL;
    if (!adds)
        return s->seals;
    if ((file->flags & O_ACCMODE) == O_RDONLY || (s->seals & SEAL_SEAL))
        return -EPERM;
    if (seals & ~(u32)SEALS)
        return -EINVAL;
    if ((seals & SEAL_WRITE) && s->maps)
        return -EBUSY;
    s->seals |= seals;
    return 0;
}
