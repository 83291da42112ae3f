// SPDX-License-Identifier: BSD-2-Clause
// A sorted list of VMAs: pure functions, tested on the host.
#include "memory.h"

u32 vma_first(const struct eh_map *m, u64 address) {
    u32 low = 0, high = m->count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (m->vmas[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void shift(struct eh_map *m, u32 from, s32 by) {
    memmove(&m->vmas[(s32)from + by], &m->vmas[from], (m->count - from) * sizeof *m->vmas);
    m->count = (u32)((s32)m->count + by);
}

static int alike(const struct eh_vma *a, const struct eh_vma *b) {
    return a->end == b->start && a->protection == b->protection && a->kind == b->kind &&
           a->kind != VMA_RUNTIME && a->kind != VMA_PARAMETER;
}

// Merge the VMA at i with its right neighbour when they are one.
static void merge(struct eh_map *m, u32 i) {
    if (i + 1 < m->count && alike(&m->vmas[i], &m->vmas[i + 1])) {
        m->vmas[i].end = m->vmas[i + 1].end;
        shift(m, i + 2, -1);
    }
}

int vma_insert(struct eh_map *m, struct eh_vma v) {
    if (m->count == m->capacity)
        return -ENOMEM;
    u32 i = vma_first(m, v.start);
    shift(m, i, 1);
    m->vmas[i] = v;
    merge(m, i);
    if (i)
        merge(m, i - 1);
    return 0;
}

// Make `address` a border between VMAs.
static int split(struct eh_map *m, u64 address) {
    u32 i = vma_first(m, address);
    if (i == m->count || m->vmas[i].start >= address)
        return 0;
    if (m->count == m->capacity)
        return -ENOMEM;
    shift(m, i, 1);
    m->vmas[i] = m->vmas[i + 1];
    m->vmas[i].end = address;
    m->vmas[i + 1].start = address;
    return 0;
}

static int split_both(struct eh_map *m, u64 start, u64 end) {
    int result = split(m, start);
    return result ? result : split(m, end);
}

int vma_remove(struct eh_map *m, u64 start, u64 end, u32 keep_kind) {
    int result = split_both(m, start, end);
    if (result)
        return result;
    for (u32 i = vma_first(m, start); i < m->count && m->vmas[i].start < end;) {
        if (keep_kind && (m->vmas[i].kind == keep_kind || m->vmas[i].kind == VMA_SHARED))
            i++;
        else
            shift(m, i + 1, -1);
    }
    return 0;
}

int vma_protect(struct eh_map *m, u64 start, u64 end, u32 protection) {
    int result = split_both(m, start, end);
    if (result)
        return result;
    u32 first = vma_first(m, start), i = first;
    for (; i < m->count && m->vmas[i].start < end; i++)
        m->vmas[i].protection = protection;
    for (; i > first; i--)
        merge(m, i - 1);
    if (first)
        merge(m, first - 1);
    return 0;
}

// The end of what the VMAs cover without a hole from `address` on, allowing `protection`.
static u64 reach(const struct eh_map *m, u64 address, u64 end, u32 protection) {
    for (u32 i = vma_first(m, address); i < m->count && address < end; i++) {
        const struct eh_vma *v = &m->vmas[i];
        if (v->start > address || v->kind == VMA_RUNTIME || (v->protection & protection) != protection)
            break;
        address = v->end;
    }
    return address;
}

int vma_covers(const struct eh_map *m, u64 start, u64 end) { return reach(m, start, end, 0) >= end; }

int vma_free(const struct eh_map *m, u64 start, u64 end) {
    u32 i = vma_first(m, start);
    return i == m->count || m->vmas[i].start >= end;
}

u64 vma_gap(const struct eh_map *m, u64 low, u64 high, u64 size) {
    for (u32 i = vma_first(m, low); i < m->count && m->vmas[i].start < high; i++) {
        if (m->vmas[i].start > low && m->vmas[i].start - low >= size)
            return low;
        low = EH_MAX(low, m->vmas[i].end);
    }
    return low < high && high - low >= size ? low : 0;
}

u64 vma_prefix(const struct eh_map *m, u64 address, u64 size, u32 protection) {
    if (address + size < address)
        return 0;
    u64 end = reach(m, address, address + size, protection);
    return EH_MIN(end - address, size);
}

u64 vma_total(const struct eh_map *m, u32 kind) {
    u64 total = 0;
    for (u32 i = 0; i < m->count; i++)
        total += m->vmas[i].kind == kind ? m->vmas[i].end - m->vmas[i].start : 0;
    return total;
}
